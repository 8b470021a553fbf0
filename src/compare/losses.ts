import type { Losses, LostRange } from '../model/comparison.ts'

/** Ranges kept for people; the counts go on. */
export const maxRanges = 32

/**
 * The losses with one more range. Offsets that were counted before are not counted again; a range that turns out to
 * be certain is counted as lost although it was counted as possibly lost before.
 */
export function withLoss(losses: Losses | undefined, found: LostRange): Losses {
  const before = losses ?? { ranges: [], lost: 0n, possiblyLost: 0n }
  const same = (range: LostRange): boolean =>
    !range.former && !found.former && (range.certain || !found.certain)
  const fresh = before.ranges
    .filter(same)
    .reduce<readonly OffsetSpan[]>((open, range) => open.flatMap(span => without(span, range)), [found])
  const offsets = fresh.reduce((sum, { from, to }) => sum + (to - from), 0n)
  if (offsets <= 0n) return before
  const kept = before.ranges.flatMap(range =>
    range.certain || !found.certain || range.former || found.former
      ? [range]
      : without(range, found).map(span => ({ ...range, ...span })),
  )
  const ranges = fresh.reduce<readonly LostRange[]>((all, span) => joined(all, { ...found, ...span }), kept)
  return {
    ranges: ranges.slice(-maxRanges),
    lost: before.lost + (found.certain ? offsets : 0n),
    possiblyLost: before.possiblyLost + (found.certain ? 0n : offsets),
  }
}

/** The same losses after the engine's durable position moved: what awaited that is certain behind it. */
export function asCommitted(losses: Losses, durable: bigint): Losses {
  const settled = losses.ranges.filter(
    ({ awaitsCommit, certain, former, to }) =>
      awaitsCommit === true && !certain && !former && to <= durable + 1n,
  )
  return settled.reduce<Losses>(
    (all, range) => withLoss(all, { ...range, certain: true, awaitsCommit: false }),
    losses,
  )
}

/** The same losses, as those of a log that has been replaced from an offset on. */
export function asFormer(losses: Losses, from: bigint): Losses {
  return withFormer(losses, from, () => true)
}

/** The same losses after the engine went back to an offset: what the source still had is no longer skipped. */
export function asCopiedAgain(losses: Losses, from: bigint): Losses {
  return withFormer(losses, from, ({ cause }) => cause === 'skipped' || cause === 'recreated')
}

function withFormer(losses: Losses, from: bigint, applies: (range: LostRange) => boolean): Losses {
  if (!losses.ranges.some(range => !range.former && range.to > from && applies(range))) return losses
  return {
    ...losses,
    ranges: losses.ranges.flatMap(range => {
      if (range.former || range.to <= from || !applies(range)) return [range]
      if (range.from >= from) return [{ ...range, former: true }]
      return [
        { ...range, to: from },
        { ...range, from, former: true },
      ]
    }),
  }
}

interface OffsetSpan {
  readonly from: bigint
  readonly to: bigint
}

function without(span: OffsetSpan, taken: OffsetSpan): OffsetSpan[] {
  if (taken.to <= span.from || taken.from >= span.to) return [span]
  const left: OffsetSpan[] = []
  if (span.from < taken.from) left.push({ from: span.from, to: taken.from })
  if (taken.to < span.to) left.push({ from: taken.to, to: span.to })
  return left
}

/** A range that grows stays one range. */
function joined(ranges: readonly LostRange[], range: LostRange): readonly LostRange[] {
  const index = ranges.findIndex(
    other =>
      other.to === range.from &&
      other.cause === range.cause &&
      other.certain === range.certain &&
      (other.awaitsCommit ?? false) === (range.awaitsCommit ?? false) &&
      other.former === range.former,
  )
  const other = ranges[index]
  if (other === undefined) return [...ranges, range]
  return ranges.with(index, { ...other, to: range.to })
}
