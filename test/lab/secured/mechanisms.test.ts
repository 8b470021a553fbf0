import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OAuthConfig, PasswordConfig, TlsConfig } from '../../../src/config/connections.ts'
import { unknownOf } from '../../../src/model/reading.ts'
import { RealKafkaCluster } from '../../../src/sources/kafka/cluster.ts'
import { CredentialsWatch } from '../../../src/sources/kafka/credentialsWatch.ts'
import { FakeTokenEndpoint } from '../../support/tokenEndpoint.ts'
import { reauthMs, SecuredWorld, user } from './support.ts'

const requestTimeoutMs = 4_000

let world: SecuredWorld
let endpoint: FakeTokenEndpoint
const open: RealKafkaCluster[] = []
const uncaught = vi.fn()

beforeAll(async () => {
  endpoint = await FakeTokenEndpoint.start({ lifeSeconds: 5 })
  world = await SecuredWorld.start()
  process.on('uncaughtException', uncaught)
})
afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
  Object.assign(endpoint.state, { lifeSeconds: 5, expiresIn: undefined })
  expect(uncaught).not.toHaveBeenCalled()
})
afterAll(async () => {
  process.off('uncaughtException', uncaught)
  await world?.close()
  await endpoint.close()
})

interface Way {
  readonly listener: Parameters<SecuredWorld['port']>[0]
  readonly tls?: Partial<TlsConfig>
  readonly sasl?: PasswordConfig | OAuthConfig
}

function connect({ listener, tls, sasl }: Way): RealKafkaCluster {
  const noTls = {
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    keyPassphrase: undefined,
    serverName: undefined,
  }
  const port = world.port(listener)
  const config = { name: 'east', bootstrapServers: [], tls: tls && { ...noTls, ...tls }, sasl }
  const environment = { PASSWORD: user.password, WRONG: 'wrong', SECRET: endpoint.state.clientSecret }
  const credentials = new CredentialsWatch(config, environment, () => {})
  const bootstrap = [{ host: '127.0.0.1', port }]
  const cluster = new RealKafkaCluster({ cluster: 'east', bootstrap, requestTimeoutMs, credentials })
  open.push(cluster)
  return cluster
}

/** What a poll finds: 'known', or why not, without the address. */
async function poll(cluster: RealKafkaCluster) {
  const { topics } = await cluster.listTopics(performance.now() + 8_000)
  const unknown = unknownOf(topics)
  return unknown === undefined
    ? 'known'
    : `${unknown.reason}: ${unknown.detail.replace(/^cluster east at 127\.0\.0\.1:\d+: /, '')}`
}

const trusting = () => ({ caFile: world.material.authority.caFile })
const login = (mechanism: PasswordConfig['mechanism'], variable = 'PASSWORD'): PasswordConfig => ({
  mechanism,
  username: { text: user.name },
  password: { env: variable },
})
const token = (variable = 'SECRET'): OAuthConfig => ({
  mechanism: 'oauthbearer',
  tokenEndpoint: endpoint.url,
  tokenEndpointCaFile: undefined,
  clientId: { text: endpoint.state.clientId },
  clientSecret: { env: variable },
  scope: undefined,
  extensions: {},
})

describe('each mechanism connects, and lives through the ends of its sessions', () => {
  test.each<[string, () => Way]>([
    ['PLAIN', () => ({ listener: 'SASL_TLS', tls: trusting(), sasl: login('plain') })],
    ['SCRAM-SHA-256', () => ({ listener: 'SASL_TLS', tls: trusting(), sasl: login('scram-sha-256') })],
    ['SCRAM-SHA-512', () => ({ listener: 'SASL_TLS', tls: trusting(), sasl: login('scram-sha-512') })],
    ['SCRAM-SHA-512 in plaintext', () => ({ listener: 'SASL_TEXT', sasl: login('scram-sha-512') })],
    ['OAUTHBEARER', () => ({ listener: 'SASL_TLS', tls: trusting(), sasl: token() })],
  ])('%s', async (_, way) => {
    const cluster = connect(way())
    const until = performance.now() + 2.5 * reauthMs
    let polls = 0
    while (performance.now() < until) {
      expect(await poll(cluster)).toBe('known')
      polls += 1
    }
    expect(polls).toBeGreaterThan(10)
  })

  test.each<[string, () => Way]>([
    ['TLS', () => ({ listener: 'TLS', tls: trusting() })],
    [
      'mutual TLS',
      () => ({ listener: 'MTLS', tls: { ...trusting(), ...certificateOf(world.material.client) } }),
    ],
    [
      'TLS by another name',
      () => ({ listener: 'ELSEWHERE', tls: { ...trusting(), serverName: 'elsewhere.example' } }),
    ],
  ])('%s', async (_, way) => {
    expect(await poll(connect(way()))).toBe('known')
  })
})

describe('what is wrong is told in one line', () => {
  const refusedLogin = (mechanism: string) =>
    `authentication: the broker refused the user name or the password (${mechanism}); check sasl.username and sasl.password, and that the user may log in with ${mechanism}`

  test.each<[string, () => Way | Promise<Way>, string | RegExp]>([
    ...(['plain', 'scram-sha-256', 'scram-sha-512'] as const).map(
      (mechanism): [string, () => Way, string] => [
        `a wrong password, ${mechanism}`,
        () => ({ listener: 'SASL_TLS', tls: trusting(), sasl: login(mechanism, 'WRONG') }),
        refusedLogin(mechanism),
      ],
    ),
    [
      'a user whom nobody knows',
      () => ({
        listener: 'SASL_TEXT',
        sasl: { ...login('scram-sha-512'), username: { text: 'nobody' } },
      }),
      refusedLogin('scram-sha-512'),
    ],
    [
      'a wrong client secret',
      () => ({ listener: 'SASL_TLS', tls: trusting(), sasl: token('WRONG') }),
      /^authentication: the token endpoint \S+ gave no token: status 401, invalid_client; check sasl.clientId and sasl.clientSecret$/,
    ],
    [
      'an expired token',
      () => {
        Object.assign(endpoint.state, { lifeSeconds: -60, expiresIn: 60 })
        return { listener: 'SASL_TLS', tls: trusting(), sasl: token() }
      },
      /^authentication: the broker refused the token, which ended at \S+; check how long sasl.tokenEndpoint makes tokens last, and the clocks$/,
    ],
    [
      'an unknown authority',
      () => ({ listener: 'TLS', tls: { caFile: world.material.stranger.caFile } }),
      /^unreachable: no known authority has signed the broker's certificate \(\w+\); put its authority into tls.caFile$/,
    ],
    [
      'another host name',
      () => ({ listener: 'ELSEWHERE', tls: trusting() }),
      "unreachable: the broker's certificate is not for 127.0.0.1 but for DNS:elsewhere.example; connect by a name that it has, or set tls.serverName to one",
    ],
    [
      'no client certificate',
      () => ({ listener: 'MTLS', tls: trusting() }),
      /^(authentication: the broker asks for a client certificate; set tls.certFile and tls.keyFile|unreachable: the broker closed the connection; .* client certificate .*)$/,
    ],
    [
      'a client certificate of a stranger',
      async () => {
        const other = await world.material.stranger.issue('other', ['DNS:other'])
        return { listener: 'MTLS', tls: { ...trusting(), ...certificateOf(other) } }
      },
      /^(authentication: the broker refused the client certificate; .*|unreachable: the broker closed the connection; .* client certificate .*)$/,
    ],
    [
      'TLS against plaintext',
      () => ({ listener: 'SASL_TEXT', tls: trusting(), sasl: login('plain') }),
      'unreachable: the port does not answer with TLS; remove tls, or use the port of a TLS listener',
    ],
    [
      'plaintext against TLS',
      () => ({ listener: 'SASL_TLS', sasl: login('plain') }),
      /^unreachable: (the port speaks TLS; add tls|the broker closed the connection; .*TLS)/,
    ],
    [
      'no login',
      () => ({ listener: 'SASL_TLS', tls: trusting() }),
      /^unreachable: the broker closed the connection; .* or a login \(sasl\)$/,
    ],
    [
      'a login where none is taken',
      () => ({ listener: 'TLS', tls: trusting(), sasl: login('plain') }),
      'authentication: this listener takes no login; remove sasl, or use the port of a SASL listener',
    ],
  ])('%s', async (_, way, words) => {
    const bystander = connect({ listener: 'SASL_TLS', tls: trusting(), sasl: login('scram-sha-512') })
    const [found, beside] = await Promise.all([poll(connect(await way())), poll(bystander)])
    if (typeof words === 'string') expect(found).toBe(words)
    else expect(found).toMatch(words)
    expect(beside).toBe('known')
  })
})

function certificateOf({ certFile, keyFile }: { certFile: string; keyFile: string }) {
  return { certFile, keyFile }
}
