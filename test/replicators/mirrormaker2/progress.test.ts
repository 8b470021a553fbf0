import { expect, test } from 'vitest'
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
