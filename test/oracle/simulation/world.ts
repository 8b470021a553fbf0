import type { FlowAssessment } from '../../../src/model/assessment.ts'
import { provableExposureMs } from '../../../src/model/engine.ts'
import type { Flow, IsolationLevel } from '../../../src/model/flow.ts'
import { Poller } from '../../../src/observe/poller.ts'
import { mirrorMaker2Names } from '../../../src/replicators/mirrormaker2/naming.ts'
import { aFlow } from '../../support/world.ts'
import { SimulatedCluster, type SimulatedTopic } from './cluster.ts'
import { type FaultName, faultNames, planFault } from './faults.ts'
import { type MirrorMakerDefects, SimulatedMirrorMaker } from './mirrorMaker.ts'
import type { Entry } from './partitionLog.ts'
import { Random } from './random.ts'
import { judge, partitionLine, type Rule, type Violation } from './rules.ts'
import { canBeToldApart, Traffic, type TrafficPlan } from './traffic.ts'
import { VirtualTime } from './virtualTime.ts'

/** Milliseconds since the epoch at which every world begins. */
const epochMs = 1_760_000_000_000

export interface WorldOptions {
  readonly seed: number
  /** Only these faults; none: a world in which nothing goes wrong. Undefined: one to three random ones. */
  readonly faults?: readonly FaultName[]
  /** Hands on every line of the world's story. */
  readonly tell?: (line: string) => void
  /** Changes what is judged, to show that the oracle sees it. */
  readonly tamper?: (assessment: FlowAssessment) => FlowAssessment
  readonly defects?: MirrorMakerDefects
  readonly polls?: number
}

export interface FoundViolation extends Violation {
  readonly at: number
  readonly poll: number
}

/** What proves the point: commits, records that can be told apart, or others, or within a small byte budget. */
export const proofs = ['commits', 'audit', 'audit of twins or with few bytes'] as const

export interface Tightness {
  readonly proof: (typeof proofs)[number]
  readonly ageMs: number
  readonly boundMs: number
}

/** What one world showed. */
export interface WorldReport {
  readonly seed: number
  readonly kind: string
  readonly faults: readonly FaultName[]
  readonly polls: number
  readonly samples: number
  /** Samples with a proven point, with records truly missing, with a number of missing records, with losses. */
  readonly withPoint: number
  readonly withMissing: number
  readonly withMissingSaid: number
  readonly withLosses: number
  readonly covered: number
  readonly violations: readonly FoundViolation[]
  /** Samples whose point lies behind records that were stepped over and not found (yet). */
  readonly steppedOver: number
  /** Such records when the world ended. */
  readonly steppedOverAtEnd: number
  readonly countedLate: number
  readonly unknowable: number
  readonly hidden: number
  /** Age of the proven point in milliseconds, and the bound that holds without faults. */
  readonly tightness: readonly Tightness[]
  /** Estimated minus true recovery point in milliseconds: positive is too new. */
  readonly estimateErrorsMs: readonly number[]
  readonly mostBytesInPoll: number
  /** What the topics were when the world ended. */
  readonly atEnd: readonly string[]
}

/** A pair of clusters with traffic, MirrorMaker, faults and an exporter, all from one seed. */
export class SimulatedWorld {
  readonly time = new VirtualTime()
  readonly random: Random
  readonly source: SimulatedCluster
  readonly target: SimulatedCluster
  readonly mirrorMaker: SimulatedMirrorMaker
  readonly flow: Flow
  readonly pollMs: number
  readonly polls: number
  readonly traffic = new Map<string, Traffic>()
  readonly targetTopicOf: (topic: string) => string
  readonly isolation: IsolationLevel
  readonly isExactlyOnce: boolean
  readonly faults: readonly FaultName[]
  /** Added to the exporter's wall clock. */
  wallJumpMs = 0
  isRestartWanted = false
  readonly #options: WorldOptions
  readonly #seenIds = new Set<string>()
  readonly #uncounted = new Map<Entry, number>()

  constructor(options: WorldOptions) {
    this.#options = options
    const random = new Random(options.seed)
    this.random = random
    this.polls = options.polls ?? 45
    const [pollMs, flushMs] = random.pick([
      [15_000, 60_000],
      [15_000, 60_000],
      [5_000, 10_000],
      [15_000, 10_000],
      [1_000, 2_000],
    ] as const)
    this.pollMs = pollMs
    this.faults = options.faults ?? pickFaults(random)
    this.isExactlyOnce = random.chance(0.15)
    this.isolation = random.chance(0.2) ? 'read_committed' : 'read_uncommitted'
    const syncsOn = random.chance(0.75) ? 'source' : 'target'
    const shortMs = provableExposureMs(flushMs, pollMs)
    const budgetMs = random.chance(0.3)
      ? random.between(0.3, 0.95) * shortMs
      : random.between(1.2, 8) * shortMs
    const flow = aFlow({
      replicator: {
        policy: random.chance(0.75) ? 'default' : 'identity',
        offsetFlushIntervalMs: flushMs,
        offsetSyncsLocation: syncsOn,
        isolationLevel: this.isolation,
      },
      rpo: { budgetMs, newTopicGraceMs: 4 * pollMs },
    })
    const auditBytesPerPoll = random.chance(0.15) ? 0 : random.chance(0.15) ? 64 * 1024 : 4 * 1024 * 1024
    this.flow = { ...flow, auditBytesPerPoll }
    const { replicator } = this.flow
    const names = mirrorMaker2Names(replicator)
    this.targetTopicOf = names.targetTopicOf
    const clusterOf = (name: string): SimulatedCluster => {
      const skewMs = random.chance(0.05) ? random.pick([-3_600_000, 3_600_000]) : random.between(-50, 50)
      const wallMs = () => Math.floor(epochMs + this.time.now + skewMs)
      return new SimulatedCluster(name, { time: this.time, random: random.fork(), wallMs })
    }
    this.source = clusterOf('east')
    this.target = clusterOf('west')
    this.target.isLogAppendTime = random.chance(0.08)
    const [syncsTopic] = names.offsetSyncsTopics
    if (syncsTopic === undefined) throw new Error('no name for the offset syncs')
    this.mirrorMaker = new SimulatedMirrorMaker(
      {
        sourceAlias: replicator.sourceAlias,
        offsetsTopic: replicator.offsetsTopic,
        statusTopic: replicator.statusTopic,
        syncsTopic,
        syncsOn,
        targetTopicOf: names.targetTopicOf,
        isInScope: topic => !names.isLeftOut(topic),
        isolation: this.isolation,
        isExactlyOnce: this.isExactlyOnce,
        flushMs,
        refreshMs: random.pick([2_000, 10_000, 60_000]),
        tasks: random.integer(1, 3),
        stepsOver: this.faults.includes('too large'),
      },
      {
        source: this.source,
        target: this.target,
        time: this.time,
        random: random.fork(),
        note: text => this.note(text),
      },
      options.defects,
    )
    const wide = random.chance(0.04)
    const topics = wide ? random.integer(6, 9) : random.weighted({ 1: 3, 2: 4, 3: 3, 4: 1 })
    for (let index = 0; index < Number(topics); index++) this.addTopic(`topic-${index}`)
  }

  /** Adds a line to the world's story, if anybody listens. */
  note(text: () => string): void {
    this.#options.tell?.(`${(this.time.now / 1_000).toFixed(3).padStart(9)} s  ${text()}`)
  }

  /** Creates a topic on the source, with producers. */
  addTopic(name: string): void {
    const { random } = this
    const isCompacted = random.chance(0.2) || (this.faults.includes('compaction') && random.chance(0.7))
    const partitions = random.integer(1, 4)
    const transactions =
      this.faults.includes('hanging transaction') || this.isolation === 'read_committed' ? 5 : 1
    const plan: TrafficPlan = {
      topic: name,
      shape: random.weighted({ steady: 4, bursts: 2, trickle: 2, fading: 2, transactions }),
      content: random.weighted({ unique: 6, few: 2, same: 1 }),
      timestamps: random.weighted({
        now: 7,
        coarse: 1,
        long_ago: 1,
        constant: 1,
        future: 0.5,
        anywhere: 0.5,
      }),
      perSecond: random.logarithmic(200, 60_000) / this.pollMs,
      retries: random.chance(0.25) ? 0.15 : 0,
      keys: isCompacted ? random.integer(2, 12) : random.chance(0.5) ? 1_000 : 0,
      abortShare: random.pick([0, 0.2, 0.5]),
    }
    const topic = this.source.createTopic(name, partitions, true)
    topic.configs.set('cleanup.policy', isCompacted ? 'compact' : 'delete')
    topic.configs.set('retention.ms', random.pick(['604800000', '60000', '-1']))
    topic.configs.set('retention.bytes', '-1')
    const traffic = new Traffic(plan, {
      source: this.source,
      time: this.time,
      random: random.fork(),
      pollMs: this.pollMs,
      written: (topic, partition) => this.mirrorMaker.wake(topic, partition),
    })
    this.traffic.set(name, traffic)
    traffic.start()
    if (random.chance(0.3)) traffic.write(random.integer(1, 600))
    this.note(() => `topic ${name} (${topic.id}) with ${partitions} partitions: ${JSON.stringify(plan)}`)
  }

  /** Deletes a topic on the source and creates it again, `gapMs` later. */
  recreateOnSource(name: string, gapMs = 0): void {
    const before = this.source.deleteTopic(name)
    if (before === undefined) return
    this.note(() => `${name} (${before.id}) is deleted on the source`)
    if (gapMs === 0) this.#createAgain(name, before)
    else this.time.after(gapMs, () => this.#createAgain(name, before))
  }

  #createAgain(name: string, before: SimulatedTopic): void {
    const topic = this.source.createTopic(name, before.partitions.length, true)
    for (const [config, value] of before.configs) topic.configs.set(config, value)
    // Created and recreated between two polls: nobody saw that the engine's positions are of another one.
    if (!this.#seenIds.has(before.id)) {
      for (const [partition, truth] of topic.truths.entries())
        truth.unknowableBelow = this.#behindEngine(topic, partition)
    }
    this.note(() => `${name} is created again on the source: ${before.id} becomes ${topic.id}`)
    this.mirrorMaker.wake(name)
  }

  /** What the target loses of a log is on the target no longer. */
  loseCopies(entries: readonly SimulatedTopic['partitions'][number]['entries'][number][]): void {
    for (const entry of entries) {
      const { original, transaction } = entry
      // What an open transaction wrote there will not count when it is committed.
      entry.gone = 'truncated'
      if (original === undefined || (transaction !== undefined && transaction.state !== 'committed')) continue
      original.listener?.uncopied(original, this.time.now)
      if (entry.wasUnseen) original.lostCopyWasUnseen = true
    }
  }

  /** Lets the world run, polls it, and holds every poll against the truth. */
  async run(): Promise<WorldReport> {
    const { random, time, pollMs } = this
    this.note(
      () => `world ${this.#options.seed}: ${this.#kind()}, faults: ${this.faults.join(', ') || 'none'}`,
    )
    time.after(random.between(0, pollMs), () => this.mirrorMaker.start())
    const startAt = random.between(0.2, 3) * pollMs
    const lengthMs = this.polls * pollMs
    for (const fault of this.faults) planFault(fault, this, startAt, lengthMs)
    const tally = new Tally()
    let poller = this.#poller()
    let startedAt = startAt
    const targetReadAt = new Map<string, number>()
    let dueAt = startAt
    await time.advanceTo(startAt)
    this.#exporterStarts()
    for (let poll = 0; poll < this.polls; poll++) {
      await time.advanceTo(dueAt)
      if (this.isRestartWanted) {
        this.isRestartWanted = false
        this.note(() => 'the exporter starts anew')
        poller = this.#poller()
        startedAt = time.now
        this.#exporterStarts()
      }
      for (const topic of this.#identities()) for (const truth of topic.truths) truth.copiedInPoll = 0
      const bytesBefore = this.source.bytesFetched + this.target.bytesFetched
      const { flows } = await time.until(poller.poll())
      const bytes = this.source.bytesFetched + this.target.bytesFetched - bytesBefore
      tally.mostBytesInPoll = Math.max(tally.mostBytesInPoll, bytes)
      const found = flows[0]
      if (found === undefined) throw new Error('no flow was polled')
      const assessment = this.#options.tamper?.(found) ?? found
      this.#judge(assessment, { poll, startedAt, targetReadAt }, tally)
      // What the target lost since shows in the next poll: in this one a new pair may just be newer than the end beside it.
      if (assessment.facts.target.unknown === undefined) {
        for (const { topic, facts } of assessment.topics) {
          const areEndsUnread = facts.partitions.some(
            it => it.unknown !== undefined && it.targetEnd === undefined,
          )
          if (!areEndsUnread) targetReadAt.set(topic, assessment.facts.target.t0)
        }
      }
      while (dueAt <= time.now) dueAt += pollMs
    }
    return {
      seed: this.#options.seed,
      kind: this.#kind(),
      faults: this.faults,
      polls: this.polls,
      ...tally.result(),
    }
  }

  #kind(): string {
    return [
      `poll ${this.pollMs / 1_000} s`,
      `flush ${this.flow.replicator.offsetFlushIntervalMs / 1_000} s`,
      this.isolation === 'read_committed' ? 'read committed' : undefined,
      this.isExactlyOnce ? 'exactly once' : undefined,
      this.flow.replicator.policy === 'identity' ? 'identity naming' : undefined,
      this.flow.auditBytesPerPoll === 0 ? 'no audit' : undefined,
    ]
      .filter(part => part !== undefined)
      .join(', ')
  }

  #poller(): Poller {
    return new Poller({
      flows: [this.flow],
      clusters: new Map([
        ['east', this.source],
        ['west', this.target],
      ]),
      timeoutMs: Math.min(10_000, 0.8 * this.pollMs),
      pollMs: this.pollMs,
      clock: () => ({ now: this.time.now, wallMs: epochMs + this.time.now + this.wallJumpMs }),
      onMalformed: (_, topic) => {
        throw new Error(`${topic} has a record that is not understood`)
      },
    })
  }

  *#identities(): Generator<SimulatedTopic> {
    yield* this.source.topics.values()
    for (const formers of this.source.formers.values()) yield* formers
  }

  /** What lies behind the engine's positions now and was never copied, a new exporter cannot know. */
  #exporterStarts(): void {
    this.#seenIds.clear()
    for (const topic of this.source.topics.values()) {
      for (const [partition, truth] of topic.truths.entries()) {
        for (const entry of truth.missing) if (entry.gone === 'truncated') entry.wasUnseen = true
        const behind = this.#behindEngine(topic, partition)
        const isWhole =
          (topic.partitions[partition]?.end ?? 0) >= behind &&
          [...truth.missing].every(entry => entry.offset >= behind)
        // What the source had deleted by then was nobody's to see.
        truth.unknowableBelow = Math.max(isWhole ? 0 : behind, topic.partitions[partition]?.start ?? 0)
      }
    }
  }

  /** The first offset behind all that the engine has said or will say of a topic of this name. */
  #behindEngine({ name, id }: SimulatedTopic, partition: number): number {
    const { mirrorMaker } = this
    return (
      Math.max(
        mirrorMaker.committedOf(name, partition) ?? -1,
        mirrorMaker.syncedOf(name, partition) ?? -1,
        (mirrorMaker.foreignPositionOf(name, partition, id) ?? 0) - 1,
      ) + 1
    )
  }

  #judge(
    assessment: FlowAssessment,
    {
      poll,
      startedAt,
      targetReadAt,
    }: {
      readonly poll: number
      readonly startedAt: number
      readonly targetReadAt: ReadonlyMap<string, number>
    },
    tally: Tally,
  ): void {
    const { time, pollMs, flow } = this
    const { t0 } = assessment.facts.source
    const endedAt = time.now
    const boundMs = 1.25 * flow.replicator.offsetFlushIntervalMs + 2 * pollMs + 2_000
    const isWarm = t0 - startedAt > boundMs + pollMs
    this.note(() => `poll ${poll}: t0 ${(t0 / 1_000).toFixed(3)} s, ${assessment.status}`)
    for (const topic of assessment.topics) {
      for (const { facts } of topic.partitions) this.note(() => `  ${partitionLine(topic.topic, facts)}`)
      const { sourceId } = topic.facts
      const identity = this.source.topics.get(topic.topic)
      if (sourceId !== undefined) this.#seenIds.add(sourceId)
      // Recreated since it was listed: the next poll judges it.
      if (identity === undefined || identity.id !== sourceId) continue
      const formers = (this.source.formers.get(topic.topic) ?? []).filter(({ id }) => this.#seenIds.has(id))
      const judged = judge({
        assessment: topic,
        t0,
        endedAt,
        topic: identity,
        formers,
        isolation: this.isolation,
        targetReadAt: targetReadAt.get(topic.topic) ?? -1,
        uncounted: this.#uncounted,
        isInGap: (partition, offset) => this.mirrorMaker.isInGap(topic.topic, partition, offset),
        pollMs,
        isBlind: flow.auditBytesPerPoll === 0,
        latePolls: flow.auditBytesPerPoll > 0 && flow.auditBytesPerPoll < 1024 * 1024 ? 8 : 2,
      })
      tally.samples += 1
      if (topic.recoveryPoint !== undefined) tally.withPoint += 1
      if (judged.trulyMissing > 0) tally.withMissing += 1
      if (topic.missingRecords !== undefined && topic.missingRecords > 0) tally.withMissingSaid += 1
      if (topic.lost > 0n || topic.possiblyLost > 0n) tally.withLosses += 1
      if (topic.status === 'covered') tally.covered += 1
      if (judged.steppedOver > 0) tally.steppedOver += 1
      if (poll === this.polls - 1) {
        tally.steppedOverAtEnd += judged.steppedOver
        tally.atEnd.push(topic.unknown === undefined ? topic.status : `unknown (${topic.unknown.reason})`)
      }
      if (judged.countedLate > 0) tally.countedLate += 1
      if (judged.unknowable > 0) tally.unknowable += 1
      if (judged.hidden > 0) tally.hidden += 1
      for (const violation of judged.violations) {
        this.note(() => `  VIOLATION ${violation.rule}: ${violation.detail}`)
        tally.violations.push({ ...violation, at: endedAt, poll })
      }
      if (topic.estimatedRecoveryPoint !== undefined && isWarm) {
        tally.estimateErrorsMs.push(topic.estimatedRecoveryPoint - judged.truePoint)
      }
      if (this.faults.length > 0 || !isWarm) continue
      const plan = this.traffic.get(topic.topic)?.plan
      // Without reading records, offsets that hold none (markers) stay unproven.
      if (flow.auditBytesPerPoll === 0 && plan?.shape === 'transactions') continue
      const isAudited =
        topic.budgetMs < provableExposureMs(flow.replicator.offsetFlushIntervalMs, pollMs) &&
        flow.auditBytesPerPoll > 0
      const isPlain = plan !== undefined && canBeToldApart(plan) && flow.auditBytesPerPoll > 1024 * 1024
      tally.tightness.push({
        proof: !isAudited ? 'commits' : isPlain ? 'audit' : 'audit of twins or with few bytes',
        ageMs: topic.recoveryPoint === undefined ? Number.POSITIVE_INFINITY : endedAt - topic.recoveryPoint,
        boundMs: isAudited ? 2 * pollMs + 2_000 : boundMs,
      })
    }
  }
}

class Tally {
  samples = 0
  withPoint = 0
  withMissing = 0
  withMissingSaid = 0
  withLosses = 0
  covered = 0
  steppedOver = 0
  steppedOverAtEnd = 0
  countedLate = 0
  unknowable = 0
  hidden = 0
  mostBytesInPoll = 0
  readonly atEnd: string[] = []
  readonly violations: FoundViolation[] = []
  readonly tightness: Tightness[] = []
  readonly estimateErrorsMs: number[] = []

  result(): Omit<WorldReport, 'seed' | 'kind' | 'faults' | 'polls'> {
    return { ...this }
  }
}

function pickFaults(random: Random): readonly FaultName[] {
  const picked = new Set<FaultName>()
  const count = random.integer(1, 3)
  while (picked.size < count) picked.add(random.pick(faultNames))
  return [...picked]
}

/** Runs the world of a seed. */
export function runWorld(options: WorldOptions): Promise<WorldReport> {
  return new SimulatedWorld(options).run()
}

export type { Rule }
