import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../lab/ports.ts'
import { SupervisedProcess } from '../lab/process.ts'
import { ensureTools } from '../lab/tools.ts'
import { waitUntil } from '../lab/wait.ts'
import { yaml } from '../src/artifacts/alerts/files.ts'
import { ruleGroups } from '../src/artifacts/alerts/ruleGroups.ts'
import { defaultTimings } from '../src/artifacts/alerts/timings.ts'
import { assessFlow } from '../src/assess/assess.ts'
import { compareFlow } from '../src/compare/flow.ts'
import { renderFamilies } from '../src/metrics/exposition.ts'
import { SelfMetrics } from '../src/metrics/selfMetrics.ts'
import type { Flow } from '../src/model/flow.ts'
import { mirrorMaker2Names } from '../src/replicators/mirrormaker2/naming.ts'
import { aFlow } from '../test/support/world.ts'
import { observationOf } from './world.ts'

// How long a real Prometheus takes to evaluate the rules, by flows and topics, while all is well and while every flow
// is past its deadline, so that the texts of its alerts are made too. How it grows says more than the milliseconds.

const sizes = [
  { flows: 1, topics: 1_000 },
  { flows: 5, topics: 1_000 },
  { flows: 20, topics: 1_000 },
  { flows: 20, topics: 100 },
]
const evaluationMs = 2_000
const warmUpMs = 20_000
const looks = 8

interface Row {
  readonly series: number
  readonly medianMs: ReadonlyMap<string, number>
}

await ensureTools(['promtool'])
console.log('                                                evaluation of the groups')
let first: ReadonlyMap<string, number> | undefined
for (const state of ['all is well', 'all past the deadline'] as const) {
  for (const { flows, topics } of sizes) {
    const { series, medianMs } = await measured(flows, topics, state === 'all is well' ? 86_400_000 : 1)
    first ??= medianMs
    const figures = Array.from(medianMs, ([group, ms]) => {
      const ratio = ms / (first?.get(group) ?? ms)
      return `${group} ${ms.toFixed(1)} ms (x ${ratio.toFixed(1)})`
    })
    console.log(
      `${state.padEnd(21)}  ${String(flows).padStart(2)} flows x ${String(topics).padStart(5)} topics, ${String(series).padStart(6)} series: ${figures.join(', ')}`,
    )
  }
}

async function measured(flows: number, topics: number, budgetMs: number): Promise<Row> {
  const page = pageOf(flows, topics, budgetMs)
  const own = new SelfMetrics({
    version: 'bench',
    nodeVersion: 'v24',
    pollMs: 15_000,
    wallMs: () => Date.now(),
  })
  const server = createServer((_, response) => {
    own.render('prometheus').then(text => response.end(page + text))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the bench serves nothing')
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  try {
    const port = await freePort()
    await writeFile(join(folder, 'prometheus.yml'), yaml(configFor(address.port)))
    const timings = { ...defaultTimings, scrapeMs: evaluationMs, evaluationMs }
    const groups = ruleGroups({ timings, version: 'bench', runbooksUrl: 'https://runbooks.example' })
    await writeFile(join(folder, 'rules.yaml'), yaml({ groups }))
    await mkdir(join(folder, 'data'))
    const prometheus = new SupervisedProcess({
      name: 'prometheus',
      command: 'prometheus',
      args: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      logFile: join(folder, 'prometheus.log'),
    })
    try {
      await waitUntil(
        'Prometheus evaluates',
        async () => (await evaluations(port).catch(() => [])).length > 0,
        {
          timeoutMs: 30_000,
        },
      )
      await sleep(warmUpMs)
      return {
        series: page.split('\n').filter(it => it !== '' && !it.startsWith('#')).length,
        medianMs: await medians(port),
      }
    } finally {
      await prometheus.stop()
    }
  } finally {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  }
}

function pageOf(flows: number, topics: number, budgetMs: number): string {
  const assessed = Array.from({ length: flows }, (_, index) => {
    const base = aFlow({ rpo: { budgetMs } })
    const flow: Flow = { ...base, name: `flow-${index}` }
    const naming = mirrorMaker2Names(flow.replicator)
    const context = { flow, naming, pacing: { commitIntervalMs: 60_000, pairSpacing: 100n }, pollMs: 15_000 }
    const observe = (round: number) =>
      observationOf({ topics, partitionsPerTopic: 1, round, targetTopicOf: naming.targetTopicOf })
    const comparison = compareFlow(compareFlow(undefined, observe(0), context), observe(1), context)
    return { flow, assessment: assessFlow(undefined, comparison, context), now: comparison.at }
  })
  const now = assessed[0]?.now ?? 0
  const snapshot = { clock: { now, wallMs: Date.now() }, pollMs: 15_000, clusters: [], flows: assessed }
  return renderFamilies(snapshot, { topics: 'all', partitions: false }).text
}

function configFor(port: number) {
  const interval = `${evaluationMs / 1000}s`
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ job_name: 'tidemark', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
  }
}

async function medians(port: number): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>()
  for (let look = 0; look < looks; look++) {
    for (const { name, seconds } of await evaluations(port)) {
      times.set(name, [...(times.get(name) ?? []), seconds * 1000])
    }
    await sleep(evaluationMs)
  }
  return new Map(
    Array.from(times, ([name, all]) => [name, all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0]),
  )
}

interface RulesAnswer {
  readonly data: { readonly groups: readonly { readonly name: string; readonly evaluationTime: number }[] }
}

async function evaluations(port: number): Promise<readonly { name: string; seconds: number }[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/rules`)
  const { data } = (await response.json()) as RulesAnswer
  return data.groups.map(({ name, evaluationTime }) => ({ name, seconds: evaluationTime }))
}
