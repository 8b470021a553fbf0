import type { Content, PartitionComparison, Position } from '../model/comparison.ts'
import { valueIfKnown } from '../model/reading.ts'
import { noContent } from './leftBehind.ts'
import { asFormer, withLoss } from './losses.ts'
import { min } from './offsets.ts'
import { copiedBelow, type DiscardReason, hasEvidence } from './position.ts'
import type { PartitionReading } from './reading.ts'

/** What the poll before found. */
type Before = Pick<PartitionComparison, 'highWatermark' | 'targetEnd' | 'history'>

/** Why the positions before this poll cannot be of the logs that it found; none where nothing speaks against it. */
export function contradictionsOf(
  position: Position,
  { highWatermark: seen, targetEnd: lastTargetEnd, history }: Before,
  reading: PartitionReading,
): readonly DiscardReason[] {
  const lastHighWatermark = seen?.highWatermark
  const ofTarget =
    reading.recreated === undefined
      ? targetContradictionOf(position, lastTargetEnd, reading)
      : ({
          reason: 'recreated',
          detail: reading.recreated,
          adoptable: true,
          copiesFrom: position.discarded === undefined ? copiesFrom(history, reading) : undefined,
        } as const)
  const found = ofTarget === undefined ? [] : [ofTarget]
  if (reading.recreatedSource) return found
  const fall = fallOf(lastHighWatermark, valueIfKnown(reading.highWatermark), reading.sourceCut)
  if (fall === undefined) return found
  const detail = `${reading.name}: the source's log ended at ${lastHighWatermark} and ${fall.words}`
  return [...found, { reason: 'diverged', detail, adoptable: false, cut: { side: 'source', at: fall.to } }]
}

/**
 * The target's end before the source was recreated, while the target's log has only grown: not of the last poll, in
 * which the source may have been recreated between its listing and the target's end.
 */
function copiesFrom(
  history: Before['history'],
  { recreatedSource, recreatedTarget, targetEnd, targetCut }: PartitionReading,
): bigint | undefined {
  const newest = history.at(-1)
  const earlier = newest !== undefined && newest.firstSeenAt < newest.lastSeenAt ? newest : history.at(-2)
  const last = earlier?.copies?.target
  const end = targetEnd === 'absent' ? undefined : valueIfKnown(targetEnd)
  if (last === undefined || end === undefined || !recreatedSource || recreatedTarget) return undefined
  return fallOf(last, end, targetCut) === undefined ? last : undefined
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

/** How a log ended. */
type Ended = Pick<PartitionReading, 'recreated' | 'recreatedSource' | 'highWatermark' | 'sourceCut' | 't0'>

/**
 * What was not copied of a log that has ended is lost, and what was read of it says nothing about the one that took
 * its place.
 */
export function contentAfterDiscard(
  previous: PartitionComparison | undefined,
  reading: Ended,
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
