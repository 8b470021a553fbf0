import { describe, expect, test } from 'vitest'
import { mayHaveSkipped } from '../../src/compare/late.ts'
import { noPosition } from '../../src/compare/position.ts'
import type { OffsetPair, PartitionProgress } from '../../src/model/observation.ts'
import { aContext, aPosition } from '../support/comparisons.ts'
import { flushMs, pollMs } from '../support/world.ts'

const t0 = 10_000_000
const pair = (source: bigint, target = source): OffsetPair => ({ source, target, writtenAtMs: 1 })
const paired = (newest: OffsetPair, lowest = newest): PartitionProgress => ({
  pairs: { lowest, highest: newest.source, newest },
})

describe('an engine that goes on', () => {
  const waiting = (pausedMs: number, movedAt: number | undefined = t0 - 5 * flushMs) => ({
    position: aPosition(10n, { pair: pair(9n) }),
    missingSince: t0 - pausedMs,
    movedAt,
  })
  const surplus = paired(pair(14n, 15n))

  test.each([
    ['nothing is known of it', undefined, surplus, false],
    ['it paused for longer than between two commits', waiting(flushMs + 1), undefined, true],
    ['it paused as long as between two commits', waiting(flushMs), undefined, false],
    ['it paused, and the target got more than the source', waiting(2 * pollMs + 1), surplus, true],
    ['it paused for two polls only', waiting(2 * pollMs), surplus, false],
    ['the target got as much as the source', waiting(2 * pollMs + 1), paired(pair(14n)), false],
    ['it moved a poll ago', waiting(flushMs + 1, t0 - pollMs), surplus, false],
    ['it never moved', { ...waiting(flushMs + 1), movedAt: undefined }, undefined, true],
    ['nothing was missing', { ...waiting(0), missingSince: undefined }, surplus, false],
    [
      'it wrote no pair before',
      { ...waiting(2 * pollMs + 1), position: aPosition(10n) },
      paired(pair(14n, 99n)),
      false,
    ],
    [
      'it begins where the log does',
      { ...waiting(0), position: noPosition },
      paired(pair(4n), pair(0n)),
      false,
    ],
    ['it begins further up', { ...waiting(0), position: noPosition }, paired(pair(4n), pair(1n)), true],
    [
      'it begins further up, in a log that was empty',
      { ...waiting(0), position: noPosition, missingSince: undefined },
      paired(pair(4n), pair(1n)),
      true,
    ],
  ])('may have skipped something: %s', (_, partition, progress, expected) => {
    expect(mayHaveSkipped(partition, progress, t0, aContext())).toBe(expected)
  })
})
