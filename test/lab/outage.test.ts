import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { LabCluster } from '../../lab/cluster.ts'
import { SteadyWriter } from '../../lab/writer.ts'
import { configFor, Exporter, flowName, pollMs } from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import {
  clusterUp,
  flowDeadline,
  flowPoint,
  flowStatus,
  statusOf,
  topicLag,
  topicPoint,
  topicValue,
} from './support/truth.ts'

const pollTimeoutMs = 3_000
const partitions = 'kafka_replication_flow_partitions'
const observed = 'kafka_replication_flow_partitions_observed'

describe('a cluster goes away', () => {
  const topic = ownName('orders')
  let pair: SharedPair
  let exporter: Exporter
  let writer: SteadyWriter

  beforeAll(async () => {
    pair = await sharedPair()
    await pair.source.createTopics([{ topic, numPartitions: 2 }])
    writer = new SteadyWriter(pair.source, [topic], { recordsPerSecond: 40 })
    await writer.start()
    exporter = await Exporter.start(configFor({ ...pair, topics: [topic] }))
  })
  beforeEach(async () => {
    await sharedPair()
    await exporter.until(
      'all is known',
      page => topicValue(page, topicPoint, topic) !== undefined && isKnown(page),
      60_000,
    )
  })
  afterAll(async () => {
    await writer?.stop()
    await exporter?.stop()
    await sharedPair()
  })

  type Page = Awaited<ReturnType<Exporter['scrape']>>
  const isKnown = (page: Page): boolean =>
    page.value(clusterUp, { kafka_cluster: 'east' }) === 1 &&
    page.value(clusterUp, { kafka_cluster: 'west' }) === 1 &&
    topicValue(page, topicLag, topic) !== undefined &&
    page.value(observed) === 2

  const outages: [
    string,
    'east' | 'west',
    (cluster: LabCluster) => Promise<void>,
    (cluster: LabCluster) => Promise<void>,
  ][] = [
    ['source paused', 'east', async cluster => cluster.pause(), async cluster => cluster.resume()],
    ['source killed', 'east', cluster => cluster.kill(), cluster => cluster.start()],
    ['target paused', 'west', async cluster => cluster.pause(), async cluster => cluster.resume()],
    ['target killed', 'west', cluster => cluster.kill(), cluster => cluster.start()],
  ]

  test.each(outages)('%s', async (_, name, breakIt, mendIt) => {
    const cluster = name === 'east' ? pair.source : pair.target
    await breakIt(cluster)
    const broken = performance.now()
    const down = await exporter.until(
      'the cluster is down',
      page => page.value(clusterUp, { kafka_cluster: name }) === 0,
    )
    // A second more than a poll and its time-out, for a scrape and a machine of two cores.
    expect(performance.now() - broken).toBeLessThan(pollMs + pollTimeoutMs + 1_000)
    const point = topicValue(down, topicPoint, topic)
    expect(point).toBeDefined()
    const other = name === 'east' ? 'west' : 'east'
    for (let sample = 0; sample < 12; sample++) {
      const page = await exporter.scrape()
      expect(page.tookMs, '/metrics answers at once').toBeLessThan(1_000)
      expect(page.value(clusterUp, { kafka_cluster: name })).toBe(0)
      expect(page.value(clusterUp, { kafka_cluster: other })).toBe(1)
      expect(statusOf(page, topic)).toBe('unknown')
      expect(page.status(flowStatus, { flow: flowName })).toBe('unknown')
      expect(topicValue(page, topicLag, topic), 'nothing becomes 0').toBeUndefined()
      const now = topicValue(page, topicPoint, topic)
      // What the engine committed before the outage may still be read from the other side; then it stands still.
      expect(now).toBeGreaterThanOrEqual(point ?? Number.NaN)
      expect(page.value(flowPoint)).toBe(now)
      expect(page.value(flowDeadline)).toBeDefined()
      expect(page.value(partitions)).toBe(2)
      expect(page.value(observed)).toBe(0)
      await sleep(250)
    }
    const frozen = topicValue(await exporter.scrape(), topicPoint, topic)
    await sleep(2 * pollMs)
    expect(topicValue(await exporter.scrape(), topicPoint, topic), 'the point stands still').toBe(frozen)

    await mendIt(cluster)
    const mended = performance.now()
    await exporter.until('known again', isKnown)
    // Two polls, one of which may have begun before the return and runs into its time-out.
    expect(performance.now() - mended).toBeLessThan(2 * pollMs + pollTimeoutMs + 1_000)
  })

  test('told to end while both clusters hang, it ends in order within five seconds', async () => {
    const config = configFor({
      ...pair,
      topics: [topic],
      poll: { schedule: '*/15 * * * * *', timeout: '10s' },
    })
    const other = await Exporter.start(config)
    pair.source.pause()
    pair.target.pause()
    await sleep(pollMs / 2)
    const { code, tookMs } = await other.stop()
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(5_000)
  })

  test('both down at the start: it serves, says so, and recovers', async () => {
    await writer.stop()
    await Promise.all([pair.source.kill(), pair.target.kill()])
    const late = await Exporter.start(configFor({ ...pair, topics: [topic] }))
    try {
      expect(await late.status('/healthz')).toBe(200)
      const page = await late.until('the first poll has ended', now => now.value(flowDeadline) !== undefined)
      expect(await late.status('/readyz')).toBe(200)
      expect(page.value(clusterUp, { kafka_cluster: 'east' })).toBe(0)
      expect(page.value(clusterUp, { kafka_cluster: 'west' })).toBe(0)
      expect(page.status(flowStatus, { flow: flowName })).toBe('unknown')
      expect(page.value(flowPoint)).toBeUndefined()
      expect(late.log()).toContain('cluster does not answer')
      await Promise.all([pair.source.start(), pair.target.start()])
      await pair.mirrorMaker.restart()
      await late.until('covered', now => statusOf(now, topic) === 'covered', 60_000)
      expect(late.log()).toContain('cluster answers again')
    } finally {
      await late.stop()
    }
  })
})

describe('an empty scope', () => {
  test('is unknown, with a deadline', async () => {
    const pair = await sharedPair()
    const exporter = await Exporter.start(configFor({ ...pair, topics: ['no-such-topic-.*'] }))
    try {
      const page = await exporter.until(
        'the first poll has ended',
        now => now.value(flowDeadline) !== undefined,
      )
      expect(page.status(flowStatus, { flow: flowName })).toBe('unknown')
      expect(page.value('kafka_replication_flow_unknown_topics', { reason: 'empty_scope' })).toBe(1)
      expect(page.value(flowPoint)).toBeUndefined()
      expect(page.all('kafka_replication_flow_topics')).toEqual([])
    } finally {
      await exporter.stop()
    }
  })
})
