import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { selfCatalog } from './catalog.ts'

export interface SelfMetricsOptions {
  readonly version: string
  readonly nodeVersion: string
  /** The longest gap between two polls, in milliseconds. */
  readonly pollMs: number
  /** Milliseconds since the epoch, read at every scrape. */
  readonly wallMs: () => number
}

/** The exporter's own health, `tidemark_*` and `process_*`, in a registry of its own. */
export class SelfMetrics {
  readonly #registry = new Registry()
  readonly #polls: Counter<'outcome'>
  readonly #pollDuration: Histogram
  readonly #requests: Counter<'kafka_cluster' | 'api'>
  readonly #omitted: Gauge
  readonly #pollInterval: Gauge
  readonly #reloadSuccessful: Gauge
  readonly #reloadSuccess: Gauge
  /** By cluster, the APIs of which a request was counted. */
  readonly #apis = new Map<string, Set<string>>()
  #clusters: ReadonlySet<string> | undefined

  constructor({ version, nodeVersion, pollMs, wallMs }: SelfMetricsOptions) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    // Gauges that are named like counters, which the linters of the exposition format refuse.
    for (const kind of ['handles', 'requests', 'resources']) {
      this.#registry.removeSingleMetric(`nodejs_active_${kind}_total`)
    }
    this.#polls = new Counter({
      ...described(selfCatalog.polls),
      registers,
    })
    for (const outcome of ['complete', 'partial', 'failed']) this.#polls.inc({ outcome }, 0)
    this.#pollDuration = new Histogram({
      ...described(selfCatalog.pollDuration),
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    })
    this.#requests = new Counter({
      ...described(selfCatalog.kafkaRequests),
      registers,
    })
    this.#omitted = new Gauge({
      ...described(selfCatalog.seriesOmitted),
      registers,
    })
    this.#omitted.set(0)
    new Gauge({
      ...described(selfCatalog.buildInfo),
      registers,
    }).set({ version, node_version: nodeVersion }, 1)
    this.#pollInterval = new Gauge({
      ...described(selfCatalog.pollInterval),
      registers,
    })
    this.pollsEvery(pollMs)
    this.#reloadSuccessful = new Gauge({ ...described(selfCatalog.configReloadSuccessful), registers })
    this.#reloadSuccess = new Gauge({ ...described(selfCatalog.configReloadSuccess), registers })
    this.configLoaded(wallMs())
    new Gauge({
      ...described(selfCatalog.clock),
      registers,
      collect() {
        this.set(wallMs() / 1000)
      },
    })
  }

  pollEnded(outcome: string, seconds: number): void {
    this.#polls.inc({ outcome })
    this.#pollDuration.observe(seconds)
  }

  /** The longest gap between two polls, in milliseconds. */
  pollsEvery(pollMs: number): void {
    this.#pollInterval.set(pollMs / 1000)
  }

  /** The configuration was read at that instant, in milliseconds since the epoch, and holds. */
  configLoaded(atMs: number): void {
    this.#reloadSuccess.set(atMs / 1000)
    this.#reloadSuccessful.set(1)
  }

  configRefused(): void {
    this.#reloadSuccessful.set(0)
  }

  /** The clusters that are asked from now on: others have no series any more. */
  asksClusters(names: Iterable<string>): void {
    this.#clusters = new Set(names)
    for (const [kafka_cluster, apis] of this.#apis) {
      if (this.#clusters.has(kafka_cluster)) continue
      for (const api of apis) this.#requests.remove({ kafka_cluster, api })
      this.#apis.delete(kafka_cluster)
    }
  }

  requestSent(kafkaCluster: string, api: string): void {
    if (this.#clusters?.has(kafkaCluster) === false) return
    this.#requests.inc({ kafka_cluster: kafkaCluster, api })
    const apis = this.#apis.get(kafkaCluster)
    if (apis === undefined) this.#apis.set(kafkaCluster, new Set([api]))
    else apis.add(api)
  }

  seriesOmitted(count: number): void {
    this.#omitted.set(count)
  }

  /** The page of these metrics in the format asked for; OpenMetrics ends with its `# EOF`. */
  async render(format: 'prometheus' | 'openmetrics'): Promise<string> {
    const text = await this.#registry.metrics()
    return format === 'openmetrics' ? asOpenMetrics(text) : text
  }
}

/** A record of the catalog as prom-client wants it. */
function described<Label extends string>({
  name,
  help,
  labels,
}: {
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
}): { name: string; help: string; labelNames: Label[] } {
  return { name, help, labelNames: [...labels] }
}

/**
 * The same page as OpenMetrics 1.0, where a counter's family has the name without `_total` and there are no empty
 * lines. prom-client's own rendering takes `_total` from its counters for good, so that the next text page lacks it.
 */
function asOpenMetrics(text: string): string {
  const page = text
    .replaceAll(/^# HELP (\S+)_total (.*)\n# TYPE \1_total counter$/gm, '# HELP $1 $2\n# TYPE $1 counter')
    .replaceAll(/\n{2,}/g, '\n')
  return `${page}# EOF\n`
}
