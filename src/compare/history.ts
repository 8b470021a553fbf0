import type { CopyBound, WatermarkSample } from '../model/comparison.ts'
import type { Instant } from '../model/time.ts'

/** Samples kept above the position; at 15 s a poll the last quarter of an hour of a stall stays exact. */
export const maxSamples = 64

/**
 * The history with one more observation: `highWatermark` as it was at or after `t0`. The same high watermark again
 * only moves its instant and where its copies end. Expects `highWatermark` not below the newest sample's: a fall is another identity.
 */
export function observed(
  history: readonly WatermarkSample[],
  highWatermark: bigint,
  t0: Instant,
  copies: CopyBound | undefined,
): readonly WatermarkSample[] {
  const newest = history.at(-1)
  if (newest !== undefined && newest.highWatermark === highWatermark) {
    const lastSeenAt = Math.max(newest.lastSeenAt, t0)
    return [...history.slice(0, -1), { ...newest, lastSeenAt, copies: copies ?? newest.copies }]
  }
  return thinned([...history, { highWatermark, firstSeenAt: t0, lastSeenAt: t0, copies }], t0)
}

/**
 * The history without what the position has made redundant: of the samples at or below it only the newest proves
 * anything that the others do not.
 */
export function pruned(history: readonly WatermarkSample[], position: bigint): readonly WatermarkSample[] {
  const proven = newestProvenIndex(history, position)
  return proven > 0 ? history.slice(proven) : history
}

/** The newest instant whose high watermark is at or below the position: the recovery point (design rule 4). */
export function provenInstant(history: readonly WatermarkSample[], position: bigint): Instant | undefined {
  return history[newestProvenIndex(history, position)]?.lastSeenAt
}

/** Where the copies lie of all that the source accepted after the sample that the position proves. */
export function copyBound(history: readonly WatermarkSample[], position: bigint): CopyBound | undefined {
  return history[newestProvenIndex(history, position)]?.copies
}

/** The highest watermark that had been seen by an instant, as far as the history still has it. */
export function sampleAt(history: readonly WatermarkSample[], instant: Instant): WatermarkSample | undefined {
  return history.findLast(sample => sample.firstSeenAt <= instant)
}

function newestProvenIndex(history: readonly WatermarkSample[], position: bigint): number {
  return history.findLastIndex(sample => sample.highWatermark <= position)
}

/**
 * At most `maxSamples`: drops the sample whose loss costs least, the one with the smallest step to its successor in
 * relation to its age. Dropping a sample only ever makes a recovery point older, never newer. First and last stay:
 * they are the proven point and the present.
 */
function thinned(history: readonly WatermarkSample[], now: Instant): readonly WatermarkSample[] {
  if (history.length <= maxSamples) return history
  let dropped = -1
  let leastCost = Number.POSITIVE_INFINITY
  for (const index of history.keys()) {
    const previous = history[index - 1]
    const next = history[index + 1]
    if (previous === undefined || next === undefined) continue
    const cost = (next.lastSeenAt - previous.lastSeenAt) / (now - previous.lastSeenAt)
    if (cost < leastCost) {
      leastCost = cost
      dropped = index
    }
  }
  return history.filter((_, index) => index !== dropped)
}
