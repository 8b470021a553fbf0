import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type SecuredMaterial, securedMaterial } from '../../lab/secured.ts'
import { waitUntil } from '../../lab/wait.ts'
import { Exporter } from '../lab/support/exporter.ts'
import { FakeBroker } from '../support/fakeBroker.ts'
import { OtlpCollector } from '../support/otlpCollector.ts'
import { FakeTokenEndpoint } from '../support/tokenEndpoint.ts'

const run = promisify(execFile)

/** One of each kind, none like anything that Tidemark writes by itself. */
const secrets = {
  password: 'CANARY-of-the-file',
  variable: 'CANARY-of-the-environment',
  client: 'CANARY-of-the-client',
  passphrase: 'CANARY-of-the-key',
  plain: 'CANARY-in-the-configuration',
  collector: 'CANARY-of-the-collector',
}

let folder: string
let material: SecuredMaterial
const open: { close(): unknown }[] = []
const place = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-canary-'))
  material = await securedMaterial(folder)
  await writeFile(place('password'), secrets.password)
  await copyFile(material.client.certFile, place('own.pem'))
  const key = ['rsa', '-aes256', '-passout', `pass:${secrets.passphrase}`]
  await run('openssl', [...key, '-in', material.client.keyFile, '-out', place('own.key')])
}, 60_000)
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})
afterAll(() => rm(folder, { recursive: true }))

async function started<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const thing = await starting
  open.push(thing)
  return thing
}

/** All that must be found nowhere: the secrets, as they are and as they travel, and parts of keys and tokens. */
async function needles(tokens: readonly string[]): Promise<readonly string[]> {
  const keys = await Promise.all(
    [place('own.key'), material.client.keyFile].map(file => readFile(file, 'utf8')),
  )
  const plain = [...Object.values(secrets), 'CANARY']
  return [
    ...plain,
    ...plain.map(text => Buffer.from(text).toString('base64').slice(0, -4)),
    ...plain.map(text => Buffer.from(text).toString('hex')),
    ...keys.map(key => key.split('\n').find(line => /^[\w+/]{60,}$/.test(line)) ?? 'no key'),
    ...tokens.flatMap(token => token.split('.').filter(part => part.length > 20)),
  ]
}

function expectNone(texts: Readonly<Record<string, string>>, wanted: readonly string[]): void {
  for (const [where, text] of Object.entries(texts)) {
    expect(text, where).not.toBe('')
    for (const needle of wanted) expect(text.includes(needle), `${needle} in ${where}`).toBe(false)
  }
}

const flow = (source: string, target: string) => ({
  name: `${source}-to-${target}`,
  source,
  target,
  replicator: { kind: 'mirrormaker2' },
  rpo: { budget: '5m' },
})

/** Every way to connect, some of which work and some of which end in an error that could tell too much. */
async function world() {
  const { caFile } = material.authority
  const certificate = {
    cert: await readFile(material.broker.certFile),
    key: await readFile(material.broker.keyFile),
  }
  const users = { users: { tidemark: secrets.password, other: secrets.variable } }
  const [good, refusing, echoing, tokens, mutual] = await Promise.all([
    started(FakeBroker.start(users)),
    started(FakeBroker.start({ users: { tidemark: 'another' } })),
    started(FakeBroker.start({ ...users, corrupt: () => Buffer.from(`e=${secrets.password}`) })),
    started(FakeBroker.start({ takesToken: () => true })),
    started(FakeBroker.start({}, { ...certificate, ca: await readFile(caFile), requestCert: true })),
  ])
  const endpoint = await started(FakeTokenEndpoint.start({ clientSecret: secrets.client, subject: 'CANARY' }))
  const failing = await started(
    FakeTokenEndpoint.start({ instead: { status: 400, body: JSON.stringify({ error: secrets.client }) } }),
  )
  const login = {
    mechanism: 'scram-sha-512',
    username: 'tidemark',
    password: `\${file:${place('password')}}`,
  }
  const oauth = (url: string) => ({
    mechanism: 'oauthbearer',
    tokenEndpoint: url,
    clientId: 'tidemark',
    clientSecret: `\${env:CANARY_CLIENT}`,
  })
  const at = (broker: FakeBroker, settings: object) => ({
    bootstrapServers: [`127.0.0.1:${broker.port}`],
    ...settings,
  })
  const clusters = {
    scram: at(good, { sasl: login }),
    plain: at(good, {
      sasl: { ...login, mechanism: 'plain', username: 'other', password: `\${env:CANARY_VARIABLE}` },
    }),
    refused: at(refusing, { sasl: login }),
    refusedPlain: at(refusing, { sasl: { ...login, mechanism: 'plain' } }),
    echoed: at(echoing, { sasl: login }),
    token: at(tokens, { sasl: oauth(endpoint.url) }),
    noToken: at(tokens, { sasl: oauth(failing.url) }),
    refusedToken: at(refusing, { sasl: oauth(endpoint.url) }),
    mutual: at(mutual, {
      tls: {
        caFile,
        certFile: place('own.pem'),
        keyFile: place('own.key'),
        keyPassphrase: `\${env:CANARY_PASSPHRASE}`,
      },
    }),
    stranger: at(mutual, { tls: { caFile: material.stranger.caFile } }),
  }
  const [first = '', ...others] = Object.keys(clusters)
  const config = {
    clusters,
    flows: others.map(other => flow(first, other)),
    poll: { schedule: '* * * * * *', timeout: '3s' },
    server: { listen: '127.0.0.1:0' },
  }
  return { config, endpoint, good }
}

const environment = {
  CANARY_VARIABLE: secrets.variable,
  CANARY_CLIENT: secrets.client,
  CANARY_PASSPHRASE: secrets.passphrase,
}

test('no secret is in logs, metrics, pages, JSON, traces or the output of a crash', {
  timeout: 60_000,
}, async () => {
  const { config, endpoint, good } = await world()
  const collector = await started(OtlpCollector.start())
  const traced = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: `api-key=${secrets.collector}`,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  }
  Object.assign(process.env, environment, traced)
  open.push({
    close() {
      for (const name of Object.keys(traced)) delete process.env[name]
    },
  })
  // A defect, some time later, whose error holds all there is to hold.
  const crash = place('crash.mjs')
  await writeFile(
    crash,
    `import { Secret } from '${new URL('../../src/model/secret.ts', import.meta.url)}'
process.on('SIGUSR2', () => {
  const secret = new Secret(process.env.CANARY_VARIABLE)
  throw Object.assign(new Error('defect: ' + secret), { secret, deep: { secret: [secret] } })
})
`,
  )
  const exporter = await Exporter.start(config, ['--import', crash])
  open.push({ close: () => exporter.kill() })
  await waitUntil('every flow was polled', async () => (await exporter.status('/readyz')) === 200)
  // A changed file that cannot be used is told as well.
  await writeFile(place('password'), '')
  await waitUntil('the log tells', () => exporter.log().includes('the last ones stay'))
  await writeFile(place('password'), secrets.password)
  const { logins } = good
  expect(logins.map(({ user }) => user)).toEqual(expect.arrayContaining(['tidemark', 'other']))

  const texts: Record<string, string> = {}
  const names = config.flows.map(({ name }) => name)
  const flowPages = names.flatMap(name => [
    `/flows/${name}`,
    `/api/v1/flows/${name}`,
    `/api/v1/flows/${name}/topics`,
  ])
  for (const path of [
    '/',
    '/metrics',
    '/readyz',
    '/api/v1/flows',
    ...flowPages,
    '/api/v1/flows/none',
    '/none',
  ]) {
    texts[path] = await (await fetch(`${exporter.url}${path}`)).text()
  }
  // The search would find them: the reasons are there, and without the secrets.
  expect(texts['/api/v1/flows']).toContain('the broker refused the user name or the password')
  expect(texts['/']).toContain('refused')

  await waitUntil('traces arrive', () => collector.spans.some(({ name }) => name === 'poll'))
  // A collector that refuses is told in the log, without what it was sent.
  collector.status = 401
  await waitUntil('the refusal is told', () => exporter.log().includes('traces cannot be sent'))
  texts['traces'] = JSON.stringify([collector.spans, collector.resources])
  expect(texts['traces']).toContain('authentication')

  process.kill(exporter.pid, 'SIGUSR2')
  await waitUntil('the crash is told', () => exporter.log().includes('uncaught exception'))
  texts['the log'] = exporter.log()
  expect(texts['the log']).toContain('defect: [secret]')
  const tokens = await sentTokens(endpoint)
  expectNone(texts, await needles(tokens))
})

/** A token as the endpoint makes them: head and payload are the same but for the time. */
async function sentTokens(endpoint: FakeTokenEndpoint): Promise<readonly string[]> {
  expect(endpoint.requests.length).toBeGreaterThan(0)
  return [Buffer.from('{"sub":"CANARY"').toString('base64url').slice(0, -2)]
}

test('no secret is in what the command line says of a configuration', async () => {
  const { config } = await world()
  const tidemark = async (text: string, env: Readonly<Record<string, string>>): Promise<string> => {
    await writeFile(place('tidemark.yaml'), text)
    const args = ['src/main.ts', 'validate', '--config', place('tidemark.yaml')]
    const ended = await run(process.execPath, args, { env: { ...process.env, ...env } }).catch(
      (error: { stdout: string; stderr: string }) => error,
    )
    return `${ended.stdout}${ended.stderr}`
  }
  const good = JSON.stringify(config, null, 2)
  const plain = (from: string | RegExp): string => good.replaceAll(from, secrets.plain)
  const texts = {
    'a valid file': await tidemark(good, environment),
    'secrets in the file': await tidemark(plain(/\$\{[^}]*\}/g), environment),
    'a secret for a mechanism': await tidemark(
      plain('"tidemark"').replaceAll(secrets.plain, '7'),
      environment,
    ),
    'a wrong passphrase': await tidemark(good, { ...environment, CANARY_PASSPHRASE: secrets.plain }),
    'a key for a path': await tidemark(
      good.replace(place('own.key'), JSON.stringify(await readFile(place('own.key'), 'utf8')).slice(1, -1)),
      environment,
    ),
    'variables that are empty': await tidemark(good, {
      CANARY_VARIABLE: '',
      CANARY_CLIENT: '',
      CANARY_PASSPHRASE: '',
    }),
  }
  expect(texts['a valid file']).toContain('is valid')
  expect(texts['a wrong passphrase']).toContain('that keyPassphrase does not open')
  expect(texts['a key for a path']).toContain('a path is meant')
  // The names of variables are no secret.
  const named = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, text.replaceAll(/CANARY_[A-Z]+/g, '')]),
  )
  expectNone(named, await needles([]))
})
