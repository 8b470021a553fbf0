import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import type { WebConfig } from '../../src/config/web/webConfig.ts'
import { createDoor } from '../../src/http/door.ts'
import { Passwords } from '../../src/http/passwords.ts'
import { RateLimiter } from '../../src/http/rateLimiter.ts'
import { Secret } from '../../src/model/secret.ts'
import { application } from './support/application.ts'

interface World {
  users?: Record<string, string>
  headers?: Record<string, string>
  rateLimit?: WebConfig['rateLimit']
  openProbes?: boolean
  unpolled?: readonly string[]
  now?: () => number
  compare?: (password: string, hash: string) => Promise<boolean>
}

/** The exporter's routes behind a door; the hash of a password is its reverse. */
function behindDoor(world: World = {}) {
  const config = (): WebConfig => ({
    tls: undefined,
    users: new Map(Object.entries(world.users ?? {}).map(([user, hash]) => [user, new Secret(hash)])),
    headers: new Map(Object.entries(world.headers ?? {})),
    rateLimit: world.rateLimit,
  })
  const reverse = (text: string) => [...text].reverse().join('')
  const door = createDoor({
    config,
    passwords: new Passwords({
      compare: world.compare ?? (async (password, hash) => hash === reverse(password)),
      mostWaiting: 1,
    }),
    openProbes: world.openProbes ?? false,
    ...(world.now === undefined ? {} : { now: world.now }),
  })
  return request(application({ door, unpolled: () => world.unpolled ?? [] }))
}

const alice = { users: { alice: 'dnalrednow' } }
const everyPath = [
  '/',
  '/flows/x',
  '/metrics',
  '/healthz',
  '/readyz',
  '/api/v1/flows',
  '/favicon.ico',
  '/nothing',
]

describe('a password', () => {
  test.each(everyPath)('is asked for %s', async path => {
    const response = await behindDoor(alice).get(path).expect(401)
    expect(response.headers['www-authenticate']).toBe('Basic realm="tidemark", charset="UTF-8"')
    expect(response.headers['x-content-type-options']).toBe('nosniff')
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.body).toEqual({ error: 'a user and a password are needed' })
  })

  test('lets in who knows it', async () => {
    await behindDoor(alice).get('/metrics').auth('alice', 'wonderland').expect(200)
    await behindDoor(alice).head('/metrics').auth('alice', 'wonderland').expect(200)
  })

  test.each([
    ['alice', 'x'],
    ['mallory', 'wonderland'],
  ])('%s with "%s" gets the answer that everybody gets, who said nothing too', async (user, password) => {
    const response = await behindDoor(alice).get('/metrics').auth(user, password).expect(401)
    expect(response.text).not.toContain(user)
    expect(response.text).not.toContain(password)
    expect(response.body).toEqual((await behindDoor(alice).get('/metrics')).body)
  })

  test('is asked of nobody without users', async () => {
    await behindDoor().get('/metrics').auth('anyone', 'anything').expect(200)
  })

  test('who changes something is told so before', async () => {
    await behindDoor(alice).post('/metrics').expect(405).expect('allow', 'GET, HEAD')
  })

  test('a check that fails is an error, and lets nobody in', async () => {
    const compare = () => Promise.reject(new Error('thread ended'))
    const response = await behindDoor({ ...alice, compare })
      .get('/metrics')
      .auth('alice', 'wonderland')
    expect(response.status).toBe(500)
    expect(response.text).not.toContain('thread')
  })

  test('too many at once: come back in a second', async () => {
    let release = (): void => {}
    const compare = () =>
      new Promise<boolean>(resolve => {
        release = () => resolve(false)
      })
    const agent = behindDoor({ ...alice, compare })
    const first = agent.get('/metrics').auth('alice', '1')
    const waits = first.then(({ status }) => status)
    await expect
      .poll(
        async () =>
          (
            await agent
              .get('/metrics')
              .auth('alice', '2')
              .timeout(200)
              .catch(() => ({ status: 0 }))
          ).status,
      )
      .toBe(503)
    release()
    expect(await waits).toBe(401)
  })
})

describe('probes', () => {
  test.each(['/healthz', '/readyz'])('%s needs no password when the configuration says so', async path => {
    await behindDoor({ ...alice, openProbes: true })
      .get(path)
      .expect(200)
    await behindDoor({ ...alice, openProbes: true })
      .get(path)
      .auth('alice', 'wonderland')
      .expect(200)
    await behindDoor({ ...alice, openProbes: true })
      .get(path)
      .auth('alice', 'x')
      .expect(401)
  })

  test.each(
    everyPath
      .filter(path => !path.endsWith('z'))
      .concat('/healthz/', '/HEALTHZ', '//healthz', '/metrics?/healthz'),
  )('%s does all the same', async path => {
    await behindDoor({ ...alice, openProbes: true })
      .get(path)
      .expect(401)
  })

  test('a stranger is told no names', async () => {
    const world = { ...alice, openProbes: true, unpolled: ['east-to-west'] }
    const stranger = await behindDoor(world).get('/readyz').expect(503)
    expect(stranger.text).toBe('waiting for the first poll of: 1 of the flows\n')
    const known = await behindDoor(world).get('/readyz').auth('alice', 'wonderland').expect(503)
    expect(known.text).toContain('east-to-west')
  })
})

test.each(everyPath)('headers of the configuration go before our own: %s', async path => {
  const headers = { 'Content-Security-Policy': "frame-ancestors 'self'", 'X-Frame-Options': 'deny' }
  const { headers: sent } = await behindDoor({ headers }).get(path)
  expect(sent['content-security-policy']).toBe("frame-ancestors 'self'")
  expect(sent['x-frame-options']).toBe('deny')
  const blank = await behindDoor({ headers: { 'Content-Security-Policy': '' } }).get(path)
  expect(blank.headers).not.toHaveProperty('content-security-policy')
})

test('a rate limit is for all together, those who are not let in, too', async () => {
  let now = 0
  const agent = behindDoor({ ...alice, rateLimit: { intervalMs: 1_000, burst: 2 }, now: () => now })
  const statuses = async (count: number) => {
    const seen: number[] = []
    for (let i = 0; i < count; i++) seen.push((await agent.get('/metrics')).status)
    return seen
  }
  expect(await statuses(3)).toEqual([401, 401, 429])
  now = 1_000
  expect(await statuses(2)).toEqual([401, 429])
})

test('a bucket holds no more than a burst, and an interval each', () => {
  const limiter = new RateLimiter({ intervalMs: 100, burst: 2 }, 0)
  const allowed = [0, 0, 0, 50, 100, 100, 199, 200, 10_000, 10_000, 10_000].map(at => limiter.allows(at))
  expect(allowed).toEqual([true, true, false, false, true, false, false, true, true, true, false])
})

test('what comes behind the door is not reached by who is not let in', async () => {
  let reached = 0
  const door = createDoor({
    config: () => ({
      tls: undefined,
      headers: new Map(),
      rateLimit: undefined,
      users: new Map([['a', new Secret('b')]]),
    }),
    passwords: new Passwords({ compare: async () => false }),
    openProbes: false,
  })
  const app = express().use(door, () => {
    reached += 1
  })
  await request(app).get('/').auth('a', 'c').expect(401)
  expect(reached).toBe(0)
})
