import { selfCatalog } from '../../../src/metrics/catalog.ts'
import type { ScrapedSample } from './scrapes.ts'

const mebibyte = 2 ** 20
/** What a poll takes when every cluster answers, and when one does not and its time-out ends it, in seconds. */
const pollSeconds = { complete: 0.18, partial: 10.02 }
const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const apis = ['Metadata', 'ListOffsets', 'Fetch'] as const

/** What an exporter says about itself and its process: plausible figures, the same in each run. */
export class SelfSeries {
  readonly #beganMs: number
  readonly #polls = { complete: 0, partial: 0, failed: 0 }
  readonly #requests: Map<string, Record<(typeof apis)[number], number>>

  constructor(beganMs: number, clusters: readonly string[]) {
    this.#beganMs = beganMs
    this.#requests = new Map(clusters.map(name => [name, { Metadata: 0, ListOffsets: 0, Fetch: 0 }]))
  }

  polled(silent: readonly string[]): void {
    if (silent.length === 0) this.#polls.complete += 1
    else if (silent.length === this.#requests.size) this.#polls.failed += 1
    else this.#polls.partial += 1
    for (const [cluster, sent] of this.#requests) {
      sent.Metadata += 1
      if (silent.includes(cluster)) continue
      sent.ListOffsets += 3
      sent.Fetch += 5
    }
  }

  samplesAt(atMs: number): readonly ScrapedSample[] {
    const upSeconds = (atMs - this.#beganMs) / 1000
    const wave = Math.sin(upSeconds / 900)
    const one = (name: string, value: number, labels: ScrapedSample['labels'] = {}): ScrapedSample => ({
      name,
      labels,
      value,
    })
    const { complete, partial, failed } = this.#polls
    const slow = partial + failed
    const duration = selfCatalog.pollDuration.name
    return [
      one(selfCatalog.clock.name, atMs / 1000),
      ...Object.entries(this.#polls).map(([outcome, count]) =>
        one(selfCatalog.polls.name, count, { outcome }),
      ),
      one(selfCatalog.pollInterval.name, 15),
      ...[...buckets, Number.POSITIVE_INFINITY].map(bucket =>
        one(
          `${duration}_bucket`,
          (bucket >= pollSeconds.complete ? complete : 0) + (bucket >= pollSeconds.partial ? slow : 0),
          { le: bucket === Number.POSITIVE_INFINITY ? '+Inf' : String(bucket) },
        ),
      ),
      one(`${duration}_count`, complete + slow),
      one(`${duration}_sum`, complete * pollSeconds.complete + slow * pollSeconds.partial),
      ...Array.from(this.#requests).flatMap(([kafka_cluster, sent]) =>
        apis.map(api => one(selfCatalog.kafkaRequests.name, sent[api], { kafka_cluster, api })),
      ),
      one(selfCatalog.seriesOmitted.name, 0),
      one(selfCatalog.configReloadSuccessful.name, 1),
      one(selfCatalog.configReloadSuccess.name, this.#beganMs / 1000),
      one(selfCatalog.buildInfo.name, 1, { version: '0.1.0', node_version: 'v24.21.0' }),
      ...processSamples(one, this.#beganMs, upSeconds, wave),
    ]
  }
}

type One = (name: string, value: number, labels?: ScrapedSample['labels']) => ScrapedSample

/** Of prom-client. */
function processSamples(one: One, beganMs: number, upSeconds: number, wave: number): ScrapedSample[] {
  const cpu = upSeconds * 0.021
  const heap = (38 + 6 * wave) * mebibyte
  return [
    one('process_start_time_seconds', beganMs / 1000),
    one('process_cpu_user_seconds_total', cpu * 0.8),
    one('process_cpu_system_seconds_total', cpu * 0.2),
    one('process_cpu_seconds_total', cpu),
    one('process_resident_memory_bytes', (96 + 7 * wave) * mebibyte),
    one('process_open_fds', 41),
    one('process_max_fds', 1_048_576),
    one('nodejs_heap_size_total_bytes', 56 * mebibyte),
    one('nodejs_heap_size_used_bytes', heap),
    one('nodejs_external_memory_bytes', 4 * mebibyte),
    one('nodejs_eventloop_lag_seconds', 0.0011 + 0.0004 * wave),
    one('nodejs_eventloop_lag_mean_seconds', 0.0102),
    one('nodejs_eventloop_lag_p50_seconds', 0.0101),
    one('nodejs_eventloop_lag_p90_seconds', 0.0104),
    one('nodejs_eventloop_lag_p99_seconds', 0.0121 + 0.001 * wave),
    one('nodejs_eventloop_lag_max_seconds', 0.024 + 0.006 * wave),
    ...(['minor', 'major', 'incremental'] as const).flatMap((kind, index) => [
      one('nodejs_gc_duration_seconds_count', Math.floor(upSeconds / (30 * (index + 1))), { kind }),
      one('nodejs_gc_duration_seconds_sum', (upSeconds * 0.0004) / (index + 1), { kind }),
    ]),
  ]
}
