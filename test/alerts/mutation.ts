import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { seedOfWorld } from '../oracle/simulation/random.ts'
import { whyEquivalent } from './mutation/equivalents.ts'
import { summaryOf, type Tried } from './mutation/report.ts'
import { Trials, trialsOf } from './mutation/run.ts'
import { committedOptions } from './support/rules.ts'

// npm run mutation:alerts -- [--rule NAME]... [--sample N --seed S]

const { values } = parseArgs({
  options: {
    rule: { type: 'string', multiple: true },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})
const all = trialsOf(committedOptions).filter(
  ({ rule }) => values.rule === undefined || values.rule.includes(rule),
)
/** A sample is the same for the same seed, in the order of the rules. */
const ranked = all.map((_, index) => index).sort((a, b) => rank(a) - rank(b))
const chosen = new Set(ranked.slice(0, Number(values.sample ?? all.length)))

function rank(index: number): number {
  return seedOfWorld(Number(values.seed), index)
}

const started = performance.now()
const trials = new Trials(committedOptions)
const tried: Tried[] = []
for (const [index, trial] of all.entries()) {
  if (!chosen.has(index)) continue
  const { rule, what } = trial
  const why = whyEquivalent(rule, what)
  const fate = why === undefined ? await trials.fateOf(trial) : 'equivalent'
  tried.push({ rule, what, fate })
  if (fate === 'survived') console.log(`survived: ${rule}: ${what}`)
}
console.log(summaryOf(tried, (performance.now() - started) / 1_000))
process.exitCode = tried.some(({ fate }) => fate === 'survived') ? 1 : 0
