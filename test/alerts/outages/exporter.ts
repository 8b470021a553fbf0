import { Random } from '../../oracle/simulation/random.ts'
import { type FlowPlan, quiet, type ReplicaPlan, type WorldPlan } from './plan.ts'
import { current } from './truth.ts'
import { polled, type View } from './view.ts'

/** What a scrape found of a flow. */
export interface FlowSight {
  /** Undefined before the first poll ended. */
  readonly view: View | undefined
  readonly isInMaintenance: boolean
}

export interface Sight {
  /** Seconds that the replica's clock is ahead. */
  readonly ahead: number
  readonly flows: ReadonlyMap<string, FlowSight>
}

/** `removed`: Prometheus does not know the target. */
export interface Scrape {
  readonly at: number
  readonly found: Sight | 'failed' | 'removed'
}

export const scrapeEvery = 30
const pollEvery = 15
/** A poll is on the page a second after it began, and a process answers two seconds after its start. */
const pollTakes = 1
const startTakes = 2

/** All scrapes of a replica, in their order, without those that did not happen. */
export function scrapesOf(
  replica: ReplicaPlan,
  world: WorldPlan,
  truths: ReadonlyMap<string, Float64Array>,
): readonly Scrape[] {
  const random = new Random(replica.seed)
  const process = new Process(replica, world, truths)
  const scrapes: Scrape[] = []
  let nextPoll = replica.pollsAt
  for (let at = replica.scrapedAt; at <= world.until; at += scrapeEvery) {
    for (; nextPoll + pollTakes <= at; nextPoll += pollEvery) process.poll(nextPoll)
    const isQuiet = at === replica.scrapedAt || at > world.until - quiet.after
    const chance = Math.max(isQuiet ? 0 : world.failedScrapes, current(replica.failing, at)?.chance ?? 0)
    const isFailing = random.chance(chance)
    if (random.chance(isQuiet ? 0 : world.skippedScrapes)) continue
    const isRemoved = current(replica.down, at)?.removed === true
    const sight = isFailing ? undefined : process.sightAt(at)
    scrapes.push({ at, found: isRemoved ? 'removed' : (sight ?? 'failed') })
  }
  return scrapes
}

/** The processes of a replica, one after the other: each begins with nothing. */
class Process {
  readonly #replica: ReplicaPlan
  readonly #world: WorldPlan
  readonly #truths: ReadonlyMap<string, Float64Array>
  readonly #views = new Map<string, View>()
  #startedAt = 0

  constructor(replica: ReplicaPlan, world: WorldPlan, truths: ReadonlyMap<string, Float64Array>) {
    this.#replica = replica
    this.#world = world
    this.#truths = truths
  }

  poll(at: number): void {
    if (!this.#isUp(at)) return
    for (const flow of this.#world.flows) {
      const { budget, name } = flow
      const isReading = at - this.#startedAt < this.#replica.readsFor
      const view = polled(this.#views.get(name), {
        at,
        unreachable: current(this.#replica.blind, at)?.unreachable,
        replicated: isReading ? undefined : this.#truths.get(name)?.[at],
        budget,
        estimate: this.#world.estimate,
      })
      this.#views.set(name, view)
    }
  }

  sightAt(at: number): Sight | undefined {
    if (!this.#isUp(at)) return undefined
    const ahead = current(this.#replica.clock, at)?.ahead ?? 0
    const sights = this.#world.flows.map(
      flow =>
        [
          flow.name,
          { view: this.#views.get(flow.name), isInMaintenance: this.#isInMaintenance(flow, at + ahead) },
        ] as const,
    )
    return { ahead, flows: new Map(sights) }
  }

  /** Whether a process runs that has started; a new one has forgotten everything. */
  #isUp(at: number): boolean {
    if (current(this.#replica.down, at) !== undefined) return false
    const startedAt = Math.max(0, ...this.#replica.down.map(({ to }) => to).filter(to => to <= at))
    if (startedAt > this.#startedAt) this.#views.clear()
    this.#startedAt = startedAt
    return at >= startedAt + startTakes || startedAt === 0
  }

  /** A process has the configuration of its start; a maintenance ends by itself. */
  #isInMaintenance({ maintenance }: FlowPlan, clock: number): boolean {
    return maintenance !== undefined && this.#startedAt >= maintenance.from && clock < maintenance.to
  }
}
