import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { startServer } from '../../src/http/server.ts'

const localhost = { host: '127.0.0.1', port: 0 }

test('listens on a free port and answers', async () => {
  const server = await startServer((_request, response) => response.end('hello'), localhost)
  expect(await (await fetch(`http://127.0.0.1:${server.port}`)).text()).toBe('hello')
  await server.close(1_000)
  await expect(fetch(`http://127.0.0.1:${server.port}`)).rejects.toThrow()
})

test('a port that is taken: one line that says so and what to do', async () => {
  const server = await startServer((_request, response) => response.end(), localhost)
  await expect(startServer(() => {}, { host: '127.0.0.1', port: server.port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${server.port}: another process does; change server.listen or end it`,
  )
  await server.close(0)
})

test('an address that is not of this machine', async () => {
  await expect(startServer(() => {}, { host: '192.0.2.1', port: 0 })).rejects.toThrow(
    'this machine has no such address',
  )
})

test('an answer in flight is finished before the end', async () => {
  const server = await startServer(async (_request, response) => {
    await sleep(100)
    response.end('late')
  }, localhost)
  const answer = fetch(`http://127.0.0.1:${server.port}`).then(response => response.text())
  await sleep(30)
  await server.close(2_000)
  expect(await answer).toBe('late')
})

test('a connection that never sends anything does not hold up the end beyond its grace', async () => {
  const server = await startServer((_request, response) => response.end(), localhost)
  const silent = connect(server.port, '127.0.0.1')
  silent.on('error', () => {})
  await once(silent, 'connect')
  const closed = once(silent, 'close')
  const started = performance.now()
  await server.close(150)
  await closed
  expect(performance.now() - started).toBeLessThan(1_000)
})

describe('what no route answers', () => {
  const answerTo = async (sent: string, timeouts = {}): Promise<string> => {
    const server = await startServer((_request, response) => response.end('hello'), {
      ...localhost,
      timeouts,
    })
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(sent)
    const answer = await text(socket)
    await server.close(0)
    return answer
  }

  test.each([
    ['a method that asks for a tunnel', 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n', '405 Method Not Allowed'],
    ['no HTTP', '\u0016\u0003\u0001', '400 Bad Request'],
    ['headers beyond measure', `GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, '431 Request Header'],
  ])('%s', async (_, sent, status) => {
    const answer = await answerTo(sent)
    expect(answer.split('\r\n')[0]).toContain(`HTTP/1.1 ${status}`)
    expect(answer).toContain('x-content-type-options: nosniff')
    expect(answer).toContain("content-security-policy: default-src 'none'")
    if (status.startsWith('405')) expect(answer).toContain('Allow: GET, HEAD')
  })

  const quick = { headersTimeout: 100, requestTimeout: 100, connectionsCheckingInterval: 20 }

  test('headers that do not end are told so', async () => {
    expect(await answerTo('GET / HTTP/1.1\r\nx: ', quick)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  test('a body that does not end keeps no connection open', async () => {
    const sent = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n'
    expect(await answerTo(sent, quick)).toMatch(/^HTTP\/1\.1 200/)
  })

  test('between two requests a connection stays for longer than most scrape intervals', async () => {
    const server = await startServer((_request, response) => response.end('hello'), localhost)
    const response = await fetch(`http://127.0.0.1:${server.port}`)
    expect(response.headers.get('keep-alive')).toBe('timeout=65')
    await server.close(0)
  })
})
