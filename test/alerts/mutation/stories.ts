import type { RuleGroupOptions } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { type Scenario, scenarioTests } from '../../../src/artifacts/alerts/scenarios.ts'
import { defaultTimings } from '../../../src/artifacts/alerts/timings.ts'
import type { Affected } from './affected.ts'

/** A scenario as promtool reads it, and what it takes. */
export interface Story {
  readonly name: string
  readonly timings: RuleGroupOptions['timings']
  /** The alerts that fire at some instant of it. */
  readonly alerts: ReadonlySet<string>
  /** Evaluations times targets: about what it costs. */
  readonly cost: number
  readonly test: ReturnType<typeof scenarioTests>['tests'][number]
}

export function storyOf(scenario: Scenario, options: RuleGroupOptions): Story {
  const timings = scenario.timings ?? defaultTimings
  const [test] = scenarioTests({ ...options, timings }, [scenario]).tests
  if (test === undefined) throw new Error(`no test for ${scenario.name}`)
  const lasts = Math.max(...Object.keys(scenario.firing).map(Number))
  return {
    name: scenario.name,
    timings,
    alerts: new Set(
      Object.values(scenario.firing).flatMap(firing => firing.map(alert => alert.split('{')[0] ?? '')),
    ),
    cost: (lasts / timings.evaluationMs) * scenario.targets.length,
    test,
  }
}

/** Those that are about these alerts first, and of them the quick ones. */
export function inOrder(stories: readonly Story[], { alerts }: Affected): readonly Story[] {
  const isOther = (story: Story): number => Number(![...story.alerts].some(alert => alerts.has(alert)))
  return stories.toSorted((a, b) => isOther(a) - isOther(b) || a.cost - b.cost)
}

/** The scenario for some alerts only: what it gives them, and what of its expectations is about them. */
export function narrowed({ test }: Story, { alerts, needed }: Affected): Story['test'] {
  const nameIn = (text: string): string => /^[\w:]+/.exec(text)?.[0] ?? ''
  return {
    ...test,
    input_series: test.input_series.filter(({ series }) => needed.has(nameIn(series))),
    promql_expr_test: test.promql_expr_test.map(each => ({
      ...each,
      exp_samples: each.exp_samples.filter(({ labels }) => alerts.has(alertIn(labels))),
    })),
  }
}

function alertIn(labels: string): string {
  return /alertname="(\w+)"/.exec(labels)?.[1] ?? ''
}
