import type { RecordsBatch } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { dataRecords, isLogAppendTime, lastOffsetOf, markersIn } from '../../../src/sources/kafka/records.ts'

const transactional = 0x10
const control = 0x20
const logAppendTime = 0x08

/** A batch whose records have the given offset deltas; `last` is what it was written with. */
function batch(
  firstOffset: bigint,
  deltas: readonly number[],
  parts: {
    attributes?: number
    producerId?: bigint
    last?: number
    key?: Buffer
    headers?: [Buffer | null, Buffer | null][]
    maxTimestamp?: bigint
  } = {},
): RecordsBatch {
  return {
    firstOffset,
    length: 100,
    partitionLeaderEpoch: 0,
    magic: 2,
    crc: 0,
    attributes: parts.attributes ?? 0,
    lastOffsetDelta: parts.last ?? deltas.at(-1) ?? 0,
    firstTimestamp: 1_000n,
    maxTimestamp: parts.maxTimestamp ?? 1_000n,
    producerId: parts.producerId ?? -1n,
    producerEpoch: 0,
    firstSequence: 0,
    records: deltas.map(offsetDelta => ({
      length: 0,
      attributes: 0,
      timestampDelta: BigInt(offsetDelta),
      offsetDelta,
      key: parts.key ?? null,
      value: Buffer.from('v'),
      headers: parts.headers ?? [],
    })),
  } as unknown as RecordsBatch
}

const abortMarker = (offset: bigint, producerId: bigint): RecordsBatch =>
  batch(offset, [0], { attributes: transactional | control, producerId, key: Buffer.from('00000000', 'hex') })
const commitMarker = (offset: bigint, producerId: bigint): RecordsBatch =>
  batch(offset, [0], { attributes: transactional | control, producerId, key: Buffer.from('00000001', 'hex') })

const offsets = (
  batches: readonly RecordsBatch[],
  from: bigint,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_uncommitted',
  aborted: readonly { producerId: bigint; firstOffset: bigint }[] = [],
): bigint[] => dataRecords(batches, from, isolation, aborted).map(record => record.offset)

describe('data records', () => {
  test('of whole batches that start before the offset asked for begin at it', () => {
    expect(offsets([batch(5n, [0, 1, 2, 3])], 7n)).toEqual([7n, 8n])
  })

  test('keep their offsets where compaction left holes', () => {
    expect(offsets([batch(5n, [0, 3], { last: 9 })], 0n)).toEqual([5n, 8n])
    expect(lastOffsetOf(batch(5n, [0, 3], { last: 9 }))).toBe(14n)
  })

  test('carry the time they were written at', () => {
    expect(dataRecords([batch(5n, [0, 3])], 0n, 'read_uncommitted', []).map(r => r.timestampMs)).toEqual([
      1_000, 1_003,
    ])
  })

  test('carry the time of the broker where it stamps batches itself', () => {
    const stamped = batch(5n, [0, 3], { attributes: logAppendTime, maxTimestamp: 9_000n })
    const timestamps = dataRecords([stamped, batch(9n, [0])], 0n, 'read_uncommitted', []).map(
      record => record.timestampMs,
    )
    expect(timestamps).toEqual([9_000, 9_000, 1_000])
    expect(isLogAppendTime(stamped)).toBe(true)
    expect(isLogAppendTime(batch(5n, [0], { attributes: transactional }))).toBe(false)
  })

  test('carry their headers: repeated keys in their order, and values that are null or empty', () => {
    const headers: [Buffer | null, Buffer | null][] = [
      [Buffer.from('trace'), Buffer.from('1')],
      [Buffer.from('trace'), Buffer.from('2')],
      [Buffer.from('none'), null],
      [Buffer.from('empty'), Buffer.alloc(0)],
    ]
    const log = [batch(0n, [0], { headers }), batch(1n, [0])]
    expect(dataRecords(log, 0n, 'read_uncommitted', []).map(record => record.headers)).toEqual([headers, []])
  })

  test('carry who produced them; a producer that is not idempotent has no id', () => {
    const log = [batch(0n, [0, 1], { producerId: 7n }), batch(2n, [0])]
    expect(dataRecords(log, 0n, 'read_uncommitted', []).map(record => record.producerId)).toEqual([
      7n,
      7n,
      -1n,
    ])
  })

  test('are not the markers', () => {
    const log = [
      batch(0n, [0, 1], { attributes: transactional, producerId: 7n }),
      commitMarker(2n, 7n),
      batch(3n, [0]),
    ]
    expect(offsets(log, 0n)).toEqual([0n, 1n, 3n])
  })

  test('read committed, leave out what was aborted, up to the marker and of that producer only', () => {
    const log = [
      batch(0n, [0], { attributes: transactional, producerId: 7n }),
      batch(1n, [0], { attributes: transactional, producerId: 8n }),
      abortMarker(2n, 7n),
      batch(3n, [0], { attributes: transactional, producerId: 7n }),
      commitMarker(4n, 7n),
      commitMarker(5n, 8n),
      batch(6n, [0]),
    ]
    const aborted = [{ producerId: 7n, firstOffset: 0n }]
    expect(offsets(log, 0n, 'read_committed', aborted)).toEqual([1n, 3n, 6n])
    expect(offsets(log, 0n, 'read_uncommitted', aborted)).toEqual([0n, 1n, 3n, 6n])
  })
})

describe('markers', () => {
  const log = [
    batch(0n, [0, 1], { attributes: transactional, producerId: 7n }),
    commitMarker(2n, 7n),
    batch(3n, [0], { attributes: transactional, producerId: 7n }),
    abortMarker(4n, 7n),
    batch(5n, [0]),
  ]

  test('commit or abort, are neither transactional records nor plain ones', () => {
    expect(markersIn(log, 0n)).toEqual([2n, 4n])
  })

  test('count from the offset asked for', () => {
    expect(markersIn(log, 2n)).toEqual([2n, 4n])
    expect(markersIn(log, 3n)).toEqual([4n])
    expect(markersIn(log, 5n)).toEqual([])
  })
})
