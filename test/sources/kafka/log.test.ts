import { describe, expect, test } from 'vitest'
import { isKnown } from '../../../src/model/reading.ts'
import { LogFollower, type LogReading } from '../../../src/sources/kafka/log.ts'
import { FakeCluster, records } from '../../support/fakeCluster.ts'

const topic = 'mm2-offset-syncs.west.internal'

class Reader {
  readonly cluster = new FakeCluster()
  seen: number[] = []
  begun = 0
  readonly #follower: LogFollower

  constructor(tail?: bigint) {
    this.#follower = new LogFollower(this.cluster, {
      isolation: 'read_uncommitted',
      ...(tail === undefined ? {} : { tail }),
    })
  }

  async read(maxBytes = 1e9): Promise<LogReading | string> {
    this.seen = []
    const reading = await this.#follower.read(
      this.cluster.metadata(topic),
      maxBytes,
      performance.now() + 5_000,
      () => {
        this.begun += 1
      },
      record => this.seen.push(Number(record.offset)),
    )
    return isKnown(reading) ? reading.value : reading.unknown.reason
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('following a log', () => {
  test('reads it to its end, and then only what is new', async () => {
    const reader = new Reader()
    const log = reader.cluster.addLog(topic, { records: [records(0, 24)] })
    expect(await reader.read()).toMatchObject({ caughtUp: true, begunAnew: true })
    expect(reader.seen).toEqual(numbers(0, 24))
    log.records = [records(0, 27)]
    expect(await reader.read()).toMatchObject({ caughtUp: true, begunAnew: false })
    expect(reader.seen).toEqual(numbers(25, 27))
    expect(reader.begun).toBe(1)
  })

  test('begins at the log start', async () => {
    const reader = new Reader()
    reader.cluster.addLog(topic, { starts: [20n], records: [records(20, 24)] })
    await reader.read()
    expect(reader.seen).toEqual(numbers(20, 24))
  })

  test('reads a bounded amount at a time and is not caught up before the end', async () => {
    const reader = new Reader()
    reader.cluster.addLog(topic, { records: [records(0, 99)] })
    expect(await reader.read(3_000)).toMatchObject({ caughtUp: false, bytes: 3_000 })
    expect(reader.seen).toEqual(numbers(0, 29))
    expect(await reader.read(3_000)).toMatchObject({ caughtUp: false })
    expect(reader.seen).toEqual(numbers(30, 59))
    expect(await reader.read(9_000)).toMatchObject({ caughtUp: true })
  })

  test('once caught up stays so when more comes than one poll reads', async () => {
    const reader = new Reader()
    const log = reader.cluster.addLog(topic, { records: [records(0, 9)] })
    await reader.read()
    log.records = [records(0, 500)]
    expect(await reader.read(1_000)).toMatchObject({ caughtUp: true })
  })

  test('does not chase an end that moves away', async () => {
    const reader = new Reader()
    const log = reader.cluster.addLog(topic, { records: [records(0, 9)] })
    const grow = setInterval(() => {
      const grown = log.records[0]?.length ?? 0
      log.records = [records(0, grown + 100)]
    })
    expect(await reader.read()).toMatchObject({ caughtUp: true })
    clearInterval(grow)
    expect(reader.cluster.fetches).toBeLessThan(5)
  })

  test('all partitions must have been read', async () => {
    const reader = new Reader()
    const log = reader.cluster.addLog(topic, {
      records: [records(0, 3), records(0, 3)],
      broken: new Set([1]),
    })
    expect(await reader.read()).toBe('leaderless')
    log.broken = new Set()
    expect(await reader.read()).toMatchObject({ caughtUp: true })
    expect(reader.seen).toEqual([0, 1, 2, 3])
  })

  test('a recreated topic is begun anew', async () => {
    const reader = new Reader()
    reader.cluster.addLog(topic, { records: [records(0, 9)] })
    await reader.read()
    reader.cluster.addLog(topic, { id: 'another', records: [records(0, 2)] })
    expect(await reader.read()).toMatchObject({ begunAnew: true, caughtUp: true })
    expect(reader.seen).toEqual([0, 1, 2])
    expect(reader.begun).toBe(2)
  })

  test('a truncated log is unknown once and then begun anew', async () => {
    const reader = new Reader()
    const log = reader.cluster.addLog(topic, { records: [records(0, 9)] })
    await reader.read()
    log.records = [records(0, 4)]
    expect(await reader.read()).toBe('reading')
    expect(await reader.read()).toMatchObject({ begunAnew: true })
    expect(reader.seen).toEqual(numbers(0, 4))
  })

  test('a tail is read from near the end', async () => {
    const reader = new Reader(3n)
    reader.cluster.addLog(topic, { records: [records(0, 99)] })
    await reader.read()
    expect(reader.seen).toEqual([97, 98, 99])
  })

  test('an empty log is at its end', async () => {
    const reader = new Reader()
    reader.cluster.addLog(topic, { records: [[]] })
    expect(await reader.read()).toMatchObject({ caughtUp: true })
  })
})
