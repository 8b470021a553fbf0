import { describe, expect, test } from 'vitest'
import {
  adopted,
  advanced,
  discard,
  type EstimateInput,
  estimated,
  noPosition,
  raisedTo,
} from '../../src/compare/position.ts'
import type { Position } from '../../src/model/comparison.ts'
import type { PartitionProgress } from '../../src/model/observation.ts'

const durable = (...offsets: readonly [bigint, ...bigint[]]): PartitionProgress => ({
  durable: {
    lowest: offsets.reduce((a, b) => (b < a ? b : a)),
    highest: offsets.reduce((a, b) => (b > a ? b : a)),
    newest: offsets.at(-1) ?? offsets[0],
  },
})

const pairOf = ([source, target]: readonly [bigint, bigint]) => ({ source, target, writtenAtMs: 1_000 })

const pairs = (...offsets: readonly [[bigint, bigint], ...[bigint, bigint][]]): PartitionProgress => {
  const sources = offsets.map(([source]) => source)
  const [source, target] = offsets.at(-1) ?? offsets[0]
  return {
    pairs: {
      lowest: pairOf(offsets.reduce((a, b) => (b[0] < a[0] ? b : a))),
      highest: sources.reduce((a, b) => (b > a ? b : a)),
      newest: { source, target, writtenAtMs: 1_000 },
    },
  }
}

const after = (...steps: readonly PartitionProgress[]): Position =>
  steps.reduce<Position>((position, step) => advanced(position, step, 10_000n), noPosition)

describe('the proven position', () => {
  test('is 0 before the engine has committed anything', () => {
    expect(noPosition.proven).toBe(0n)
  })

  test('lies behind the last replicated offset', () => {
    expect(after(durable(79n)).proven).toBe(80n)
  })

  test.each([
    ['a durable position behind a newer pair', [pairs([120n, 100n]), durable(99n)], 121n],
    ['a pair behind a newer durable position', [durable(130n), pairs([120n, 100n])], 131n],
    ['a pair that rewound after a restart', [pairs([633n, 633n]), pairs([593n, 673n])], 634n],
    ['a rewind within one poll', [pairs([633n, 633n], [593n, 673n])], 634n],
  ])('is the running maximum: %s', (_, steps, proven) => {
    expect(after(...steps).proven).toBe(proven)
  })
})

describe('the durable position', () => {
  test.each([
    ['is the newest, although it went back', [durable(130n), durable(99n)], 99n],
    ['stays while the engine writes pairs only', [durable(130n), pairs([150n, 150n])], 130n],
  ])('%s', (_, steps, expected) => {
    expect(after(...steps).durable).toBe(expected)
  })
})

describe('what the position rests on', () => {
  const read = raisedTo(after(durable(79n)), 100n, 'content')

  test.each([
    ['commits below what was read', durable(89n), 'content', 100n],
    ['commits up to what was read', durable(99n), 'commits', 100n],
    ['commits behind what was read', durable(120n), 'commits', 121n],
    ['nothing new', {}, 'content', 100n],
  ])('%s', (_, progress, basis, proven) => {
    expect(advanced(read, progress, 10_000n)).toMatchObject({ basis, proven })
  })

  test('reading up to what was committed changes nothing', () => {
    expect(raisedTo(after(durable(79n)), 80n, 'content').basis).toBe('commits')
  })
})

const why = (reason: 'recreated' | 'diverged') => ({ reason, detail: 'why', adoptable: true })

describe('after a discard', () => {
  const discarded = discard(after(durable(447n), pairs([450n, 450n])), why('recreated'), 5)

  const afterThat = (...steps: readonly PartitionProgress[]): Position =>
    steps.reduce<Position>((position, step) => advanced(position, step, 10_000n), discarded)

  test('nothing is proven', () => {
    expect(discarded).toMatchObject({ proven: 0n, estimated: 0n, pair: undefined })
    expect(discarded.discarded).toMatchObject({ reason: 'recreated', beganAnewAtOrBelow: 447n })
  })

  test.each([
    ['the engine goes on behind its old position', durable(785n)],
    ['a flush of the old run arrives late', durable(448n)],
    ['an ordinary restart resumes behind its durable position', pairs([448n, 900n])],
  ])('it stays so while %s', (_, progress) => {
    expect(advanced(discarded, progress, 10_000n).proven).toBe(0n)
    expect(advanced(discarded, progress, 10_000n).discarded).toBeDefined()
  })

  test.each([
    ['a pair at the beginning', pairs([0n, 500n]), 1n],
    ['a pair at the beginning and newer ones in the same poll', pairs([0n, 500n], [99n, 599n]), 100n],
    [
      'a pair at the beginning beside a late flush of the old run',
      { ...pairs([0n, 500n]), ...durable(460n) },
      1n,
    ],
  ])('the engine began anew with %s', (_, progress, proven) => {
    const position = advanced(discarded, progress, 10_000n)
    expect(position.proven).toBe(proven)
    expect(position.discarded).toBeUndefined()
  })

  test.each([
    ['a pair that the target does not hold: its log is gone', 901n, 902n],
    ['one that it does not hold yet', 901n, undefined],
  ])('it stays so with %s', (_, target, nextEnd) => {
    const seen = advanced(discarded, pairs([0n, target]), 901n)
    expect(seen.discarded?.wentBack?.target).toBe(target)
    const held = advanced(seen, {}, nextEnd)
    expect(held.discarded === undefined).toBe(nextEnd !== undefined)
    expect(held.proven).toBe(nextEnd === undefined ? 0n : 1n)
  })

  test('a pair that the next poll does not find on the target either is forgotten', () => {
    const seen = advanced(advanced(discarded, pairs([0n, 901n]), 901n), {}, 901n)
    expect(seen.discarded).toMatchObject({ wentBack: undefined, since: { target: 901n } })
    expect(advanced(seen, {}, 1_000n).discarded).toBeDefined()
  })

  test.each([
    ['below the old one', 2n, 3n],
    ['at the old one, of a topic with as few records', 447n, 448n],
  ])('the engine began anew with a durable position %s', (_, offset, proven) => {
    const withoutPairs = discard(after(durable(447n)), why('recreated'), 5)
    expect(advanced(withoutPairs, durable(offset), 10_000n)).toMatchObject({ proven, discarded: undefined })
    expect(advanced(withoutPairs, durable(448n), 10_000n).discarded).toBeDefined()
    // With pairs it is believed where the target holds the newest of them.
    expect(advanced(discarded, durable(offset), 451n)).toMatchObject({ proven, discarded: undefined })
    expect(advanced(discarded, durable(offset), 450n).discarded).toBeDefined()
    expect(advanced(discarded, durable(offset), undefined).discarded).toBeDefined()
  })

  test.each([
    ['at the bar', pairs([447n, 500n]), 448n],
    ['above it', pairs([448n, 500n]), 0n],
  ])('a pair %s counts from there on', (_, progress, proven) => {
    expect(advanced(discarded, progress, 10_000n).proven).toBe(proven)
  })

  test.each([
    ['the newest since', pairs([500n, 500n], [600n, 700n]), 700n, false],
    ['the newest since', pairs([500n, 500n], [600n, 700n]), 701n, true],
    ['the newest before', undefined, 450n, false],
    ['the newest before', undefined, 451n, true],
  ])('a durable position alone counts where the target holds %s', (_, between, end, counts) => {
    const noted = between === undefined ? discarded : advanced(discarded, between, end)
    expect(advanced(noted, durable(3n), end).discarded === undefined).toBe(counts)
    const again = discard(noted, why('recreated'), 6)
    expect(advanced(again, durable(3n), end).discarded === undefined).toBe(counts)
  })

  test('content can show where the copy begins, unless the source was cut off; or once it is another log', () => {
    const ofSource = { ...why('diverged'), adoptable: false, cut: { side: 'source', at: 300n } } as const
    const ofTarget = { ...why('diverged'), cut: { side: 'target', at: 300n } } as const
    const cut = discard(after(durable(447n)), ofSource, 5)
    expect(cut.discarded).toMatchObject({ adoptable: false, settled: false, sourceCut: 300n })
    expect(discard(cut, ofTarget, 6).discarded?.adoptable).toBe(false)
    expect(discard(cut, why('recreated'), 6).discarded?.adoptable).toBe(true)
    expect(discard(after(durable(447n)), ofTarget, 5).discarded?.adoptable).toBe(true)
    expect(discard(cut, { ...ofSource, cut: { side: 'source', at: 200n } }, 6).discarded).toMatchObject({
      sourceCut: 200n,
      beganAnewAtOrBelow: 199n,
    })
    expect(discard(cut, { ...ofSource, cut: { side: 'source', at: 400n } }, 6).discarded?.sourceCut).toBe(
      300n,
    )
  })

  test('where the source was cut off, going back that far shows nothing of a target that was cut off before', () => {
    const cut = { ...why('diverged'), cut: { side: 'source', at: 300n } } as const
    expect(discard(after(durable(447n)), cut, 5).discarded?.beganAnewAtOrBelow).toBe(447n)
    expect(discard(discarded, cut, 6).discarded?.beganAnewAtOrBelow).toBe(299n)
  })

  test.each([
    ['counted back from the newest pair', pairs([450n, 400n]), 380n, 430n],
    ['not above the position', pairs([450n, 400n]), 500n, 451n],
    ['not below 0', pairs([450n, 900n]), 100n, 0n],
    ['none where no pair tells', durable(447n), 380n, 0n],
  ])('of a target that was cut off, what it can still hold is remembered: %s', (_, progress, at, proven) => {
    const cut = { ...why('diverged'), cut: { side: 'target', at } } as const
    expect(discard(after(progress), cut, 5).discarded?.proven).toBe(proven)
  })

  test('that it went on meanwhile does not move the bar', () => {
    const wentOn = advanced(discarded, durable(900n), 10_000n)
    expect(advanced(wentOn, pairs([500n, 500n]), 10_000n).discarded).toBeDefined()
    expect(advanced(wentOn, pairs([0n, 901n]), 10_000n).proven).toBe(1n)
  })

  test('a position that rests on pairs alone is discarded as well, and so is one that rests on commits alone', () => {
    expect(discard(after(pairs([450n, 450n])), why('diverged'), 5).discarded?.beganAnewAtOrBelow).toBe(450n)
    expect(discard(after(durable(447n)), why('diverged'), 5).discarded?.beganAnewAtOrBelow).toBe(447n)
  })

  test.each([
    ['while it stays so', [durable(900n), pairs([500n, 500n])], 900n],
    ['when the engine began anew with a pair', [pairs([0n, 500n])], 447n],
  ])('the durable position is remembered %s', (_, steps, expected) => {
    expect(afterThat(...steps).durable).toBe(expected)
  })

  test('the newest pair is kept aside, for content to show whether it is of the new identity', () => {
    const since = afterThat(pairs([500n, 500n]), pairs([600n, 600n]), durable(700n))
    expect(since).toMatchObject({ pair: undefined, discarded: { since: { source: 600n, target: 600n } } })
  })

  test('adopted with a pair, it stands behind that pair, by content', () => {
    const pair = { source: 600n, target: 500n, writtenAtMs: 1_000 }
    expect(adopted(advanced(discarded, durable(700n), 10_000n), pair)).toEqual({
      ...noPosition,
      proven: 601n,
      estimated: 601n,
      durable: 700n,
      pair,
      basis: 'content',
    })
  })

  test('no floor raises it', () => {
    expect(raisedTo(discarded, 5n, 'content')).toEqual(discarded)
  })

  test('discarded again it stays discarded', () => {
    const once = discard(after(pairs([450n, 450n])), why('recreated'), 5)
    expect(discard(once, why('recreated'), 6).discarded).toBeDefined()
  })

  test('where nothing was ever committed there is nothing to discard', () => {
    expect(discard(noPosition, why('recreated'), 5)).toEqual(noPosition)
    const nothingRetained = raisedTo(noPosition, 5n, 'commits')
    expect(discard(nothingRetained, why('recreated'), 5)).toEqual(noPosition)
  })
})

describe('raising to a floor', () => {
  test('never lowers', () => {
    expect(raisedTo(after(durable(9n)), 5n, 'commits').proven).toBe(10n)
    expect(raisedTo(noPosition, 5n, 'commits')).toMatchObject({ proven: 5n, estimated: 5n })
  })
})

describe('the estimate', () => {
  const input = (parts: Partial<EstimateInput>): EstimateInput => ({
    targetEnd: undefined,
    highWatermark: 10_000n,
    tasksChangedAtMs: undefined,
    ...parts,
  })

  test('counts on from the newest pair by what the target has gained since', () => {
    const position = after(pairs([1_000n, 950n]))
    expect(estimated(position, input({ targetEnd: 956n })).estimated).toBe(1_006n)
  })

  test('is the proven position where the target end is not known', () => {
    expect(estimated(after(pairs([1_000n, 950n])), input({})).estimated).toBe(1_001n)
  })

  test('never proves anything', () => {
    expect(estimated(after(pairs([1_000n, 950n])), input({ targetEnd: 956n })).proven).toBe(1_001n)
  })

  test('a target end read before the pair was written counts as the pair itself', () => {
    expect(estimated(after(pairs([1_000n, 950n])), input({ targetEnd: 940n })).estimated).toBe(1_001n)
  })

  test('above the high watermark it condemns its pair until a newer one comes', () => {
    const position = estimated(after(pairs([75n, 151n])), input({ targetEnd: 186n, highWatermark: 93n }))
    expect(position.estimated).toBe(76n)
    const later = estimated(position, input({ targetEnd: 186n, highWatermark: 500n }))
    expect(later.estimated).toBe(76n)
    const newer = advanced(later, pairs([110n, 186n]), 10_000n)
    expect(estimated(newer, input({ targetEnd: 190n, highWatermark: 500n })).estimated).toBe(114n)
  })

  test('at the high watermark is believed: everything has been copied', () => {
    const position = after(pairs([1_000n, 950n]))
    expect(estimated(position, input({ targetEnd: 956n, highWatermark: 1_006n })).estimated).toBe(1_006n)
  })

  test('of a pair older than the newest task state is not believed', () => {
    const position = after(pairs([75n, 151n]))
    expect(estimated(position, input({ targetEnd: 186n, tasksChangedAtMs: 1_001 })).estimated).toBe(76n)
    expect(estimated(position, input({ targetEnd: 186n, tasksChangedAtMs: 1_000 })).estimated).toBe(110n)
  })

  test('is held when a pair rewinds', () => {
    const before = estimated(after(pairs([633n, 633n])), input({ targetEnd: 700n }))
    const rewound = advanced(before, pairs([593n, 740n]), 10_000n)
    expect(estimated(rewound, input({ targetEnd: 745n })).estimated).toBe(700n)
  })

  test('never exceeds the high watermark', () => {
    const before = estimated(after(pairs([633n, 633n])), input({ targetEnd: 700n }))
    expect(estimated(before, input({ highWatermark: 650n })).estimated).toBe(650n)
  })
})
