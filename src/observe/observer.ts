import { performance } from 'node:perf_hooks'
import cron, { type ScheduledTask } from 'node-cron'
import { exposuresAfter } from '../assess/exposures.ts'
import type { ClusterStatus, FlowAssessment, Snapshot } from '../model/assessment.ts'
import type { ExposureHistory } from '../model/exposures.ts'
import type { Flow } from '../model/flow.ts'
import type { ClockReading } from '../model/time.ts'
import type { KafkaCluster } from '../sources/kafka/port.ts'
import { groupsOfFlows, Poller } from './poller.ts'

export type PollOutcome = 'complete' | 'partial' | 'failed'

export interface ObserverOptions {
  readonly flows: readonly Flow[]
  readonly clusters: ReadonlyMap<string, KafkaCluster>
  /** Cron with seconds, UTC. */
  readonly schedule: string
  readonly pollMs: number
  readonly timeoutMs: number
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
  readonly #options: ObserverOptions
  readonly #pollers: readonly Poller[]
  readonly #clusters = new Map<string, ClusterStatus>()
  readonly #flows = new Map<string, FlowAssessment>()
  readonly #exposures = new Map<string, ExposureHistory>()
  #task: ScheduledTask | undefined
  #running: Promise<void> | undefined
  #latest: Snapshot

  constructor(options: ObserverOptions) {
    this.#options = options
    for (const name of options.clusters.keys()) {
      this.#clusters.set(name, { name, up: false, unknown: undefined, answeredAt: undefined })
    }
    this.#pollers = groupsOfFlows(options.flows).map(flows => new Poller({ ...options, flows }))
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
    this.#task = cron.schedule(this.#options.schedule, () => this.pollOnce(), { timezone: 'UTC' })
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
