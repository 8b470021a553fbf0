import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { whyEquivalent } from './mutation/equivalents.ts'
import { summaryOf, type Tried } from './mutation/report.ts'
import { sampled, Trials, trialsOf } from './mutation/run.ts'
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
const chosen = values.sample === undefined ? all : sampled(all, Number(values.sample), Number(values.seed))

const started = performance.now()
const trials = new Trials(committedOptions)
const tried: Tried[] = []
for (const trial of chosen) {
  const { rule, what } = trial
  const why = whyEquivalent(rule, what)
  const fate = why === undefined ? await trials.fateOf(trial) : 'equivalent'
  tried.push({ rule, what, fate })
  if (tried.length % 25 === 0) console.error(`${tried.length} of ${chosen.length} mutants`)
  if (fate === 'survived') console.log(`survived: ${rule}: ${what}`)
}
console.log(summaryOf(tried, (performance.now() - started) / 1_000))
process.exitCode = tried.some(({ fate }) => fate === 'survived') ? 1 : 0
