import type { WrittenRule } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { catalog, type Family, type SelfMetric, selfCatalog } from '../../../src/metrics/catalog.ts'
import { parsePromql } from '../support/promql.ts'
import { type KnownSeries, labelsOf, targetLabels } from './labels.ts'

interface Linted {
  readonly labels: ReadonlySet<string>
  readonly problems: readonly string[]
}

/** What is wrong with an expression over these series, in words, and the labels that its result may have. */
export function lint(expression: string, known: KnownSeries): Linted {
  const { root, errors } = parsePromql(expression)
  if (errors.length > 0) return { labels: new Set(), problems: errors }
  const problems: string[] = []
  const labels = labelsOf(root, known, problem => problems.push(problem)) ?? new Set()
  return { labels, problems }
}

/** What a Prometheus that scrapes Tidemark and evaluates these rules stores: the catalog, the records, up and ALERTS. */
export function knownSeries(rules: readonly WrittenRule[]): KnownSeries {
  const metrics: readonly (Family | SelfMetric)[] = [
    ...Object.values<Family>(catalog),
    ...Object.values<SelfMetric>(selfCatalog),
  ]
  const known = new Map<string, ReadonlySet<string>>([
    ['up', new Set(targetLabels)],
    ['ALERTS', new Set(['alertname', 'alertstate', 'severity', 'flow', 'tier', ...targetLabels])],
    ...metrics.map(({ name, labels }) => [name, new Set([...labels, ...targetLabels])] as const),
  ])
  for (const { record, expr } of rules) if (record !== undefined) known.set(record, lint(expr, known).labels)
  return known
}
