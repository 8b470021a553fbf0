import type { PartitionComparison, Position } from '../model/comparison.ts'
import type { PartitionProgress } from '../model/observation.ts'
import { isKnown, type Reading, type Unknown, unknownOf, valueIfKnown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import { observed, provenInstant, pruned, sampleAt } from './history.ts'
import { advanced, discard, estimated, hasEvidence, noPosition, raisedTo } from './position.ts'

/** What one poll found of one partition, and the circumstances that decide what it means. */
export interface PartitionReading {
  readonly name: string
  readonly partition: number
  /** t0 of the source's listing. */
  readonly t0: Instant
  readonly highWatermark: Reading<bigint>
  /** Whether the positions in hand were read before the high watermark was asked for. */
  readonly positionsReadFirst: boolean
  /** 'absent' where the target has no such topic or partition. */
  readonly targetEnd: Reading<bigint> | 'absent'
  readonly progress: PartitionProgress | undefined
  /** Set where the engine's positions as a whole cannot be told. */
  readonly engineUnknown: Unknown | undefined
  readonly pairsKnown: boolean
  readonly tasksChangedAtMs: number | undefined
  /** Set when the topic was found to be another one: the reason for giving up the old positions. */
  readonly recreated: string | undefined
  /** t0 of the last complete listing that did not have this partition; undefined where that proves nothing. */
  readonly absentUntil: Instant | undefined
  readonly logStart: Reading<bigint> | undefined
  /** How old a high watermark must be before a pair has to translate it. */
  readonly pairGraceMs: number
  /** The engine writes a pair at the latest after so many records (`offset.lag.max`). */
  readonly pairSpacing: bigint
}

/**
 * One partition after one poll, from the state before it: identity checks first (design rule 5), then the position,
 * the history and what follows from both.
 */
export function comparePartition(
  previous: PartitionComparison | undefined,
  reading: PartitionReading,
  carried: Position | undefined,
): PartitionComparison {
  const { t0 } = reading
  let position = previous?.position ?? carried ?? noPosition
  let history = previous?.history ?? []
  let seen = previous?.highWatermark
  const highWatermark = valueIfKnown(reading.highWatermark)

  if (previous === undefined && reading.absentUntil !== undefined) {
    history = observed(history, 0n, reading.absentUntil)
  }
  const beforeProgress = position
  const contradiction = contradictionOf(position, seen?.highWatermark, reading)
  if (contradiction !== undefined) {
    const reason = reading.recreated === undefined ? 'diverged' : 'recreated'
    position = discard(position, reason, contradiction, t0)
    history = []
    seen = undefined
  }
  if (reading.progress !== undefined) position = advanced(position, reading.progress)
  // A position above a high watermark that was asked for later points beyond the log.
  if (
    highWatermark !== undefined &&
    position.discarded === undefined &&
    position.proven > highWatermark &&
    (reading.positionsReadFirst || beforeProgress.proven > highWatermark)
  ) {
    const detail = `${reading.name}: the engine committed source offset ${position.proven - 1n}, but the log ends at ${highWatermark}`
    position = discard(position, 'diverged', detail, t0)
    history = []
    seen = undefined
  }

  if (highWatermark !== undefined) {
    history = observed(history, highWatermark, t0)
    seen = history.at(-1)
    if (
      !hasEvidence(position) &&
      reading.engineUnknown === undefined &&
      previous?.logStartWanted === true &&
      valueIfKnown(reading.logStart) === highWatermark
    ) {
      // Nothing is retained and the engine never touched it: it has nothing to copy, so it will commit nothing.
      position = raisedTo(position, highWatermark)
    }
    const targetEnd = reading.targetEnd === 'absent' ? undefined : valueIfKnown(reading.targetEnd)
    position = estimated(position, {
      targetEnd,
      highWatermark,
      tasksChangedAtMs: reading.tasksChangedAtMs,
    })
  }
  const unverified = unverifiedOf(reading, position, previous === undefined)
  if (unverified === undefined) history = pruned(history, position.proven)

  const recoveryPoint =
    unverified === undefined ? provenInstant(history, position.proven) : previous?.recoveryPoint
  const missing = seen !== undefined && seen.highWatermark > position.proven
  const unknownNow = unknownNowOf(reading, position, highWatermark, missing) ?? unverified
  const judged = unknownNow === undefined ? highWatermark : undefined
  const moved = previous !== undefined && position.proven > previous.position.proven
  return {
    partition: reading.partition,
    highWatermark: seen,
    position,
    history,
    unknown: unknownNow,
    recoveryPoint,
    estimatedRecoveryPoint:
      unverified === undefined
        ? provenInstant(history, position.estimated)
        : previous?.estimatedRecoveryPoint,
    lag: judged === undefined ? undefined : atLeastZero(judged - position.proven),
    estimatedLag: judged === undefined ? undefined : atLeastZero(judged - position.estimated),
    missingSince: missing ? (previous?.missingSince ?? t0) : undefined,
    movedAt: moved ? t0 : previous?.movedAt,
    knownSince: judged === undefined ? undefined : (previous?.knownSince ?? t0),
    pairFresh: pairFreshOf(reading, position, history, highWatermark),
    logStartWanted:
      highWatermark !== undefined &&
      highWatermark > 0n &&
      !hasEvidence(position) &&
      position.proven === 0n &&
      // Only the first high watermark that this process sees: later ones may have been emptied by retention.
      (previous === undefined ||
        previous.highWatermark === undefined ||
        (previous.logStartWanted &&
          (valueIfKnown(reading.logStart) === undefined || reading.engineUnknown !== undefined))),
  }
}

/** Why the positions before this poll cannot be of the logs that it found; undefined where nothing speaks against it. */
function contradictionOf(
  position: Position,
  lastHighWatermark: bigint | undefined,
  reading: PartitionReading,
): string | undefined {
  if (reading.recreated !== undefined) return reading.recreated
  const highWatermark = valueIfKnown(reading.highWatermark)
  if (highWatermark !== undefined && lastHighWatermark !== undefined && highWatermark < lastHighWatermark) {
    return `${reading.name}: the source's log ended at ${lastHighWatermark} and now ends at ${highWatermark}`
  }
  if (position.discarded !== undefined) return undefined
  if (reading.targetEnd === 'absent') {
    return hasEvidence(position)
      ? `${reading.name}: it was copied up to ${position.proven - 1n}, but the target does not have it`
      : undefined
  }
  const targetEnd = valueIfKnown(reading.targetEnd)
  if (targetEnd !== undefined && position.pair !== undefined && targetEnd <= position.pair.target) {
    return `${reading.name}: the engine wrote target offset ${position.pair.target}, but the target's log ends at ${targetEnd}`
  }
  return undefined
}

/**
 * Set when the target, as it was before the positions were read, does not hold what they say: it may have come since,
 * or never. The next poll, whose target is read after these positions, tells.
 */
function unverifiedOf(
  { name, targetEnd }: PartitionReading,
  position: Position,
  isFirst: boolean,
): Unknown | undefined {
  if (position.discarded !== undefined || !hasEvidence(position)) return undefined
  if (targetEnd === 'absent') {
    return {
      reason: 'reading',
      detail: `${name}: the engine has begun, but the target's listing has no copy yet`,
    }
  }
  const end = valueIfKnown(targetEnd)
  // Later a new pair is often newer than the end beside it; of the first one nothing is known.
  if (isFirst && end !== undefined && position.pair !== undefined && end <= position.pair.target) {
    return {
      reason: 'reading',
      detail: `${name}: the newest offset sync lies beyond the target's end as it was before`,
    }
  }
  return undefined
}

/** Why this poll cannot tell whether something is missing. A partition that was never written to is covered, target or not. */
function unknownNowOf(
  reading: PartitionReading,
  position: Position,
  highWatermark: bigint | undefined,
  missing: boolean,
): Unknown | undefined {
  if (highWatermark === undefined) return unknownOf(reading.highWatermark)
  if (highWatermark === 0n) return undefined
  if (reading.targetEnd !== 'absent' && !isKnown(reading.targetEnd)) return reading.targetEnd.unknown
  if (position.discarded !== undefined) {
    return { reason: position.discarded.reason, detail: position.discarded.detail }
  }
  // A proof stays a proof, whether the engine can be read now or not; without one the engine's word is missing.
  return missing ? reading.engineUnknown : undefined
}

function pairFreshOf(
  reading: PartitionReading,
  position: Position,
  history: PartitionComparison['history'],
  highWatermark: bigint | undefined,
): boolean | undefined {
  if (!reading.pairsKnown || highWatermark === undefined || position.discarded !== undefined) return undefined
  if (highWatermark === 0n) return true
  const due = sampleAt(history, reading.t0 - reading.pairGraceMs)?.highWatermark ?? 0n
  const reference = due > position.proven ? due : position.proven
  if (reference === 0n) return true
  if (position.pair === undefined) return position.durable === undefined && due === 0n
  return position.pair.source + 1n + reading.pairSpacing >= reference
}

function atLeastZero(value: bigint): bigint {
  return value > 0n ? value : 0n
}
