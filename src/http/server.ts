import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates, type TLSSocket } from 'node:tls'
import { secureContextOptions, type WebTls } from '../config/web/webConfig.ts'
import { admits } from './clientCertificates.ts'
import { bareHeaders, type VisitorLimits, Visitors } from './visitors.ts'

export interface RunningServer {
  readonly port: number
  /**
   * New connections get these settings. Those that are there get one more answer, or none where other clients are
   * let in than before.
   */
  renewTls(tls: WebTls): void
  /** Takes no new connections, lets answers in flight end, and after the grace cuts what is left. */
  close(graceMs: number): Promise<void>
}

export interface ListenOptions {
  readonly host: string | undefined
  readonly port: number
  /** Undefined: plain HTTP. */
  readonly tls?: WebTls | undefined
  readonly limits?: VisitorLimits
  /** Milliseconds; what is not told is as usual. */
  readonly timeouts?: Partial<typeof usualTimeouts>
}

// As options: set as properties afterwards they are checked only every 30 s.
const usualTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  // Longer than most scrape intervals, so that a scrape costs no new connection.
  keepAliveTimeout: 65_000,
}
const handshakeTimeoutMs = 10_000
/** A client that takes nothing of its answer for so long is not waiting for it. */
const silenceMs = 30_000

/** Listens. Throws an error with one line that says what to do when the address cannot be had. */
export async function startServer(
  listener: RequestListener,
  { host, port, tls, limits, timeouts: own }: ListenOptions,
): Promise<RunningServer> {
  const visitors = new Visitors(limits)
  const served = visitors.served(listener)
  const timeouts = { ...usualTimeouts, ...own }
  const { server, renewTls } =
    tls === undefined ? plainServer(served, timeouts) : tlsServer(served, tls, timeouts)
  server.on('connection', (socket: Socket) => visitors.arrived(socket))
  server.setTimeout(silenceMs)
  // What a route cannot answer: CONNECT, a request that is none, one that takes too long.
  server.on('connect', (_request, socket) => endWith(socket, '405 Method Not Allowed', 'Allow: GET, HEAD'))
  server.on('checkExpectation', served)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else endWith(socket, clientErrors[error.code ?? ''] ?? '400 Bad Request')
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(explain(error, host, port), { cause: error })),
    )
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve)
  })
  // Without file descriptors an accept fails as an 'error', which would end the process if nobody listened for it.
  server.on('error', () => {})
  return { port: (server.address() as AddressInfo).port, renewTls, close: graceMs => close(server, graceMs) }
}

interface Serving {
  readonly server: Server
  readonly renewTls: (tls: WebTls) => void
}

function plainServer(served: RequestListener, timeouts: ServerOptions): Serving {
  const renewTls = (): never => {
    throw new Error('this server speaks no TLS')
  }
  return { server: createServer(timeouts, served), renewTls }
}

function tlsServer(served: RequestListener, first: WebTls, timeouts: ServerOptions): Serving {
  let current = first
  const settings = new WeakMap<object, WebTls>()
  const server = createTlsServer(
    { ...timeouts, ...contextOf(first), ...askingFor(first), handshakeTimeout: handshakeTimeoutMs },
    (request, response) => {
      const own = settings.get(request.socket)
      if (own !== undefined && own !== current) {
        if (!sameClients(own, current)) return void request.socket.destroy()
        response.shouldKeepAlive = false
      }
      served(request, response)
    },
  )
  // Before the HTTP server, which would read a first request.
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    settings.set(socket, current)
    if (!admits(current, socket)) socket.destroy()
  })
  return {
    server,
    renewTls: tls => {
      server.setSecureContext(contextOf(tls))
      // node:tls reads these at every connection; its types do not say so, a test does.
      Object.assign(server satisfies TlsServer, askingFor(tls))
      current = tls
    },
  }
}

function contextOf(tls: WebTls) {
  const system = verifies(tls) && tls.clientCa === undefined ? { ca: getCACertificates('system') } : {}
  return { ...secureContextOptions(tls), ...system }
}

function askingFor(tls: WebTls): { readonly requestCert: boolean; readonly rejectUnauthorized: boolean } {
  return {
    requestCert: tls.clientAuth !== 'NoClientCert',
    rejectUnauthorized: tls.clientAuth === 'RequireAndVerifyClientCert',
  }
}

function verifies({ clientAuth }: WebTls): boolean {
  return clientAuth === 'VerifyClientCertIfGiven' || clientAuth === 'RequireAndVerifyClientCert'
}

/** Whether both let in the same clients. */
function sameClients(a: WebTls, b: WebTls): boolean {
  const sans = (tls: WebTls) => JSON.stringify([...(tls.allowedSans ?? [])].sort())
  return a.clientAuth === b.clientAuth && a.clientCa === b.clientCa && sans(a) === sans(b)
}

const clientErrors: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

function endWith(socket: Duplex, status: string, ...headers: readonly string[]): void {
  const own = Object.entries(bareHeaders).map(([name, value]) => `${name}: ${value}`)
  const lines = [`HTTP/1.1 ${status}`, ...headers, ...own, 'Content-Length: 0', 'Connection: close', '', '']
  socket.end(lines.join('\r\n'), () => socket.destroy())
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeIdleConnections()
  // A connection that never sent anything would hold the server open.
  await Promise.race([closed, sleep(graceMs, undefined, { ref: false })])
  server.closeAllConnections()
  await closed
}

function explain({ code, message }: NodeJS.ErrnoException, host: string | undefined, port: number): string {
  const where = `${host ?? ''}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return `cannot listen on ${where}: another process does; change server.listen or end it`
    case 'EACCES':
      return `cannot listen on ${where}: not allowed; ports below 1024 need privileges`
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${where}: this machine has no such address`
    default:
      return `cannot listen on ${where}: ${message}`
  }
}
