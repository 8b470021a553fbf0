import { Random } from '../../oracle/simulation/random.ts'

/** From second `from` on, until `to`. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface FlowPlan {
  readonly name: string
  readonly budget: number
  readonly objective: number
  readonly window: number
  /** The replicator commits this often, and then has copied what is `latency` old or older. */
  readonly commitEvery: number
  readonly latency: number
  /** How many seconds of the source it copies in a second when it is behind. */
  readonly catchUp: number
  /** While one lasts it copies only this many seconds of the source in a second. */
  readonly slowdowns: readonly (Span & { readonly speed: number })[]
  /** It stands still until it is `late` by so much, then copies all but what is `early` or younger, again and again. */
  readonly flapping: readonly (Span & { readonly late: number; readonly early: number })[]
  /** Copies of so many seconds turn out to be none. */
  readonly retractions: readonly { readonly at: number; readonly by: number }[]
  readonly maintenance: Span | undefined
}

/** What a replica cannot reach. After a restart it knows the topics only when it reaches the source. */
export type Unreachable = 'source' | 'target'

export interface ReplicaPlan {
  readonly instance: string
  /** Seconds after every half minute at which it is scraped. */
  readonly scrapedAt: number
  /** Seconds after every quarter of a minute at which it polls. */
  readonly pollsAt: number
  /** How long it reads internal topics after a start before it knows a position. */
  readonly readsFor: number
  /** The process is not there; with `removed` Prometheus does not know the target meanwhile. */
  readonly down: readonly (Span & { readonly removed: boolean })[]
  readonly blind: readonly (Span & { readonly unreachable: Unreachable })[]
  /** Its scrapes fail, each with this chance. */
  readonly failing: readonly (Span & { readonly chance: number })[]
  readonly clock: readonly (Span & { readonly ahead: number })[]
  /** For its single failed and late scrapes. */
  readonly seed: number
}

export interface WorldPlan {
  readonly seed: number
  readonly flows: readonly FlowPlan[]
  readonly replicas: readonly ReplicaPlan[]
  /**
   * What is known after a restart of records that wait: how old the first one is, or only whether it is older than the
   * budget.
   */
  readonly estimate: 'exact' | 'probe'
  /** The chance that a scrape fails by itself, and that it does not happen. */
  readonly failedScrapes: number
  readonly skippedScrapes: number
  readonly until: number
}

const minute = 60
const hour = 3_600

/** How long nothing happens at the beginning, and at the end. */
export const quiet = { before: hour, after: 75 * minute } as const

const eventKinds = {
  stall: 6,
  lag: 3,
  flapping: 3,
  retraction: 1,
  blind: 4,
  blindReplica: 3,
  blindRestart: 2,
  restart: 4,
  rollingRestart: 3,
  crashLoop: 1,
  replicaGone: 2,
  allGone: 2,
  failingScrapes: 4,
  scrapeGap: 2,
  maintenance: 2,
  clock: 1,
} as const
type EventKind = keyof typeof eventKinds

export const eventNames = Object.keys(eventKinds) as readonly EventKind[]

/** A world from its seed: a plan of what goes wrong, after an hour in which nothing does. */
export function planOf(seed: number): WorldPlan {
  const random = new Random(seed)
  const draft = new Draft(random, quiet.before + random.integer(2, 6) * hour - quiet.after)
  const events = random.integer(2, 12)
  for (let event = 0; event < events; event++) draft.add(random.weighted(eventKinds))
  return draft.plan(seed)
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] }

/** A plan to which events are added. */
class Draft {
  readonly #random: Random
  readonly #end: number
  readonly #flows: Mutable<FlowPlan>[]
  readonly #replicas: Mutable<ReplicaPlan>[]

  constructor(random: Random, end: number) {
    this.#random = random
    this.#end = end
    this.#flows = (random.chance(0.25) ? ['orders', 'payments'] : ['orders']).map(name => flow(name, random))
    this.#replicas = (random.chance(0.6) ? ['a', 'b'] : ['a']).map(name => replica(name, random))
  }

  plan(seed: number): WorldPlan {
    return {
      seed,
      flows: this.#flows,
      replicas: this.#replicas,
      estimate: this.#random.chance(0.7) ? 'exact' : 'probe',
      failedScrapes: this.#random.pick([0, 0.01, 0.03]),
      skippedScrapes: this.#random.pick([0, 0, 0.01]),
      until: this.#end + quiet.after,
    }
  }

  add(kind: EventKind): void {
    const random = this.#random
    const chosen = random.pick(this.#flows)
    const one = random.pick(this.#replicas)
    const { budget } = chosen
    switch (kind) {
      case 'stall':
        chosen.slowdowns.push({ ...this.#span(30, Math.max(3 * budget, 600)), speed: 0 })
        return
      case 'lag':
        chosen.slowdowns.push({ ...this.#span(300, 2 * hour), speed: random.between(0.2, 0.97) })
        return
      case 'flapping': {
        const late = budget + random.integer(-20, 90)
        const early = Math.max(5, Math.min(budget, late) - random.integer(5, 120))
        chosen.flapping.push({ ...this.#span(300, hour), late, early })
        return
      }
      case 'retraction':
        chosen.retractions.push({ at: this.#instant(), by: random.integer(10, 2 * budget) })
        return
      case 'blind': {
        const span = { ...this.#span(30, Math.max(3 * budget, 900)), unreachable: this.#side() }
        for (const each of this.#replicas) each.blind.push(span)
        return
      }
      case 'blindReplica':
        one.blind.push({ ...this.#span(30, 2 * hour), unreachable: this.#side() })
        return
      case 'blindRestart': {
        const span = { ...this.#span(600, Math.max(3 * budget, 1_800)), unreachable: this.#side() }
        for (const each of this.#replicas) each.blind.push(span)
        this.#restart(one, random.integer(span.from, span.to))
        return
      }
      case 'restart':
        this.#restart(one, this.#instant())
        return
      case 'rollingRestart':
        this.#roll(this.#instant())
        return
      case 'crashLoop': {
        const from = this.#instant()
        for (let crash = 0; crash < 5; crash++) this.#restart(one, from + crash * random.integer(120, 240))
        return
      }
      case 'replicaGone':
        one.down.push({ ...this.#span(600, 3 * hour), removed: random.chance(0.3) })
        return
      case 'allGone': {
        const span = { ...this.#span(300, 2 * hour), removed: random.chance(0.3) }
        for (const each of this.#replicas) each.down.push(span)
        return
      }
      case 'failingScrapes':
        one.failing.push({ ...this.#span(30, 600), chance: random.pick([0.3, 0.6]) })
        return
      case 'scrapeGap': {
        const span = { ...this.#span(30, 100), chance: 1 }
        for (const each of this.#replicas) each.failing.push(span)
        return
      }
      case 'maintenance': {
        if (chosen.maintenance !== undefined) return
        chosen.maintenance = this.#span(600, 1.5 * hour)
        this.#roll(chosen.maintenance.from)
        return
      }
      case 'clock':
        one.clock.push({
          ...this.#span(300, 2 * hour),
          ahead: random.pick([-1, 1]) * random.pick([1, 2, 6, 40, 300]),
        })
    }
  }

  /** One after the other, each with the configuration of then. */
  #roll(from: number): void {
    let at = from
    for (const each of this.#replicas) {
      this.#restart(each, at)
      at += this.#random.integer(20, 90)
    }
  }

  #restart(one: Mutable<ReplicaPlan>, from: number): void {
    one.down.push({ from, to: from + this.#random.integer(15, 110), removed: false })
  }

  #side(): Unreachable {
    return this.#random.chance(0.7) ? 'source' : 'target'
  }

  #instant(): number {
    return this.#random.integer(quiet.before, this.#end)
  }

  /** A span of some length, each order of magnitude as likely as the next, that is over before the end. */
  #span(shortest: number, longest: number): Span {
    const from = this.#instant()
    return { from, to: Math.min(this.#end, from + Math.round(this.#random.logarithmic(shortest, longest))) }
  }
}

function flow(name: string, random: Random): Mutable<FlowPlan> {
  const budget = Math.round(random.logarithmic(60, 1_800))
  return {
    name,
    budget,
    objective: random.pick([0.99, 0.999, 0.9995]),
    window: random.pick([7, 28]) * 86_400,
    commitEvery: random.pick([5, 10, 30, 60].filter(every => every === 5 || 1.25 * every + 60 < budget)),
    latency: random.integer(1, 5),
    catchUp: random.pick([4, 10, 50]),
    slowdowns: [],
    flapping: [],
    retractions: [],
    maintenance: undefined,
  }
}

function replica(instance: string, random: Random): Mutable<ReplicaPlan> {
  return {
    instance,
    scrapedAt: random.pick([0, 10, 20]),
    pollsAt: random.integer(0, 14),
    readsFor: random.pick([5, 20, 100]),
    down: [],
    blind: [],
    failing: [],
    clock: [],
    seed: random.integer(0, 2 ** 32 - 1),
  }
}
