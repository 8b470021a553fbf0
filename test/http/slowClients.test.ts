import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { get } from 'node:http'
import { get as getTls } from 'node:https'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../src/http/server.ts'
import { usualLimits, type VisitorLimits } from '../../src/http/visitors.ts'
import { application } from './support/application.ts'
import { authority, webTls } from './support/webTls.ts'

// Slow clients hold connections: silent ones, ones that send a byte now and then, ones that do not read. A scrape
// beside them has to stay quick.

const bounds = usualLimits
let server: RunningServer | undefined
const clients: Socket[] = []
const timers: NodeJS.Timeout[] = []

afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer)
  for (const client of clients.splice(0)) client.destroy()
  await server?.close(0)
})

const big = Buffer.alloc(8 * 1024 ** 2, 'x')
const exporter = application()
const routes: RequestListener = (request, response) => {
  if (request.url === '/big') response.end(big)
  else exporter(request, response)
}

async function serving(limits: VisitorLimits, tls = false): Promise<RunningServer> {
  const options = { host: '127.0.0.1', port: 0, limits, tls: tls ? webTls() : undefined }
  server = await startServer(routes, options)
  return server
}

async function arrive({ port }: RunningServer, tls = false): Promise<Socket> {
  const socket = tls
    ? connectTls({ host: '127.0.0.1', port, ca: authority.cert })
    : connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  clients.push(socket)
  await Promise.race([once(socket, tls ? 'secureConnect' : 'connect'), once(socket, 'close')])
  return socket
}

const kinds = {
  silent: () => {},
  'a byte at a time': (socket: Socket) => {
    socket.write('GET /metrics HTTP/1.1\r\nhost: x\r\nx-slow: ')
    timers.push(setInterval(() => socket.writable && socket.write('y'), 200))
  },
  'never reading': (socket: Socket) => {
    socket.pause()
    socket.write('GET /big HTTP/1.1\r\nhost: x\r\n\r\n')
  },
} as const

async function crowd(
  of: keyof typeof kinds,
  count: number,
  running: RunningServer,
  tls = false,
): Promise<void> {
  for (let i = 0; i < count; i++) kinds[of](await arrive(running, tls))
}

interface Scrape {
  readonly status: number | undefined
  readonly ms: number
}

/** A scrape on a connection of its own, as by a Prometheus that has just started. */
async function scrape({ port }: RunningServer, tls = false): Promise<Scrape> {
  const started = performance.now()
  const options = { host: '127.0.0.1', port, path: '/metrics', agent: false }
  const request = tls ? getTls({ ...options, ca: authority.cert }) : get(options)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  await text(response)
  return { status: response.statusCode, ms: performance.now() - started }
}

async function scrapes(count: number, running: RunningServer, tls = false): Promise<readonly Scrape[]> {
  const all: Scrape[] = []
  for (let i = 0; i < count; i++) all.push(await scrape(running, tls))
  return all
}

function expectQuick(all: readonly Scrape[]): void {
  expect(all.map(({ status }) => status)).toEqual(all.map(() => 200))
  expect(Math.max(...all.map(({ ms }) => ms))).toBeLessThan(1_000)
}

describe.each([
  ['HTTP', false],
  ['TLS', true],
])('beside 500 slow clients, over %s', (_, tls) => {
  test.each(['silent', 'a byte at a time'] as const)('%s', async kind => {
    const running = await serving(bounds, tls)
    await crowd(kind, 500, running, tls)
    expectQuick(await scrapes(20, running, tls))
  })
})

test('beside 500 clients that do not read a large page', async () => {
  const running = await serving({ ...bounds, slowAnswerMs: 0 })
  const before = process.memoryUsage().rss
  await crowd('never reading', 500, running)
  expectQuick(await scrapes(20, running))
  expect(process.memoryUsage().rss - before).toBeLessThan(bounds.answers * big.length + 256 * 1024 ** 2)
})

describe('at the limit of connections', () => {
  const few = { ...bounds, connections: 40 }

  test.each(['silent', 'a byte at a time'] as const)(
    'clients that are %s push each other out',
    async kind => {
      const running = await serving(few)
      await crowd(kind, 200, running)
      expectQuick(await scrapes(20, running))
    },
  )

  test('also while they keep coming', async () => {
    const running = await serving(few)
    let coming = true
    const flood = (async () => {
      while (coming) await crowd('silent', 10, running)
    })()
    expectQuick(await scrapes(20, running))
    coming = false
    await flood
  })

  test('the silent one goes before the one that was served, the oldest first', async () => {
    const running = await serving({ ...bounds, connections: 3 })
    const served = await arrive(running)
    served.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(served, 'data')
    const gone: string[] = []
    served.on('close', () => gone.push('served'))
    for (const name of ['second', 'third', 'fourth', 'fifth']) {
      const socket = await arrive(running)
      socket.on('close', () => gone.push(name))
    }
    await expect.poll(() => gone).toEqual(['second', 'third'])
    served.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(String((await once(served, 'data'))[0])).toContain('200 OK')
  })
})

test('with too many answers under way and none of them slow: 503, come back', async () => {
  const running = await serving({ ...bounds, answers: 5, slowAnswerMs: 3_600_000 })
  await crowd('never reading', 5, running)
  await expect.poll(async () => (await scrape(running)).status).toBe(503)
})

test('a client that asks again and again without waiting for an answer is given a few, and goes', async () => {
  let given = 0
  server = await startServer(
    () => {
      given += 1
    },
    { host: '127.0.0.1', port: 0 },
  )
  const client = await arrive(server)
  client.write('GET /big HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1_000))
  if (!client.destroyed) await once(client, 'close')
  expect(given).toBe(bounds.answersEach)
})

test('requests that wait for the answer before them are served on one connection, however many', async () => {
  const running = await serving(bounds)
  const client = await arrive(running)
  for (let i = 0; i < 200; i++) {
    client.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(String((await once(client, 'data'))[0])).toContain('200 OK')
  }
})

test('answers to clients that went away make room for others at once', async () => {
  const limits = { ...bounds, answers: 4, slowAnswerMs: 3_600_000 }
  const waiting: (() => void)[] = []
  server = await startServer(
    (request, response) => {
      if (request.url === '/wait') waiting.push(() => response.end())
      else response.end('hello')
    },
    { host: '127.0.0.1', port: 0, limits },
  )
  const client = await arrive(server)
  client.write('GET /wait HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(4))
  await expect.poll(() => waiting.length).toBe(4)
  const running = server
  expect((await scrape(running)).status).toBe(503)
  client.destroy()
  await expect.poll(async () => (await scrape(running)).status).toBe(200)
})
