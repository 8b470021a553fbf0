import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority } from '../../../lab/certificates.ts'
import type { LabCluster } from '../../../lab/cluster.ts'
import { Lab } from '../../../lab/lab.ts'
import { type SecuredMaterial, securedCluster, securedMaterial } from '../../../lab/secured.ts'
import { ensureTools } from '../../../lab/tools.ts'
import { waitUntil } from '../../../lab/wait.ts'
import type { Exposition } from '../../support/exposition.ts'
import { Exporter, flushMs } from '../support/exporter.ts'
import { reauthMs, user } from './support.ts'

const since = 'kafka_replication_flow_observed_since_timestamp_seconds'
const point = 'kafka_replication_flow_recovery_point_timestamp_seconds'
const retracted = 'kafka_replication_flow_recovery_point_retracted_timestamp_seconds'
const up = 'kafka_replication_cluster_up'
const good = { flow: 'good' }

/** All that may be sent to a secured cluster. */
const reading = [
  ...['ApiVersions', 'SaslHandshake', 'SaslAuthenticate', 'Metadata', 'ListOffsets', 'Fetch'],
  ...['OffsetForLeaderEpoch', 'DescribeConfigs', 'DescribeProducers'],
]

/** Scrapes all the time, and keeps every page. */
class Scraper {
  readonly pages: Exposition[] = []
  readonly failures: unknown[] = []
  #running = true
  readonly #done: Promise<void>

  constructor(exporter: Exporter) {
    this.#done = this.#run(exporter)
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#done
  }

  async #run(exporter: Exporter): Promise<void> {
    while (this.#running) {
      await exporter.scrape().then(
        page => this.pages.push(page),
        (error: unknown) => this.failures.push(error),
      )
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}

describe('rotation while polls and scrapes go on', () => {
  let lab: Lab
  let folder: string
  let material: SecuredMaterial
  let east: LabCluster
  let west: LabCluster
  let exporter: Exporter
  let scraper: Scraper
  const place = (name: string): string => join(folder, name)

  beforeAll(async () => {
    await ensureTools(['java', 'maven'])
    folder = await mkdtemp(join(tmpdir(), 'tidemark-rotation-'))
    material = await securedMaterial(folder)
    lab = await Lab.open()
    const [first, second] = await Promise.all(
      ['east', 'west'].map(name => lab.startCluster(securedCluster({ name, material, user, reauthMs }))),
    )
    if (first === undefined || second === undefined) throw new Error('no clusters')
    east = first
    west = second
    await east.createTopics([{ topic: 'orders' }])
    const mirrorMaker = await lab.startMirrorMaker({ source: east, target: west })
    await mirrorMaker.waitUntilReplicating()
    await east.produce('orders', [{ value: 'one' }, { value: 'two' }])

    await writeFile(place('password'), `${user.password}\n`)
    await writeFile(place('wrong'), 'CANARY-wrong')
    await copyFile(material.authority.caFile, place('ca.pem'))
    await copyFile(material.client.certFile, place('own.pem'))
    await copyFile(material.client.keyFile, place('own.key'))
    exporter = await Exporter.start(configuration())
    await exporter.until('the flow has a point', page => page.value(point, good) !== undefined, 60_000)
    scraper = new Scraper(exporter)
  })

  afterAll(async () => {
    await scraper?.stop()
    await exporter?.kill()
    await lab?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const login = (file: string) => ({
    mechanism: 'scram-sha-512',
    username: user.name,
    password: `\${file:${place(file)}}`,
  })

  function configuration() {
    const tls = { caFile: place('ca.pem') }
    const own = { certFile: place('own.pem'), keyFile: place('own.key') }
    const flow = (name: string, source: string) => ({
      name,
      source,
      target: 'west',
      replicator: {
        kind: 'mirrormaker2',
        sourceAlias: 'east',
        offsetFlushInterval: `${flushMs}ms`,
        refreshTopicsInterval: '1s',
      },
      topics: { include: ['orders'] },
      rpo: { budget: '1m' },
    })
    return {
      clusters: {
        east: { bootstrapServers: east.serversOf('SASL_TLS'), tls, sasl: login('password') },
        wrong: { bootstrapServers: east.serversOf('SASL_TLS'), tls, sasl: login('wrong') },
        west: { bootstrapServers: west.serversOf('MTLS'), tls: { ...tls, ...own } },
      },
      flows: [flow('good', 'east'), flow('bad', 'wrong')],
      poll: { schedule: '* * * * * *', timeout: '5s' },
      server: { listen: '127.0.0.1:0' },
    }
  }

  /** The point moves on, which only polls of both clusters make it do. */
  async function expectToLiveOn(): Promise<void> {
    const from = (await exporter.scrape()).value(point, good) ?? 0
    await exporter.until(
      'the point moves on, for longer than a session lasts',
      page => (page.value(point, good) ?? 0) > from + (1.5 * reauthMs) / 1000,
      30_000,
    )
  }

  const requestsOf = (page: Exposition) =>
    page.value('tidemark_kafka_requests_total', { kafka_cluster: 'east', api: 'SaslAuthenticate' }) ?? 0

  test('sessions come to their end, and logins are made anew', async () => {
    const before = requestsOf(await exporter.scrape())
    const seen = scraper.pages.length
    await expectToLiveOn()
    const answered = scraper.pages.slice(seen).map(page => page.value(up, { kafka_cluster: 'east' }))
    expect(new Set(answered)).toEqual(new Set([1]))
    expect(requestsOf(await exporter.scrape())).toBeGreaterThan(before)
  })

  test('a password', async () => {
    const next = 'the-next-password'
    const change = `SCRAM-SHA-512=[password=${next}]`
    await writeFile(place('password'), next)
    await east.configure(['--entity-type', 'users', '--entity-name', user.name, '--add-config', change])
    await waitUntil('logins are made with it', async () => {
      const page = await exporter.scrape()
      return page.value(up, { kafka_cluster: 'east' }) === 1
    })
    await expectToLiveOn()
  })

  test('an authority, in the order of its recipe', async () => {
    const next = await Authority.create(join(folder, 'next'), 'next authority')
    const broker = await next.issue('broker', ['DNS:localhost', 'IP:127.0.0.1'])
    const both = `${await readFile(material.authority.caFile, 'utf8')}${await readFile(next.caFile, 'utf8')}`
    await writeFile(place('ca.pem'), both)
    await expectToLiveOn()
    const change = `listener.name.sasl_tls.ssl.keystore.location=${broker.storeFile}`
    await east.configure(['--entity-type', 'brokers', '--entity-name', '1', '--add-config', change])
    await expectToLiveOn()
  })

  test('a client certificate, whose key follows a little later', async () => {
    const next = await material.authority.issue('next', ['DNS:tidemark'])
    await copyFile(next.certFile, place('own.pem'))
    await waitUntil('the log says that the last ones stay', () =>
      exporter.log().includes('the last ones stay'),
    )
    await copyFile(next.keyFile, place('own.key'))
    await expectToLiveOn()
  })

  test('no scrape failed, no history was lost, and the flow with the wrong password bothered nobody', async () => {
    await scraper.stop()
    expect(scraper.failures).toEqual([])
    const values = (name: string) => new Set(scraper.pages.map(page => page.value(name, good)))
    expect(scraper.pages.length).toBeGreaterThan(100)
    expect(values(since).size).toBe(1)
    expect(values(point)).not.toContain(undefined)
    expect(values(retracted).size).toBe(1)
    const points = scraper.pages.map(page => page.value(point, good) ?? 0)
    expect(points.every((value, index) => value >= (points[index - 1] ?? 0))).toBe(true)

    const last = scraper.pages.at(-1)
    const apis = new Set(last?.all('tidemark_kafka_requests_total').map(({ labels }) => labels['api']))
    expect([...reading].filter(api => apis.has(api)).length).toBe(apis.size)
    expect(apis).toContain('SaslAuthenticate')
    expect(last?.value(up, { kafka_cluster: 'wrong' })).toBe(0)
    expect(last?.value(up, { kafka_cluster: 'east' })).toBe(1)
    expect(JSON.stringify(await exporter.json('/api/v1/flows/bad'))).toContain(
      'the broker refused the user name or the password (scram-sha-512)',
    )
    for (const text of [exporter.log(), JSON.stringify(await exporter.json('/api/v1/flows'))]) {
      for (const secret of [user.password, 'the-next-password', 'CANARY']) expect(text).not.toContain(secret)
    }
  })
})
