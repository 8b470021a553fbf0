import { join } from 'node:path'
import { yaml } from '../../../src/artifacts/alerts/files.ts'
import { groupNames, type RuleGroupOptions, ruleGroups } from '../../../src/artifacts/alerts/ruleGroups.ts'
import type { InputSeries } from '../../../src/artifacts/alerts/testSeries.ts'
import { promtool } from '../../support/promtool.ts'
import { withFiles } from '../support/files.ts'
import { nameOf, rulesOf } from '../support/rules.ts'

/** Seconds between two evaluations. */
export const evaluateEvery = 30

/** At which evaluations an alert with these labels fired. */
export interface Fired {
  readonly labels: ReadonlyMap<string, string>
  readonly at: ReadonlySet<number>
}

/** So many evaluations fit as bits into a number of PromQL without loss. */
const evaluationsInOne = 52

/**
 * Evaluates the rules over all series at once and tells when each alert fired. promtool can only compare: it is asked for
 * nothing, and the difference that it tells is a sum of powers of two, one for each evaluation.
 */
export async function firedOver(
  series: readonly InputSeries[],
  stepSeconds: number,
  until: number,
  options: RuleGroupOptions,
): Promise<readonly Fired[]> {
  const starts: number[] = []
  for (let start = 0; start <= until; start += evaluationsInOne * evaluateEvery) starts.push(start)
  const tests = {
    rule_files: ['rules.yaml'],
    evaluation_interval: `${evaluateEvery}s`,
    group_eval_order: Object.values(groupNames),
    tests: [
      {
        interval: `${stepSeconds}s`,
        input_series: series,
        promql_expr_test: starts.map(start => ({
          expr: firingSince(start),
          eval_time: `${start + (evaluationsInOne - 1) * evaluateEvery}s`,
          exp_samples: [],
        })),
      },
    ],
  }
  const files = new Map([
    ['rules.yaml', yaml({ groups: ruleGroups(options) })],
    ['tests.yaml', JSON.stringify(tests)],
  ])
  const { said } = await withFiles(files, folder => promtool(['test', 'rules', join(folder, 'tests.yaml')]))
  const known = rulesOf(ruleGroups(options)).map(nameOf)
  const fired = firedIn(said)
  if (fired.length === 0 && !said.includes('SUCCESS')) throw new Error(`promtool: ${said}`)
  for (const { labels } of fired)
    if (!known.includes(labels.get('alertname') ?? '')) throw new Error(`not understood: ${said}`)
  return fired
}

function firingSince(start: number): string {
  const bit = `2 ^ ((time() - ${start}) / ${evaluateEvery})`
  // A little longer than the first evaluation is ago: whether a range has its left end depends on the version.
  const range = (evaluationsInOne - 1) * evaluateEvery + evaluateEvery / 3
  return `sum_over_time((ALERTS{alertstate="firing",alertname!="TidemarkWatchdog"} * 0 + ${bit})[${range}s:${evaluateEvery}s])`
}

/** From what promtool says: the query with its start, and the series that it got. */
export function firedIn(said: string): readonly Fired[] {
  const all = new Map<string, { labels: ReadonlyMap<string, string>; at: Set<number> }>()
  for (const [, start, got = ''] of said.matchAll(/time\(\) - (\d+)\).*?\n\s*exp: nil\n\s*got: (.*)/g)) {
    for (const [, text = '', value] of got.matchAll(/\{([^}]*)\} ([\d.e+E]+)/g)) {
      const one = all.get(text) ?? { labels: labelsIn(text), at: new Set<number>() }
      all.set(text, one)
      for (const bit of bitsOf(Number(value))) one.at.add(Number(start) + bit * evaluateEvery)
    }
  }
  return [...all.values()]
}

function labelsIn(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]))
}

function* bitsOf(sum: number): Generator<number> {
  let rest = BigInt(sum)
  for (let bit = 0; rest > 0n; bit++, rest >>= 1n) if ((rest & 1n) === 1n) yield bit
}
