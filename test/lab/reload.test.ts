import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SteadyWriter } from '../../lab/writer.ts'
import type { Exposition } from '../support/exposition.ts'
import {
  type ConfigObject,
  configOf,
  Exporter,
  type FlowOptions,
  flowName,
  pollMs,
} from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import { expectNotNewerThanTheTruth, flowDeadline, flowPoint, topicPoint } from './support/truth.ts'

const observedSince = 'kafka_replication_flow_observed_since_timestamp_seconds'
const observedAt = 'kafka_replication_flow_observation_timestamp_seconds'
const successful = 'tidemark_config_reload_successful'
const loadedAt = 'tidemark_config_reload_success_timestamp_seconds'

describe('the configuration changes while records flow', () => {
  const [orders, clicks] = [ownName('orders'), ownName('clicks')]
  const unchanged: FlowOptions = { name: flowName, topics: [orders] }
  const other: FlowOptions = { name: 'other', topics: [clicks] }
  let pair: SharedPair
  let exporter: Exporter
  let writer: SteadyWriter

  beforeAll(async () => {
    pair = await sharedPair()
    await pair.source.createTopics([{ topic: orders, numPartitions: 2 }, { topic: clicks }])
    writer = new SteadyWriter(pair.source, [orders, clicks], { recordsPerSecond: 40 })
    await writer.start()
    exporter = await Exporter.start(configWith([unchanged, other]))
    await exporter.until(
      'both flows are proven',
      page => isProven(page, flowName) && isProven(page, 'other'),
      60_000,
    )
  })
  afterAll(async () => {
    await writer?.stop()
    await exporter?.stop()
  })

  function configWith(flows: readonly FlowOptions[]): ConfigObject {
    return configOf(pair, flows)
  }

  const isProven = (page: Exposition, flow: string): boolean => page.value(flowPoint, { flow }) !== undefined
  const since = (page: Exposition, flow = flowName) => page.value(observedSince, { flow })
  const handshakes = (page: Exposition): number =>
    page
      .all('tidemark_kafka_requests_total', { api: 'ApiVersions' })
      .reduce((sum, { value }) => sum + value, 0)

  /** Changes the file and looks, all the time until a few polls later, that the flow that stays does not suffer. */
  async function changed(
    config: ConfigObject | string,
    isDone: (page: Exposition) => boolean,
  ): Promise<Exposition> {
    const before = await exporter.scrape()
    let point = before.value(flowPoint, { flow: flowName }) ?? Number.POSITIVE_INFINITY
    await exporter.configure(config)
    const deadline = performance.now() + 20_000
    let doneAt = Number.POSITIVE_INFINITY
    for (;;) {
      const page = await exporter.scrape()
      const now = page.value(flowPoint, { flow: flowName })
      expect(now, 'the proven point stays and never moves back').toBeGreaterThanOrEqual(point)
      expect(since(page)).toBe(since(before))
      expectNotNewerThanTheTruth(
        page.value(topicPoint, { flow: flowName, topic: orders }),
        writer.truth,
        orders,
        await pair.target.endOffsets(`east.${orders}`),
      )
      point = now ?? point
      if (doneAt === Number.POSITIVE_INFINITY && isDone(page)) doneAt = performance.now()
      if (performance.now() > doneAt + 4 * pollMs) return page
      expect(performance.now(), 'the change is seen in time').toBeLessThan(deadline)
      await sleep(100)
    }
  }

  test('only a budget differs: history stays, the deadline follows at once, and so do the connections', async () => {
    const before = await exporter.scrape()
    expect(handshakes(before)).toBeGreaterThan(0)
    const page = await changed(
      configWith([{ ...unchanged, rpo: { budget: '1h' } }, other]),
      it => it.value(loadedAt) !== before.value(loadedAt),
    )
    expect(since(page, 'other')).toBe(since(before, 'other'))
    const budget = (it: Exposition): number =>
      (it.value(flowDeadline, { flow: flowName }) ?? 0) - (it.value(flowPoint, { flow: flowName }) ?? 0)
    expect(budget(before)).toBeCloseTo(60, 1)
    expect(budget(page)).toBeCloseTo(3_600, 1)
    expect(handshakes(page)).toBe(handshakes(before))
    expect(exporter.log()).toContain('flow is changed and keeps its history')
  })

  test('a bad file is refused under polls; what runs goes on, and says so', async () => {
    const page = await changed('flows: 3\nclusters: {}\n', it => it.value(successful) === 0)
    const later = await exporter.until(
      'polls go on',
      it =>
        (it.value(observedAt, { flow: flowName }) ?? 0) > (page.value(observedAt, { flow: flowName }) ?? 0),
    )
    expect(later.value(successful)).toBe(0)
    expect(await (await fetch(exporter.url)).text()).toContain('The configuration was refused')
    expect(exporter.log()).toContain('flows: expected a list of at least one flow, found the number 3')
  })

  test('a flow with other topics begins anew, one that comes begins, and the one beside them goes on', async () => {
    const before = await exporter.scrape()
    const page = await changed(
      configWith([unchanged, { ...other, topics: [clicks, orders] }, { name: 'third', topics: [clicks] }]),
      it => isProven(it, 'third') && (since(it, 'other') ?? 0) > (since(before, 'other') ?? 0),
    )
    expect(page.value(successful)).toBe(1)
    expect(page.value('kafka_replication_topic_lag_records', { flow: 'other', topic: orders })).toBeDefined()
    expect(exporter.log()).toContain('flow is about something else and begins anew')
  })

  test('a flow that is left out leaves no series', async () => {
    const page = await changed(configWith([unchanged]), it => !it.text.includes('"third"'))
    expect(page.text).not.toMatch(/flow="(other|third)"/)
    expect(page.text).not.toContain(clicks)
    expect(await exporter.status('/api/v1/flows/third')).toBe(404)
  })
})
