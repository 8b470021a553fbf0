import { describe, expect, test } from 'vitest'
import { type Account, accountOf } from '../../../src/assess/month/account.ts'
import type { MonthState } from '../../../src/assess/month/states.ts'
import type { Stretch } from '../../../src/assess/month/timeline.ts'
import { calendar } from '../../../src/present/report/calendar.ts'
import { breachesShown, keptText, monthSection, verdictText } from '../../../src/present/report/month.ts'

const minute = 60_000
const from = Date.UTC(2026, 9, 1)

function stretchesOf(pieces: readonly (readonly [minutes: number, state: MonthState])[]): readonly Stretch[] {
  let atMs = from
  return pieces.map(([minutes, state]) => {
    const fromMs = atMs
    atMs += minutes * minute
    return { fromMs, toMs: atMs, state, objectiveRatio: 0.9, worstMs: undefined }
  })
}

function judged(stretches: readonly Stretch[]): Account {
  const toMs = stretches.at(-1)?.toMs ?? from
  return accountOf({ fromMs: from, toMs }, stretches, { before: [], after: [] })
}

test.each<[string, readonly (readonly [number, MonthState])[], string, string]>([
  ['all good', [[100, 'kept']], '100 %', 'objective kept'],
  [
    'good and bad',
    [
      [80, 'kept'],
      [20, 'breached'],
    ],
    '80 %',
    'objective not kept',
  ],
  [
    'a hole, and nothing bad',
    [
      [95, 'kept'],
      [5, 'no_data'],
    ],
    'at least 95 %',
    'objective kept',
  ],
  [
    'a hole, and bad time',
    [
      [80, 'kept'],
      [10, 'breached'],
      [10, 'unjudged'],
    ],
    '80 % to 90 %',
    'cannot be told',
  ],
  ['nothing but a hole', [[100, 'no_data']], 'unknown', 'cannot be told'],
  ['nothing but maintenance', [[100, 'maintenance']], 'not expected', 'outside of the SLO'],
])('%s', (_, pieces, kept, verdict) => {
  const account = judged(stretchesOf(pieces))
  expect(keptText(account)).toBe(kept)
  expect(verdictText(account).word).toBe(verdict)
})

describe('the calendar', () => {
  const picture = (pieces: readonly (readonly [number, MonthState])[]): string => {
    const stretches = stretchesOf(pieces)
    return calendar({ fromMs: from, toMs: stretches.at(-1)?.toMs ?? from }, stretches, 'a title').toString()
  }
  const rects = (markup: string): readonly string[] =>
    [...markup.matchAll(/<rect class="(\w+)" x="(\d+)" y="(\d+)" width="(\d+)"/g)].map(([, ...parts]) =>
      parts.join(' '),
    )

  test('has a row a day, and 720 pixels from midnight to midnight', () => {
    expect(
      rects(
        picture([
          [1_440, 'kept'],
          [720, 'maintenance'],
          [720, 'kept'],
        ]),
      ),
    ).toEqual(['kept 34 16 720', 'maintenance 34 28 360', 'kept 394 28 360'])
  })

  test('shows even the shortest breach, on top of what is around it', () => {
    expect(
      rects(
        picture([
          [720, 'kept'],
          [0.5, 'breached'],
          [719.5, 'kept'],
        ]),
      ),
    ).toEqual(['kept 34 16 360', 'kept 395 16 359', 'breached 394 16 3'])
  })

  test('stays small, however much it flaps', () => {
    const flapping = Array.from(
      { length: 44_640 },
      (_, index) => [1, index % 2 ? 'kept' : 'breached'] as const,
    )
    expect(rects(picture(flapping))).toHaveLength(31)
  })
})

test('of more breaches than people read the longest are listed, and the others counted', () => {
  const stretches = stretchesOf(
    Array.from(
      { length: 2 * (breachesShown + 3) },
      (_, index) => [1 + (index === 2 ? 1 : 0), index % 2 ? 'kept' : 'breached'] as const,
    ),
  )
  const markup = monthSection(
    {
      flow: 'a',
      labels: {},
      account: judged(stretches),
      stretches,
      intervalMs: minute,
      windowSeconds: undefined,
    },
    'October 2026',
    '',
  ).toString()
  expect(markup).toContain(
    `${breachesShown + 3} breaches: the ${breachesShown} longest, 3 shorter ones are left out`,
  )
  // The second is the longest.
  expect(markup).toContain('<span class="instant">2026-10-01 00:02:00</span>')
})
