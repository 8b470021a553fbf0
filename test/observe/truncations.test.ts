import { beforeEach, describe, expect, test } from 'vitest'
import type { PartitionOffsets } from '../../src/model/observation.ts'
import { TruncationWatch } from '../../src/observe/truncations.ts'
import { FakeCluster, type FakeLog } from '../support/fakeCluster.ts'
import { aRecord } from '../support/windows.ts'

const never = Number.POSITIVE_INFINITY

describe('a log that an election cut off', () => {
  let cluster: FakeCluster
  let log: FakeLog
  let calls: string[]
  let watch: TruncationWatch
  let checkedEnds: ReadonlyMap<string, PartitionOffsets>

  beforeEach(() => {
    calls = []
    cluster = new FakeCluster('west', calls)
    log = cluster.addLog('orders', { records: [[]], ends: [70n] })
    watch = new TruncationWatch(cluster)
  })

  /** The cuts that one poll finds; `ends` where the poll read something else. */
  async function poll(names = ['orders'], ends?: ReadonlyMap<string, PartitionOffsets>) {
    const topics = names.filter(name => cluster.logs.has(name)).map(name => cluster.metadata(name))
    const read = ends ?? (await cluster.listOffsets(topics, 'latest'))
    const { ends: checked, cuts } = await watch.check(new Set(names), topics, read, never)
    checkedEnds = checked
    return Object.fromEntries(Array.from(cuts, ([topic, offsets]) => [topic, Object.fromEntries(offsets)]))
  }
  const elects = (from: bigint, end: bigint): void => {
    const epochs = log.epochs?.[0] ?? [{ epoch: 0, from: 0n }]
    log.epochs = [[...epochs, { epoch: epochs.length, from }]]
    log.ends = [end]
  }
  const asked = (): number => calls.filter(call => call.includes('epochEnds')).length

  test('costs no request while leaders stay', async () => {
    await poll()
    log.ends = [90n]
    expect(await poll()).toEqual({})
    expect(asked()).toBe(0)
  })

  test.each([
    ['shorter than it was', 50n],
    ['grown past its old end again', 110n],
  ])('is found, %s, once', async (_, end) => {
    await poll()
    elects(50n, end)
    expect(await poll()).toEqual({ orders: { 0: 50n } })
    expect(await poll()).toEqual({})
    expect(asked()).toBe(1)
  })

  test('is none where the new leader had everything', async () => {
    await poll()
    elects(70n, 80n)
    expect(await poll()).toEqual({})
    elects(79n, 90n)
    expect(await poll()).toEqual({ orders: { 0: 79n } })
  })

  test('counts from the newest end that was read under the old leader', async () => {
    await poll()
    log.ends = [90n]
    await poll()
    elects(80n, 200n)
    expect(await poll()).toEqual({ orders: { 0: 80n } })
  })

  test('is asked for again where the leader could not say, and the end is in doubt until then', async () => {
    await poll()
    elects(50n, 110n)
    log.broken = new Set([0])
    expect(await poll()).toEqual({})
    expect(checkedEnds.get('orders')?.get(0)).toMatchObject({
      unknown: {
        reason: 'leaderless',
        detail: expect.stringMatching(/^west: orders-0: its leader changed, .*\(orders\)$/),
      },
    })
    log.broken = new Set()
    log.ends = [120n]
    expect(await poll()).toEqual({ orders: { 0: 50n } })
    expect(checkedEnds.get('orders')?.get(0)).toMatchObject({ value: 120n })
  })

  test('leaves the end in doubt where the answer is missing', async () => {
    await poll()
    elects(50n, 110n)
    cluster.epochEnds = async () => new Map()
    expect(await poll()).toEqual({})
    expect(checkedEnds.get('orders')?.get(0)).toMatchObject({ unknown: { reason: 'error' } })
  })

  test('is not known where the leader has forgotten the epoch', async () => {
    await poll()
    log.epochs = [[{ epoch: 1, from: 50n }]]
    cluster.epochEnds = async wanted =>
      new Map(wanted.map(({ topic }) => [topic.name, new Map([[0, { value: 'none' as const }]])]))
    expect(await poll()).toEqual({})
    expect(checkedEnds.get('orders')?.get(0)).toMatchObject({ value: 70n })
  })

  test.each([
    ['the end could not be read', { unknown: { reason: 'timeout', detail: '' } }],
    ['the broker is too old to name an epoch', { value: 110n }],
    ['the answer is older than the one before', { value: 30n, leaderEpoch: -1 }],
  ] as const)('keeps what it knew where %s', async (_, reading) => {
    await poll()
    expect(await poll(['orders'], new Map([['orders', new Map([[0, reading]])]]))).toEqual({})
    elects(50n, 110n)
    expect(await poll()).toEqual({ orders: { 0: 50n } })
  })

  test('says nothing of a topic of the same name that is another one', async () => {
    await poll()
    elects(50n, 110n)
    log.id = 'another'
    expect(await poll()).toEqual({})
    expect(asked()).toBe(0)
  })

  test('says nothing of a topic that was not asked for in between', async () => {
    await poll()
    await poll([])
    elects(50n, 110n)
    expect(await poll()).toEqual({})
  })

  test('is one of several partitions of several topics', async () => {
    log.records = [[], []]
    log.ends = [70n, 70n]
    cluster.addLog('quiet', { records: [[aRecord(0, 'a')]] })
    await poll(['orders', 'quiet'])
    log.epochs = [
      [
        { epoch: 0, from: 0n },
        { epoch: 1, from: 70n },
      ],
      [
        { epoch: 0, from: 0n },
        { epoch: 1, from: 60n },
      ],
    ]
    expect(await poll(['orders', 'quiet'])).toEqual({ orders: { 1: 60n } })
    expect(calls.at(-1)).toBe('west epochEnds orders')
  })
})
