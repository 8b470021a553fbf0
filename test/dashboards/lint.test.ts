import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { describe, expect, test } from 'vitest'
import { metric } from '../../src/artifacts/alerts/promql.ts'
import { ruleGroups } from '../../src/artifacts/alerts/ruleGroups.ts'
import { pollDuration, processMetric, targetMetric } from '../../src/artifacts/dashboards/otherMetrics.ts'
import { targetLabels } from '../alerts/lint/labels.ts'
import { knownSeries, lint } from '../alerts/lint/lint.ts'
import { committedOptions, rulesOf } from '../alerts/support/rules.ts'
import {
  annotationsOf,
  committed,
  figuresOf,
  filledIn,
  labelQueryOf,
  queriesOf,
  variablesOf,
} from './support/dashboards.ts'

const known = new Map([
  ...knownSeries(rulesOf(ruleGroups(committedOptions))),
  ...[...Object.values(processMetric), ...Object.values(targetMetric)].map(
    name => [name, new Set(targetLabels)] as const,
  ),
  [pollDuration.bucket, new Set(['le', ...targetLabels])],
  [pollDuration.sum, new Set(targetLabels)],
  [pollDuration.count, new Set(targetLabels)],
])

const values = {
  flow: 'orders',
  topic: 'payments',
  job: 'tidemark',
  __rate_interval: '2m',
  __interval: '30s',
  __range: '6h',
}

interface Asked {
  readonly where: string
  readonly expression: string
  /** A label that the result has to have. */
  readonly label?: string
}

function askedBy(dashboard: Dashboard): readonly Asked[] {
  return [
    ...figuresOf(dashboard).flatMap(panel =>
      queriesOf(panel).map(({ expr, refId }) => ({
        where: `${panel.title} ${refId}`,
        expression: filledIn(expr, values),
      })),
    ),
    ...annotationsOf(dashboard).map(({ name, expr }) => ({
      where: name,
      expression: filledIn(expr, values),
    })),
    ...variablesOf(dashboard).flatMap(variable => {
      const query = labelQueryOf(variable)
      return query === undefined
        ? []
        : [{ where: `$${variable.name}`, expression: filledIn(query.selector, values), label: query.label }]
    }),
  ]
}

function problemsOf({ expression, label }: Omit<Asked, 'where'>): readonly string[] {
  const { problems, labels } = lint(expression, known)
  return label === undefined || labels.has(label)
    ? problems
    : [...problems, `no label "${label}" in ${expression}`]
}

/** Labels that legends show. */
function legendLabels(legend: string): readonly string[] {
  return [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
}

describe.each(committed.map(it => [it.title ?? '', it] as const))('%s', (_, dashboard) => {
  test.each(askedBy(dashboard).map(it => [it.where, it] as const))(
    '%s asks for what there is',
    (_where, asked) => {
      expect(problemsOf(asked)).toEqual([])
    },
  )

  test('legends name labels that are there', () => {
    const missing = figuresOf(dashboard).flatMap(panel =>
      queriesOf(panel).flatMap(({ expr, legendFormat = '' }) => {
        const { labels } = lint(filledIn(expr, values), known)
        return legendLabels(legendFormat)
          .filter(label => !labels.has(label))
          .map(label => `${panel.title}: ${label}`)
      }),
    )
    expect(missing).toEqual([])
  })
})

describe('tells what is wrong', () => {
  test.each([
    [{ expression: 'kafka_flow_lag > 0' }, 'no metric and no record is called "kafka_flow_lag"'],
    [{ expression: `${metric.buildInfo}{flow="$flow"}` }, 'has no label "flow"'],
    [{ expression: metric.buildInfo, label: 'flow' }, 'no label "flow" in'],
  ])('%j', (asked, problem) => {
    expect(problemsOf(asked).join('\n')).toContain(problem)
  })

  test('a variable that nobody fills in', () => {
    expect(() => filledIn('up{job="$jobs"}', values)).toThrow('nothing is known of $jobs')
  })
})
