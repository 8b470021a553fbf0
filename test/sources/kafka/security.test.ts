import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type SecuredMaterial, securedMaterial } from '../../../lab/secured.ts'
import type { ClusterConfig } from '../../../src/config/config.ts'
import type { OAuthConfig, PasswordConfig, SaslConfig, TlsConfig } from '../../../src/config/connections.ts'
import { unknownOf } from '../../../src/model/reading.ts'
import { RealKafkaCluster } from '../../../src/sources/kafka/cluster.ts'
import { CredentialsWatch } from '../../../src/sources/kafka/credentialsWatch.ts'
import { FakeBroker, type FakeBrokerState } from '../../support/fakeBroker.ts'
import { FakeTokenEndpoint } from '../../support/tokenEndpoint.ts'

const password = 'canary-password'
const requestTimeoutMs = 1_000
const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

let folder: string
let material: SecuredMaterial
const open: { close(): unknown }[] = []
const uncaught = vi.fn()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-security-'))
  material = await securedMaterial(folder)
  process.on('uncaughtException', uncaught)
}, 60_000)
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
  expect(uncaught).not.toHaveBeenCalled()
})
afterAll(async () => {
  process.off('uncaughtException', uncaught)
  await rm(folder, { recursive: true })
})

async function started<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const thing = await starting
  open.push(thing)
  return thing
}

interface World {
  readonly port: number
  readonly host?: string
  readonly tls?: Partial<TlsConfig>
  readonly sasl?: SaslConfig
  readonly environment?: Readonly<Record<string, string>>
  readonly onKept?: (problem: string) => void
}

function connect({ port, host = '127.0.0.1', tls, sasl, environment = {}, onKept = () => {} }: World) {
  const noTls = {
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    keyPassphrase: undefined,
    serverName: undefined,
  }
  const config: ClusterConfig = {
    name: 'east',
    bootstrapServers: [],
    tls: tls && { ...noTls, ...tls },
    sasl,
  }
  const credentials = new CredentialsWatch(config, { PASSWORD: password, ...environment }, onKept)
  const bootstrap = [{ host, port }]
  const cluster = new RealKafkaCluster({ cluster: 'east', bootstrap, requestTimeoutMs, credentials })
  open.push(cluster)
  return cluster
}

/** What a poll finds: 'known', or why not. */
async function poll(cluster: RealKafkaCluster) {
  const { topics } = await cluster.listTopics(performance.now() + 3_000)
  return unknownOf(topics) ?? 'known'
}

const login = (mechanism: PasswordConfig['mechanism'], name = 'tidemark'): PasswordConfig => ({
  mechanism,
  username: { text: name },
  password: { env: 'PASSWORD' },
})

const withUser: Partial<FakeBrokerState> = { users: { tidemark: password } }

async function brokerTls(certificate: { certFile: string; keyFile: string }) {
  return { cert: await readFile(certificate.certFile), key: await readFile(certificate.keyFile) }
}

describe('logging in with a password', () => {
  test.each(mechanisms)('%s', async mechanism => {
    const broker = await started(FakeBroker.start(withUser))
    expect(await poll(connect({ port: broker.port, sasl: login(mechanism) }))).toBe('known')
    expect(broker.logins).toEqual([{ mechanism: mechanism.toUpperCase(), user: 'tidemark' }])
  })

  test.each(mechanisms)('%s with a wrong one is tried once, and says so', async mechanism => {
    const broker = await started(FakeBroker.start({ users: { tidemark: 'another' } }))
    const { port } = broker
    expect(await poll(connect({ port, sasl: login(mechanism) }))).toEqual({
      reason: 'authentication',
      detail: `cluster east at 127.0.0.1:${port}: the broker refused the user name or the password (${mechanism}); check sasl.username and sasl.password, and that the user may log in with ${mechanism}`,
    })
    expect(broker.connections).toBe(1)
  })

  test.each(mechanisms)('%s by a user whom nobody knows', async mechanism => {
    const { port } = await started(FakeBroker.start(withUser))
    expect(await poll(connect({ port, sasl: login(mechanism, 'nobody') }))).toMatchObject({
      reason: 'authentication',
    })
  })

  test('a session is replaced before its end, and no request is lost by it', async () => {
    const broker = await started(FakeBroker.start({ ...withUser, sessionLifetimeMs: 100n }))
    const cluster = connect({ port: broker.port, sasl: login('scram-sha-256') })
    await vi.waitUntil(async () => {
      expect(await poll(cluster)).toBe('known')
      return broker.logins.length >= 4
    }, 5_000)
  })

  test('a session without an end is kept', async () => {
    const broker = await started(FakeBroker.start(withUser))
    const cluster = connect({ port: broker.port, sasl: login('plain') })
    for (let time = 0; time < 5; time += 1) expect(await poll(cluster)).toBe('known')
    expect(broker.connections).toBe(1)
  })
})

describe('a reply to a SCRAM login that is corrupt fails that login, and the process lives', () => {
  const corruptions: [string, NonNullable<FakeBrokerState['corrupt']>][] = [
    ['nothing', () => Buffer.alloc(0)],
    ['bytes that are no text', () => Buffer.from([0xff, 0, 0xfe])],
    ['no nonce', reply => Buffer.from(reply.toString().replace(/^r=[^,]*,/, ''))],
    ['no salt', reply => Buffer.from(reply.toString().replace(/s=[^,]*/, 's='))],
    ['no number', reply => Buffer.from(reply.toString().replace('i=4096', 'i=many'))],
    ['another nonce', reply => Buffer.from(reply.toString().replace('r=', 'r=x'))],
    ['too few iterations', reply => Buffer.from(reply.toString().replace('4096', '1'))],
    ['a cut last message', (reply, step) => (step === 2 ? reply.subarray(0, 1) : reply)],
    ['no signature', (reply, step) => (step === 2 ? Buffer.from('x=y') : reply)],
    ['a wrong signature', (reply, step) => (step === 2 ? Buffer.from('v=AAAA') : reply)],
    ['an error of its own', (reply, step) => (step === 2 ? Buffer.from('e=canary') : reply)],
  ]
  test.each(corruptions)('%s', async (_, corrupt) => {
    const broker = await started(FakeBroker.start({ ...withUser, corrupt }))
    const cluster = connect({ port: broker.port, sasl: login('scram-sha-512') })
    const found = await poll(cluster)
    expect(found).toMatchObject({ detail: expect.stringMatching(/ at 127\.0\.0\.1:\d+: the .*; check /) })
    expect(JSON.stringify(found)).not.toContain('canary')
    broker.state.corrupt = reply => reply
    expect(await poll(cluster)).toBe('known')
  })
})

describe('logging in with a token', () => {
  const oauth = (endpoint: FakeTokenEndpoint, more: Partial<OAuthConfig> = {}): OAuthConfig => ({
    mechanism: 'oauthbearer',
    tokenEndpoint: endpoint.url,
    tokenEndpointCaFile: undefined,
    clientId: { text: 'tidemark' },
    clientSecret: { env: 'PASSWORD' },
    scope: undefined,
    extensions: {},
    ...more,
  })
  const takesAny: Partial<FakeBrokerState> = { takesToken: () => true }

  test('is asked for once, and used again until it nears its end', async () => {
    const endpoint = await started(FakeTokenEndpoint.start({ clientSecret: password }))
    const broker = await started(FakeBroker.start({ ...takesAny, sessionLifetimeMs: 1n }))
    const cluster = connect({ port: broker.port, sasl: oauth(endpoint, { scope: 'kafka' }) })
    await vi.waitUntil(async () => {
      expect(await poll(cluster)).toBe('known')
      return broker.logins.length >= 3
    }, 5_000)
    expect(endpoint.requests.map(({ form }) => form.toString())).toEqual([
      'grant_type=client_credentials&scope=kafka',
    ])
  })

  test('a token without a known life is used once', async () => {
    const endpoint = await started(FakeTokenEndpoint.start({ clientSecret: password, expiresIn: null }))
    const broker = await started(FakeBroker.start({ ...takesAny, sessionLifetimeMs: 1n }))
    const cluster = connect({ port: broker.port, sasl: oauth(endpoint) })
    await vi.waitUntil(async () => {
      expect(await poll(cluster)).toBe('known')
      return broker.logins.length >= 3
    }, 5_000)
    expect(endpoint.requests.length).toBe(broker.logins.length)
  })

  test('client id and secret are encoded as in a form (RFC 6749, 2.3.1)', async () => {
    const odd = { clientId: 'tide:mark', clientSecret: 'p%4&ss wörd+' }
    const endpoint = await started(FakeTokenEndpoint.start(odd))
    const { port } = await started(FakeBroker.start(takesAny))
    const sasl = oauth(endpoint, { clientId: { text: odd.clientId } })
    expect(await poll(connect({ port, sasl, environment: { PASSWORD: odd.clientSecret } }))).toBe('known')
  })

  test.each<[string, Partial<FakeTokenEndpoint['state']>, string, string]>([
    [
      'a wrong secret',
      {},
      'authentication',
      'gave no token: status 401, invalid_client; check sasl.clientId and sasl.clientSecret',
    ],
    [
      'an error that is not of the standard',
      { instead: { status: 500, body: '{"error":"canary"}' } },
      'error',
      'gave no token: status 500; check sasl.tokenEndpoint',
    ],
    [
      'a redirect',
      { instead: { status: 302, body: '', headers: { location: 'http://canary.example' } } },
      'error',
      'gave no token: status 302; check sasl.tokenEndpoint',
    ],
    [
      'a page',
      { instead: { status: 200, body: '<html>canary</html>' } },
      'error',
      'gave no bearer token; check sasl.tokenEndpoint',
    ],
    [
      'a token that would break out of the message',
      { instead: { status: 200, body: '{"access_token":"canary\\u0001host=x"}' } },
      'error',
      'gave no bearer token; check sasl.tokenEndpoint',
    ],
  ])('%s', async (_, state, reason, words) => {
    const endpoint = await started(FakeTokenEndpoint.start({ clientSecret: 'another', ...state }))
    const { port } = await started(FakeBroker.start(takesAny))
    expect(await poll(connect({ port, sasl: oauth(endpoint) }))).toEqual({
      reason,
      detail: `cluster east at 127.0.0.1:${port}: the token endpoint ${endpoint.host}/token ${words}`,
    })
  })

  test('an endpoint that is not there', async () => {
    const endpoint = await FakeTokenEndpoint.start()
    const sasl = oauth(endpoint)
    const { host } = endpoint
    await endpoint.close()
    const { port } = await started(FakeBroker.start(takesAny))
    expect(await poll(connect({ port, sasl }))).toEqual({
      reason: 'unreachable',
      detail: `cluster east at 127.0.0.1:${port}: the token endpoint ${host}/token gave no answer: nobody listens there (ECONNREFUSED); check sasl.tokenEndpoint and sasl.tokenEndpointCaFile`,
    })
  })

  test('an endpoint with TLS is held against its own authority', async () => {
    const certificate = await brokerTls(material.broker)
    const endpoint = await started(
      FakeTokenEndpoint.start(
        { clientSecret: password },
        { cert: String(certificate.cert), key: String(certificate.key) },
      ),
    )
    const { port } = await started(FakeBroker.start(takesAny))
    const { caFile } = material.authority
    expect(await poll(connect({ port, sasl: oauth(endpoint, { tokenEndpointCaFile: caFile }) }))).toBe(
      'known',
    )
    expect(await poll(connect({ port, sasl: oauth(endpoint) }))).toMatchObject({
      detail: expect.stringContaining("no known authority has signed the endpoint's certificate"),
    })
  })

  test('a token that has ended says when, and the next login gets another', async () => {
    const endpoint = await started(
      FakeTokenEndpoint.start({ clientSecret: password, lifeSeconds: -60, expiresIn: 60 }),
    )
    const broker = await started(FakeBroker.start({ takesToken: () => false }))
    const cluster = connect({ port: broker.port, sasl: oauth(endpoint) })
    expect(await poll(cluster)).toMatchObject({
      reason: 'authentication',
      detail: expect.stringMatching(
        /: the broker refused the token, which ended at \d{4}-\S+Z; check how long sasl.tokenEndpoint makes tokens last, and the clocks$/,
      ),
    })
    broker.state.takesToken = () => true
    expect(await poll(cluster)).toBe('known')
    expect(endpoint.requests).toHaveLength(2)
  })

  test('MSK IAM without its signer says what to install, and spoils nothing else', async () => {
    const { port } = await started(FakeBroker.start(takesAny))
    expect(await poll(connect({ port, sasl: { mechanism: 'aws-msk-iam', region: 'eu-central-1' } }))).toEqual(
      {
        reason: 'error',
        detail: `cluster east at 127.0.0.1:${port}: aws-msk-iam needs the package aws-msk-iam-sasl-signer-js, which is not there; npm install aws-msk-iam-sasl-signer-js beside Tidemark`,
      },
    )
  })

  test('a token that the broker does not take for another reason', async () => {
    const endpoint = await started(FakeTokenEndpoint.start({ clientSecret: password }))
    const { port } = await started(FakeBroker.start({ takesToken: () => false }))
    expect(await poll(connect({ port, sasl: oauth(endpoint) }))).toEqual({
      reason: 'authentication',
      detail: `cluster east at 127.0.0.1:${port}: the broker refused the token; check that the broker trusts sasl.tokenEndpoint, and sasl.scope`,
    })
  })
})

describe('TLS', () => {
  const detailOf = async (world: World) => {
    const found = await poll(connect(world))
    return found === 'known' ? found : found.detail.replace(/^cluster east at \S+: /, '')
  }

  test('a broker whose certificate is signed by the authority given', async () => {
    const { port } = await started(FakeBroker.start({}, await brokerTls(material.broker)))
    const { caFile } = material.authority
    expect(await detailOf({ port, tls: { caFile } })).toBe('known')
    expect(await detailOf({ port, host: 'localhost', tls: { caFile } })).toBe('known')
  })

  test('an unknown authority', async () => {
    const { port } = await started(FakeBroker.start({}, await brokerTls(material.broker)))
    const words =
      /^no known authority has signed the broker's certificate \([A-Z_]+\); put its authority into tls.caFile$/
    expect(await detailOf({ port, tls: {} })).toMatch(words)
    expect(await detailOf({ port, tls: { caFile: material.stranger.caFile } })).toMatch(words)
  })

  test('another name, and the server name that helps', async () => {
    const { port } = await started(FakeBroker.start({}, await brokerTls(material.elsewhere)))
    const { caFile } = material.authority
    expect(await detailOf({ port, tls: { caFile } })).toBe(
      "the broker's certificate is not for 127.0.0.1 but for DNS:elsewhere.example; connect by a name that it has, or set tls.serverName to one",
    )
    expect(await detailOf({ port, tls: { caFile, serverName: 'elsewhere.example' } })).toBe('known')
  })

  test('a certificate of our own where one is asked for', async () => {
    const { caFile } = material.authority
    const ca = await readFile(caFile)
    const options = { ...(await brokerTls(material.broker)), ca, requestCert: true, rejectUnauthorized: true }
    const { port } = await started(FakeBroker.start({}, options))
    const { certFile, keyFile } = material.client
    expect(await detailOf({ port, tls: { caFile, certFile, keyFile } })).toBe('known')
    expect(await detailOf({ port, tls: { caFile } })).toBe(
      'the broker asks for a client certificate; set tls.certFile and tls.keyFile',
    )
    const other = await material.stranger.issue('tidemark', ['DNS:tidemark'])
    expect(await detailOf({ port, tls: { caFile, certFile: other.certFile, keyFile: other.keyFile } })).toBe(
      'the broker closed the connection; unless it is restarting, its listener may want another client certificate (tls.certFile, tls.keyFile) or a login (sasl)',
    )
  })

  test('TLS to a port that does not speak it', async () => {
    const { port } = await started(FakeBroker.start())
    expect(await detailOf({ port, tls: {} })).toBe(
      'the port does not answer with TLS; remove tls, or use the port of a TLS listener',
    )
  })

  test('plaintext to a port that wants TLS', async () => {
    const { port } = await started(FakeBroker.start({}, await brokerTls(material.broker)))
    expect(await detailOf({ port })).toMatch(
      /^the (port speaks TLS; add tls|broker closed the connection; .*TLS)/,
    )
  })

  test('no login where one is wanted', async () => {
    const { port } = await started(FakeBroker.start(withUser))
    expect(await detailOf({ port })).toBe(
      'the broker closed the connection; unless it is restarting, its listener may want TLS (tls) or a login (sasl)',
    )
    const withTls = await started(FakeBroker.start(withUser, await brokerTls(material.broker)))
    const tls = { caFile: material.authority.caFile }
    expect(await detailOf({ port: withTls.port, tls })).toBe(
      'the broker closed the connection; unless it is restarting, its listener may want a client certificate (tls.certFile, tls.keyFile) or a login (sasl)',
    )
  })
})

describe('the way to the broker', () => {
  test('nobody listens', async () => {
    const broker = await FakeBroker.start()
    const { port } = broker
    broker.close()
    expect(await poll(connect({ port, tls: {} }))).toEqual({
      reason: 'unreachable',
      detail: `cluster east at 127.0.0.1:${port}: nobody listens there (ECONNREFUSED); check that the broker runs, and the port`,
    })
  })

  test('a name that DNS does not know', async () => {
    expect(await poll(connect({ port: 9092, host: 'broker.invalid' }))).toMatchObject({
      reason: 'unreachable',
      detail: expect.stringMatching(
        /^cluster east at broker.invalid:9092: (the name is unknown to DNS|DNS gave no answer)/,
      ),
    })
  })

  test.each([{}, undefined])('a port that takes the connection and says nothing, tls %j', async tls => {
    const server = createServer(socket => open.push({ close: () => socket.destroy() }))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    open.push(server)
    const { port } = server.address() as { port: number }
    expect(await poll(connect({ port, ...(tls && { tls }), sasl: login('plain') }))).toEqual({
      reason: 'timeout',
      detail: `cluster east at 127.0.0.1:${port}: no answer in time; check firewalls, and whether it is overloaded`,
    })
  })
})

describe('rotation, between two polls', () => {
  const inFolder = (name: string): string => join(folder, name)

  test('a password: the file is read again, and what is connected lives on until then', async () => {
    const file = inFolder('password')
    await writeFile(file, 'first\n')
    const broker = await started(FakeBroker.start({ users: { tidemark: 'first' } }))
    const sasl = { ...login('scram-sha-256'), password: { file } }
    const cluster = connect({ port: broker.port, sasl })
    expect(await poll(cluster)).toBe('known')
    broker.state.users = { tidemark: 'second' }
    expect(await poll(cluster)).toBe('known')
    expect(broker.connections).toBe(1)
    await writeFile(file, 'second\n')
    expect(await poll(cluster)).toBe('known')
    expect(broker.connections).toBe(2)
  })

  test('a file that is gone or empty changes nothing, and is told once', async () => {
    const file = inFolder('vanishing')
    await writeFile(file, password)
    const { port } = await started(FakeBroker.start(withUser))
    const onKept = vi.fn()
    const cluster = connect({ port, sasl: { ...login('plain'), password: { file } }, onKept })
    expect(await poll(cluster)).toBe('known')
    await rm(file)
    expect(await poll(cluster)).toBe('known')
    expect(await poll(cluster)).toBe('known')
    await writeFile(file, '')
    expect(await poll(cluster)).toBe('known')
    expect(onKept.mock.calls).toEqual([
      [`sasl.password: expected a secret at \${file:${file}}, found no such file`],
      [`sasl.password: expected a secret at \${file:${file}}, found a file that is empty`],
    ])
  })

  test('an authority, and a certificate whose key follows a poll later', async () => {
    const [caFile, certFile, keyFile] = ['ca', 'cert', 'key'].map(inFolder) as [string, string, string]
    const copy = async (from: string, to: string) => writeFile(to, await readFile(from))
    const { authority, stranger, client } = material
    await copy(authority.caFile, caFile)
    await copy(client.certFile, certFile)
    await copy(client.keyFile, keyFile)
    const clients = `${await readFile(authority.caFile)}${await readFile(stranger.caFile)}`
    const asks = { ca: clients, requestCert: true, rejectUnauthorized: true }
    const broker = await started(FakeBroker.start({}, { ...(await brokerTls(material.broker)), ...asks }))
    const onKept = vi.fn()
    const cluster = connect({ port: broker.port, tls: { caFile, certFile, keyFile }, onKept })
    expect(await poll(cluster)).toBe('known')

    await writeFile(caFile, clients)
    expect(await poll(cluster)).toBe('known')
    expect(broker.connections).toBe(2)

    const next = await stranger.issue('next', ['DNS:tidemark'])
    await copy(next.certFile, certFile)
    expect(await poll(cluster)).toBe('known')
    expect(broker.connections).toBe(2)
    expect(onKept.mock.calls).toEqual([
      [`tls.keyFile: expected the key of ${certFile}, found the key of another certificate`],
    ])
    await copy(next.keyFile, keyFile)
    expect(await poll(cluster)).toBe('known')
    expect(broker.connections).toBe(3)
  })

  test('credentials that never could be read', async () => {
    const sasl = { ...login('plain'), password: { file: inFolder('none') } }
    expect(await poll(connect({ port: 1, sasl }))).toEqual({
      reason: 'error',
      detail: `cluster east: the credentials cannot be read: sasl.password: expected a secret at \${file:${inFolder('none')}}, found no such file; they are read again with every poll`,
    })
  })
})
