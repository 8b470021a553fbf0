import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** The budget of every flow decides how it is. */
export const states = [
  { name: 'all is well', budgetMs: 86_400_000 },
  { name: 'all past the deadline', budgetMs: 1 },
] as const

export interface MonitoredWorld {
  readonly flows: number
  readonly topics: number
  readonly budgetMs: number
  /** How often Prometheus scrapes and evaluates. */
  readonly intervalMs: number
}

export interface Monitored {
  /** Where Prometheus answers. */
  readonly url: string
  /** Series that the exporter gives, its own health left out. */
  readonly series: number
}

/** Runs something beside a real Prometheus that scrapes such an exporter and evaluates the rules. */
export async function whileMonitored<T>(
  { flows, topics, budgetMs, intervalMs }: MonitoredWorld,
  run: (monitored: Monitored) => Promise<T>,
): Promise<T> {
  await ensureTools(['promtool'])
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
    await writeFile(join(folder, 'prometheus.yml'), yaml(configFor(address.port, intervalMs)))
    const timings = { ...defaultTimings, scrapeMs: intervalMs, evaluationMs: intervalMs }
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
      const url = `http://127.0.0.1:${port}`
      await waitUntil(
        'Prometheus evaluates',
        async () => (await evaluations(url).catch(() => [])).length > 0,
        { timeoutMs: 30_000 },
      )
      const series = page.split('\n').filter(it => it !== '' && !it.startsWith('#')).length
      return await run({ url, series })
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

function configFor(port: number, intervalMs: number) {
  const interval = `${intervalMs / 1000}s`
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ job_name: 'tidemark', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
  }
}

interface RulesAnswer {
  readonly data: { readonly groups: readonly { readonly name: string; readonly evaluationTime: number }[] }
}

/** How long the last evaluation of each group took. */
export async function evaluations(
  url: string,
): Promise<readonly { readonly name: string; readonly seconds: number }[]> {
  const response = await fetch(`${url}/api/v1/rules`)
  const { data } = (await response.json()) as RulesAnswer
  return data.groups.map(({ name, evaluationTime }) => ({ name, seconds: evaluationTime }))
}

/** The middle one of some figures. */
export function medianOf(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN
}
