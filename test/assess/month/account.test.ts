import { describe, expect, test } from 'vitest'
import { accountOf } from '../../../src/assess/month/account.ts'
import type { MonthState } from '../../../src/assess/month/states.ts'
import type { Stretch } from '../../../src/assess/month/timeline.ts'

type Piece = readonly [minutes: number, state: MonthState, more?: { worstMs?: number; objective?: number }]

/** Pieces of time one after the other. */
function stretchesOf(fromMinute: number, pieces: readonly Piece[]): readonly Stretch[] {
  let atMs = fromMinute * 60_000
  return pieces.map(([minutes, state, { worstMs, objective = 0.9 } = {}]) => {
    const fromMs = atMs
    atMs += minutes * 60_000
    return { fromMs, toMs: atMs, state, objectiveRatio: objective, worstMs }
  })
}

function judged(
  pieces: readonly Piece[],
  around: { before?: readonly Piece[]; after?: readonly Piece[] } = {},
) {
  const minutes = (list: readonly Piece[]): number => list.reduce((sum, [length]) => sum + length, 0)
  const { before = [], after = [] } = around
  const toMinute = minutes(pieces)
  return accountOf({ fromMs: 0, toMs: toMinute * 60_000 }, stretchesOf(0, pieces), {
    before: stretchesOf(-minutes(before), before),
    after: stretchesOf(toMinute, after),
  })
}

describe('the verdict, for an objective of 90 %', () => {
  test.each<[string, readonly Piece[], string]>([
    ['all of it kept', [[100, 'kept']], 'kept'],
    [
      'just as much bad time as it bears',
      [
        [90, 'kept'],
        [10, 'breached'],
      ],
      'kept',
    ],
    [
      'a minute more',
      [
        [89, 'kept'],
        [11, 'breached'],
      ],
      'not_kept',
    ],
    [
      'nobody reporting is bad',
      [
        [89, 'kept'],
        [11, 'unreported'],
      ],
      'not_kept',
    ],
    [
      'a hole so small that it does not matter',
      [
        [95, 'kept'],
        [5, 'no_data'],
      ],
      'kept',
    ],
    [
      'a hole that may have been too much',
      [
        [85, 'kept'],
        [15, 'no_data'],
      ],
      'cannot_tell',
    ],
    [
      'so much bad time that no hole makes it good',
      [
        [50, 'kept'],
        [30, 'breached'],
        [20, 'no_data'],
      ],
      'not_kept',
    ],
    [
      'a moment after a restart is no good one',
      [
        [89, 'kept'],
        [11, 'unjudged'],
      ],
      'cannot_tell',
    ],
    [
      'maintenance counts neither way',
      [
        [9, 'kept'],
        [1, 'breached'],
        [990, 'maintenance'],
      ],
      'kept',
    ],
    ['nothing but maintenance', [[100, 'maintenance']], 'not_expected'],
    ['nothing but failed over', [[100, 'failed_over']], 'not_expected'],
    ['nothing recorded', [[100, 'no_data']], 'cannot_tell'],
  ])('%s', (_, pieces, verdict) => {
    expect(judged(pieces).verdict).toBe(verdict)
  })

  test('without an objective nothing can be said', () => {
    const [stretch] = stretchesOf(0, [[10, 'kept']])
    if (stretch === undefined) throw new Error('there is one')
    const account = accountOf({ fromMs: 0, toMs: 600_000 }, [{ ...stretch, objectiveRatio: undefined }], {
      before: [],
      after: [],
    })
    expect(account).toMatchObject({ verdict: 'cannot_tell', errorBudgetMs: undefined, keptRatio: 1 })
  })
})

test('an objective that was changed is weighted by the time that it counted', () => {
  const account = judged([
    [30, 'kept', { objective: 0.9 }],
    [100, 'maintenance', { objective: 0.9 }],
    [90, 'kept', { objective: 0.99 }],
  ])
  expect(account.objectiveRatio).toBeCloseTo((30 * 0.9 + 90 * 0.99) / 120, 12)
  // 10 % of 30 minutes and 1 % of 90.
  expect(account.errorBudgetMs).toBeCloseTo((3 + 0.9) * 60_000, 6)
  expect(account.objectives).toEqual([
    { fromMs: 0, ratio: 0.9 },
    { fromMs: 130 * 60_000, ratio: 0.99 },
  ])
})

describe('breaches', () => {
  test('silence does not end one', () => {
    const { breaches } = judged([
      [10, 'kept'],
      [5, 'breached', { worstMs: 1_000 }],
      [2, 'unjudged'],
      [20, 'unreported'],
      [3, 'no_data'],
      [5, 'breached', { worstMs: 9_000 }],
      [1, 'unjudged'],
      [10, 'kept'],
    ])
    expect(breaches).toEqual([
      {
        fromMs: 10 * 60_000,
        toMs: 45 * 60_000,
        toldUntilMs: 10 * 60_000,
        ended: { atMs: 46 * 60_000, state: 'kept' },
        badMs: 30 * 60_000,
        badInPeriodMs: 30 * 60_000,
        unreportedMs: 20 * 60_000,
        untoldMs: 5 * 60_000,
        worstMs: 9_000,
      },
    ])
  })

  test('a good moment does, and so does a maintenance', () => {
    const { breaches } = judged([
      [5, 'breached'],
      [1, 'kept'],
      [5, 'breached'],
      [10, 'maintenance'],
      [5, 'breached'],
    ])
    expect(breaches.map(({ fromMs, ended }) => [fromMs / 60_000, ended?.state])).toEqual([
      [0, 'kept'],
      [6, 'maintenance'],
      [21, undefined],
    ])
  })

  test('of one that was there before, only the time in the period is spent', () => {
    const { breaches, badMs } = judged(
      [
        [5, 'breached'],
        [95, 'kept'],
      ],
      {
        before: [
          [10, 'kept'],
          [40, 'breached', { worstMs: 7_000 }],
        ],
      },
    )
    expect(badMs).toBe(5 * 60_000)
    expect(breaches).toMatchObject([
      {
        fromMs: -40 * 60_000,
        toldUntilMs: -40 * 60_000,
        badMs: 45 * 60_000,
        badInPeriodMs: 5 * 60_000,
        worstMs: 7_000,
      },
    ])
  })

  test('where nothing was told before, the begin is not known', () => {
    expect(
      judged([
        [5, 'no_data'],
        [5, 'breached'],
        [5, 'kept'],
      ]).breaches[0]?.toldUntilMs,
    ).toBeUndefined()
    expect(
      judged([
        [5, 'kept'],
        [5, 'no_data'],
        [5, 'breached'],
      ]).breaches[0]?.toldUntilMs,
    ).toBe(5 * 60_000)
  })

  test('one that is only before or after does not count', () => {
    expect(judged([[10, 'kept']], { before: [[5, 'breached']], after: [[5, 'breached']] }).breaches).toEqual(
      [],
    )
  })
})
