import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { yaml } from '../../src/artifacts/alerts/files.ts'
import { metric } from '../../src/artifacts/alerts/promql.ts'
import { groupNames, ruleGroups } from '../../src/artifacts/alerts/ruleGroups.ts'
import {
  type FlowPage,
  healthyFlow,
  type InputSeries,
  inputSeries,
  pageWith,
  type TestTarget,
} from '../../src/artifacts/alerts/testSeries.ts'
import { defaultTimings } from '../../src/artifacts/alerts/timings.ts'
import { flowExpressions } from '../../src/artifacts/dashboards/expressions.ts'
import { codeStep, flowStates, notCounted } from '../../src/artifacts/dashboards/meanings.ts'
import { withFiles } from '../alerts/support/files.ts'
import { committedOptions } from '../alerts/support/rules.ts'
import { promtool } from '../support/promtool.ts'

// What the wall says of one flow, of which all was well until the tenth minute.

const stepSeconds = 30
const turn = 600
const endSeconds = 1_500
const expressions = flowExpressions(defaultTimings)

interface Exporter {
  readonly flow?: (now: number) => Partial<FlowPage>
  readonly status?: string
  readonly clockAhead?: number
  readonly clockAheadFrom?: number
  readonly goesAwayAt?: number
  readonly instance?: string
  readonly shard?: string
  /** Of the topic whose deadline comes first. */
  readonly budget?: number
}

interface Story {
  readonly exporters: readonly Exporter[]
  readonly at: number
  readonly word: (typeof flowStates)[keyof typeof flowStates]['word']
  /** Rounded seconds; undefined is no series. */
  readonly exposure: number | undefined
  readonly percentUsed: number | undefined
  /** Rounded seconds. */
  readonly age?: number
}

const later = (parts: Partial<FlowPage>) => (now: number) => (now >= turn ? parts : {})
/** Nothing is copied any more. */
const stands = later({ point: turn - 10 })
const neitherAnswers = later({ point: turn - 10, observedAt: turn })
const restarted = later({ point: undefined, unproven: 3, deadline: turn + 300, estimate: undefined })
const neverSeen: Partial<FlowPage> = {
  point: undefined,
  estimate: undefined,
  observedAt: undefined,
  observedSince: 0,
  unproven: undefined,
  topics: undefined,
  deadline: endSeconds + 300,
}

const stories: Readonly<Record<string, Story>> = {
  'all is well': { exporters: [{}], at: 900, word: 'budget kept', exposure: 10, percentUsed: 3, age: 0 },
  'waiting records are no matter while little of the budget is used': {
    exporters: [{ status: 'behind' }],
    at: 900,
    word: 'budget kept',
    exposure: 10,
    percentUsed: 3,
  },
  'half of the budget is used': {
    exporters: [{ flow: stands, status: 'behind' }],
    at: turn + 150,
    word: 'half used',
    exposure: 160,
    percentUsed: 53,
  },
  'nothing moves, within the budget': {
    exporters: [{ flow: stands, status: 'stalled' }],
    at: turn + 150,
    word: 'stalled',
    exposure: 160,
    percentUsed: 53,
  },
  'the budget is passed': {
    exporters: [{ flow: stands, status: 'stalled' }],
    at: turn + 330,
    word: 'past budget',
    exposure: 340,
    percentUsed: 113,
  },
  'a topic with a smaller budget than its flow comes first': {
    exporters: [{ flow: now => ({ deadline: now - 10 + 20 }), budget: 20 }],
    at: 900,
    word: 'half used',
    exposure: 10,
    percentUsed: 50,
  },
  'a breach stays one while nobody reports': {
    exporters: [{ flow: stands, goesAwayAt: turn + 360 }],
    at: turn + 660,
    word: 'past budget, blind',
    exposure: undefined,
    percentUsed: undefined,
    age: 330,
  },
  'neither cluster answers: the age and the exposure grow': {
    exporters: [{ flow: neitherAnswers, status: 'unknown' }],
    at: turn + 150,
    word: 'blind',
    exposure: 160,
    percentUsed: 53,
    age: 150,
  },
  'neither cluster answers until the budget is passed': {
    exporters: [{ flow: neitherAnswers, status: 'unknown' }],
    at: turn + 330,
    word: 'past budget, blind',
    exposure: 340,
    percentUsed: 113,
    age: 330,
  },
  'a process that never saw both clusters': {
    exporters: [{ flow: () => neverSeen, status: 'unknown' }],
    at: 900,
    word: 'blind',
    exposure: undefined,
    percentUsed: 0,
  },
  'one scrape fails: nothing changes': {
    exporters: [{ goesAwayAt: turn }],
    at: turn,
    word: 'budget kept',
    exposure: 40,
    percentUsed: 3,
  },
  'the exporter goes away': {
    exporters: [{ goesAwayAt: turn }],
    at: turn + 180,
    word: 'unreported',
    exposure: undefined,
    percentUsed: undefined,
    age: 210,
  },
  'the exporter went away, and the rules wait for its restart': {
    exporters: [{ goesAwayAt: turn }],
    at: turn + 75,
    word: 'unreported',
    exposure: undefined,
    percentUsed: undefined,
    age: 105,
  },
  'its clock is off, so that its word does not count': {
    exporters: [{ clockAhead: 60 }],
    at: 900,
    word: 'unreported',
    exposure: undefined,
    percentUsed: undefined,
  },
  'a topic has no proven point': {
    exporters: [{ flow: () => ({ unproven: 1 }), status: 'pending' }],
    at: 900,
    word: 'partly unknown',
    exposure: undefined,
    percentUsed: 3,
  },
  'a topic cannot be judged': {
    exporters: [{ status: 'unknown' }],
    at: 900,
    word: 'partly unknown',
    exposure: 10,
    percentUsed: 3,
  },
  'a maintenance, past the budget': {
    exporters: [{ flow: now => ({ ...stands(now), state: 'maintenance', maintenanceUntil: 90_000 }) }],
    at: turn + 330,
    word: 'maintenance',
    exposure: 340,
    percentUsed: notCounted * 100,
  },
  'failed over, past the budget': {
    exporters: [{ flow: now => ({ ...stands(now), state: 'failed_over' }) }],
    at: turn + 330,
    word: 'failed over',
    exposure: 340,
    percentUsed: notCounted * 100,
  },
  'records are lost': {
    exporters: [{ flow: later({ lost: 7 }) }],
    at: turn + 90,
    word: 'records lost',
    exposure: 10,
    percentUsed: 3,
  },
  'one of two replicas is blind': {
    exporters: [{}, { instance: 'b', flow: neitherAnswers, status: 'unknown' }],
    at: turn + 300,
    word: 'budget kept',
    exposure: 10,
    percentUsed: 3,
    age: 0,
  },
  'one of two replicas was restarted and has proven nothing yet': {
    exporters: [{}, { instance: 'b', flow: restarted, status: 'unknown' }],
    at: turn + 30,
    word: 'budget kept',
    exposure: 10,
    percentUsed: 3,
  },
  'one of two replicas reports that its point moved back, and the other has not seen why': {
    exporters: [
      { flow: later({ observedAt: turn - 30, point: turn - 10 }) },
      { instance: 'b', flow: later({ retractedAt: turn, point: turn - 100 }) },
    ],
    at: turn + 60,
    word: 'half used',
    exposure: 160,
    percentUsed: 53,
  },
  'the clock of one of two replicas is set ahead': {
    exporters: [
      { flow: stands },
      { instance: 'b', clockAheadFrom: turn, flow: later({ point: turn + 3_600 }) },
    ],
    at: turn + 60,
    word: 'budget kept',
    exposure: 70,
    percentUsed: 23,
  },
  'one of two shards stands still': {
    exporters: [{}, { instance: 'b', shard: '1', flow: stands, status: 'stalled' }],
    at: turn + 150,
    word: 'stalled',
    exposure: 160,
    percentUsed: 53,
  },
  'one of two shards has a topic without a point': {
    exporters: [{}, { instance: 'b', shard: '1', flow: () => ({ unproven: 1 }) }],
    at: 900,
    word: 'partly unknown',
    exposure: undefined,
    percentUsed: 3,
  },
}

describe('the wall says', () => {
  test.each(Object.entries(stories))('%s', async (_, story) => {
    const { code, said } = await withFiles(filesFor(story), folder =>
      promtool(['test', 'rules', join(folder, 'test.yaml')]),
    )
    expect(said).toContain('SUCCESS')
    expect(code).toBe(0)
  })

  test('nothing of a world in which there is no Tidemark', async () => {
    const none: Story = {
      exporters: [],
      at: 900,
      word: 'unreported',
      exposure: undefined,
      percentUsed: undefined,
    }
    const { said } = await withFiles(filesFor(none), folder =>
      promtool(['test', 'rules', join(folder, 'test.yaml')]),
    )
    expect(said, 'no series at all').toMatch(/got:\s*nil/)
  })

  test('every state in one of the stories', () => {
    const told = new Set(Object.values(stories).map(({ word }) => word))
    expect(Object.values(flowStates).filter(({ word }) => !told.has(word))).toEqual([])
  })
})

function filesFor(story: Story): ReadonlyMap<string, string> {
  const { exporters, at, word, exposure, percentUsed, age } = story
  const code = Object.values(flowStates).findIndex(state => state.word === word)
  const expected = (expr: string, value: number | undefined) => ({
    expr,
    eval_time: `${at}s`,
    exp_samples: value === undefined ? [] : [{ labels: '{flow="orders",job="tidemark"}', value }],
  })
  return new Map([
    ['rules.yaml', yaml({ groups: ruleGroups(committedOptions) })],
    [
      'test.yaml',
      yaml({
        rule_files: ['rules.yaml'],
        evaluation_interval: `${stepSeconds}s`,
        group_eval_order: Object.values(groupNames),
        tests: [
          {
            interval: `${stepSeconds}s`,
            input_series: exporters.flatMap(seriesOf),
            promql_expr_test: [
              expected(`floor((${expressions.state}) / ${codeStep})`, code),
              expected(`round(${expressions.exposure})`, exposure),
              expected(`round(100 * (${expressions.used}))`, percentUsed),
              ...(age === undefined ? [] : [expected(`round(${expressions.age})`, age)]),
            ],
          },
        ],
      }),
    ],
  ])
}

function seriesOf(exporter: Exporter): readonly InputSeries[] {
  const { flow, status = 'covered', clockAhead = 0, goesAwayAt = Infinity, budget = 300 } = exporter
  const { instance = 'a', shard = '0', clockAheadFrom = Infinity } = exporter
  const target: TestTarget = {
    instance,
    labels: { shard },
    pageAt: now =>
      now >= goesAwayAt
        ? undefined
        : pageWith(
            { orders: healthyFlow(now, flow?.(now)) },
            { clockAhead: now >= clockAheadFrom ? 60 : clockAhead, version: committedOptions.version },
          ),
  }
  const samples = Math.min(goesAwayAt, endSeconds) / stepSeconds - 1
  const values = (value: number): string => `${value}x${samples}${goesAwayAt < Infinity ? ' stale' : ''}`
  const labels = `job="tidemark",instance="${instance}",shard="${shard}",flow="orders"`
  return [
    ...inputSeries([target], stepSeconds, endSeconds),
    { series: `${metric.flowStatus}{${labels},status="${status}"}`, values: values(1) },
    { series: `${metric.rpoDeadlineBudget}{${labels}}`, values: values(budget) },
  ]
}
