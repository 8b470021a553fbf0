import { describe, expect, test } from 'vitest'
import { ProgressFold } from '../../../src/replicators/mirrormaker2/progress.ts'

const at = { topic: 'orders', partition: 3 }

test('folds what was committed into lowest, highest and newest', () => {
  const fold = new ProgressFold()
  for (const offset of [5n, 9n, 2n]) fold.addDurable(at, offset)
  fold.addSync({ ...at, pair: { source: 7n, target: 70n, writtenAtMs: 1 } })
  fold.addSync({ ...at, pair: { source: 3n, target: 80n, writtenAtMs: 2 } })
  expect(fold.take().get('orders')?.get(3)).toEqual({
    durable: { lowest: 2n, highest: 9n, newest: 2n },
    pairs: {
      lowest: { source: 3n, target: 80n, writtenAtMs: 2 },
      highest: 7n,
      newest: { source: 3n, target: 80n, writtenAtMs: 2 },
    },
  })
  expect(fold.take().size).toBe(0)
})

test('of a log from before our time only the newest counts', () => {
  const fold = new ProgressFold()
  for (const offset of [5n, 900n, 2n]) fold.addDurable(at, offset)
  fold.addSync({ ...at, pair: { source: 700n, target: 70n, writtenAtMs: 1 } })
  fold.addSync({ ...at, pair: { source: 3n, target: 80n, writtenAtMs: 2 } })
  fold.keepNewest()
  expect(fold.take().get('orders')?.get(3)).toMatchObject({
    durable: { lowest: 2n, highest: 2n, newest: 2n },
    pairs: { lowest: { source: 3n }, highest: 3n },
  })
})

describe('neighbouring pairs', () => {
  const folded = (...pairs: readonly (readonly [bigint, bigint])[]) => {
    const fold = new ProgressFold()
    for (const [source, target] of pairs) fold.addSync({ ...at, pair: { source, target, writtenAtMs: 1 } })
    return fold.take().get('orders')?.get(3)?.pairs
  }

  test.each([
    [
      'without a gap',
      [
        [1n, 1n],
        [5n, 5n],
      ],
      [],
    ],
    [
      'with a gap',
      [
        [1n, 1n],
        [5n, 4n],
      ],
      ['1-5'],
    ],
    [
      'with a gap that was copied again from its beginning',
      [
        [1n, 1n],
        [5n, 4n],
        [2n, 5n],
      ],
      [],
    ],
    [
      'with a gap that was copied again from the middle',
      [
        [1n, 1n],
        [5n, 4n],
        [3n, 5n],
      ],
      ['1-5'],
    ],
    [
      'with two gaps, one of which was copied again',
      [
        [1n, 1n],
        [5n, 4n],
        [9n, 7n],
        [6n, 8n],
      ],
      ['1-5'],
    ],
    [
      'that went back and on',
      [
        [1n, 1n],
        [5n, 4n],
        [2n, 5n],
        [7n, 6n],
      ],
      ['2-7'],
    ],
  ] as const)('%s', (_, pairs, gaps) => {
    expect(folded(...pairs)?.gaps?.map(gap => `${gap.after.source}-${gap.before.source}`) ?? []).toEqual(gaps)
  })

  test('of a log that was cut off count from the cut on', () => {
    expect(folded([1n, 1n], [9n, 8n], [7n, 3n], [8n, 4n])).toMatchObject({
      cut: { after: { source: 9n }, before: { source: 7n } },
      lowest: { source: 7n },
      highest: 8n,
      newest: { source: 8n },
    })
  })

  test('that are the same are a sync that was sent twice', () => {
    expect(folded([5n, 5n], [5n, 5n])?.cut).toBeUndefined()
  })
})
