import { beforeEach, describe, expect, test } from 'vitest'
import { Poller } from '../../src/observe/poller.ts'
import type { LogRecord } from '../../src/sources/kafka/port.ts'
import { FakeCluster, records } from '../support/fakeCluster.ts'
import { aFlow, flushMs, pollMs, topicIn } from '../support/world.ts'

/** Without reading records: what is read and proven by offsets alone. */
const flow = { ...aFlow({ includes: topic => topic.startsWith('orders') }), auditBytesPerPoll: 0 }
const syncsTopic = 'mm2-offset-syncs.west.internal'
const { offsetsTopic, statusTopic } = flow.replicator
const heartbeatsTopic = 'east.heartbeats'

const calls: string[] = []
let east: FakeCluster
let west: FakeCluster
const malformed: string[] = []

const record = (offset: number, key: string | Buffer, value: string | Buffer): LogRecord => ({
  offset: BigInt(offset),
  timestampMs: 1_000,
  key: Buffer.from(key),
  value: Buffer.from(value),
  headers: [],
  producerId: -1n,
})
const sourceOffset = (offset: number, last: number): LogRecord =>
  record(
    offset,
    '["MirrorSourceConnector",{"cluster":"east","partition":0,"topic":"orders"}]',
    `{"offset":${last}}`,
  )

function pollerFor(flows = [flow]): Poller {
  const clusters = new Map([
    ['east', east],
    ['west', west],
  ])
  return new Poller({
    flows,
    clusters,
    timeoutMs: 5_000,
    pollMs,
    onMalformed: (name, topic) => malformed.push(`${name} ${topic}`),
  })
}

beforeEach(() => {
  calls.length = 0
  malformed.length = 0
  east = new FakeCluster('east', calls)
  west = new FakeCluster('west', calls)
  east.addLog('orders', { records: [records(0, 9)] })
  west.addLog('east.orders', { records: [records(0, 9)] })
  east.addLog(syncsTopic, { records: [[]] })
  west.addLog(offsetsTopic, { records: [[sourceOffset(0, 3)]] })
  west.addLog(statusTopic, { records: [[]] })
  west.addLog(heartbeatsTopic, { records: [[]] })
})

describe('one poll', () => {
  test('reads in the order that its conclusions need', async () => {
    const poller = pollerFor()
    await poller.poll()
    calls.length = 0
    await poller.poll()
    expect(calls.slice(0, 2).sort()).toEqual(['east listTopics', 'west listTopics'])
    expect(calls.slice(2)).toEqual([
      'west listOffsets latest east.orders',
      `west fetch ${statusTopic}`,
      `east fetch ${syncsTopic}`,
      `west fetch ${offsetsTopic}`,
      `west fetch ${heartbeatsTopic}`,
      'east listOffsets latest orders',
    ])
  })

  test('asks each cluster once for all the flows that share it', async () => {
    const second = { ...flow, name: 'second' }
    const poller = pollerFor([flow, second])
    await poller.poll()
    calls.length = 0
    await poller.poll()
    expect(calls.filter(call => call.includes('listTopics'))).toHaveLength(2)
    expect(calls.filter(call => call.includes('listOffsets'))).toEqual([
      'west listOffsets latest east.orders',
      'east listOffsets latest orders',
    ])
  })

  test('sends nothing per topic', async () => {
    for (let i = 0; i < 50; i++) {
      east.addLog(`orders-${i}`, { records: [records(0, 9)] })
      west.addLog(`east.orders-${i}`, { records: [records(0, 9)] })
    }
    const poller = pollerFor()
    await poller.poll()
    await poller.poll()
    calls.length = 0
    await poller.poll()
    expect(calls).toHaveLength(8)
  })

  test('asks by name for what must exist and is not listed', async () => {
    west.logs.delete('east.orders')
    west.addLog('east.orders-gone', { records: [[]] })
    await pollerFor().poll()
    expect(calls).toContain('west askTopics east.orders')
    expect(calls).toContain('east askTopics orders-gone')
  })

  test('proves what MirrorMaker committed', async () => {
    const poller = pollerFor()
    await poller.poll()
    const first = (await poller.poll()).flows[0]
    if (first === undefined) throw new Error('no flow')
    expect(topicIn(first, 'orders')).toMatchObject({ lag: 6n, status: 'behind' })
    west.addLog(offsetsTopic, { records: [[sourceOffset(0, 3), sourceOffset(1, 9)]] })
    const second = (await poller.poll()).flows[0]
    if (second === undefined) throw new Error('no flow')
    expect(topicIn(second, 'orders')).toMatchObject({ lag: 0n, status: 'covered' })
    expect(second.provableExposureMs).toBe(1.25 * flushMs + 3 * pollMs)
  })

  test('without the offsets topic nothing is claimed, and the reason says what to look at', async () => {
    west.logs.delete(offsetsTopic)
    const result = (await pollerFor().poll()).flows[0]
    if (result === undefined) throw new Error('no flow')
    expect(topicIn(result, 'orders')).toMatchObject({ status: 'unknown', unknown: { reason: 'missing' } })
    expect(result.facts.engineUnknown.durable?.detail).toContain('source alias east')
  })

  test('a record that cannot be understood is said, and does no harm', async () => {
    west.addLog(offsetsTopic, {
      records: [[sourceOffset(0, 9), { ...sourceOffset(1, 0), value: Buffer.from('{}') }]],
    })
    east.addLog(syncsTopic, { records: [[record(0, 'x', 'y')]] })
    const result = (await pollerFor().poll()).flows[0]
    if (result === undefined) throw new Error('no flow')
    expect(topicIn(result, 'orders').status).toBe('covered')
    expect(malformed).toEqual([`${flow.name} ${syncsTopic}`, `${flow.name} ${offsetsTopic}`])
  })

  test("positions of another flow's source in a shared offsets topic do not count", async () => {
    const other = record(
      1,
      '["MirrorSourceConnector",{"cluster":"north","partition":0,"topic":"orders"}]',
      '{"offset":9}',
    )
    west.addLog(offsetsTopic, { records: [[sourceOffset(0, 3), other]] })
    const result = (await pollerFor().poll()).flows[0]
    if (result === undefined) throw new Error('no flow')
    expect(topicIn(result, 'orders').lag).toBe(6n)
  })
})
