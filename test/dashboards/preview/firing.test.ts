import { expect, test } from 'vitest'
import { firingAt } from './firing.ts'

const minute = 60_000
const fired = (rule: Parameters<typeof firingAt>[0], ...active: readonly number[]): readonly number[] =>
  firingAt(rule, new Set(active.map(at => at * minute)), { fromMs: 0, toMs: 9 * minute }, minute).map(
    at => at / minute,
  )

test.each([
  ['at once', {}, [2, 3], [2, 3]],
  ['after its for', { for: '2m' }, [1, 2, 3, 4], [3, 4]],
  ['not after an interruption', { for: '2m' }, [1, 2, 4, 5], []],
  ['for longer than its reason', { keep_firing_for: '2m' }, [1], [1, 2]],
  [
    'without waiting again while it is kept',
    { for: '1m', keep_firing_for: '3m' },
    [0, 1, 3],
    [1, 2, 3, 4, 5],
  ],
])('an alert fires %s', (_, rule, active, firing) => {
  expect(fired(rule, ...active)).toEqual(firing)
})
