import type { CopyBound, Tail } from '../model/comparison.ts'
import type { IsolationLevel } from '../model/flow.ts'
import type { LogRecord, RecordWindow } from '../model/inspection.ts'
import type { Instant } from '../model/time.ts'
import { fingerprintOf, isTelling } from './fingerprints.ts'

export interface HeadInput {
  /** The proven position. */
  readonly proven: bigint
  readonly highWatermark: bigint
  readonly isolationLevel: IsolationLevel
  /** Where copies of what lies behind the position can be; undefined where no history tells. */
  readonly copies: CopyBound | undefined
  /** The engine's newest durable position: what the target got last is a copy of it or of a later record. */
  readonly durable: bigint | undefined
  readonly source: RecordWindow
  /** Undefined where it could not be read, or was not asked for. */
  readonly target: RecordWindow | undefined
  /** The target's end as it was before the high watermark was read. */
  readonly targetEnd: bigint | undefined
  /** The tail as the last look left it, when the target has not grown since. */
  readonly before: Tail | undefined
  readonly at: Instant
}

export interface Head {
  /** The position that the records prove; never below the given one. */
  readonly position: bigint
  readonly tail: Tail
  /** A record and its copy: an exact pair. */
  readonly pair: { readonly source: bigint; readonly target: bigint } | undefined
}

/**
 * What the records behind the proven position say, held against what the target has.
 *
 * The position goes up to the first data record without a copy; markers, aborted (where they are not copied) and
 * compacted records are offsets without one. A copy counts as the copy of one source record only when no other
 * record in the window looks the same, because a replicator that resumes sends old records again, and a producer
 * without idempotence writes them twice. Since records are copied in order, a copy of a later record vouches for the
 * ones before it that have a copy somewhere.
 */
export function headOf(input: HeadInput): Head {
  const { proven, source, target, before } = input
  if (before !== undefined && source.from === before.readTo && before.records > 0) {
    return { position: proven, pair: undefined, tail: continued(before, input) }
  }
  const limit = readLimit(input)
  const data = source.records.filter(record => record.offset < limit)
  const tail = data.filter(record => record.offset >= proven)
  const copied = target === undefined ? undefined : copiesOf(input, data, target)
  // What the source has deleted behind the position was not copied, unless the engine has copied what follows.
  const hasExpired = source.from > proven && copied?.highest === undefined
  const position = hasExpired ? proven : positionFrom(tail, copied, limit, proven)
  const missing = missingIn(tail, copied, input)
  const records = tail.filter(record => record.offset >= position)
  const first = records[0]
  return {
    position,
    pair: copied?.pair,
    tail: {
      readFrom: proven,
      from: position,
      readTo: limit,
      isolationLevel: input.isolationLevel,
      records: records.length,
      copied: tail.length - records.length,
      markers: source.markers.filter(offset => offset >= proven && offset < limit).length,
      firstRecord: first === undefined ? undefined : { offset: first.offset, timestampMs: first.timestampMs },
      missing,
      unexplained: copied?.unexplained,
      // Not as it was read: what the source got since may have its copy between the two.
      targetEnd: target === undefined ? undefined : input.targetEnd,
      lastStableOffset: source.lastStableOffset,
      readAt: input.at,
    },
  }
}

/** The target has not grown since the last look: what the source got after it cannot be there. */
function continued(before: Tail, input: HeadInput): Tail {
  const limit = readLimit(input)
  const { source } = input
  const records = source.records.filter(record => record.offset < limit).length
  return {
    ...before,
    readTo: limit > before.readTo ? limit : before.readTo,
    records: before.records + records,
    markers: before.markers + source.markers.filter(offset => offset < limit).length,
    missing: before.missing === undefined ? undefined : before.missing + records,
    lastStableOffset: source.lastStableOffset,
    readAt: input.at,
  }
}

/** Up to where it is known which offsets hold data for this engine. */
function readLimit({ source, highWatermark, isolationLevel }: HeadInput): bigint {
  const read = source.readTo < highWatermark ? source.readTo : highWatermark
  if (isolationLevel === 'read_uncommitted') return read
  return read < source.lastStableOffset ? read : source.lastStableOffset
}

interface Copied {
  readonly has: (record: LogRecord) => boolean
  /** The highest source record whose copy cannot be the copy of another one. */
  readonly highest: bigint | undefined
  readonly pair: { readonly source: bigint; readonly target: bigint } | undefined
  /** Every copy of every record behind the position would have been seen. */
  readonly complete: boolean
  /** Records of the target that are no copy of anything that the source still has. */
  readonly unexplained: number | undefined
}

function copiesOf(input: HeadInput, data: readonly LogRecord[], target: RecordWindow): Copied {
  const { copies, durable, source } = input
  const withTimestamp = !target.logAppendTime
  const ofSource = new Map(data.map(record => [record, fingerprintOf(record, withTimestamp)]))
  const ofTarget = target.records.map(record => [record, fingerprintOf(record, withTimestamp)] as const)
  const offsetOf = new Map<string, bigint | 'several'>()
  for (const [{ offset }, fingerprint] of ofSource) {
    offsetOf.set(fingerprint, offsetOf.has(fingerprint) ? 'several' : offset)
  }
  const toTheEnd = target.readTo >= target.highWatermark
  const complete = toTheEnd && copies !== undefined && target.from <= copies.target
  // What the target window can hold copies of has to be in the source window, so that twins are seen.
  const lowest = complete ? copies.source : (durable ?? 0n)
  const tells = isTelling(
    target.records,
    ofTarget.map(([, fingerprint]) => fingerprint),
    withTimestamp,
  )
  const isInSight = lowest >= source.from && hasNoHoles(source, lowest)
  const twinsAreSeen =
    isInSight ||
    // What the source has deleted or compacted away may have had twins: then contents as such must tell records apart.
    ((lowest >= source.from || source.from <= source.logStart) && tells)
  // Without a bound only the last copy is known to be of the newest records.
  const candidates = complete ? ofTarget : toTheEnd ? ofTarget.slice(-1) : []
  let highest: bigint | undefined
  let pair: Copied['pair']
  if (twinsAreSeen) {
    for (const [copy, fingerprint] of candidates) {
      const offset = offsetOf.get(fingerprint)
      if (offset === undefined || offset === 'several') continue
      if (highest === undefined || offset >= highest) {
        highest = offset
        pair = { source: offset, target: copy.offset }
      }
    }
  }
  const onTarget = new Set(ofTarget.map(([, fingerprint]) => fingerprint))
  return {
    has: record => onTarget.has(ofSource.get(record) ?? ''),
    highest,
    pair,
    complete,
    unexplained:
      complete && twinsAreSeen
        ? ofTarget.filter(([, fingerprint]) => !offsetOf.has(fingerprint)).length
        : undefined,
  }
}

/** Whether every offset from `lowest` on that was read holds a record or a marker. */
function hasNoHoles({ records, markers, readTo }: RecordWindow, lowest: bigint): boolean {
  const count =
    records.filter(({ offset }) => offset >= lowest).length + markers.filter(it => it >= lowest).length
  return BigInt(count) >= readTo - lowest
}

function positionFrom(
  tail: readonly LogRecord[],
  copied: Copied | undefined,
  limit: bigint,
  proven: bigint,
): bigint {
  const floor = limit > proven ? limit : proven
  const highest = copied?.highest
  const first = tail.find(
    record =>
      highest === undefined ||
      record.offset > highest ||
      // Without all copies in sight, order alone vouches for what lies before the last copy.
      (copied?.complete === true && !copied.has(record)),
  )
  return first?.offset ?? floor
}

function missingIn(
  tail: readonly LogRecord[],
  copied: Copied | undefined,
  { source, proven }: HeadInput,
): number | undefined {
  if (copied?.complete === true) {
    const isCopied = new Map(tail.map(record => [record, copied.has(record)]))
    // A copy that compaction took from the target since: a later record of its key has one.
    const newest = new Map(
      tail.flatMap(record =>
        record.key !== null && isCopied.get(record) === true
          ? [[record.key.toString('latin1'), record.offset]]
          : [],
      ),
    )
    const isReplaced = ({ key, offset }: LogRecord): boolean =>
      key !== null && (newest.get(key.toString('latin1')) ?? -1n) > offset
    return tail.filter(record => isCopied.get(record) === false && !isReplaced(record)).length
  }
  return tail.length === 0 && source.from <= proven ? 0 : undefined
}
