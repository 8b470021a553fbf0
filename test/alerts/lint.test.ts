import { describe, expect, test } from 'vitest'
import { ruleGroups, type WrittenRule } from '../../src/artifacts/alerts/ruleGroups.ts'
import { knownSeries, lint } from './lint/lint.ts'
import { queriesIn, queryOfLink } from './lint/templates.ts'
import { committedOptions, nameOf, rulesOf } from './support/rules.ts'

const rules = rulesOf(ruleGroups(committedOptions))
const known = knownSeries(rules)
const problemsOf = (expression: string): readonly string[] => lint(expression, known).problems

/** The expression, the queries of the texts, the graph: all that Prometheus will evaluate. */
function queriesOf({ expr, annotations = {} }: WrittenRule): readonly string[] {
  const { dashboard_url: link = '' } = annotations
  const graph = queryOfLink(link)
  return [expr, ...Object.values(annotations).flatMap(queriesIn), ...(graph === undefined ? [] : [graph])]
}

test.each(rules.map(rule => [nameOf(rule), rule] as const))('%s queries what there is', (_, rule) => {
  expect(queriesOf(rule).flatMap(problemsOf)).toEqual([])
})

test('texts and links have queries', () => {
  const passed = rules.find(({ alert }) => alert === 'TidemarkRpoDeadlinePassed')
  expect(queriesOf(passed ?? { expr: '' }).length).toBeGreaterThan(5)
})

describe('tells what is wrong', () => {
  test.each([
    ['max without (instance) (', 'at 24: ""'],
    ['kafka_flow_lag > 0', 'no metric and no record is called "kafka_flow_lag"'],
    ['up{flow="orders"}', 'up has no label "flow"'],
    ['max by (topic) (kafka_replication_flow_info)', 'max groups by "topic", which is not there'],
    ['sum without (flow) (up)', 'sum groups by "flow", which is not there'],
    ['up * ignoring (flow) up', 'ignoring names "flow", which is not there'],
    ['kafka_replication_flow_info and on (flow) up', 'on names "flow", which is not there'],
    ['kafka_replication_flow_info == 1 and up', '"and" matches nothing where flow, source_cluster'],
    ['max without (shard) (up) unless up', '"unless" matches nothing where shard is set'],
  ])('%s', (expression, problem) => {
    expect(problemsOf(expression).join('\n')).toContain(problem)
  })

  test.each([
    'up or kafka_replication_flow_info',
    'kafka_replication_flow_unproven_topics > ignoring (flow) group_left () up',
    'topk(3, time() - max by (topic) (kafka_replication_topic_lag_records{flow="orders"}))',
    'absent_over_time(tidemark_build_info[1d])',
    'max_over_time(up[5m:1m] offset 1h) == bool -1',
  ])('not: %s', expression => {
    expect(problemsOf(expression)).toEqual([])
  })
})
