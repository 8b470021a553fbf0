import { describe, expect, test } from 'vitest'
import { inspectionsFor, spanOf } from '../../src/compare/inspections.ts'
import type { PartitionComparison } from '../../src/model/comparison.ts'
import type { Gap } from '../../src/model/observation.ts'
import {
  aComparison,
  aContent,
  aContext,
  aPartition,
  aPosition,
  aSample,
  aTail,
} from '../support/comparisons.ts'
import { pollMs } from '../support/world.ts'

const t0 = 10_000_000
const pair = (source: bigint, target = source) => ({ source, target, writtenAtMs: 1 })

test.each([
  ['none', [], 100n, undefined],
  [
    'all that fit',
    [
      [0n, 10n],
      [20n, 30n],
      [90n, 100n],
    ],
    100n,
    [0n, 100n],
  ],
  [
    'those that fit',
    [
      [0n, 10n],
      [20n, 30n],
      [90n, 101n],
    ],
    100n,
    [0n, 30n],
  ],
  [
    'one at least',
    [
      [0n, 500n],
      [520n, 530n],
    ],
    100n,
    [0n, 500n],
  ],
] as const)('a look covers of several gaps %s', (_, offsets, most, span) => {
  const gaps = offsets.map(([from, to]): Gap => ({ after: pair(from), before: pair(to) }))
  const found = spanOf(gaps, most)
  expect(found && [found.after.source, found.before.source]).toEqual(span)
})

describe('the order of looks', () => {
  /** Something has waited in it for so long that it stands still. */
  const still = (partition: number, parts: Partial<PartitionComparison> = {}): PartitionComparison =>
    aPartition({
      partition,
      position: aPosition(3n, { pair: pair(2n) }),
      highWatermark: aSample(5n, t0, { firstSeenAt: t0 - pollMs }),
      history: [aSample(3n, t0 - 2 * pollMs, { copies: { target: 0n, source: 0n } }), aSample(5n, t0)],
      recoveryPoint: t0 - 2 * pollMs,
      missingSince: t0 - pollMs,
      targetEnd: 3n,
      logStart: 0n,
      ...parts,
    })
  const order = (partitions: readonly PartitionComparison[], auditBytesPerPoll: number): string[] => {
    const context = aContext()
    const flow = { ...context.flow, auditBytesPerPoll }
    const { inspections } = inspectionsFor(aComparison({ orders: partitions }, t0), { ...context, flow })
    return inspections.map(({ partition, purpose }) => `${purpose} ${partition}`)
  }
  const lookedAt = (readAt: number) => aContent({ tail: aTail({ readAt, from: 1n }) })

  test('who was looked at longest ago goes first, and one goes in any case', () => {
    const partitions = [
      still(0, { content: lookedAt(t0 - pollMs) }),
      still(1, { content: lookedAt(t0 - 3 * pollMs) }),
      still(2),
    ]
    expect(order(partitions, 4_000_000).slice(0, 3)).toEqual(['head 2', 'head 1', 'head 0'])
    expect(order(partitions, 1)).toEqual(['head 2'])
    expect(order(partitions, 0)).toEqual([])
  })

  test.each([
    ['a gap comes after what stands still', t0 - pollMs, ['head 0', 'gap 1']],
    ['until it has waited for two polls', t0 - 2 * pollMs, ['gap 1', 'head 0']],
  ])('%s', (_, since, expected) => {
    const gap = { after: pair(0n), before: pair(2n, 1n), proven: 0n, since }
    const covered = {
      position: aPosition(5n, { pair: pair(4n) }),
      highWatermark: aSample(5n, t0),
      missingSince: undefined,
      content: aContent({ gaps: [gap] }),
    }
    expect(order([still(0), still(1, covered)], 4_000_000).slice(0, 2)).toEqual(expected)
  })
})
