import { describe, expect, test } from 'vitest'
import { asCommitted, asCopiedAgain, asFormer, maxRanges, withLoss } from '../../src/compare/losses.ts'
import type { Losses, LostRange } from '../../src/model/comparison.ts'

const range = (from: bigint, to: bigint, parts: Partial<LostRange> = {}): LostRange => ({
  from,
  to,
  cause: 'expired',
  certain: true,
  foundAt: 1,
  former: false,
  ...parts,
})
const all = (...ranges: readonly LostRange[]): Losses | undefined =>
  ranges.reduce<Losses | undefined>(withLoss, undefined)
const spans = (losses: Losses | undefined): string[] =>
  losses?.ranges.map(({ from, to, certain }) => `${from}-${to}${certain ? '' : '?'}`) ?? []

describe('losses', () => {
  test('are counted in offsets, the certain ones apart', () => {
    const losses = all(range(0n, 10n), range(20n, 25n, { certain: false }))
    expect(losses).toMatchObject({ lost: 10n, possiblyLost: 5n })
    expect(spans(losses)).toEqual(['0-10', '20-25?'])
  })

  test('found again are not counted again', () => {
    const losses = all(range(0n, 10n), range(0n, 10n), range(3n, 7n))
    expect(losses?.lost).toBe(10n)
    expect(spans(losses)).toEqual(['0-10'])
  })

  test('that grow stay one range', () => {
    const losses = all(range(0n, 10n), range(0n, 15n), range(0n, 30n))
    expect(losses?.lost).toBe(30n)
    expect(spans(losses)).toEqual(['0-30'])
  })

  test('of another cause stay apart', () => {
    expect(spans(all(range(0n, 10n), range(10n, 15n, { cause: 'skipped' })))).toEqual(['0-10', '10-15'])
  })

  test.each([
    ['around it', range(0n, 20n), 20n, ['5-20', '0-5']],
    ['up to its beginning', range(0n, 5n), 10n, ['5-10', '0-5']],
    ['into it', range(0n, 8n), 10n, ['5-10', '0-5']],
    ['up to its end', range(0n, 10n), 10n, ['5-10', '0-5']],
    ['from its beginning', range(5n, 12n), 7n, ['5-12']],
    ['out of it', range(7n, 12n), 7n, ['5-12']],
    ['from its end', range(10n, 12n), 7n, ['5-12']],
    ['below it', range(0n, 2n), 7n, ['5-10', '0-2']],
    ['above it', range(12n, 14n), 7n, ['5-10', '12-14']],
  ])('beside what is known are counted without it: %s', (_, found, lost, ranges) => {
    const losses = all(range(5n, 10n), found)
    expect(losses?.lost).toBe(lost)
    expect(spans(losses)).toEqual(ranges)
  })

  test('that turn out to be certain are no longer only possible, and count as lost', () => {
    const losses = all(range(0n, 10n, { certain: false }), range(4n, 8n))
    expect(losses).toMatchObject({ lost: 4n, possiblyLost: 10n })
    expect(spans(losses)).toEqual(['0-4?', '8-10?', '4-8'])
  })

  test('that are certain are not made possible again', () => {
    expect(all(range(0n, 10n), range(0n, 10n, { certain: false }))).toMatchObject({
      lost: 10n,
      possiblyLost: 0n,
    })
  })

  test('of a topic that was replaced do not hide those of the next', () => {
    const former = asFormer(all(range(0n, 10n)) ?? { ranges: [], lost: 0n, possiblyLost: 0n }, 0n)
    const losses = withLoss(former, range(0n, 4n))
    expect(losses.lost).toBe(14n)
    expect(losses.ranges.map(({ former }) => former)).toEqual([true, false])
    expect(spans(withLoss(former, range(10n, 14n)))).toEqual(['0-10', '10-14'])
  })

  test('are bounded in number, not in their count', () => {
    const losses = all(...Array.from({ length: 100 }, (_, i) => range(BigInt(i * 10), BigInt(i * 10 + 1))))
    expect(losses?.ranges).toHaveLength(maxRanges)
    expect(losses?.lost).toBe(100n)
  })

  test('of nothing are none', () => {
    expect(withLoss(undefined, range(5n, 5n))).toMatchObject({ ranges: [], lost: 0n })
  })
})

describe('losses that are no more', () => {
  const formers = (losses: Losses | undefined): string[] =>
    losses?.ranges.map(({ from, to, former }) => `${from}-${to}${former ? ' formerly' : ''}`) ?? []
  const known = withLoss(
    withLoss(undefined, range(0n, 10n, { cause: 'recreated' })),
    range(20n, 30n, { cause: 'skipped' }),
  )

  test.each([
    ['behind all of them', 30n, ['0-10', '20-30']],
    ['into the second', 25n, ['0-10', '20-25', '25-30 formerly']],
    ['between them', 15n, ['0-10', '20-30 formerly']],
    ['to the beginning', 0n, ['0-10 formerly', '20-30 formerly']],
  ])('the log was replaced, or the engine went back: %s', (_, from, expected) => {
    expect(formers(asFormer(known, from))).toEqual(expected)
    expect(formers(asCopiedAgain(known, from))).toEqual(expected)
    expect(asCopiedAgain(known, from)).toMatchObject({ lost: 20n, possiblyLost: 0n })
  })

  test.each(['expired', 'truncated'] as const)('what %s is not copied again', cause => {
    const gone = withLoss(undefined, range(0n, 10n, { cause }))
    expect(asCopiedAgain(gone, 5n)).toBe(gone)
    expect(formers(asFormer(gone, 5n))).toEqual(['0-5', '5-10 formerly'])
  })

  test('stay what they are', () => {
    const once = asFormer(known, 15n)
    expect(formers(asFormer(once, 0n))).toEqual(['0-10 formerly', '20-30 formerly'])
    expect(asFormer(known, 30n)).toBe(known)
  })
})

describe('losses that await a commit', () => {
  const awaiting = range(0n, 10n, { cause: 'recreated', certain: false, awaitsCommit: true })
  const known = withLoss(
    withLoss(undefined, awaiting),
    range(10n, 12n, { cause: 'recreated', certain: false }),
  )

  test('stay apart from their neighbours that await none', () => {
    expect(spans(known)).toEqual(['0-10?', '10-12?'])
  })

  test.each([
    [8n, ['0-10?', '10-12?'], 0n],
    [9n, ['10-12?', '0-10'], 10n],
  ])('are certain once the engine would resume behind them: %s', (durable, ranges, lost) => {
    const committed = asCommitted(known, durable)
    expect(spans(committed)).toEqual(ranges)
    expect(committed).toMatchObject({ lost, possiblyLost: 12n })
    expect(asCommitted(committed, durable)).toBe(committed)
  })

  test('but not where the engine went back', () => {
    const former = asCopiedAgain(known, 0n)
    expect(asCommitted(former, 99n)).toBe(former)
  })
})
