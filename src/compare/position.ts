import type { Discarded, Position } from '../model/comparison.ts'
import type { OffsetPair, PartitionProgress } from '../model/observation.ts'
import type { Instant } from '../model/time.ts'
import { least, max, min } from './offsets.ts'

/** Before the engine has committed anything: nothing below offset 0 can be missing. */
export const noPosition: Position = {
  proven: 0n,
  estimated: 0n,
  durable: undefined,
  pair: undefined,
  distrustedPair: undefined,
  discarded: undefined,
  basis: 'commits',
}

/**
 * The position after what the engine committed since the last poll.
 *
 * Proven is the running maximum of every durable position and every pair, plus one (measured on Apache Kafka 3.9 and
 * 4.3: never above the truth within one identity, although a single pair rewinds after a restart). After a discard
 * nothing counts until the engine goes back to where it last resumed from, or further: an ordinary restart resumes
 * behind its durable position, so only a reset, which copies again what the new identity holds, goes that far back.
 * It shows in a pair that the target holds: what lies beyond the target's end was acknowledged by a log that is gone.
 */
export function advanced(
  position: Position,
  progress: PartitionProgress,
  targetEnd: bigint | undefined,
): Position {
  const { durable, pairs } = progress
  const pair = pairs?.newest ?? position.pair
  const { discarded } = position
  if (discarded !== undefined) {
    const bound = discarded.beganAnewAtOrBelow
    const pending = discarded.wentBack
    if (pending !== undefined && targetEnd !== undefined) {
      if (pending.target < targetEnd) return advanced(begunAnew(position, pending), progress, targetEnd)
      return advanced({ ...position, discarded: { ...discarded, wentBack: undefined } }, progress, targetEnd)
    }
    const isHeld = ({ target }: OffsetPair): boolean => targetEnd !== undefined && target < targetEnd
    if (pairs !== undefined && pairs.lowest.source <= bound) {
      const { lowest, newest } = pairs
      if (isHeld(lowest)) {
        // A durable position may be a flush of the old run that was still on its way.
        const anew = begunAnew(position, isHeld(newest) ? newest : lowest)
        return { ...anew, pair: newest, durable: durable?.newest ?? position.durable }
      }
      const known = noted(position, progress)
      return { ...known, discarded: { ...(known.discarded ?? discarded), wentBack: lowest } }
    }
    // Where nothing had been flushed before, a flush may be the old run's first.
    const durableWentBack = position.durable !== undefined && durable !== undefined && durable.newest <= bound
    const newest = pairs?.newest ?? discarded.since ?? discarded.lastPair
    if (!durableWentBack || (newest !== undefined && !isHeld(newest))) return noted(position, progress)
    const proven = durable.newest + 1n
    return { ...noPosition, proven, estimated: proven, durable: durable.newest }
  }
  const committed = behindLast([durable?.highest, pairs?.highest])
  const proven = max(position.proven, committed)
  return {
    ...position,
    proven,
    estimated: max(position.estimated, proven),
    durable: durable?.newest ?? position.durable,
    pair,
    basis: committed >= position.proven ? 'commits' : position.basis,
  }
}

function begunAnew(position: Position, pair: OffsetPair): Position {
  const proven = pair.source + 1n
  return { ...noPosition, durable: position.durable, proven, estimated: proven, pair }
}

/** The position after what the engine committed, which proves nothing: it is only kept in mind for what comes later. */
export function noted(position: Position, { durable, pairs }: PartitionProgress): Position {
  const { discarded } = position
  if (discarded === undefined) return position
  return {
    ...position,
    durable: durable?.newest ?? position.durable,
    discarded:
      pairs === undefined
        ? discarded
        : {
            ...discarded,
            since: pairs.newest,
            lowestSince: least(discarded.lowestSince, lowestOf(pairs, discarded.copiesFrom)),
          },
  }
}

/** The lowest source offset of pairs; those of copies from before the source was recreated are the old run's last words. */
function lowestOf(
  { lowest, newest }: NonNullable<PartitionProgress['pairs']>,
  copiesFrom = 0n,
): bigint | undefined {
  return [lowest, newest].find(({ target }) => target >= copiesFrom)?.source
}

/**
 * The position that was discarded in this poll, after what the poll read: a pair that the target does not hold is of
 * the run before, which stands behind it, and only from there a new one goes back.
 */
export function standingBehind(
  position: Position,
  { pairs }: PartitionProgress,
  targetEnd: bigint | undefined,
): Position {
  const { discarded } = position
  if (discarded === undefined || pairs === undefined || targetEnd === undefined) return position
  const { newest } = pairs
  if (newest.target < targetEnd) return position
  const beganAnewAtOrBelow = min(discarded.beganAnewAtOrBelow, newest.source)
  return { ...position, discarded: { ...discarded, beganAnewAtOrBelow } }
}

/** The position once all has been read that the engine had said by now. */
export function settled(position: Position): Position {
  const { discarded } = position
  if (discarded === undefined || discarded.settled) return position
  return { ...position, discarded: { ...discarded, settled: true } }
}

/** Where the engine would resume behind; undefined where the log is shorter, so that it would begin anew. */
export function durableWithin({ durable }: Position, highWatermark: bigint): bigint | undefined {
  return durable !== undefined && durable < highWatermark ? durable : undefined
}

/** Whether the engine has committed anything that this position rests on. */
export function hasEvidence(position: Position): boolean {
  return position.durable !== undefined || position.pair !== undefined
}

export interface DiscardReason extends Pick<Discarded, 'reason' | 'detail' | 'adoptable'> {
  readonly copiesFrom?: bigint | undefined
  /** Where a log was cut off, on the side named; undefined where it is another one altogether. */
  readonly cut?: { readonly side: 'source' | 'target'; readonly at: bigint }
}

/** Positions of a former identity: none of them counts any longer. Where there were none, there are none. */
export function discard(position: Position, why: DiscardReason, at: Instant): Position {
  const { reason, detail, adoptable, cut } = why
  const before = position.discarded
  // A restart resumes behind the durable position; what the present run still has to say lies behind its newest pair.
  const newest = least(position.durable, least(position.pair?.source, before?.since?.source))
  if (newest === undefined) return before === undefined ? noPosition : position
  const ofSource = cut?.side === 'source' ? cut.at : undefined
  const sourceCut = least(ofSource, before?.sourceCut)
  // Where the source was cut off, the engine goes back that far, and copies nothing again of what lies before.
  const goesBackTo = before !== undefined && sourceCut !== undefined ? sourceCut - 1n : newest
  return {
    ...noPosition,
    durable: position.durable,
    discarded: {
      reason,
      detail,
      at,
      // A log that is another one altogether has nothing of the cut any longer.
      adoptable: adoptable && (cut === undefined || before?.adoptable !== false),
      logStart: before?.logStart,
      durable: least(position.durable, before?.durable),
      proven: before?.proven ?? copiedBelow(position, cut),
      settled: false,
      lowestSince: undefined,
      since: undefined,
      sourceCut,
      lastPair: before?.since ?? before?.lastPair ?? position.pair,
      wentBack: undefined,
      copiesFrom: why.copiesFrom ?? (cut?.side === 'source' ? before?.copiesFrom : undefined),
      beganAnewAtOrBelow: goesBackTo < newest ? goesBackTo : newest,
    },
  }
}

/** What of the position a target that was cut off can still hold: counted back from the newest pair. */
export function copiedBelow({ proven, pair }: Position, cut: DiscardReason['cut']): bigint {
  if (cut?.side !== 'target') return proven
  if (pair === undefined) return 0n
  const left = pair.source - (pair.target - cut.at)
  return min(proven, max(0n, left))
}

/** At least this: offsets below are known not to be missing for another reason than a commit. */
export function raisedTo(position: Position, floor: bigint, basis: Position['basis']): Position {
  if (position.discarded !== undefined || position.proven >= floor) return position
  return { ...position, proven: floor, estimated: max(position.estimated, floor), basis }
}

/** The position under a new identity, once content has shown that this pair is of it. */
export function adopted(position: Position, pair: OffsetPair): Position {
  const proven = pair.source + 1n
  return { ...noPosition, durable: position.durable, proven, estimated: proven, pair, basis: 'content' }
}

export interface EstimateInput {
  /** The target's end offset, asked for before the newest pair was read. */
  readonly targetEnd: bigint | undefined
  /** The source's high watermark, asked for after the target's end. */
  readonly highWatermark: bigint
  /** When the engine last restarted a task, on its own clock: a pair from before may be of another run. */
  readonly tasksChangedAtMs: number | undefined
}

/**
 * The position with a new estimate: counting on from the newest pair, source offset + (target end - 1 - target offset).
 * Sometimes too high (records sent again, markers), so it is for people only. Two filters remove nearly all such
 * estimates: the pair must be younger than the engine's newest task state, and an estimate above the high watermark
 * condemns its pair until a newer one comes. The maximum is held, because a rewound pair estimates far too low.
 */
export function estimated(position: Position, input: EstimateInput): Position {
  const { pair } = position
  const { targetEnd, highWatermark, tasksChangedAtMs } = input
  if (position.discarded !== undefined) return position
  const held = min(max(position.estimated, position.proven), max(highWatermark, position.proven))
  if (pair === undefined || targetEnd === undefined || pair === position.distrustedPair) {
    return { ...position, estimated: held }
  }
  if (tasksChangedAtMs !== undefined && pair.writtenAtMs < tasksChangedAtMs) {
    return { ...position, estimated: held }
  }
  const next = nextSourceOffset(pair, targetEnd)
  if (next > highWatermark) return { ...position, estimated: held, distrustedPair: pair }
  return { ...position, estimated: max(held, next) }
}

function nextSourceOffset(pair: OffsetPair, targetEnd: bigint): bigint {
  const copiedSince = targetEnd - 1n - pair.target
  return pair.source + (copiedSince > 0n ? copiedSince : 0n) + 1n
}

function behindLast(offsets: readonly (bigint | undefined)[]): bigint {
  let highest = -1n
  for (const offset of offsets) if (offset !== undefined && offset > highest) highest = offset
  return highest + 1n
}
