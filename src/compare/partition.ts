import type { Content, PartitionComparison, Position, Remembered } from '../model/comparison.ts'
import { isKnown, type Unknown, unknownOf, valueIfKnown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import { contentAfterDiscard, contradictionsOf } from './discards.ts'
import { observed, provenInstant, pruned, sampleAt } from './history.ts'
import { noContent, withCopiedAgain, withExpired, withGap, withLeftBehind } from './leftBehind.ts'
import { asCommitted } from './losses.ts'
import { atLeastZero } from './offsets.ts'
import {
  advanced,
  discard,
  durableWithin,
  estimated,
  hasEvidence,
  noPosition,
  noted,
  raisedTo,
  settled,
  standingBehind,
} from './position.ts'
import type { PartitionReading } from './reading.ts'

const nothingBefore = { highWatermark: undefined, targetEnd: undefined, history: [] } as const

/**
 * One partition after one poll, from the state before it: identity checks first (design rule 5), then the position,
 * the history and what follows from both.
 */
export function comparePartition(
  previous: PartitionComparison | undefined,
  reading: PartitionReading,
  carried: Remembered | undefined,
): PartitionComparison {
  const { t0 } = reading
  let position = previous?.position ?? carried?.position ?? noPosition
  let history = previous?.history ?? []
  let seen = previous?.highWatermark
  let content =
    previous?.content ??
    (carried?.losses === undefined ? undefined : { ...noContent, losses: carried.losses })
  const highWatermark = valueIfKnown(reading.highWatermark)
  const targetEnd = reading.targetEnd === 'absent' ? undefined : valueIfKnown(reading.targetEnd)

  if (previous === undefined && reading.absentUntil !== undefined) {
    history = observed(history, 0n, reading.absentUntil, undefined)
  }
  const beforeProgress = position
  const contradictions = contradictionsOf(position, previous ?? nothingBefore, reading)
  const [contradiction] = contradictions
  if (contradiction !== undefined) {
    content = contentAfterDiscard(previous, reading, contradictions)
    // What was first said in this poll may be of the identity that has ended as well.
    if (!hasEvidence(position) && position.discarded === undefined && reading.progress !== undefined) {
      position = advanced(position, reading.progress, targetEnd)
    }
    position = contradictions.reduce((it, why) => discard(it, why, t0), position)
    history = []
    seen = undefined
  }
  const { discarded } = position
  if (reading.progress !== undefined) {
    // What the poll of a discard read may be of the identity that has ended.
    const isOfAnother = contradiction !== undefined || discarded?.settled === false
    position = isOfAnother
      ? standingBehind(noted(position, reading.progress), reading.progress, targetEnd)
      : advanced(position, reading.progress, targetEnd)
  }
  // A position above a high watermark that was asked for later points beyond the log.
  if (
    highWatermark !== undefined &&
    position.discarded === undefined &&
    position.proven > highWatermark &&
    (reading.positionsReadFirst || beforeProgress.proven > highWatermark)
  ) {
    const detail = `${reading.name}: the engine committed source offset ${position.proven - 1n}, but the log ends at ${highWatermark}`
    const why = { reason: 'diverged', detail, adoptable: false } as const
    content = contentAfterDiscard(previous, reading, [why])
    position = discard(position, why, t0)
    history = []
    seen = undefined
  }

  if (reading.allSaid) position = settled(position)

  if (highWatermark !== undefined) {
    // The durable position of the poll before: what the target got since its end was asked for lies behind it.
    const copies =
      targetEnd === undefined || position.discarded !== undefined
        ? undefined
        : { target: targetEnd, source: (durableWithin(beforeProgress, highWatermark) ?? -1n) + 1n }
    history = observed(history, highWatermark, t0, copies)
    seen = history.at(-1)
    if (
      !hasEvidence(position) &&
      reading.engineUnknown === undefined &&
      previous?.logStartWanted === true &&
      valueIfKnown(reading.logStart) === highWatermark
    ) {
      // Nothing is retained and the engine never touched it: it has nothing to copy, so it will commit nothing.
      position = raisedTo(position, highWatermark, 'commits')
    }
    position = estimated(position, {
      targetEnd,
      highWatermark,
      tasksChangedAtMs: reading.tasksChangedAtMs,
    })
  }
  const logStart =
    valueIfKnown(reading.logStart) ?? (contradiction === undefined ? previous?.logStart : undefined)
  if (position.discarded !== undefined && position.discarded.logStart === undefined) {
    // What it deleted between then and now was not copied again either: rather too low than too high.
    const then = reading.recreatedSource ? 0n : (previous?.logStart ?? valueIfKnown(reading.logStart))
    position = { ...position, discarded: { ...position.discarded, logStart: then } }
  }
  content = withCopiedAgain(content, reading.progress)
  if (content?.losses !== undefined && position.durable !== undefined && position.discarded === undefined) {
    const losses = asCommitted(content.losses, position.durable)
    if (losses !== content.losses) content = { ...content, losses }
  }
  // What was compared since lies around another cut now: the comparison begins anew at the newest pair.
  if (
    position.discarded !== undefined &&
    reading.progress?.pairs?.cut !== undefined &&
    content !== undefined
  ) {
    content = { ...content, audit: undefined }
  }
  const gaps = reading.progress?.pairs?.gaps
  if (gaps !== undefined && contradiction === undefined && discarded?.settled !== false) {
    const before = content ?? noContent
    const { proven } = beforeProgress
    content = {
      ...before,
      gaps: gaps.reduce((all, gap) => withGap(all, { ...gap, proven, since: t0 }), before.gaps),
    }
  }
  const isKnownFromItsBeginning = provenInstant(history, beforeProgress.proven) !== undefined
  content = withExpired(content, reading, {
    position,
    before: isKnownFromItsBeginning ? beforeProgress : undefined,
    begins:
      previous !== undefined &&
      discarded === undefined &&
      !hasEvidence(beforeProgress) &&
      hasEvidence(position),
    logStart,
    highWatermark,
  })
  if (discarded !== undefined && position.discarded === undefined) {
    const beginning =
      discarded.reason === 'recreated' ? (discarded.logStart ?? logStart ?? 0n) : discarded.sourceCut
    if (beginning !== undefined) content = withLeftBehind(content, reading, beginning)
  }

  const unverified = unverifiedOf(reading, position, previous === undefined)
  // A target that ended below the newest pair may have got it since, or may have been cut off: the next poll tells.
  const newest = reading.progress?.pairs?.newest
  const isAhead =
    previous !== undefined &&
    discarded === undefined &&
    position.discarded === undefined &&
    newest !== undefined &&
    targetEnd !== undefined &&
    newest.target >= targetEnd
  if (unverified === undefined && !isAhead) history = pruned(history, position.proven)
  return concluded(previous, {
    partition: reading.partition,
    t0,
    seen,
    position,
    counted: isAhead ? (previous?.position.proven ?? 0n) : position.proven,
    history,
    content,
    targetEnd,
    logStart,
    highWatermark,
    unverified,
    engineUnknown: reading.engineUnknown,
    unknown: missing => unknownNowOf(reading, position, highWatermark, missing),
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
  })
}

/** What a poll has settled of a partition before it is said what that means. */
interface Settled {
  readonly partition: number
  readonly t0: Instant
  readonly seen: PartitionComparison['highWatermark']
  readonly position: Position
  readonly counted: bigint
  readonly history: PartitionComparison['history']
  readonly content: Content | undefined
  readonly targetEnd: bigint | undefined
  readonly logStart: bigint | undefined
  /** As of this poll; undefined where it could not be read. */
  readonly highWatermark: bigint | undefined
  readonly unverified: Unknown | undefined
  readonly engineUnknown: Unknown | undefined
  readonly unknown: (missing: boolean) => Unknown | undefined
  readonly pairFresh: boolean | undefined
  readonly logStartWanted: boolean
}

/** The recovery point and the lag that follow from position and history. */
function concluded(previous: PartitionComparison | undefined, settled: Settled): PartitionComparison {
  const { t0, seen, position, counted, history, highWatermark, unverified } = settled
  const missing = seen !== undefined && seen.highWatermark > counted
  const unknown = settled.unknown(missing) ?? unverified
  const judged = unknown === undefined ? highWatermark : undefined
  const moved = previous !== undefined && position.proven > previous.position.proven
  const estimatedRecoveryPoint =
    unverified === undefined ? provenInstant(history, position.estimated) : previous?.estimatedRecoveryPoint
  return {
    partition: settled.partition,
    highWatermark: seen,
    position,
    counted,
    history,
    targetEnd: settled.targetEnd,
    logStart: settled.logStart,
    content: settled.content,
    engineUnknown: settled.engineUnknown,
    unknown,
    recoveryPoint: unverified === undefined ? provenInstant(history, counted) : previous?.recoveryPoint,
    estimatedRecoveryPoint,
    estimateBasis: estimatedRecoveryPoint === undefined ? undefined : 'history',
    retentionDeadline: undefined,
    lag: judged === undefined ? undefined : lagOf(judged, counted, settled.content),
    estimatedLag: judged === undefined ? undefined : atLeastZero(judged - position.estimated),
    missingSince: missing ? (previous?.missingSince ?? t0) : undefined,
    movedAt: moved ? t0 : previous?.movedAt,
    knownSince: judged === undefined ? undefined : (previous?.knownSince ?? t0),
    pairFresh: settled.pairFresh,
    logStartWanted: settled.logStartWanted,
  }
}

/** High watermark minus position; where the tail was read to its end, no more than the data records in it. */
function lagOf(highWatermark: bigint, proven: bigint, content: Content | undefined): bigint {
  const offsets = atLeastZero(highWatermark - proven)
  const tail = content?.tail
  if (tail === undefined || tail.from > proven || tail.readTo < highWatermark) return offsets
  const records = BigInt(tail.records)
  return records < offsets ? records : offsets
}

/**
 * The partition after its records were read in the same poll: a position that was raised, what was found to be lost,
 * and what follows from both. `discarded` positions stay so, unless the content shows where the copy begins.
 */
export function withContent(
  partition: PartitionComparison,
  position: Position,
  content: Content,
  at: Instant,
): PartitionComparison {
  const { highWatermark: seen } = partition
  const isCurrent = seen !== undefined && partition.unknown?.reason !== 'reading'
  const isRaised = position.proven > partition.position.proven
  const history = isCurrent && isRaised ? pruned(partition.history, position.proven) : partition.history
  const wasDiscarded = partition.position.discarded !== undefined && position.discarded === undefined
  return concluded(partition, {
    ...partition,
    t0: at,
    seen,
    position,
    counted: wasDiscarded || isRaised ? position.proven : partition.counted,
    history,
    content,
    highWatermark: seen !== undefined && seen.lastSeenAt >= at ? seen.highWatermark : undefined,
    unverified: partition.unknown?.reason === 'reading' ? partition.unknown : undefined,
    unknown: missing => {
      if (wasDiscarded || partition.unknown === undefined) return undefined
      return !missing && partition.unknown === partition.engineUnknown ? undefined : partition.unknown
    },
  })
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
  if (highWatermark === 0n && position.discarded?.reason !== 'diverged') return undefined
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
