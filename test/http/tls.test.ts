import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, get, type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { openSslCiphers } from '../../src/config/web/ciphers.ts'
import type { WebTls } from '../../src/config/web/webConfig.ts'
import { type RunningServer, startServer } from '../../src/http/server.ts'
import { CertificateAuthority } from '../support/certificates.ts'
import { authority, issueServer, webTls } from './support/webTls.ts'

const clients = new CertificateAuthority('authority of clients')
const others = new CertificateAuthority('authority of others')
const prometheus = clients.issue({ name: 'prometheus', dns: ['prometheus'] })
const grafana = clients.issue({ name: 'grafana', dns: ['grafana'] })
const foreign = others.issue({ name: 'prometheus', dns: ['prometheus'] })
const late = clients.issue({
  name: 'prometheus',
  dns: ['prometheus'],
  notAfter: new Date(Date.now() - 1_000),
})

let server: RunningServer
afterEach(() => server.close(100))

async function serving(tls: WebTls): Promise<void> {
  server = await startServer((_request, response) => response.end('hello'), {
    host: '127.0.0.1',
    port: 0,
    tls,
  })
}

/** What a client gets: the answer, or undefined where there is none. */
async function asked(options: RequestOptions = {}): Promise<string | undefined> {
  try {
    const request = get({
      host: '127.0.0.1',
      port: server.port,
      ca: authority.cert,
      agent: false,
      ...options,
    })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return await text(response)
  } catch {
    return undefined
  }
}

async function handshake(options: object): Promise<TLSSocket | undefined> {
  const socket = connect({ host: '127.0.0.1', port: server.port, ca: authority.cert, ...options })
  try {
    await once(socket, 'secureConnect')
    return socket
  } catch {
    return undefined
  } finally {
    socket.on('error', () => {})
    socket.end()
  }
}

describe('which clients are let in', () => {
  const none = {}
  const cases = [
    { clientAuth: 'NoClientCert', in: { none, foreign }, out: {} },
    { clientAuth: 'RequestClientCert', in: { none, foreign, prometheus }, out: {} },
    { clientAuth: 'RequireAnyClientCert', in: { foreign, prometheus, late }, out: { none } },
    { clientAuth: 'VerifyClientCertIfGiven', in: { none, prometheus, grafana }, out: { foreign, late } },
    { clientAuth: 'RequireAndVerifyClientCert', in: { prometheus, grafana }, out: { none, foreign, late } },
    {
      clientAuth: 'RequireAndVerifyClientCert',
      allowedSans: new Set(['other', 'prometheus']),
      in: { prometheus },
      out: { none, foreign, late, grafana },
    },
    {
      clientAuth: 'VerifyClientCertIfGiven',
      allowedSans: new Set(['prometheus']),
      in: { none, prometheus },
      out: { foreign, late, grafana },
    },
  ] as const

  test.each(cases)('$clientAuth $allowedSans', async ({ in: welcome, out, ...settings }) => {
    await serving(webTls({ clientCa: clients.cert, ...settings }))
    for (const [name, certificate] of Object.entries(welcome)) {
      expect(await asked(certificate), `${name} is let in`).toBe('hello')
    }
    for (const [name, certificate] of Object.entries(out)) {
      expect(await asked(certificate), `${name} is kept out`).toBeUndefined()
    }
  })

  test('a session that goes on is judged like a new one', async () => {
    const tls = webTls({ clientCa: clients.cert, clientAuth: 'RequireAndVerifyClientCert' })
    await serving({ ...tls, allowedSans: new Set(['grafana']) })
    const agent = new Agent({ maxCachedSessions: 10, keepAlive: false })
    for (let i = 0; i < 3; i++) expect(await asked({ ...grafana, agent })).toBe('hello')
    server.renewTls({ ...tls, allowedSans: new Set(['prometheus']) })
    expect(await asked({ ...grafana, agent })).toBeUndefined()
    expect(await asked({ ...prometheus, agent })).toBe('hello')
    agent.destroy()
  })
})

describe('versions and suites', () => {
  test.each([
    { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', spoken: ['TLSv1.2'] },
    { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', spoken: ['TLSv1.2', 'TLSv1.3'] },
    { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', spoken: ['TLSv1.3'] },
  ] as const)('$minVersion to $maxVersion', async ({ minVersion, maxVersion, spoken }) => {
    await serving(webTls({ minVersion, maxVersion }))
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake({ minVersion: version, maxVersion: version })
      expect(socket?.getProtocol(), version).toBe(spoken.some(one => one === version) ? version : undefined)
    }
  })

  test('the suites of the list, and those of TLS 1.3', async () => {
    const chacha = 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'
    await serving(webTls({ ciphers: openSslCiphers([chacha], true) }))
    const old = await handshake({ maxVersion: 'TLSv1.2' })
    expect(old?.getCipher().standardName).toBe(chacha)
    expect((await handshake({}))?.getProtocol()).toBe('TLSv1.3')
    expect(
      await handshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }),
    ).toBeUndefined()
  })

  test('one of TLS 1.3 that is named leaves the others out', async () => {
    await serving(webTls({ ciphers: openSslCiphers(['TLS_CHACHA20_POLY1305_SHA256'], true) }))
    expect((await handshake({}))?.getCipher().name).toBe('TLS_CHACHA20_POLY1305_SHA256')
    expect(await handshake({ ciphers: 'TLS_AES_128_GCM_SHA256' })).toBeUndefined()
  })

  test('curves', async () => {
    await serving(webTls({ ecdhCurve: 'secp384r1' }))
    expect(await handshake({ ecdhCurve: 'X25519' })).toBeUndefined()
    expect(await handshake({ ecdhCurve: 'secp384r1' })).toBeDefined()
  })
})

describe('new settings while it runs', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  afterEach(() => agent.destroy())

  const nameOf = (socket: TLSSocket | undefined) => socket?.getPeerX509Certificate()?.subject

  test('new connections see the new certificate', async () => {
    await serving(webTls({}, issueServer('first')))
    expect(nameOf(await handshake({}))).toBe('CN=first')
    server.renewTls(webTls({}, issueServer('second')))
    expect(nameOf(await handshake({}))).toBe('CN=second')
  })

  test('a connection that is there gets its answer, and is asked to come anew', async () => {
    const first = webTls({}, issueServer('first'))
    await serving(first)
    expect(await asked({ agent })).toBe('hello')
    server.renewTls(webTls({}, issueServer('second')))
    const request = get({ host: '127.0.0.1', port: server.port, ca: authority.cert, agent })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(request.reusedSocket).toBe(true)
    expect(response.headers.connection).toBe('close')
    expect(await text(response)).toBe('hello')
    expect(await asked({ agent })).toBe('hello')
  })

  test('but none that was let in by other rules', async () => {
    await serving(webTls())
    expect(await asked({ agent })).toBe('hello')
    server.renewTls(webTls({ clientCa: clients.cert, clientAuth: 'RequireAndVerifyClientCert' }))
    expect(await asked({ agent })).toBeUndefined()
    expect(await asked()).toBeUndefined()
    expect(await asked(prometheus)).toBe('hello')
  })

  test('and back: nobody is asked for a certificate any more', async () => {
    await serving(webTls({ clientCa: clients.cert, clientAuth: 'RequireAndVerifyClientCert' }))
    expect(await asked()).toBeUndefined()
    server.renewTls(webTls())
    expect(await asked()).toBe('hello')
  })
})
