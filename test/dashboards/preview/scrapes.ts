import { catalog, type Family } from '../../../src/metrics/catalog.ts'
import type { Snapshot } from '../../../src/model/assessment.ts'
import { FlowStory } from './flowStory.ts'
import { SelfSeries } from './selfSeries.ts'
import { historyMs, type PreviewWorld, pictureMs } from './worlds.ts'

/** One sample of a page: its labels come in the order of their names. */
export interface ScrapedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A scrape of one exporter; `samples` is undefined where it failed. */
export interface Scrape {
  readonly atMs: number
  readonly target: Readonly<Record<string, string>>
  readonly samples: readonly ScrapedSample[] | undefined
}

const pollMs = 15_000
export const scrapeMs = 30_000
/** A page is a few seconds old when it is scraped, and a scrape when somebody looks. */
const pageAgeMs = 4_000
const scrapeAgeMs = 7_000
/** The first scrape comes when there has been a poll. */
const firstPollMs = 60_000

/** All scrapes of a world up to its picture, in the order of time, with the metrics of the real catalog. */
export function* scrapesOf(world: PreviewWorld): Generator<Scrape> {
  const exporter = new PretendedExporter(world)
  const last = pictureMs - scrapeAgeMs
  const count = Math.floor(Math.min(historyMs, last - world.beganMs) / scrapeMs)
  for (let scrape = count; scrape >= 0; scrape -= 1) {
    const atMs = last - scrape * scrapeMs
    if (world.polls) for (const ageMs of [pollMs + pageAgeMs, pageAgeMs]) exporter.poll(atMs - ageMs)
    const samples = exporter.samplesAt(atMs)
    for (const { instance, isDown } of world.replicas) {
      const fails = isDown?.(atMs) === true
      yield { atMs, target: { job: 'tidemark', instance }, samples: fails ? undefined : samples }
    }
  }
}

/** The stories of a world behind one page. */
class PretendedExporter {
  readonly #world: PreviewWorld
  readonly #stories: readonly FlowStory[]
  readonly #self: SelfSeries
  readonly #clusters: readonly string[]

  constructor(world: PreviewWorld) {
    this.#world = world
    this.#stories = world.flows.map(parts => new FlowStory(parts, world.beganMs - firstPollMs))
    this.#clusters = [...new Set(world.flows.flatMap(({ source, target }) => [source, target]))]
    this.#self = new SelfSeries(world.beganMs, this.#clusters)
  }

  poll(atMs: number): void {
    for (const story of this.#stories) story.poll(atMs)
    this.#self.polled(this.#clusters.filter(it => this.#isSilent(it)))
  }

  samplesAt(atMs: number): readonly ScrapedSample[] {
    const [story] = this.#stories
    if (story === undefined) throw new Error(`${this.#world.name}: a world without flows`)
    const snapshot: Snapshot = {
      clock: story.clockAt(atMs),
      pollMs,
      clusters: this.#clusters.map(name => ({
        name,
        up: this.#world.polls && !this.#isSilent(name),
        unknown: undefined,
        answeredAt: undefined,
      })),
      flows: this.#stories.map(({ shown }) => shown),
    }
    return [...catalogSamples(snapshot), ...this.#self.samplesAt(atMs)]
  }

  #isSilent(cluster: string): boolean {
    return this.#stories.some(story => story.isSilent(cluster))
  }
}

function* catalogSamples(snapshot: Snapshot): Generator<ScrapedSample> {
  for (const { name, labels, samples } of Object.values<Family>(catalog)) {
    for (const [values, value] of samples(snapshot)) {
      yield {
        name,
        labels: Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ''])),
        value: Number(value),
      }
    }
  }
}
