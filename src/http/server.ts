import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface RunningServer {
  readonly port: number
  /** Takes no new connections, lets answers in flight end, and after the grace cuts what is left. */
  close(graceMs: number): Promise<void>
}

/** More than the scrapers and people that look at one exporter. */
const maxConnections = 256

/** Listens. Throws an error with one line that says what to do when the address cannot be had. */
export async function startServer(
  listener: RequestListener,
  { host, port }: { readonly host: string | undefined; readonly port: number },
): Promise<RunningServer> {
  // As options: set as properties afterwards they are checked only every 30 s.
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 15_000, connectionsCheckingInterval: 1_000 },
    listener,
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(explain(error, host, port), { cause: error })),
    )
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve)
  })
  // Without file descriptors an accept fails as an 'error', which would end the process if nobody listened for it.
  server.on('error', () => {})
  server.maxConnections = maxConnections
  return { port: (server.address() as AddressInfo).port, close: graceMs => close(server, graceMs) }
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
