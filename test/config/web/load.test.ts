import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadWebConfig, readWebConfig } from '../../../src/config/web/load.ts'
import type { WebConfig } from '../../../src/config/web/webConfig.ts'
import { CertificateAuthority } from '../../support/certificates.ts'

const hash = '$2y$12$1DpfPeqF9HzHJt.EWswy1exHluGfbhnn3yXhR7Xes6m3WJqFg0Wby'
const authority = new CertificateAuthority()
const server = authority.issue({ name: 'server', dns: ['localhost'] })

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-web-'))
  await writeFile(join(folder, 'server.crt'), server.cert)
  await writeFile(join(folder, 'server.key'), server.key)
  await writeFile(join(folder, 'ca.crt'), authority.cert)
})
afterEach(() => rm(folder, { recursive: true }))

async function load(text: string): Promise<WebConfig> {
  const path = join(folder, 'web.yml')
  await writeFile(path, text)
  return loadWebConfig(path)
}

/** A file with TLS and some more lines of that section. */
const tls = (...lines: readonly string[]) =>
  ['tls_server_config:', 'cert_file: server.crt', 'key_file: server.key', ...lines].join('\n  ')

describe('bad files give exactly the message beside them', () => {
  const bad = fileURLToPath(new URL('bad/', import.meta.url))
  const files = readdirSync(bad)
  const stems = (ending: string) =>
    files.filter(file => file.endsWith(ending)).map(file => file.slice(0, -ending.length))

  test('every file has its other half', () => {
    expect(stems('.yml')).toEqual(stems('.txt'))
    expect(stems('.yml').length).toBeGreaterThanOrEqual(25)
  })

  test.each(stems('.yml'))('%s', async stem => {
    const message = await loadWebConfig(join(bad, `${stem}.yml`)).catch((error: Error) => error.message)
    expect(`${String(message).replaceAll(bad, '')}\n`).toBe(readFileSync(join(bad, `${stem}.txt`), 'utf8'))
  })

  test('and none of them tells what was written where a secret stands', () => {
    for (const stem of stems('.txt'))
      expect(readFileSync(join(bad, `${stem}.txt`), 'utf8')).not.toMatch(/hunter/)
  })
})

test('nothing set: plain HTTP for everyone', async () => {
  expect(await load('{}')).toEqual({
    tls: undefined,
    headers: new Map(),
    users: new Map(),
    rateLimit: undefined,
  })
})

test('users, headers and a limit', async () => {
  const config = await load(`
basic_auth_users:
  alice: ${hash}
  7: ${hash}
http_server_config:
  http2: false
  headers:
    X-XSS-Protection: 1
    Content-Security-Policy: ""
    X-Frame-Options: sameorigin
rate_limit: { interval: 500ms, burst: 10 }
`)
  expect([...config.users].map(([user, secret]) => [user, secret.reveal()])).toEqual([
    ['7', hash],
    ['alice', hash],
  ])
  expect([...config.headers]).toEqual([
    ['Content-Security-Policy', ''],
    ['X-Frame-Options', 'sameorigin'],
    ['X-XSS-Protection', '1'],
  ])
  expect(config.rateLimit).toEqual({ intervalMs: 500, burst: 10 })
})

test.each(['0', '"0"', '0s'])('an interval of %s limits nothing', async interval => {
  expect((await load(`rate_limit: { interval: ${interval} }`)).rateLimit).toBeUndefined()
})

test('certificate and key from files beside the configuration; defaults as in exporter-toolkit', async () => {
  const config = await load(tls())
  expect(config.tls).toMatchObject({
    cert: server.cert,
    clientCa: undefined,
    clientAuth: 'NoClientCert',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    honorCipherOrder: true,
    ciphers: undefined,
    ecdhCurve: undefined,
  })
  expect(config.tls?.key.reveal()).toBe(server.key)
})

test('certificate, key and authority written into the file', async () => {
  const indented = (text: string) => text.trimEnd().replaceAll('\n', '\n    ')
  const config = await load(`tls_server_config:
  cert: |
    ${indented(server.cert)}
  key: |
    ${indented(server.key)}
  client_ca: |
    ${indented(authority.cert)}
  client_auth_type: RequireClientCert
`)
  expect(config.tls).toMatchObject({ clientCa: authority.cert, clientAuth: 'RequireAnyClientCert' })
})

test('suites and curves by their names in OpenSSL', async () => {
  const config = await load(
    tls(
      'client_ca_file: ca.crt',
      'client_auth_type: RequireAndVerifyClientCert',
      'client_allowed_sans: [prometheus]',
      'cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]',
      'curve_preferences: [X25519, CurveP256]',
      'prefer_server_cipher_suites: false',
    ),
  )
  expect(config.tls).toMatchObject({
    ciphers:
      'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:' +
      'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305',
    ecdhCurve: 'X25519:prime256v1',
    honorCipherOrder: false,
    allowedSans: new Set(['prometheus']),
  })
})

test.each([
  ['cert_file', 'server.crt', 'no certificate', 'expected a certificate in PEM, found none that can be read'],
  ['key_file', 'server.key', 'no key', "expected the private key of the server's certificate, not encrypted"],
  ['key_file', 'server.key', authority.issue({ name: 'other' }).key, 'found something else'],
  ['client_ca_file', 'ca.crt', 'nobody', 'expected certificates of authorities in PEM'],
])('%s with something else in %s', async (key, file, content, message) => {
  await writeFile(join(folder, file), content)
  const text = tls('client_ca_file: ca.crt', 'client_auth_type: RequireAndVerifyClientCert')
  await expect(load(text)).rejects.toThrow(
    new RegExp(`web\\.yml:\\d:\\d+ tls_server_config\\.${key}: .*${message}`),
  )
})

test('names all files that it depends on, also when one of them is missing', async () => {
  await rm(join(folder, 'server.key'))
  await writeFile(join(folder, 'web.yml'), tls())
  const result = await readWebConfig(join(folder, 'web.yml'))
  expect(result).toHaveProperty('problems')
  expect(result.files).toEqual(['web.yml', 'server.crt', 'server.key'].map(file => join(folder, file)))
})

test('printed, it shows neither hash nor key', async () => {
  const config = await load(`basic_auth_users: { alice: ${hash} }\n${tls()}`)
  const printed = `${JSON.stringify({ ...config, users: [...config.users] })}${inspect(config, { depth: 9 })}`
  expect(printed).not.toContain(hash)
  expect(printed).not.toContain('PRIVATE KEY')
})
