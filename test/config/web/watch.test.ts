import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatProblem } from '../../../src/config/problems.ts'
import { WebConfigWatch } from '../../../src/config/web/watch.ts'
import { CertificateAuthority } from '../../support/certificates.ts'

const authority = new CertificateAuthority()
const certificates = ['first', 'second'].map(name => authority.issue({ name, dns: ['localhost'] }))
const [first, second] = certificates
if (first === undefined || second === undefined) throw new Error('no certificates')

const withTls = 'tls_server_config: { cert_file: server.crt, key_file: server.key }\n'
const limitOf = (burst: number) => `rate_limit: { interval: 1s, burst: ${burst} }\n`

let folder: string
let watch: WebConfigWatch | undefined
const told: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-watch-'))
  told.length = 0
  await write('server.crt', first.cert)
  await write('server.key', first.key)
})
afterEach(async () => {
  watch?.stop()
  await rm(folder, { recursive: true })
})

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text)
}

async function started(text: string, everyMs = 3_600_000): Promise<WebConfigWatch> {
  await write('web.yml', text)
  watch = await WebConfigWatch.start({
    path: join(folder, 'web.yml'),
    everyMs,
    onChanged: ({ rateLimit }, before) =>
      told.push(`changed from ${before.rateLimit?.burst} to ${rateLimit?.burst}`),
    onRefused: problems => told.push(`refused: ${problems.map(formatProblem).join('; ')}`),
  })
  return watch
}

test('a file that cannot be used at the start is an error', async () => {
  await expect(started('rate_limit: 3')).rejects.toThrow('rate_limit: expected a mapping')
})

test('what did not change is told to nobody, however often it is written', async () => {
  const watched = await started(limitOf(1))
  await watched.look()
  await write('web.yml', limitOf(1))
  await watched.look()
  expect(told).toEqual([])
})

test('a new file holds, also one of the same size in the same instant', async () => {
  const watched = await started(limitOf(1))
  for (const burst of [2, 3, 4]) {
    await write('web.yml', limitOf(burst))
    await utimes(join(folder, 'web.yml'), 1_000, 1_000)
    await watched.look()
  }
  expect(told).toEqual(['changed from 1 to 2', 'changed from 2 to 3', 'changed from 3 to 4'])
  expect(watched.current.rateLimit?.burst).toBe(4)
})

test('a bad file is refused once, and the one before holds until it is good again', async () => {
  const watched = await started(limitOf(1))
  await write('web.yml', limitOf(-1))
  await watched.look()
  await watched.look()
  expect(told).toEqual([
    expect.stringMatching(/^refused: .*web\.yml:1:\d+ rate_limit\.burst: expected a whole/),
  ])
  expect(watched.current.rateLimit?.burst).toBe(1)
  await write('web.yml', limitOf(5))
  await watched.look()
  expect(told.at(-1)).toBe('changed from 1 to 5')
})

test.each([
  ['emptied, as a file that is being written', ''],
  ['taken away', undefined],
])('a file that is %s lets nobody in that was not let in before', async (_, content) => {
  const watched = await started(limitOf(1))
  if (content === undefined) await rm(join(folder, 'web.yml'))
  else await write('web.yml', content)
  await watched.look()
  expect(told).toHaveLength(1)
  expect(watched.current.rateLimit?.burst).toBe(1)
})

test('a certificate whose key comes later holds when both fit', async () => {
  const watched = await started(withTls)
  await write('server.crt', second.cert)
  await watched.look()
  expect(told).toEqual([expect.stringContaining('tls_server_config.key_file: expected the private key')])
  expect(watched.current.tls?.cert).toBe(first.cert)
  await write('server.key', second.key)
  await watched.look()
  expect(watched.current.tls?.cert).toBe(second.cert)
})

test('a file that was put in place of another is seen, however old it is', async () => {
  const watched = await started(limitOf(1))
  await write('new.yml', limitOf(7))
  await utimes(join(folder, 'new.yml'), 1_000, 1_000)
  await rename(join(folder, 'new.yml'), join(folder, 'web.yml'))
  await watched.look()
  expect(told).toEqual(['changed from 1 to 7'])
})

test.each([
  ['on', '{}', withTls, 'found one: restart to change that'],
  ['off', withTls, '{}', 'found none: restart to change that'],
])('TLS cannot be switched %s while it runs', async (_, before, after, message) => {
  const watched = await started(before)
  await write('web.yml', after)
  await watched.look()
  expect(told).toEqual([expect.stringContaining(message)])
})

test('looks by itself', async () => {
  const watched = await started(limitOf(1), 10)
  await write('web.yml', limitOf(2))
  await expect.poll(() => watched.current.rateLimit?.burst).toBe(2)
})
