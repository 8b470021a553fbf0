import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { faultNames } from './simulation/faults.ts'
import { seedOfWorld } from './simulation/random.ts'
import { summaryOf, worldLine } from './simulation/report.ts'
import { runWorld, type WorldOptions, type WorldReport } from './simulation/world.ts'

// npm run oracle:simulated -- --worlds N --seed S [--calm N] [--faults "one, another"] [--world K] [--verbose]

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '2000' },
    calm: { type: 'string' },
    seed: { type: 'string', default: '1' },
    world: { type: 'string' },
    faults: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const worlds = Number(values.worlds)
// Every tenth world has no fault, to see how tight the proof is.
const calm = values.calm === undefined ? Math.ceil(worlds / 10) : Number(values.calm)

const faults = values.faults?.split(',').map(name => {
  const found = faultNames.find(known => known === name.trim())
  if (found === undefined) throw new Error(`no fault "${name.trim()}": there are ${faultNames.join(', ')}`)
  return found
})

function optionsOf(world: number): WorldOptions {
  const base = { seed: seedOfWorld(seed, world), ...(faults === undefined ? {} : { faults }) }
  return world < worlds ? base : { ...base, faults: [] }
}

if (values.world !== undefined) {
  const tell = values.verbose ? { tell: console.log } : {}
  const report = await runWorld({ ...optionsOf(Number(values.world)), ...tell })
  console.log(worldLine(Number(values.world), report))
  process.exitCode = report.violations.length > 0 ? 1 : 0
} else {
  const started = performance.now()
  const reports: WorldReport[] = []
  for (let world = 0; world < worlds + calm; world++) {
    const report = await runWorld(optionsOf(world))
    reports.push(report)
    if (values.verbose || report.violations.length > 0) console.log(worldLine(world, report))
  }
  console.log(summaryOf(reports, seed, (performance.now() - started) / 1_000))
  process.exitCode = reports.some(({ violations }) => violations.length > 0) ? 1 : 0
}
