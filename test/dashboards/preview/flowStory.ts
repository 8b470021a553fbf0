import type { FlowAssessment, Snapshot } from '../../../src/model/assessment.ts'
import type { Flow, FlowState } from '../../../src/model/flow.ts'
import type { ClockReading } from '../../../src/model/time.ts'
import { World } from '../../support/world.ts'

const second = 1_000
const minute = 60 * second
/** What the monotonic clock of a world begins with. */
const monotonicBegin = new World().now
/** A wave of load, so that lines have a shape. */
const waveMs = 150 * minute

export interface TopicLoad {
  readonly topic: string
  readonly partitions: number
  /** Records a second and partition, on average. */
  readonly rate: number
  readonly budgetMs?: number
  /** For how long the source keeps records; what was not copied by then is lost. */
  readonly retentionMs?: number
}

/** A flow and what happens to it; times in milliseconds since the epoch. */
export interface FlowStoryParts {
  readonly name: string
  readonly source: string
  readonly target: string
  readonly tier: string
  readonly budgetMs: number
  readonly topics: readonly TopicLoad[]
  readonly state?: FlowState
  /** Up to when MirrorMaker has copied by an instant: that instant unless told. */
  readonly copiedUntil?: (atMs: number) => number
  readonly isSourceSilent?: (atMs: number) => boolean
  /** Whether the principal may not see a topic. */
  readonly isHidden?: (topic: string, atMs: number) => boolean
}

/**
 * A flow whose clusters and MirrorMaker are made up, seen by the real comparison and assessment. MirrorMaker commits
 * before each poll, as if records had been compared by content.
 */
export class FlowStory {
  readonly flow: Flow
  readonly #parts: FlowStoryParts
  readonly #beganMs: number
  readonly #world: World
  #assessment: FlowAssessment | undefined
  #atMs: number

  constructor(parts: FlowStoryParts, beganMs: number) {
    this.#parts = parts
    this.#beganMs = beganMs
    this.#atMs = beganMs
    const own = new Map(parts.topics.map(({ topic, budgetMs }) => [topic, budgetMs]))
    this.#world = new World({
      replicator: { sourceAlias: parts.source, targetAlias: parts.target },
      includes: topic => own.has(topic),
      literals: parts.topics.map(({ topic }) => topic),
      rpo: {
        budgetMs: parts.budgetMs,
        overrides: parts.topics.flatMap(({ topic, budgetMs }) =>
          budgetMs === undefined ? [] : [{ matches: name => name === topic, budgetMs }],
        ),
      },
    })
    this.#world.wallAheadMs = beganMs - monotonicBegin
    const { name, source, target, tier, state = { kind: 'active' } } = parts
    this.flow = { ...this.#world.flow, name, source, target, tier, state }
  }

  /** What a snapshot shows of it after its last poll. */
  get shown(): Snapshot['flows'][number] {
    const { flow } = this
    const assessment = this.#assessment
    if (assessment === undefined) return { flow, assessment }
    return { flow, assessment: this.#withDeadlines(audited({ ...assessment, flow }, this.#world.now)) }
  }

  /** Both clocks at an instant. */
  clockAt(wallMs: number): ClockReading {
    return { now: wallMs - this.#world.wallAheadMs, wallMs }
  }

  isSilent(cluster: string): boolean {
    return cluster === this.#parts.source && this.#parts.isSourceSilent?.(this.#atMs) === true
  }

  poll(atMs: number): void {
    const { topics, copiedUntil = () => atMs, isSourceSilent, isHidden, source } = this.#parts
    const world = this.#world
    const copiedMs = Math.min(atMs, copiedUntil(atMs))
    for (const load of topics) {
      const ends = this.#offsets(load, atMs)
      const copied = this.#offsets(load, copiedMs)
      const starts = load.retentionMs === undefined ? undefined : this.#offsets(load, atMs - load.retentionMs)
      world.source.set(load.topic, { ends, ...(starts === undefined ? {} : { starts }) })
      world.target.set(`${source}.${load.topic}`, { ends: copied })
      for (const [partition, end] of copied.entries()) this.#commit(load.topic, partition, end, copiedMs)
    }
    world.heartbeatAtMs = copiedMs - (copiedMs % second)
    world.sourceDown = isSourceSilent?.(atMs) === true ? 'timeout' : undefined
    world.hidden = new Set(topics.map(({ topic }) => topic).filter(it => isHidden?.(it, atMs) === true))
    this.#assessment = world.poll(atMs - this.#atMs)
    this.#atMs = atMs
  }

  /** Retention deletes the oldest record that waits when it is as old as the source keeps records. */
  #withDeadlines(assessment: FlowAssessment): FlowAssessment {
    const copiedMs = this.#parts.copiedUntil?.(this.#atMs) ?? this.#atMs
    const waits = copiedMs < this.#atMs - minute
    const keeps = new Map(this.#parts.topics.map(({ topic, retentionMs }) => [topic, retentionMs]))
    const topics = assessment.topics.map(topic => {
      const retentionMs = keeps.get(topic.topic)
      if (!waits || retentionMs === undefined) return topic
      return { ...topic, retentionDeadline: this.clockAt(copiedMs + retentionMs).now }
    })
    const deadlines = topics.flatMap(({ retentionDeadline }) => retentionDeadline ?? [])
    return deadlines.length === 0
      ? assessment
      : { ...assessment, topics, retentionDeadline: Math.min(...deadlines) }
  }

  #commit(topic: string, partition: number, end: bigint, copiedMs: number): void {
    if (end === 0n) return
    this.#world.commits(topic, end - 1n, partition)
    this.#world.syncs(topic, end - 1n, end - 1n, partition, copiedMs)
  }

  /** End offsets at an instant, by partition. */
  #offsets({ partitions, rate }: TopicLoad, atMs: number): bigint[] {
    const seconds = Math.max(0, atMs - this.#beganMs) / second + 3_600
    const turn = (2 * Math.PI * second) / waveMs
    return Array.from({ length: partitions }, (_, partition) => {
      const wave = (0.5 / turn) * (Math.sin(turn * seconds + partition) - Math.sin(partition))
      return BigInt(Math.max(0, Math.floor(rate * (seconds + wave))))
    })
  }
}

/** As if the records of all partitions that could be read had been compared lately. */
function audited(assessment: FlowAssessment, now: number): FlowAssessment {
  const { partitionsObserved, partitionsExpected, facts } = assessment
  const { at, firstAt } = facts
  const proven = Math.floor((at - firstAt) / 15_000) * 4
  const everyOne = partitionsObserved === partitionsExpected
  return {
    ...assessment,
    partitionsAudited: partitionsObserved,
    auditedSince: everyOne ? now - 4 * minute : undefined,
    facts: { ...facts, audits: { ...facts.audits, proven } },
  }
}
