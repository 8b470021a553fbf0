import { join } from 'node:path'
import { recorded } from '../../../src/artifacts/alerts/recordings.ts'
import { type RuleGroupOptions, ruleGroups } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { hourlyTimings, scenarios, slowTimings } from '../../../src/artifacts/alerts/scenarios.ts'
import { type AlertTimings, defaultTimings } from '../../../src/artifacts/alerts/timings.ts'
import { seedOfWorld } from '../../oracle/simulation/random.ts'
import { promtool } from '../../support/promtool.ts'
import { withFiles } from '../support/files.ts'
import { type Affected, affectedBy, reduced } from './affected.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { inOrder, narrowed, type Story, storyOf } from './stories.ts'

/** A change of the rules, with what it makes of them for the timings of every story. */
export interface Trial {
  readonly rule: string
  readonly what: string
  readonly mutants: ReadonlyMap<AlertTimings, Mutant>
}

/** `invalid`: promtool does not take it, or cannot evaluate it. */
export type Fate = 'invalid' | 'killed' | 'survived'

/** What the spent budget is made of: stories of weeks, which take long, are told of these only. */
const ofWeeks: readonly string[] = [
  recorded.bad1h,
  recorded.objective,
  recorded.window,
  recorded.spent,
  'TidemarkRpoBudgetExhausted',
]

const allTimings: readonly AlertTimings[] = [defaultTimings, slowTimings, hourlyTimings]

/** All single changes of the rules. */
export function trialsOf(options: RuleGroupOptions): readonly Trial[] {
  const [first = [], ...others] = allTimings.map(timings => mutantsOf(ruleGroups({ ...options, timings })))
  for (const other of others)
    if (other.length !== first.length) throw new Error('rules differ in their shape')
  return first.map(({ rule, what }, index) => ({
    rule,
    what,
    mutants: new Map(
      [first, ...others].flatMap((mutants, at) => {
        const [timings, mutant] = [allTimings[at], mutants[index]]
        return timings === undefined || mutant === undefined ? [] : [[timings, mutant] as const]
      }),
    ),
  }))
}

/** So many of them, the same ones for the same seed, in their order. */
export function sampled(trials: readonly Trial[], count: number, seed: number): readonly Trial[] {
  const rank = (index: number): number => seedOfWorld(seed, index)
  const ranked = trials.map((_, index) => index).sort((a, b) => rank(a) - rank(b))
  const chosen = new Set(ranked.slice(0, count))
  return trials.filter((_, index) => chosen.has(index))
}

/** Tries changes one after the other; stories are made once. */
export class Trials {
  readonly #options: RuleGroupOptions
  readonly #stories: readonly Story[]
  /** How often a story failed with a change of a rule: what noticed one change of it notices others. */
  readonly #kills = new Map<string, Map<Story, number>>()

  constructor(options: RuleGroupOptions) {
    this.#options = options
    this.#stories = scenarios.map(scenario => storyOf(scenario, options))
  }

  /** Whether some scenario fails with the change; the ones about the alerts that it can change are tried first. */
  async fateOf(trial: Trial): Promise<Fate> {
    const affected = affectedBy(trial.rule, ruleGroups(this.#options))
    if (!(await isValid(trial))) return 'invalid'
    const told = this.#stories.filter(
      ({ timings }) => timings !== hourlyTimings || ofWeeks.includes(trial.rule),
    )
    const kills = this.#killsOf(trial.rule)
    const stories = inOrder(told, affected).toSorted((a, b) => (kills.get(b) ?? 0) - (kills.get(a) ?? 0))
    for (let from = 0, count = 1; from < stories.length; from += count, count *= 2) {
      const failed = await failing(stories.slice(from, from + count), trial, affected)
      for (const story of failed) kills.set(story, (kills.get(story) ?? 0) + 1 / failed.length)
      if (failed.length > 0) return 'killed'
    }
    return 'survived'
  }

  #killsOf(rule: string): Map<Story, number> {
    const kills = this.#kills.get(rule) ?? new Map<Story, number>()
    this.#kills.set(rule, kills)
    return kills
  }
}

async function isValid({ mutants }: Trial): Promise<boolean> {
  const groups = mutants.get(defaultTimings)?.groups ?? []
  const files = new Map([['rules.yaml', JSON.stringify({ groups })]])
  const { code } = await withFiles(files, folder => promtool(['check', 'rules', join(folder, 'rules.yaml')]))
  return code === 0
}

/** Those of these stories that do not go as they should with the changed rules; all of them where promtool names none. */
async function failing(
  stories: readonly Story[],
  { mutants }: Trial,
  affected: Affected,
): Promise<readonly Story[]> {
  const files = new Map<string, string>()
  const tests: string[] = []
  for (const [index, timings] of allTimings.entries()) {
    const chosen = stories.filter(story => story.timings === timings)
    if (chosen.length === 0) continue
    const groups = reduced(mutants.get(timings)?.groups ?? [], affected)
    files.set(`rules-${index}.yaml`, JSON.stringify({ groups }))
    files.set(
      `tests-${index}.yaml`,
      JSON.stringify({
        rule_files: [`rules-${index}.yaml`],
        evaluation_interval: `${timings.evaluationMs / 1000}s`,
        group_eval_order: groups.map(({ name }) => name),
        tests: chosen.map(story => narrowed(story, affected)),
      }),
    )
    tests.push(`tests-${index}.yaml`)
  }
  const { code, said } = await withFiles(files, folder =>
    promtool(['test', 'rules', ...tests.map(test => join(folder, test))]),
  )
  if (code === 0) return []
  const named = stories.filter(({ name }) => said.includes(name))
  return named.length > 0 ? named : stories
}
