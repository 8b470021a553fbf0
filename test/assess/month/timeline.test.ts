import { describe, expect, test } from 'vitest'
import { Evaluations, type Facts, stateOf } from '../../../src/assess/month/evaluations.ts'
import { Timeline } from '../../../src/assess/month/timeline.ts'

const kept: Facts = { bad: 0, active: 1, expected: 1, slack: 200, objective: 0.999, window: 604_800 }
const passed = (slack: number): Facts => ({ ...kept, bad: 1, slack })

/** Seconds at which the rules were evaluated, with what they recorded, as stretches `from-to state`. */
function told(
  evaluations: readonly (readonly [second: number, facts: Facts])[],
  period = { from: 0, to: 300 },
  usualSeconds = 30,
): { readonly lines: readonly string[]; readonly timeline: Timeline } {
  const timeline = new Timeline({ fromMs: period.from * 1000, toMs: period.to * 1000 }, usualSeconds * 1000)
  for (const [second, facts] of evaluations) timeline.add({ atMs: second * 1000, facts })
  const lines = timeline
    .end()
    .map(
      ({ fromMs, toMs, state, worstMs }) =>
        `${fromMs / 1000}-${toMs / 1000} ${state}${worstMs === undefined ? '' : ` ${worstMs / 1000}`}`,
    )
  return { lines, timeline }
}

function every(seconds: number, from: number, to: number, facts: Facts = kept): [number, Facts][] {
  return Array.from({ length: Math.ceil((to - from) / seconds) }, (_, index) => [
    from + index * seconds,
    facts,
  ])
}

describe('what an evaluation stands for', () => {
  test('the time until the next one', () => {
    expect(told(every(30, 0, 300)).lines).toEqual(['0-300 kept'])
  })

  test('a period that begins between two evaluations', () => {
    expect(told(every(30, -50, 300)).lines).toEqual(['0-300 kept'])
  })

  test('one that is missing is a hole of one interval', () => {
    const evaluations = every(30, 0, 300).filter(([second]) => second !== 120)
    expect(told(evaluations).lines).toEqual(['0-120 kept', '120-150 no_data', '150-300 kept'])
  })

  test('every second one is missing for two of them: they are no new interval', () => {
    const evaluations = every(30, 0, 300).filter(([second]) => second !== 120 && second !== 210)
    expect(told(evaluations).lines).toEqual([
      '0-120 kept',
      '120-150 no_data',
      '150-210 kept',
      '210-240 no_data',
      '240-300 kept',
    ])
  })

  test('the interval of the rules is changed in the middle', () => {
    const { lines, timeline } = told([...every(15, 0, 120), ...every(60, 120, 600)], { from: 0, to: 600 })
    expect(lines).toEqual(['0-600 kept'])
    expect(timeline.intervalMs).toBe(60_000)
  })

  test('the last one stands for an interval', () => {
    expect(told(every(60, 0, 180)).lines).toEqual(['0-180 kept', '180-300 no_data'])
  })

  test('a single one stands for the usual interval', () => {
    const { lines, timeline } = told([[100, kept]])
    expect(lines).toEqual(['0-100 no_data', '100-130 kept', '130-300 no_data'])
    expect(timeline.intervalMs).toBeUndefined()
  })

  test('two far apart are no interval', () => {
    expect(
      told([
        [0, kept],
        [200, kept],
      ]).lines,
    ).toEqual(['0-30 kept', '30-200 no_data', '200-230 kept', '230-300 no_data'])
  })

  test('days apart are no interval, however regular', () => {
    const day = 86_400
    const { lines } = told(
      [
        [0, kept],
        [day, kept],
        [2 * day, kept],
      ],
      { from: 0, to: day },
    )
    expect(lines).toEqual(['0-30 kept', `30-${day} no_data`])
  })

  test('rules that are evaluated every hour', () => {
    expect(told(every(3_600, 0, 36_000), { from: 0, to: 36_000 }).lines).toEqual(['0-36000 kept'])
  })

  test('a sample that comes twice counts once', () => {
    expect(told([...every(30, 0, 180), ...every(30, 150, 300)]).lines).toEqual(['0-300 kept'])
  })

  test('nothing at all', () => {
    expect(told([]).lines).toEqual(['0-300 no_data'])
  })
})

test('a breach has the worst that its deadline had passed', () => {
  expect(
    told([
      [0, kept],
      [60, passed(-10)],
      [120, passed(-70)],
      [180, passed(-40)],
      [240, kept],
    ]).lines,
  ).toEqual(['0-60 kept', '60-240 breached 70', '240-300 kept'])
})

test('objective and window are the last that were recorded', () => {
  const timeline = new Timeline({ fromMs: 0, toMs: 180_000 }, 60_000)
  timeline.add({ atMs: 0, facts: kept })
  timeline.add({ atMs: 60_000, facts: { bad: 0 } })
  timeline.add({ atMs: 120_000, facts: { bad: 0, objective: 0.9, window: 86_400 } })
  expect(timeline.end().map(({ toMs, objectiveRatio }) => [toMs, objectiveRatio])).toEqual([
    [120_000, 0.999],
    [180_000, 0.9],
  ])
  expect(timeline.windowSeconds).toBe(86_400)
})

test.each<[string, Facts, string]>([
  ['the budget is kept', kept, 'kept'],
  ['the deadline has passed', passed(-1), 'breached'],
  ['no exporter told', { expected: 1, unreported: 1, bad: 1 }, 'unreported'],
  ['in maintenance', { active: 0, maintenanceUntil: 1_800_000_000, slack: -5 }, 'maintenance'],
  [
    'in maintenance, recorded as not bad',
    { active: 0, maintenanceUntil: 1_800_000_000, bad: 0 },
    'maintenance',
  ],
  ['failed over, recorded as not bad', { active: 0, maintenanceUntil: 0, bad: 0 }, 'failed_over'],
  ['failed over', { active: 0, maintenanceUntil: 0, slack: -5 }, 'failed_over'],
  ['an exporter that has just started', { active: 1, expected: 1, slack: 10 }, 'unjudged'],
  ['an exporter that does not answer, for a moment', { expected: 1 }, 'unjudged'],
  ['only what was configured', { objective: 0.999, window: 86_400 }, 'no_data'],
  ['nothing', {}, 'no_data'],
])('%s', (_, facts, state) => {
  expect(stateOf(facts)).toBe(state)
})

describe('samples of one evaluation', () => {
  const sample = (second: number, value: number) => ({ atMs: second * 1000, value })

  test('are those of one timestamp', () => {
    const evaluations = new Evaluations().next(
      new Map([
        ['bad', [sample(30, 0), sample(90, 1)]],
        ['slack', [sample(30, 5), sample(60, 7)]],
      ]),
      30_000,
    )
    expect(evaluations).toEqual([
      { atMs: 30_000, facts: { bad: 0, slack: 5 } },
      { atMs: 60_000, facts: { slack: 7 } },
      { atMs: 90_000, facts: { bad: 1 } },
    ])
  })

  test('or of two servers that took turns, some seconds apart, also from one piece of time to the next', () => {
    const evaluations = new Evaluations()
    evaluations.next(new Map([['expected', [sample(30, 1)]]]), 30_000)
    expect(evaluations.next(new Map([['bad', [sample(37, 0)]]]), 30_000)).toEqual([
      { atMs: 37_000, facts: { bad: 0, expected: 1 } },
    ])
  })
})
