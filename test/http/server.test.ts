import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
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
