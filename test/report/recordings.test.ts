import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alertFiles, yaml } from '../../src/artifacts/alerts/files.ts'
import { recorded } from '../../src/artifacts/alerts/recordings.ts'
import { groupNames } from '../../src/artifacts/alerts/ruleGroups.ts'
import { type FlowPage, healthyFlow, inputSeries, pageWith } from '../../src/artifacts/alerts/testSeries.ts'
import type { FactName } from '../../src/assess/month/evaluations.ts'
import { withFiles } from '../alerts/support/files.ts'
import { committedOptions } from '../alerts/support/rules.ts'
import { promtool } from '../support/promtool.ts'
import { recordedOf, type Situation } from './support/recordings.ts'

// The known month of month.test.ts is made of situations. Here the real rules say what they record in each of them.

const breachedAt = 600
const maintenance = { from: 1_200, until: 1_800 }
const failedOverUntil = 2_400
const silentAt = 3_000

/** One exporter's page through all situations; undefined while it does not answer. */
function pageAt(now: number): FlowPage | undefined {
  if (now >= silentAt) return undefined
  if (now >= maintenance.until && now < failedOverUntil) {
    return healthyFlow(now, { state: 'failed_over', deadline: now - 5_000 })
  }
  if (now >= maintenance.from && now < maintenance.until) {
    return healthyFlow(now, {
      state: 'maintenance',
      maintenanceUntil: maintenance.until,
      deadline: now + 240,
    })
  }
  const isBreached = now >= breachedAt && now < breachedAt + 300
  return healthyFlow(now, { deadline: isBreached ? breachedAt - 30 : now + 240 })
}

const looks: readonly (readonly [at: number, situation: Situation, since: number])[] = [
  [300, { kind: 'kept' }, 0],
  [breachedAt, { kind: 'breached' }, breachedAt],
  [breachedAt + 270, { kind: 'breached' }, breachedAt],
  [1_000, { kind: 'kept' }, 0],
  [1_500, { kind: 'maintenance', untilMs: maintenance.until * 1000 }, 0],
  [2_000, { kind: 'failed_over' }, 0],
  [2_700, { kind: 'kept' }, 0],
  [silentAt + 60, { kind: 'silent' }, 0],
  [silentAt + 150, { kind: 'unreported' }, 0],
  [silentAt + 3_600, { kind: 'unreported' }, 0],
]

/** What the situation rests on; objective and window are remembered for a moment longer. */
const judging: readonly FactName[] = ['bad', 'unreported', 'active', 'expected', 'maintenanceUntil', 'slack']

test('the rules record what the known month is made of', { timeout: 60_000 }, async () => {
  const target = {
    instance: 'a',
    pageAt: (now: number) => {
      const flow = pageAt(now)
      return flow === undefined ? undefined : pageWith({ a: flow })
    },
  }
  const tests = {
    rule_files: ['tidemark.rules.yaml'],
    evaluation_interval: '30s',
    group_eval_order: Object.values(groupNames),
    tests: [
      {
        interval: '30s',
        input_series: inputSeries([target], 30, silentAt + 3_600),
        promql_expr_test: looks.flatMap(([at, situation, since]) => {
          const story = { flow: 'a', objective: 0.999, windowSeconds: 2_419_200, times: [] }
          const facts = recordedOf(story, situation, (at - since) * 1000)
          return judging.map(fact => ({
            expr: recorded[fact],
            eval_time: `${at}s`,
            exp_samples: [facts[fact]]
              .filter(value => value !== undefined)
              .map(value => ({
                labels: `${recorded[fact]}{flow="a",job="tidemark"${fact === 'expected' ? ',tier="gold"' : ''}}`,
                value,
              })),
          }))
        }),
      },
    ],
  }
  const files = new Map([...alertFiles(committedOptions), ['month.test.yaml', yaml(tests)]])
  const { said } = await withFiles(files, folder =>
    promtool(['test', 'rules', join(folder, 'month.test.yaml')]),
  )
  expect(said).toContain('SUCCESS')
})
