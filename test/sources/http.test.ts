import type { RequestListener } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../../lab/ports.ts'
import { type HttpAddress, HttpSource, parseHttpAddress, SourceError } from '../../src/sources/http.ts'
import { type StubServer, stubServer } from '../support/stubServer.ts'

let server: StubServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function sourceOf(
  listener: RequestListener,
  parts: { credentials?: HttpAddress['credentials']; timeoutMs?: number; maxBytes?: number } = {},
): Promise<HttpSource> {
  server = await stubServer(listener)
  return sourceAt(server.url, parts)
}

function sourceAt(
  url: string,
  {
    credentials,
    timeoutMs = 5_000,
    maxBytes = 1_048_576,
  }: { credentials?: HttpAddress['credentials']; timeoutMs?: number; maxBytes?: number } = {},
): HttpSource {
  return new HttpSource({
    address: { url, credentials },
    title: 'Prometheus',
    example: 'http://prometheus:9090',
    timeoutMs,
    maxBytes,
  })
}

/** What went wrong, with the port left out. */
async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    reason => reason,
  )
  expect(error).toBeInstanceOf(SourceError)
  return (error as SourceError).message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
}

describe('an address', () => {
  test.each([
    ['http://prometheus:9090', 'http://prometheus:9090'],
    ['http://prometheus:9090/', 'http://prometheus:9090'],
    ['https://example.org/prometheus/', 'https://example.org/prometheus'],
  ])('%s', (text, url) => {
    expect(parseHttpAddress(text)).toEqual({ value: { url, credentials: undefined } })
  })

  test('user and password are taken out of it', () => {
    expect(parseHttpAddress('https://audit:p%40ss@example.org/x')).toEqual({
      value: {
        url: 'https://example.org/x',
        credentials: { kind: 'basic', user: 'audit', password: 'p@ss' },
      },
    })
  })

  test.each([
    ['prometheus:9090', 'one of prometheus:'],
    ['nowhere', '"nowhere"'],
    ['http://a/?token=secret', 'one with a query or a fragment'],
    ['http://a/#secret', 'one with a query or a fragment'],
    ['http://user:secret@:x', 'something else'],
    ['http://user:%zz@a', 'one whose user or password is not percent-encoded'],
  ])('%s is none, and no secret of it is repeated', (text, why) => {
    expect(parseHttpAddress(text)).toEqual({ why })
    expect(why).not.toContain('secret')
  })
})

describe('who asks', () => {
  test.each<[HttpAddress['credentials'], string | undefined]>([
    [undefined, undefined],
    [{ kind: 'bearer', token: 'abc' }, 'Bearer abc'],
    [{ kind: 'basic', user: 'Aladdin', password: 'open sesame' }, 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
  ])('%j', async (credentials, header) => {
    const http = await sourceOf(
      (request, response) => response.end(JSON.stringify({ said: request.headers.authorization ?? null })),
      credentials === undefined ? {} : { credentials },
    )
    expect(await http.json('/x')).toEqual({ said: header ?? null })
  })

  test('goes nowhere else with a redirect', async () => {
    const seen: (string | undefined)[] = []
    const other = await stubServer((request, response) => {
      seen.push(request.headers.authorization)
      response.end('{}')
    })
    try {
      const http = await sourceOf(
        (_, response) => response.writeHead(302, { location: `${other.url}/x` }).end(),
        { credentials: { kind: 'bearer', token: 'abc' } },
      )
      await http.json('/x')
      expect(seen).toEqual([undefined])
    } finally {
      await other.close()
    }
  })
})

describe('what goes wrong is said with the place and what to try', () => {
  const expected = 'Expected the address of Prometheus, such as http://prometheus:9090'

  test('nobody listens', async () => {
    const port = await freePort()
    expect(await failure(sourceAt(`http://127.0.0.1:${port}`).json('/x'))).toBe(
      `Prometheus at http://HOST: not reachable: nobody listens there. ${expected}`,
    )
  })

  test('no such host', async () => {
    expect(await failure(sourceAt('http://host.invalid').json('/x'))).toMatch(
      /^Prometheus at http:\/\/host\.invalid: not reachable: (no such host|the name of the host cannot be looked up now)\./,
    )
  })

  test('it hangs', async () => {
    const http = await sourceOf(() => {}, { timeoutMs: 50 })
    expect(await failure(http.json('/x'))).toBe('Prometheus at http://HOST: no answer within 0.05 s')
  })

  test('it hangs in the middle of its answer', async () => {
    const http = await sourceOf((_, response) => void response.write('{'), { timeoutMs: 100 })
    expect(await failure(http.json('/x'))).toBe('Prometheus at http://HOST: no answer within 0.1 s')
  })

  test.each([401, 403])('status %i', async status => {
    const http = await sourceOf((_, response) => response.writeHead(status).end(), {
      credentials: { kind: 'bearer', token: 'secret' },
    })
    const said = await failure(http.json('/x'))
    expect(said).toBe(`Prometheus at http://HOST: it does not let this user in (status ${status} for /x)`)
  })

  test('something else is there', async () => {
    const http = await sourceOf((_, response) => response.writeHead(404).end())
    expect(await failure(http.json('/x'))).toBe(
      `Prometheus at http://HOST: /x answers status 404. ${expected}`,
    )
  })

  test('a page for people', async () => {
    const http = await sourceOf((_, response) => response.end('<html>'))
    expect(await failure(http.json('/x'))).toBe(
      `Prometheus at http://HOST: /x answers something that is no JSON. ${expected}`,
    )
  })

  test('more than can be held', async () => {
    const http = await sourceOf((_, response) => response.end(' '.repeat(2_000_000)))
    expect(await failure(http.json('/x'))).toBe(
      'Prometheus at http://HOST: /x answers more than 1 MiB, which is not read',
    )
  })
})
