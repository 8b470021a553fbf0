import { parseArgs } from 'node:util'
import { Lab } from '../../lab/lab.ts'
import { ensureTools } from '../../lab/tools.ts'
import { runBatch, type WorldReport } from './real/batch.ts'
import { EngineLog } from './real/engineLog.ts'
import { LogFollower } from './real/logs.ts'
import { batchSize, planBatch, writingMs } from './real/plan.ts'
import { type Recording, saveRecording } from './real/recording.ts'
import { story, totals, worldLine } from './real/report.ts'

const usage = `npm run oracle -- [--minutes N] [--worlds N] [--seed S] [--world K] [--calm] [--kind K] [--seconds N] [--record DIR] [--verbose]
  Random worlds on real clusters with a real MirrorMaker and a real Tidemark, judged against an independent truth.
  --minutes   go on with batches of ${batchSize} worlds for so long (10 unless told)
  --worlds    or stop after so many worlds
  --seed      the same seed makes the same plans (time decides how they meet)
  --world     replay one world, with the faults of its batch
  --calm      nothing goes wrong in any world: tightness
  --kind      only worlds of this kind, such as "source recreated"; to replay one, say it again
  --seconds   writing time of a batch (${writingMs / 1000} unless told)
  --record    write what was seen of each world to this folder
  --verbose   tell the story of every world
Exit code 1 on any violation.`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    worlds: { type: 'string' },
    seed: { type: 'string' },
    world: { type: 'string' },
    seconds: { type: 'string' },
    kind: { type: 'string' },
    record: { type: 'string' },
    calm: { type: 'boolean' },
    verbose: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (values.help === true) {
  console.log(usage)
  process.exit(0)
}

const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6))
const only = values.world === undefined ? undefined : Number(values.world)
const mostWorlds = values.worlds === undefined ? Number.POSITIVE_INFINITY : Number(values.worlds)
const durationMs = values.seconds === undefined ? writingMs : Number(values.seconds) * 1000
const until = Date.now() + Number(values.minutes ?? 10) * 60_000
const plans = {
  seed,
  housekeeping: true,
  writingMs: durationMs,
  ...(values.kind === undefined ? {} : { kind: values.kind }),
  ...(values.calm === true ? { calm: true } : {}),
}
console.log(`seed ${seed}`)

const properties = {
  'log.message.timestamp.after.max.ms': '9223372036854775807',
  'log.retention.check.interval.ms': 1_000,
  'log.initial.task.delay.ms': 1_000,
  'log.cleaner.backoff.ms': 1_000,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 2_000,
}

await ensureTools(['java', 'maven'])
await using lab = await Lab.open()
const [source, target] = await Promise.all([
  lab.startCluster({ name: 'east', properties }),
  lab.startCluster({ name: 'west', properties }),
])
const mirrorMaker = await lab.startMirrorMaker({ source, target })
await mirrorMaker.waitUntilReplicating()
const pair = { source, target, mirrorMaker }
const portOf = ({ brokers }: typeof source): number => brokers[0]?.port ?? 0
const followers = {
  source: new LogFollower(portOf(source), topic => topic.startsWith('world-')),
  target: new LogFollower(portOf(target), topic => topic.startsWith('east.world-')),
}
followers.source.start()
followers.target.start()

const folder = values.record
const engine = {
  offsetSyncs: EngineLog.offsetSyncs(portOf(source), 'west'),
  sourceOffsets: EngineLog.sourceOffsets(portOf(target), 'east'),
}
if (folder !== undefined) for (const log of Object.values(engine)) log.start()

const save = async (recording: Recording): Promise<void> => {
  if (folder !== undefined) console.log(`recorded in ${await saveRecording(folder, recording)}`)
}

const reports: WorldReport[] = []
const firstBatch = only === undefined ? 0 : Math.floor(only / batchSize)
for (let index = firstBatch; ; index += 1) {
  const plan = planBatch(index, plans)
  const left = mostWorlds - reports.length
  const worlds = only === undefined ? plan.worlds.slice(0, left) : plan.worlds.filter(w => w.index === only)
  const batch = { ...plan, worlds }
  console.log(
    `batch ${index}: ${batch.calm ? 'nothing goes wrong' : batch.faults.map(({ kind, fromMs, untilMs }) => `${kind} ${fromMs / 1000}-${untilMs / 1000} s`).join(', ') || 'no shared fault'}`,
  )
  const options = {
    seed,
    pair,
    followers,
    writingMs: durationMs,
    watchingMs: 15_000,
    say: console.log,
    ...(folder === undefined ? {} : { engine, record: save }),
  }
  const found = await runBatch(batch, { ...options, run: `${seed}-${index}` })
  for (const report of found) {
    console.log(worldLine(report))
    if (report.objections.length > 0 || values.verbose === true) console.log(story(report))
  }
  reports.push(...found)
  if (only !== undefined || reports.length >= mostWorlds || Date.now() > until) break
}
await Promise.all([followers.source, followers.target, ...Object.values(engine)].map(log => log.stop()))
console.log(`\nseed ${seed}\n${totals(reports)}`)
process.exitCode = reports.some(({ objections }) => objections.length > 0) ? 1 : 0
