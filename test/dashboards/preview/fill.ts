import { ruleGroups, type WrittenRule } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { committedOptions } from '../../alerts/support/rules.ts'
import { durationMs } from './durations.ts'
import { firingAt } from './firing.ts'
import type { AnsweredSeries, FilledPrometheus, Labels, TimeRange } from './prometheus.ts'
import { stale, type WrittenSeries } from './remoteWrite.ts'
import { type ScrapedSample, scrapesOf } from './scrapes.ts'
import { historyMs, type PreviewWorld, pictureMs } from './worlds.ts'

/** Samples that are sent at once. */
const batch = 50_000
/** The rules were evaluated last when the newest scrape was some seconds old. */
const evaluationAgeMs = 2_000

/** Fills Prometheus with all that it would have of a world at the instant of the picture: scrapes, recording rules and alerts. */
export async function fill(prometheus: FilledPrometheus, world: PreviewWorld): Promise<void> {
  await writeScrapes(prometheus, world)
  await writeRules(prometheus, world)
}

async function writeScrapes(prometheus: FilledPrometheus, world: PreviewWorld): Promise<void> {
  const writer = new SeriesWriter(prometheus)
  const before = new Map<string, ReadonlySet<string>>()
  for (const { atMs, target, samples } of scrapesOf(world)) {
    const seen = new Set<string>()
    const put = (sample: ScrapedSample): void => {
      seen.add(writer.add(sample.name, { ...sample.labels, ...target }, atMs, sample.value))
    }
    for (const sample of samples ?? []) put(sample)
    for (const [name, value] of ofScrape(samples)) writer.add(name, target, atMs, value)
    const key = JSON.stringify(target)
    for (const gone of before.get(key) ?? []) if (!seen.has(gone)) writer.end(gone, atMs)
    before.set(key, seen)
    await writer.flush(batch)
  }
  await writer.flush()
}

/** What Prometheus itself says of a scrape. */
function ofScrape(samples: readonly ScrapedSample[] | undefined): readonly (readonly [string, number])[] {
  const count = samples?.length ?? 0
  return [
    ['up', samples === undefined ? 0 : 1],
    ['scrape_duration_seconds', samples === undefined ? 10 : 0.004 + count * 2e-6],
    ['scrape_samples_scraped', count],
    ['scrape_samples_post_metric_relabeling', count],
    ['scrape_series_added', 0],
  ]
}

/**
 * Each rule is asked for at all instants at once, after those that stand before it: none of them needs an earlier value
 * of a later one.
 */
async function writeRules(prometheus: FilledPrometheus, world: PreviewWorld): Promise<void> {
  const toMs = pictureMs - evaluationAgeMs
  const spanMs = Math.min(historyMs, toMs - world.beganMs)
  for (const { interval, rules } of ruleGroups(committedOptions)) {
    const stepMs = durationMs(interval)
    const range = { fromMs: toMs - Math.floor(spanMs / stepMs) * stepMs, toMs }
    for (const rule of rules) {
      const writer = new SeriesWriter(prometheus)
      for (const series of await prometheus.queryRange(rule.expr, range, stepMs))
        writer.addEvaluated(ruleSeries(rule, series, range, stepMs), range, stepMs)
      await writer.flush()
    }
  }
}

interface RuleSeries extends AnsweredSeries {
  readonly name: string
}

/** What a rule makes of a series that its expression gave: its record, or its alert while it fires. */
function ruleSeries(
  rule: WrittenRule,
  { labels, values }: AnsweredSeries,
  range: TimeRange,
  stepMs: number,
): RuleSeries {
  if (rule.alert === undefined) return { name: rule.record ?? '', labels, values }
  const { __name__: _, ...own } = labels
  const firing = firingAt(rule, new Set(values.map(([atMs]) => atMs)), range, stepMs)
  return {
    name: 'ALERTS',
    labels: { ...own, ...rule.labels, alertname: rule.alert, alertstate: 'firing' },
    values: firing.map(atMs => [atMs, 1]),
  }
}

/** Collects samples by series, each in the order of time. */
class SeriesWriter {
  readonly #prometheus: FilledPrometheus
  readonly #series = new Map<string, WrittenSeries>()
  #waiting = 0

  constructor(prometheus: FilledPrometheus) {
    this.#prometheus = prometheus
  }

  /** Returns what names the series. */
  add(name: string, labels: Labels, atMs: number, value: number): string {
    const sorted = Object.entries({ ...labels, __name__: name }).sort(([a], [b]) => (a < b ? -1 : 1))
    const key = JSON.stringify(sorted)
    const series = this.#series.get(key) ?? { labels: sorted, samples: [] }
    this.#series.set(key, series)
    series.samples.push([atMs, value])
    this.#waiting += 1
    return key
  }

  /** The samples of evaluations; one without a sample ends the series, as Prometheus does it. */
  addEvaluated({ name, labels, values }: RuleSeries, { toMs }: TimeRange, stepMs: number): void {
    for (const [index, [atMs, value]] of values.entries()) {
      const key = this.add(name, labels, atMs, value)
      const next = values[index + 1]?.[0] ?? Number.POSITIVE_INFINITY
      if (next > atMs + stepMs && atMs < toMs) this.end(key, atMs + stepMs)
    }
  }

  /** The series has no more samples from then on. */
  end(key: string, atMs: number): void {
    this.#series.get(key)?.samples.push([atMs, stale])
  }

  /** Sends all, unless fewer than `atLeast` wait. */
  async flush(atLeast = 0): Promise<void> {
    if (this.#waiting < atLeast) return
    const full = Array.from(this.#series.values()).filter(({ samples }) => samples.length > 0)
    await this.#prometheus.write(full)
    for (const { samples } of full) samples.length = 0
    this.#waiting = 0
  }
}
