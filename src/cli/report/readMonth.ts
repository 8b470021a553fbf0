import { recorded } from '../../artifacts/alerts/recordings.ts'
import { defaultTimings } from '../../artifacts/alerts/timings.ts'
import { accountOf, type MonthOfFlow } from '../../assess/month/account.ts'
import { Evaluations, type FactName, factNames, type RecordedSample } from '../../assess/month/evaluations.ts'
import { isBad, isUntold } from '../../assess/month/states.ts'
import { type Period, type Stretch, Timeline } from '../../assess/month/timeline.ts'
import { type PrometheusSeries, type PrometheusSource, selectorOf } from '../../sources/prometheus/client.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Read before a period, to know what still stands when it begins. */
const leadMs = 2 * hourMs
/** Looked at before and after a month, for where a breach began that was there already, and where one ended. */
const aroundMs = 7 * dayMs
/** About so many samples are in memory at once, some 200 bytes each. */
const samplesOfAPiece = 150_000
const shortestPieceMs = 600_000

export interface MonthQuestion {
  readonly period: Period
  /** Undefined: every flow that Prometheus knows. */
  readonly flow: string | undefined
  /** Nothing later is there to be read. */
  readonly nowMs: number
  /** Told how far it is, from 0 to 1. */
  readonly onProgress: (done: number) => void
}

const factOfSeries = new Map<string, FactName>(factNames.map(fact => [recorded[fact], fact]))

/**
 * Reads what the recording rules wrote of a period, and sums it up by flow, in order of the flows' names.
 * @throws SourceError where Prometheus does not answer
 */
export async function readMonth(
  prometheus: PrometheusSource,
  { period, flow, nowMs, onProgress }: MonthQuestion,
): Promise<readonly MonthOfFlow[]> {
  const histories = await readHistories(prometheus, period, flow, onProgress)
  const months: MonthOfFlow[] = []
  for (const history of histories.values()) {
    const { stretches, labels } = history
    // Only from the hours before: it was gone when the period began.
    if (stretches.every(({ state }) => state === 'no_data')) continue
    const told = stretches.filter(({ state }) => !isUntold(state))
    const around = (of: Period): Promise<readonly Stretch[]> =>
      stretchesOf(prometheus, of, history.flow, keyOf(history.flow, labels))
    const [first, last] = [told[0], told.at(-1)]
    const isBadAtFirst = first !== undefined && isBad(first.state)
    const isBadAtLast = last !== undefined && isBad(last.state)
    const before = { fromMs: period.fromMs - aroundMs, toMs: period.fromMs }
    const after = { fromMs: period.toMs, toMs: Math.min(period.toMs + aroundMs, nowMs) }
    months.push({
      ...history,
      account: accountOf(period, stretches, {
        before: isBadAtFirst ? await around(before) : [],
        after: isBadAtLast && after.toMs > after.fromMs ? await around(after) : [],
      }),
    })
  }
  return months.sort((a, b) => compare(a.flow, b.flow) || compare(labelText(a.labels), labelText(b.labels)))
}

type History = Omit<MonthOfFlow, 'account'>

async function stretchesOf(
  prometheus: PrometheusSource,
  period: Period,
  flow: string,
  key: string,
): Promise<readonly Stretch[]> {
  const histories = await readHistories(prometheus, period, flow, () => {})
  return histories.get(key)?.stretches ?? []
}

/** A piece of time after the other, so that no more than one is in memory. */
async function readHistories(
  prometheus: PrometheusSource,
  period: Period,
  flow: string | undefined,
  onProgress: (done: number) => void,
): Promise<ReadonlyMap<string, History>> {
  const selector = selectorOf([...factOfSeries.keys()], flow)
  const readers = new Map<string, FlowReader>()
  let pieceMs = leadMs
  for (let fromMs = period.fromMs - leadMs; fromMs < period.toMs; ) {
    const toMs = Math.min(fromMs + pieceMs, period.toMs)
    const series = (await prometheus.samples(selector, fromMs, toMs)).filter(({ labels }) => labels['flow'])
    for (const [key, pieces] of Map.groupBy(series, ({ labels }) => keyOf(labels['flow'] ?? '', labels))) {
      const labels = pieces[0]?.labels ?? {}
      const reader = readers.get(key) ?? new FlowReader(labels, period)
      readers.set(key, reader)
      reader.add(pieces)
    }
    pieceMs = nextPieceMs(series, toMs - fromMs)
    fromMs = toMs
    onProgress((toMs - period.fromMs) / (period.toMs - period.fromMs))
  }
  return new Map([...readers].map(([key, reader]) => [key, reader.end()]))
}

/** How much time to read next, by how many samples the last piece had. */
function nextPieceMs(series: readonly PrometheusSeries[], lastMs: number): number {
  const samples = series.reduce((sum, { samples: { length } }) => sum + length, 0)
  const fittingMs = samples === 0 ? dayMs : (lastMs * samplesOfAPiece) / samples
  return Math.round(Math.min(dayMs, Math.max(shortestPieceMs, fittingMs)))
}

/** Puts together what is recorded of one flow. */
class FlowReader {
  readonly #labels: Readonly<Record<string, string>>
  readonly #evaluations = new Evaluations()
  readonly #timeline: Timeline

  constructor(labels: Readonly<Record<string, string>>, period: Period) {
    this.#labels = labels
    this.#timeline = new Timeline(period, defaultTimings.evaluationMs)
  }

  add(series: readonly PrometheusSeries[]): void {
    const samples = new Map<FactName, readonly RecordedSample[]>()
    for (const { name, samples: more } of series) {
      const fact = factOfSeries.get(name)
      if (fact === undefined) continue
      // A flow whose tier was changed has two series of the same fact.
      const others = samples.get(fact)
      samples.set(fact, others === undefined ? more : [...others, ...more].sort((a, b) => a.atMs - b.atMs))
    }
    for (const evaluation of this.#evaluations.next(samples, this.#timeline.intervalMs)) {
      this.#timeline.add(evaluation)
    }
  }

  end(): History {
    const { flow = '', ...labels } = this.#labels
    return {
      flow,
      labels: withoutOwn(labels),
      stretches: this.#timeline.end(),
      intervalMs: this.#timeline.intervalMs,
      windowSeconds: this.#timeline.windowSeconds,
    }
  }
}

/** Only one of the facts has the tier, and it may change: it tells no series apart. */
function withoutOwn(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'flow' && name !== 'tier'))
}

function keyOf(flow: string, labels: Readonly<Record<string, string>>): string {
  return `${flow}\n${labelText(withoutOwn(labels))}`
}

/** `{job="tidemark"}`, in order of the names; empty where there are none. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => compare(a, b))
  return pairs.length === 0
    ? ''
    : `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
