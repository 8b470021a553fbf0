import { performance } from 'node:perf_hooks'
import cron, { type ScheduledTask } from 'node-cron'
import { exposuresAfter } from '../assess/exposures.ts'
import type { ClusterStatus, FlowAssessment, Snapshot } from '../model/assessment.ts'
import type { ExposureHistory } from '../model/exposures.ts'
import type { Flow } from '../model/flow.ts'
import type { ClockReading } from '../model/time.ts'
import type { KafkaCluster } from '../sources/kafka/port.ts'
import { groupsOfFlows, Poller, type PollerMemory } from './poller.ts'

export type PollOutcome = 'complete' | 'partial' | 'failed'

/** What is observed and how often. */
export interface Observed {
  readonly flows: readonly Flow[]
  readonly clusters: ReadonlyMap<string, KafkaCluster>
  /** Cron with seconds, UTC. */
  readonly schedule: string
  readonly pollMs: number
  readonly timeoutMs: number
}

export interface ObserverOptions extends Observed {
  readonly clock: () => ClockReading
  readonly onPublished: (snapshot: Snapshot) => void
  readonly onPollEnded: (outcome: PollOutcome, seconds: number) => void
  /** A defect of ours: a poll that threw. */
  readonly onDefect: (error: unknown) => void
  readonly onMalformed: (flow: string, topic: string) => void
}

/**
 * Polls on its own clock and holds the latest snapshot. Groups of flows that share no cluster are polled side by
 * side, and a group's result is published when the group has ended.
 */
export class Observer {
  #options: ObserverOptions
  #pollers: readonly Poller[] = []
  readonly #clusters = new Map<string, ClusterStatus>()
  readonly #flows = new Map<string, FlowAssessment>()
  readonly #exposures = new Map<string, ExposureHistory>()
  #task: ScheduledTask | undefined
  #running: Promise<void> | undefined
  #latest: Snapshot

  constructor(options: ObserverOptions) {
    this.#options = options
    this.#arrange({ flows: new Map(), clusters: new Map() })
    this.#latest = this.#snapshot()
  }

  get latest(): Snapshot {
    return this.#latest
  }

  /** Flows whose first poll has not ended yet. */
  get unpolled(): readonly string[] {
    return this.#options.flows.map(flow => flow.name).filter(name => !this.#flows.has(name))
  }

  /** Polls now and then by the schedule. A poll that is still running when its turn comes is not run twice. */
  start(): void {
    this.#options.onPublished(this.#latest)
    void this.pollOnce()
    this.#schedule()
  }

  #schedule(): void {
    this.#task = cron.schedule(this.#options.schedule, () => this.pollOnce(), { timezone: 'UTC' })
  }

  /**
   * Observes something else from now on, once the poll in flight has ended. Flows in `kept` go on with all that is
   * known of them, which is only right if they have their clusters still, as the same objects; the others begin anew.
   * Resolves when what is no longer observed is not used any more, and is not shown.
   */
  async change(observed: Observed, kept: ReadonlySet<string>): Promise<void> {
    while (this.#running !== undefined) await this.#running
    const flows = new Map(this.#pollers.flatMap(({ memory }) => [...memory.flows]))
    const clusters = new Map(this.#pollers.flatMap(({ memory }) => [...memory.clusters]))
    for (const name of flows.keys()) if (!kept.has(name)) flows.delete(name)
    for (const [name, { cluster }] of clusters) {
      if (observed.clusters.get(name) !== cluster) clusters.delete(name)
    }
    const { schedule } = this.#options
    this.#options = { ...this.#options, ...observed }
    this.#arrange({ flows, clusters })
    this.#latest = this.#snapshot()
    this.#options.onPublished(this.#latest)
    if (this.#task === undefined) return
    void this.pollOnce()
    if (schedule === observed.schedule) return
    const old = this.#task
    this.#schedule()
    await old.destroy()
  }

  /** New pollers with what is known; of everything else nothing is. */
  #arrange(inherited: PollerMemory): void {
    const { flows, clusters } = this.#options
    this.#pollers = groupsOfFlows(flows).map(
      group => new Poller({ ...this.#options, flows: group, inherited }),
    )
    const known = new Map(this.#clusters)
    this.#clusters.clear()
    for (const name of clusters.keys()) {
      const status = inherited.clusters.has(name) ? known.get(name) : undefined
      this.#clusters.set(name, status ?? { name, up: false, unknown: undefined, answeredAt: undefined })
    }
    this.#flows.clear()
    for (const assessment of this.#pollers.flatMap(({ assessments }) => assessments)) {
      this.#flows.set(assessment.flow.name, assessment)
    }
    for (const name of this.#exposures.keys()) if (!this.#flows.has(name)) this.#exposures.delete(name)
  }

  /** Ends the schedule. A poll in flight ends by itself within its time-out. */
  async stop(): Promise<void> {
    await this.#task?.destroy()
    this.#task = undefined
  }

  /** One poll of everything; joins the one that is running, if any. Never throws. */
  pollOnce(): Promise<void> {
    this.#running ??= this.#pollAll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #pollAll(): Promise<void> {
    await Promise.all(this.#pollers.map(poller => this.#pollGroup(poller)))
  }

  async #pollGroup(poller: Poller): Promise<void> {
    const started = performance.now()
    let outcome: PollOutcome = 'failed'
    try {
      const { clusters, flows } = await poller.poll()
      for (const status of clusters) this.#clusters.set(status.name, status)
      for (const assessment of flows) {
        const { name } = assessment.flow
        this.#flows.set(name, assessment)
        this.#exposures.set(name, exposuresAfter(this.#exposures.get(name), assessment, this.#options.pollMs))
      }
      this.#latest = this.#snapshot()
      const up = clusters.filter(cluster => cluster.up).length
      outcome = up === clusters.length ? 'complete' : up > 0 ? 'partial' : 'failed'
      this.#options.onPublished(this.#latest)
    } catch (error) {
      this.#options.onDefect(error)
    } finally {
      this.#options.onPollEnded(outcome, (performance.now() - started) / 1000)
    }
  }

  #snapshot(): Snapshot {
    return {
      clock: this.#options.clock(),
      pollMs: this.#options.pollMs,
      clusters: [...this.#clusters.values()],
      flows: this.#options.flows.map(flow => ({
        flow,
        assessment: this.#flows.get(flow.name),
        exposures: this.#exposures.get(flow.name),
      })),
    }
  }
}
