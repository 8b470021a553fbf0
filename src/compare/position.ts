import type { Discarded, Position } from '../model/comparison.ts'
import type { OffsetPair, PartitionProgress } from '../model/observation.ts'
import type { Instant } from '../model/time.ts'

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
 */
export function advanced(position: Position, progress: PartitionProgress): Position {
  const { durable, pairs } = progress
  const pair = pairs?.newest ?? position.pair
  const { discarded } = position
  if (discarded !== undefined) {
    const bound = discarded.beganAnewAtOrBelow
    const isBack = (lowest: bigint | undefined): boolean => lowest !== undefined && lowest <= bound
    const pairsWentBack = isBack(pairs?.lowest)
    // Where nothing had been flushed before, a flush may be the old run's first.
    const durableWentBack = position.durable !== undefined && isBack(durable?.newest)
    if (!durableWentBack && !pairsWentBack) {
      return noted(position, progress)
    }
    // Of the poll in which it began anew only the newest values are surely of the new run; a durable position
    // above the bound may be a flush of the old run that was still on its way.
    const evidence = [
      pairsWentBack ? pairs?.newest.source : undefined,
      durableWentBack ? durable?.newest : undefined,
    ]
    const proven = behindLast(evidence)
    return {
      proven,
      estimated: proven,
      durable: durable?.newest ?? position.durable,
      pair,
      distrustedPair: undefined,
      discarded: undefined,
      basis: 'commits',
    }
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

/** The position after what the engine committed, which proves nothing: it is only kept in mind for what comes later. */
export function noted(position: Position, { durable, pairs }: PartitionProgress): Position {
  const { discarded } = position
  if (discarded === undefined) return position
  return {
    ...position,
    durable: durable?.newest ?? position.durable,
    discarded: pairs === undefined ? discarded : { ...discarded, since: pairs.newest },
  }
}

/** Whether the engine has committed anything that this position rests on. */
export function hasEvidence(position: Position): boolean {
  return position.durable !== undefined || position.pair !== undefined
}

/** Positions of a former identity: none of them counts any longer. Where there were none, there are none. */
export function discard(
  position: Position,
  reason: Discarded['reason'],
  detail: string,
  at: Instant,
  adoptable: boolean,
): Position {
  const logStart = position.discarded?.logStart
  const proven = position.discarded?.proven ?? position.proven
  const beganAnewAtOrBelow = position.durable ?? position.pair?.source
  if (beganAnewAtOrBelow === undefined) return position.discarded === undefined ? noPosition : position
  return {
    ...noPosition,
    durable: position.durable,
    discarded: { reason, detail, at, adoptable, logStart, proven, since: undefined, beganAnewAtOrBelow },
  }
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

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
