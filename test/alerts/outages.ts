import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { summaryOf, type WorldReport, worldLine } from './outages/report.ts'
import { runWorlds, toldWorld } from './outages/run.ts'
import { committedOptions } from './support/rules.ts'

// npm run alerts:outages -- --worlds N --seed S [--world K] [--verbose]

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    world: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const count = Number(values.worlds)
/** So many share one Prometheus. */
const together = 20

const numbers =
  values.world === undefined ? Array.from({ length: count }, (_, number) => number) : [Number(values.world)]
if (values.world !== undefined && values.verbose)
  console.log(await toldWorld(Number(values.world), seed, committedOptions))
const started = performance.now()
const reports: WorldReport[] = []
for (let first = 0; first < numbers.length; first += together) {
  const batch = await runWorlds(numbers.slice(first, first + together), seed, committedOptions)
  reports.push(...batch)
  for (const report of batch)
    if (values.verbose || report.violations.length > 0) console.log(worldLine(report))
  console.error(`${reports.length} of ${numbers.length} worlds`)
}
console.log(summaryOf(reports, seed, (performance.now() - started) / 1_000))
process.exitCode = reports.some(({ violations }) => violations.length > 0) ? 1 : 0
