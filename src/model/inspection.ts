import type { Reading } from './reading.ts'
import type { Instant } from './time.ts'

/** One record as it lies in a log: bytes and where and when they were written. */
export interface LogRecord {
  readonly offset: bigint
  /** Milliseconds since the epoch, by the clock of whoever produced it. */
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [key: Buffer | null, value: Buffer | null])[]
  /** Of an idempotent or transactional producer; -1n where it is neither: such a producer may send a record twice. */
  readonly producerId: bigint
}

/** Part of one partition's log, read in order. */
export interface RecordWindow {
  /** The data records in [from, readTo). */
  readonly records: readonly LogRecord[]
  readonly from: bigint
  /** The first offset that was not read. */
  readonly readTo: bigint
  /** Offsets of the commit and abort markers in it. */
  readonly markers: readonly bigint[]
  /** Records below were deleted; -1 where the broker does not say. */
  readonly logStart: bigint
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  /** The broker stamped the records itself, so that a copy has another timestamp than its original. */
  readonly logAppendTime: boolean
  readonly bytes: number
  /** How many offsets were fetched, also outside of it, as batches come whole: `bytes` is their size. */
  readonly offsets: number
}

/** Offsets [from, to) of one partition; without `to` up to the end as it is when it is read. */
export interface OffsetRange {
  readonly from: bigint
  readonly to?: bigint
}

/**
 * What to read of one partition on both sides, and what for: `head` is everything behind the proven position and the
 * copies of it; `copy` is a stretch of the copy, backwards from an exact pair; `gap` is what lies between two pairs.
 */
export interface Inspection {
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  readonly purpose: 'head' | 'copy' | 'gap'
  readonly source: OffsetRange
  /** Undefined where only the source can answer, or need be asked. */
  readonly target: OffsetRange | undefined
  /** Of a stretch: the offsets behind its last record and its copy; `isEnds` where these are the ends of both logs. */
  readonly top?: { readonly source: bigint; readonly target: bigint; readonly isEnds: boolean } | undefined
  /** Bytes that may be read of each side. */
  readonly maxBytes: number
}

/** A producer with an open transaction in one partition (DescribeProducers). */
export interface ActiveProducer {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly lastTimestampMs: number
  /** First offset of its open transaction; undefined where it has none. */
  readonly openTransactionFrom: bigint | undefined
}

/** What an inspection read. */
export interface InspectionResult {
  readonly inspection: Inspection
  readonly source: Reading<RecordWindow>
  readonly target: Reading<RecordWindow> | undefined
  /** Asked where the source's reads end at an open transaction. */
  readonly producers: Reading<readonly ActiveProducer[]> | undefined
  readonly at: Instant
}
