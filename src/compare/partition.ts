import type { Content, LostRange, OpenGap, PartitionComparison, Position } from '../model/comparison.ts'
import type { PartitionProgress } from '../model/observation.ts'
import { isKnown, type Reading, type Unknown, unknownOf, valueIfKnown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import { observed, provenInstant, pruned, sampleAt } from './history.ts'
import { asCommitted, asCopiedAgain, asFormer, withLoss } from './losses.ts'
import {
  advanced,
  copiedBelow,
  type DiscardReason,
  discard,
  estimated,
  hasEvidence,
  noPosition,
  noted,
  raisedTo,
  settled,
} from './position.ts'

/** Gaps that wait to be looked at; of more the oldest two become one. */
const maxGaps = 16

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
  /** Where an election cut the log off since the last poll; it may have grown past its old end again. */
  readonly sourceCut: bigint | undefined
  readonly targetCut: bigint | undefined
  readonly progress: PartitionProgress | undefined
  /** Set where the engine's positions as a whole cannot be told. */
  readonly engineUnknown: Unknown | undefined
  readonly pairsKnown: boolean
  /** All that the engine had said of its positions before this poll has been read. */
  readonly allSaid: boolean
  /** Whether records are read at all. */
  readonly recordsAreRead: boolean
  readonly tasksChangedAtMs: number | undefined
  /** Set when the topic was found to be another one: the reason for giving up the old positions. */
  readonly recreated: string | undefined
  /** Whether it is the source's topic that is another one. */
  readonly recreatedSource: boolean
  /** t0 of the last complete listing that did not have this partition; undefined where that proves nothing. */
  readonly absentUntil: Instant | undefined
  readonly logStart: Reading<bigint> | undefined
  /** The engine goes on in a way that may hide what it skipped. */
  readonly mayHaveSkipped: boolean
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
  let content = previous?.content
  const highWatermark = valueIfKnown(reading.highWatermark)
  const targetEnd = reading.targetEnd === 'absent' ? undefined : valueIfKnown(reading.targetEnd)

  if (previous === undefined && reading.absentUntil !== undefined) {
    history = observed(history, 0n, reading.absentUntil, undefined)
  }
  const beforeProgress = position
  const contradictions = contradictionsOf(position, seen?.highWatermark, previous?.targetEnd, reading)
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
      ? noted(position, reading.progress)
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
        : { target: targetEnd, source: (beforeProgress.durable ?? -1n) + 1n }
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

export const noContent: Content = {
  tail: undefined,
  audit: undefined,
  losses: undefined,
  gaps: [],
  hasPhantoms: false,
  openTransaction: undefined,
  unreadable: undefined,
}

/**
 * What was not copied of a log that has ended is lost, and what was read of it says nothing about the one that took
 * its place.
 */
function contentAfterDiscard(
  previous: PartitionComparison | undefined,
  reading: PartitionReading,
  why: readonly DiscardReason[],
): Content | undefined {
  const seen = previous?.highWatermark?.highWatermark
  if (previous === undefined || seen === undefined) return undefined
  const { position } = previous
  // Of positions that had been discarded before, nothing is known; of what the target lost as well, no copy is left.
  const isCopyAnother = reading.recreated !== undefined && !reading.recreatedSource
  const copied =
    position.discarded === undefined && !isCopyAnother
      ? why.reduce((least, { cut }) => min(least, copiedBelow(position, cut)), position.proven)
      : (position.discarded?.logStart ?? previous.logStart ?? 0n)
  let losses = previous.content?.losses
  const fall = fallOf(seen, valueIfKnown(reading.highWatermark), reading.sourceCut)
  if (reading.recreatedSource || fall !== undefined) {
    const isCutOff = !reading.recreatedSource && fall !== undefined && fall.to > copied
    const from = isCutOff ? fall.to : copied
    if (from < seen) {
      losses = withLoss(losses, {
        from,
        to: seen,
        cause: reading.recreatedSource ? 'recreated' : 'truncated',
        certain: false,
        foundAt: reading.t0,
        former: false,
      })
    }
    if (losses !== undefined) losses = asFormer(losses, reading.recreatedSource ? 0n : (fall?.to ?? 0n))
  }
  return losses === undefined ? undefined : { ...noContent, losses }
}

/** Whether nothing at or behind the proven position is on the target: read, and the target has not grown since. */
export function isExact(
  partition: Pick<PartitionComparison, 'position' | 'content'> | undefined,
  targetEnd: bigint | undefined,
): boolean {
  const tail = partition?.content?.tail
  return (
    tail?.isWhole === true &&
    tail.records > 0 &&
    tail.missing === tail.records &&
    tail.from === partition?.position.proven &&
    targetEnd !== undefined &&
    tail.targetEnd === targetEnd
  )
}

interface ExpiredInput {
  readonly position: Position
  /** The position before this poll; undefined where what lay behind it was not known. */
  readonly before: Position | undefined
  /** The engine says something of this partition for the first time. */
  readonly begins: boolean
  readonly logStart: bigint | undefined
  readonly highWatermark: bigint | undefined
}

/**
 * What the source deleted before it was copied. A position that stands below the log start: from the position on, for
 * certain where the position is exact. A gap between two pairs that has gone with what lay around it, or that cannot
 * be looked at: possibly, because markers and compaction leave gaps as well.
 */
function withExpired(
  content: Content | undefined,
  { recordsAreRead, t0, logStart: asked, mayHaveSkipped, progress }: PartitionReading,
  { position, before, begins, logStart, highWatermark }: ExpiredInput,
): Content | undefined {
  if (logStart === undefined || position.discarded !== undefined) return content
  const found: LostRange[] = []
  const expired = (from: bigint, to: bigint, certain: boolean): void => {
    if (from < to) found.push({ from, to, cause: 'expired', certain, foundAt: t0, former: false })
  }
  const canLook = recordsAreRead && content?.unreadable === undefined
  const gaps = content?.gaps ?? []
  // A log start from before the gap says nothing about it.
  const isFresh = valueIfKnown(asked) !== undefined
  const open = gaps.filter(({ before }) => !isFresh || (canLook && logStart <= before.source))
  for (const gap of gaps) {
    if (open.includes(gap)) continue
    expired(behindGap(gap), logStart < gap.before.source ? logStart : gap.before.source, false)
  }
  if (before !== undefined && !hasEvidence(before) && hasEvidence(position)) {
    // The engine has begun, further up than the log had.
    expired(before.proven, logStart < position.proven ? logStart : position.proven, false)
  }
  const first = progress?.pairs?.lowest
  if (begins && canLook && first !== undefined && logStart < first.source) {
    // It begins further up than it had to: where it stood in a log of the same name, maybe.
    const beginning = { ...first, source: logStart - 1n, target: first.target - 1n }
    open.push({ after: beginning, before: first, proven: 0n, since: t0 })
  }
  if (before !== undefined && mayHaveSkipped && logStart > before.proven) {
    // The engine went on, maybe behind what the source had deleted of that by then: offsets need not show it.
    expired(before.proven, logStart < position.proven ? logStart : position.proven, false)
  }
  if ((hasEvidence(position) || before !== undefined) && highWatermark !== undefined) {
    const to = logStart < highWatermark ? logStart : highWatermark
    expired(position.proven, to, false)
  }
  if (found.length === 0 && open.length === gaps.length && open.every(gap => gaps.includes(gap)))
    return content
  return { ...(content ?? noContent), gaps: open, losses: found.reduce(withLoss, content?.losses) }
}

/** Where the engine went back it copies again from there: nothing of that is skipped, or lost for good, any longer. */
function withCopiedAgain(
  content: Content | undefined,
  progress: PartitionProgress | undefined,
): Content | undefined {
  const lowest = progress?.pairs?.lowest.source
  if (content === undefined || lowest === undefined) return content
  const gaps = content.gaps.filter(({ after }) => after.source + 1n < lowest)
  const losses = content.losses === undefined ? undefined : asCopiedAgain(content.losses, lowest)
  if (gaps.length === content.gaps.length && losses === content.losses) return content
  return { ...content, gaps, losses }
}

function withGap(gaps: readonly OpenGap[], gap: OpenGap): readonly OpenGap[] {
  const all = [...gaps, gap]
  const [first, second, ...rest] = all
  if (all.length <= maxGaps || first === undefined || second === undefined) return all
  return [{ ...first, before: second.before }, ...rest]
}

/**
 * The first offset of which a gap leaves open whether it was copied: behind what was proven, but no further than the
 * target has room for copies between the two pairs.
 */
export function behindGap({ after, before, proven }: OpenGap): bigint {
  const full = after.source + (before.target - after.target)
  const known = after.source + 1n > proven ? after.source + 1n : proven
  return known < full ? known : full
}

/** Where the engine began anew further up than the log, it has left something behind: none of that was shown to be copied. */
function withLeftBehind(
  content: Content | undefined,
  { progress, t0 }: PartitionReading,
  from: bigint,
): Content | undefined {
  const lowest = progress?.pairs?.lowest.source
  if (lowest === undefined || from >= lowest) return content
  const range = { from, to: lowest, cause: 'recreated' as const, certain: false, foundAt: t0, former: false }
  return { ...(content ?? noContent), losses: withLoss(content?.losses, range) }
}

/** Where a log that ended at `last` was cut off since; undefined where it only grew. */
function fallOf(
  last: bigint | undefined,
  end: bigint | undefined,
  cut: bigint | undefined,
): { readonly to: bigint; readonly words: string } | undefined {
  if (last === undefined) return undefined
  if (cut !== undefined && cut < last) {
    return {
      to: cut,
      words: `was cut off at ${cut}: an election made a leader of a replica that had no more`,
    }
  }
  return end !== undefined && end < last ? { to: end, words: `now ends at ${end}` } : undefined
}

/** Why the positions before this poll cannot be of the logs that it found; none where nothing speaks against it. */
function contradictionsOf(
  position: Position,
  lastHighWatermark: bigint | undefined,
  lastTargetEnd: bigint | undefined,
  reading: PartitionReading,
): readonly DiscardReason[] {
  const ofTarget =
    reading.recreated === undefined
      ? targetContradictionOf(position, lastTargetEnd, reading)
      : ({ reason: 'recreated', detail: reading.recreated, adoptable: true } as const)
  const found = ofTarget === undefined ? [] : [ofTarget]
  if (reading.recreatedSource) return found
  const fall = fallOf(lastHighWatermark, valueIfKnown(reading.highWatermark), reading.sourceCut)
  if (fall === undefined) return found
  const detail = `${reading.name}: the source's log ended at ${lastHighWatermark} and ${fall.words}`
  return [...found, { reason: 'diverged', detail, adoptable: false, cut: { side: 'source', at: fall.to } }]
}

function targetContradictionOf(
  position: Position,
  lastTargetEnd: bigint | undefined,
  { name, targetEnd: readEnd, targetCut, progress }: PartitionReading,
): DiscardReason | undefined {
  const diverged = (detail: string, cutAt?: bigint): DiscardReason => ({
    reason: 'diverged',
    detail: `${name}: ${detail}`,
    adoptable: true,
    ...(cutAt === undefined ? {} : { cut: { side: 'target', at: cutAt } }),
  })
  const targetEnd = readEnd === 'absent' ? undefined : valueIfKnown(readEnd)
  const fall = fallOf(lastTargetEnd, targetEnd, targetCut)
  if (position.discarded !== undefined) {
    // It was cut off once more: what was compared since is gone again.
    return fall === undefined
      ? undefined
      : diverged(`the target's log ended at ${lastTargetEnd} and ${fall.words}`, fall.to)
  }
  const cut = progress?.pairs?.cut
  if (cut !== undefined && hasEvidence(position)) {
    return diverged(
      `the engine wrote target offset ${cut.before.target} after ${cut.after.target}, so the target's log was cut off or replaced`,
      cut.before.target,
    )
  }
  if (readEnd === 'absent') {
    if (!hasEvidence(position)) return undefined
    return diverged(`it was copied up to ${position.proven - 1n}, but the target does not have it`)
  }
  if (fall !== undefined) {
    return diverged(`the target's log ended at ${lastTargetEnd} and ${fall.words}`, fall.to)
  }
  if (targetEnd !== undefined && position.pair !== undefined && targetEnd <= position.pair.target) {
    return diverged(
      `the engine wrote target offset ${position.pair.target}, but the target's log ends at ${targetEnd}`,
      targetEnd,
    )
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

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function atLeastZero(value: bigint): bigint {
  return value > 0n ? value : 0n
}
