import type { Content, LostRange, OpenGap, Position } from '../model/comparison.ts'
import type { PartitionProgress } from '../model/observation.ts'
import { valueIfKnown } from '../model/reading.ts'
import { asCopiedAgain, withLoss } from './losses.ts'
import { hasEvidence } from './position.ts'
import type { PartitionReading } from './reading.ts'

/** Gaps that wait to be looked at; of more the oldest two become one. */
const maxGaps = 16

export const noContent: Content = {
  tail: undefined,
  audit: undefined,
  losses: undefined,
  gaps: [],
  hasPhantoms: false,
  openTransaction: undefined,
  unreadable: undefined,
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
export function withExpired(
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
export function withCopiedAgain(
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

/** Where the engine began anew further up than the log, it has left something behind: none of that was shown to be copied. */
export function withLeftBehind(
  content: Content | undefined,
  { progress, t0 }: PartitionReading,
  from: bigint,
): Content | undefined {
  const lowest = progress?.pairs?.lowest.source
  if (lowest === undefined || from >= lowest) return content
  const range = { from, to: lowest, cause: 'recreated' as const, certain: false, foundAt: t0, former: false }
  return { ...(content ?? noContent), losses: withLoss(content?.losses, range) }
}

export function withGap(gaps: readonly OpenGap[], gap: OpenGap): readonly OpenGap[] {
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
