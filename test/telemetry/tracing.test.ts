import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PartitionOffsets } from '../../src/model/observation.ts'
import { unknown } from '../../src/model/reading.ts'
import { Poller } from '../../src/observe/poller.ts'
import { TracedCluster } from '../../src/observe/tracedCluster.ts'
import type { Listing } from '../../src/sources/kafka/port.ts'
import { startTracing, type Tracing } from '../../src/telemetry/startTracing.ts'
import { inSpan, requestSentInSpan } from '../../src/telemetry/tracing.ts'
import { FakeCluster, records } from '../support/fakeCluster.ts'
import { OtlpCollector, type ReceivedSpan } from '../support/otlpCollector.ts'
import { aFlow, pollMs } from '../support/world.ts'

// Polls of a real poller over clusters in memory, as a collector sees them.

let collector: OtlpCollector
let tracing: Tracing | undefined
const before = { ...process.env }

beforeAll(async () => {
  collector = await OtlpCollector.start()
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.endpoint
  process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/json'
  process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'api-key=key-of-the-vendor'
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '10'
  tracing = await startTracing({ warn: () => {} } as never)
})
afterAll(async () => {
  await tracing?.shutdown()
  await collector.close()
  process.env = before
})

/** Tells of each request that it sends, as the client does. */
class CountedCluster extends FakeCluster {
  override async listTopics(): Promise<Listing> {
    await Promise.resolve()
    requestSentInSpan()
    requestSentInSpan()
    return super.listTopics()
  }
}

class DownCluster extends FakeCluster {
  override async listTopics(): Promise<Listing> {
    return { t0: this.now(), topics: unknown('unreachable', 'cluster west: connect ECONNREFUSED') }
  }
}

class LeaderlessCluster extends CountedCluster {
  override async listOffsets(...args: Parameters<FakeCluster['listOffsets']>) {
    const offsets = new Map<string, PartitionOffsets>(await super.listOffsets(...args))
    const orders = new Map(offsets.get('orders'))
    orders.set(1, unknown('leaderless', 'orders 1 has no leader'))
    return offsets.set('orders', orders)
  }
}

function world(source = new CountedCluster('east'), target: FakeCluster = new CountedCluster('west')) {
  const flow = aFlow({ includes: topic => topic === 'orders' })
  source.addLog('orders', { records: [records(0, 9), records(0, 3)] })
  target.addLog('east.orders', { records: [records(0, 9), records(0, 3)] })
  source.addLog('mm2-offset-syncs.west.internal', { records: [[]] })
  target.addLog(flow.replicator.offsetsTopic, { records: [records(0, 4)] })
  target.addLog(flow.replicator.statusTopic, { records: [[]] })
  return new Poller({
    flows: [flow],
    clusters: new Map([source, target].map(cluster => [cluster.name, new TracedCluster(cluster)])),
    timeoutMs: 5_000,
    pollMs,
    onMalformed: () => {},
  })
}

/** The spans of the trace that begins in `poll`, its root first: it ends last, so that all others are there before. */
async function spansOf(poll: () => Promise<unknown>): Promise<readonly ReceivedSpan[]> {
  collector.spans.length = 0
  await poll()
  await expect.poll(() => collector.spans.some(({ parentSpanId }) => !parentSpanId)).toBe(true)
  const root = collector.spans.find(({ parentSpanId }) => !parentSpanId)
  if (root === undefined) throw new Error('no root')
  return [root, ...collector.spans.filter(span => span !== root)]
}

describe('a poll', () => {
  test('is a trace: reads, comparison and assessment lie within it', async () => {
    const poller = world()
    await spansOf(() => poller.poll())
    const [root, ...children] = await spansOf(() => poller.poll())
    expect(root).toMatchObject({
      name: 'poll',
      kind: 1,
      attributes: {
        'tidemark.flows': ['east-to-west'],
        'tidemark.topics': 1,
        'tidemark.partitions': 2,
        'tidemark.unknowns': 0,
      },
    })
    const names = new Set(children.map(({ name }) => name))
    for (const name of ['listTopics', 'listOffsets', 'fetch', 'compare', 'inspect', 'assess']) {
      expect(names).toContain(name)
    }
    const ids = new Set([root, ...children].map(span => span?.spanId))
    for (const span of children) {
      expect(span.traceId).toBe(root?.traceId)
      expect(ids).toContain(span.parentSpanId)
    }
  })

  test('reads say where, how much was asked for, in how many requests and bytes', async () => {
    const poller = world()
    const spans = await spansOf(() => poller.poll())
    const ofEast = (name: string, which?: string) =>
      spans.find(
        span =>
          span.name === name &&
          span.attributes['tidemark.kafka_cluster'] === 'east' &&
          span.attributes['tidemark.which'] === which,
      )
    expect(ofEast('listTopics')).toMatchObject({
      kind: 3,
      attributes: { 'tidemark.topics': 2, 'tidemark.unknowns': 0, 'tidemark.requests': 2 },
    })
    expect(ofEast('listOffsets', 'latest')?.attributes).toMatchObject({ 'tidemark.partitions': 2 })
    const fetched = spans.filter(({ name }) => name === 'fetch')
    const bytes = fetched.map(({ attributes }) => Number(attributes['tidemark.bytes']))
    expect(Math.max(...bytes)).toBeGreaterThan(0)
    expect(Math.max(...fetched.map(({ attributes }) => Number(attributes['tidemark.records'])))).toBe(5)
  })

  test('each begins a trace of its own, whatever it runs in', async () => {
    const poller = world()
    collector.spans.length = 0
    await inSpan('around', { root: true }, () => poller.poll())
    await expect.poll(() => collector.spans.map(({ name }) => name)).toContain('around')
    const [poll, around] = ['poll', 'around'].map(name => collector.spans.find(span => span.name === name))
    expect(poll?.parentSpanId ?? '').toBe('')
    expect(poll?.traceId).not.toBe(around?.traceId)
  })
})

describe('what went wrong', () => {
  test('one item is a count, and the read has not failed', async () => {
    const poller = world(new LeaderlessCluster('east'))
    await spansOf(() => poller.poll())
    const spans = await spansOf(() => poller.poll())
    const read = spans.find(
      ({ name, attributes }) => name === 'listOffsets' && attributes['tidemark.kafka_cluster'] === 'east',
    )
    expect(read?.attributes).toMatchObject({ 'tidemark.partitions': 2, 'tidemark.unknowns': 1 })
    expect(read?.status.code ?? 0).toBe(0)
    expect(spans[0]?.attributes).toMatchObject({ 'tidemark.partitions': 2, 'tidemark.unknowns': 1 })
    expect(spans.find(({ name }) => name === 'assess')?.attributes['tidemark.status']).toBe('unknown')
  })

  test('a cluster that does not answer is an error with its reason', async () => {
    const poller = world(undefined, new DownCluster('west'))
    const spans = await spansOf(() => poller.poll())
    expect(spans.find(({ status }) => status.code === 2)).toMatchObject({
      name: 'listTopics',
      attributes: { 'error.type': 'unreachable', 'tidemark.kafka_cluster': 'west' },
      status: { message: 'cluster west: connect ECONNREFUSED' },
    })
    expect(spans[0]?.attributes['tidemark.clusters_down']).toEqual(['west'])
  })

  test('a defect is thrown on, and its text, which may hold anything, is not sent', async () => {
    const failing = async (): Promise<never> => {
      throw new TypeError('password hunter2 is wrong')
    }
    const [span] = await spansOf(() =>
      expect(inSpan('poll', { root: true }, failing)).rejects.toThrow('hunter2'),
    )
    expect(span?.status).toEqual({ code: 2, message: 'TypeError' })
    const [thrown] = await spansOf(async () => {
      expect(() =>
        inSpan('poll', { root: true }, () => {
          throw new RangeError('hunter3')
        }),
      ).toThrow('hunter3')
    })
    expect(thrown?.status).toEqual({ code: 2, message: 'RangeError' })
    expect(collector.raw.join()).not.toMatch(/hunter/)
  })
})

test('who sends it: a name, and neither command line nor user', () => {
  expect(collector.resources[0]).toMatchObject({ 'service.name': 'tidemark' })
  expect(Object.keys(collector.resources[0] ?? {}).join()).not.toMatch(/process\.(command|owner|executable)/)
  expect(collector.raw[0]).toContain('"api-key":"key-of-the-vendor"')
})
