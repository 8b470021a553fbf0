import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SteadyWriter } from '../../lab/writer.ts'
import type { Exposition } from '../support/exposition.ts'
import { configFor, Exporter, flushMs, pollMs } from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import {
  allCovered,
  expectNotNewerThanTheTruth,
  flowDeadline,
  flowPoint,
  statusOf,
  topicLag,
  topicPoint,
  topicValue,
} from './support/truth.ts'

const boundMs = 1.25 * flushMs + 2 * pollMs + 2_000
const replicatedPosition = 'kafka_replication_partition_replicated_position'
const stalledAfterMs = Math.max(3 * pollMs, 2 * flushMs)

describe('MirrorMaker killed while the producer runs', () => {
  const topic = ownName('orders')
  let pair: SharedPair
  let exporter: Exporter
  let writer: SteadyWriter

  const valueIs = (page: Exposition, lag: number): boolean => topicValue(page, topicLag, topic) === lag

  beforeAll(async () => {
    pair = await sharedPair()
    await pair.source.createTopics([{ topic, numPartitions: 2 }])
    writer = new SteadyWriter(pair.source, [topic], { recordsPerSecond: 40 })
    await writer.start()
    exporter = await Exporter.start(configFor({ ...pair, topics: [topic] }))
    await exporter.until('a point is proven', page => topicValue(page, topicPoint, topic) !== undefined)
  })
  afterAll(async () => {
    await writer?.stop()
    await exporter?.stop()
  })

  test('the point freezes, the status says stalled in time, and the lag grows by what is written', async () => {
    await pair.mirrorMaker.kill()
    const killed = performance.now()
    const copied = await pair.target.endOffsets(`east.${topic}`)
    await exporter.until('stalled', page => statusOf(page, topic) === 'stalled')
    const tookMs = performance.now() - killed
    // The last commit lies up to a flush before the kill, and is seen up to a poll later.
    expect(tookMs).toBeGreaterThan(stalledAfterMs - flushMs - 2 * pollMs)
    expect(tookMs).toBeLessThan(stalledAfterMs + 3 * pollMs + 2_000)
    // What was copied after the last flush is proven by its records; from then on the point stands still.
    const settled = await exporter.until(
      'what is missing was counted',
      page => topicValue(page, 'kafka_replication_topic_missing_records', topic) !== undefined,
    )
    const point = topicValue(settled, topicPoint, topic)
    expect(point).toBeDefined()

    for (let sample = 0; sample < 8; sample++) {
      const page = await exporter.scrape()
      expect(topicValue(page, topicPoint, topic)).toBe(point)
      expectNotNewerThanTheTruth(topicValue(page, topicPoint, topic), writer.truth, topic, copied)
      await sleep(250)
    }

    await writer.stop()
    const exactLag = async (): Promise<number> => {
      const positions = [0, 1].map(partition =>
        settled.value(replicatedPosition, { topic, partition: `${partition}` }),
      )
      const written = (await pair.source.endOffsets(topic)).reduce((a, b) => a + b)
      return Number(written) - positions.reduce<number>((a, b) => a + (b ?? Number.NaN), 0)
    }
    const lagBefore = await exactLag()
    await exporter.until('the lag is all that is not on the target', page => valueIs(page, lagBefore))
    await pair.source.produce(
      topic,
      Array.from({ length: 137 }, (_, i) => ({ value: 'more', partition: i % 2 })),
    )
    expect(await exactLag()).toBe(lagBefore + 137)
    const page = await exporter.until('the lag has grown by exactly 137', now =>
      valueIs(now, lagBefore + 137),
    )
    expect(topicValue(page, topicPoint, topic)).toBe(point)
    expect(statusOf(page, topic)).toBe('stalled')
  })

  test('the exporter restarted inside the stall: no proven point newer than the truth, a deadline at once', async () => {
    const restartedAt = Date.now()
    const second = await Exporter.start(configFor({ ...pair, topics: [topic] }))
    try {
      const first = await second.until(
        'the first poll has ended',
        page => page.value(flowDeadline) !== undefined,
      )
      expect(first.value(flowPoint)).toBeUndefined()
      const deadline = (first.value(flowDeadline) ?? 0) * 1000
      expect(deadline).toBeLessThan(restartedAt + 60_000 + 10_000)
      const firstMissing = Math.min(
        ...[0, 1].map(partition => {
          const position = first.value(replicatedPosition, { topic, partition: `${partition}` })
          const accepted = writer.truth.firstAcceptedAfter(topic, partition, BigInt(position ?? 0) - 1n)
          return accepted?.sendStartedAt ?? Number.POSITIVE_INFINITY
        }),
      )
      const later = await second.until(
        'the deadline counts from the first record that waits',
        page => (page.value(flowDeadline) ?? 0) * 1000 < restartedAt + 60_000,
      )
      // The record's own timestamp tells: the position was read further in the second poll at most.
      expect((later.value(flowDeadline) ?? 0) * 1000).toBeGreaterThan(firstMissing + 60_000 - 1_000)
      expect(later.value(flowPoint)).toBeUndefined()
      expect(topicValue(later, topicLag, topic)).toBe(topicValue(await exporter.scrape(), topicLag, topic))
    } finally {
      const { code, tookMs } = await second.stop()
      expect(code).toBe(0)
      expect(tookMs).toBeLessThan(5_000)
    }
  })

  test('restarted, it is in bound again, and covered once the producer stops, although records are sent twice', async () => {
    await writer.start()
    const recordsBefore = await pair.target.endOffsets(`east.${topic}`)
    await pair.mirrorMaker.start()
    // Its first commit is made on the way to the end: the exposure falls below the bound, and rises once more.
    let inBoundSince: number | undefined
    await exporter
      .until(
        'the exposure has stayed in its bound for eight seconds',
        page => {
          const exposureMs = Date.now() - (topicValue(page, topicPoint, topic) ?? 0) * 1000
          inBoundSince = exposureMs < boundMs ? (inBoundSince ?? performance.now()) : undefined
          return inBoundSince !== undefined && performance.now() - inBoundSince > 8_000
        },
        90_000,
      )
      .finally(() => writer.stop())
    await exporter.until('covered', page => allCovered(page, [topic]), boundMs)
    const source = await pair.source.endOffsets(topic)
    const target = await pair.target.endOffsets(`east.${topic}`)
    const sum = (offsets: readonly bigint[]): bigint => offsets.reduce((a, b) => a + b)
    expect(sum(target)).toBeGreaterThanOrEqual(sum(source))
    expect(sum(target)).toBeGreaterThan(sum(recordsBefore))
  })

  test('idle for ten polls, then one record: never stalled', async () => {
    await sleep(10 * pollMs)
    await pair.source.produce(topic, [{ value: 'one', partition: 0 }])
    const until = performance.now() + boundMs + 2 * stalledAfterMs
    const seen = new Set<string | undefined>()
    while (performance.now() < until) {
      seen.add(statusOf(await exporter.scrape(), topic))
      await sleep(100)
    }
    expect([...seen].filter(status => status !== 'covered' && status !== 'behind')).toEqual([])
    expect(allCovered(await exporter.scrape(), [topic])).toBe(true)
  })
})
