import { type AssessContext, assessFlow } from '../../src/assess/assess.ts'
import type { CompareContext } from '../../src/compare/context.ts'
import { compareFlow } from '../../src/compare/flow.ts'
import { scopeOf, sourceNamesToAsk } from '../../src/compare/scope.ts'
import type { FlowAssessment } from '../../src/model/assessment.ts'
import type { FlowComparison } from '../../src/model/comparison.ts'
import type { Flow, MirrorMaker2Settings, Rpo } from '../../src/model/flow.ts'
import type {
  FlowObservation,
  OffsetPair,
  PartitionProgress,
  SideObservation,
  TopicListing,
  TopicMetadata,
} from '../../src/model/observation.ts'
import { known, type Reading, unknown } from '../../src/model/reading.ts'
import { mirrorMaker2Names } from '../../src/replicators/mirrormaker2/naming.ts'

export const pollMs = 15_000
export const flushMs = 60_000

const settings: MirrorMaker2Settings = {
  kind: 'mirrormaker2',
  policy: 'default',
  separator: '.',
  sourceAlias: 'east',
  targetAlias: 'west',
  offsetsTopic: 'mm2-offsets.east.internal',
  statusTopic: 'mm2-status.east.internal',
  offsetSyncsLocation: 'source',
  isolationLevel: 'read_uncommitted',
  offsetFlushIntervalMs: flushMs,
  refreshTopicsIntervalMs: 600_000,
}

const rpo: Rpo = {
  budgetMs: 300_000,
  objectiveRatio: 0.999,
  windowMs: 28 * 86_400_000,
  newTopicGraceMs: 900_000,
  overrides: [],
}

export interface FlowParts {
  readonly replicator?: Partial<MirrorMaker2Settings>
  readonly rpo?: Partial<Rpo>
  readonly includes?: (topic: string) => boolean
  readonly literals?: readonly string[]
}

/** A flow east-to-west with the usual settings, but for the parts given. */
export function aFlow(parts: FlowParts = {}): Flow {
  return {
    name: 'east-to-west',
    source: 'east',
    target: 'west',
    tier: undefined,
    state: { kind: 'active' },
    replicator: { ...settings, ...parts.replicator },
    topics: { includes: parts.includes ?? (() => true), literals: parts.literals ?? [], prefixes: [''] },
    rpo: { ...rpo, ...parts.rpo },
    auditBytesPerPoll: 4 * 1024 * 1024,
  }
}

export interface TopicState {
  id?: string
  /** End offset by partition; a reason instead where it cannot be read. */
  ends: (bigint | 'leaderless' | 'timeout' | 'fenced')[]
  /** Log starts, where they are not 0. */
  starts?: bigint[]
  /** Where elections cut logs off before the next poll, by partition. */
  cuts?: Map<number, bigint>
}

/** All that a poll can see: change it, then call `poll`. */
export class World {
  readonly flow: Flow
  now = 1_000_000
  /** The wall clock, against the monotonic one. */
  wallAheadMs = Date.UTC(2026, 2, 1, 10, 30, 0) - 1_000_000
  source: Map<string, TopicState> = new Map()
  target: Map<string, TopicState> = new Map()
  sourceDown: 'timeout' | undefined
  targetDown: 'timeout' | undefined
  /** Topics that the principal may not see: left out of listings, code 29 by name. */
  hidden = new Set<string>()
  durable: Reading<true> = known(true)
  pairs: Reading<true> | 'none' = known(true)
  tasksChangedAtMs: number | undefined
  heartbeatAtMs: number | undefined
  positionsReadFirst = true
  #progress = new Map<string, Map<number, PartitionProgress>>()
  #comparison: FlowComparison | undefined
  #assessment: FlowAssessment | undefined
  readonly #context: CompareContext & AssessContext

  constructor(parts: FlowParts = {}) {
    this.flow = aFlow(parts)
    this.#context = {
      flow: this.flow,
      naming: mirrorMaker2Names(this.flow.replicator),
      pacing: { commitIntervalMs: this.flow.replicator.offsetFlushIntervalMs, pairSpacing: 100n },
      pollMs,
    }
  }

  /** MirrorMaker flushes: the last replicated source offset. */
  commits(topic: string, offset: bigint, partition = 0): void {
    const before = this.#progressOf(topic).get(partition)
    const seen = before?.durable
    this.#progressOf(topic).set(partition, {
      ...before,
      durable: {
        lowest: seen === undefined || offset < seen.lowest ? offset : seen.lowest,
        highest: seen === undefined || offset > seen.highest ? offset : seen.highest,
        newest: offset,
      },
    })
  }

  /** MirrorMaker writes an offset sync. */
  syncs(topic: string, source: bigint, target: bigint, partition = 0, writtenAtMs = this.now): OffsetPair {
    const pair = { source, target, writtenAtMs }
    const before = this.#progressOf(topic).get(partition)
    const seen = before?.pairs
    this.#progressOf(topic).set(partition, {
      ...before,
      pairs: {
        lowest: seen === undefined || source < seen.lowest.source ? pair : seen.lowest,
        highest: seen === undefined || source > seen.highest ? source : seen.highest,
        newest: pair,
      },
    })
    return pair
  }

  /** Time passes, then one poll sees the world as it is. */
  poll(afterMs: number = pollMs): FlowAssessment {
    this.now += afterMs
    const { naming } = this.#context
    const sourceTopics = this.#listing(this.source, this.sourceDown)
    const targetTopics = this.#listing(this.target, this.targetDown)
    const names = sourceNamesToAsk(this.#comparison, this.flow, naming, sourceTopics, targetTopics)
    const source = this.#side(this.source, sourceTopics, names, this.now)
    const scope = scopeOf(this.#comparison, this.flow, naming, source)
    const copies = Array.from(scope.topics.keys(), topic => naming.targetTopicOf(topic))
    // The target's listing is sent a little later.
    const target = this.#side(this.target, targetTopics, copies, this.now + 5)
    const logStarts = new Map(
      Array.from(this.source, ([topic, state]) => [
        topic,
        new Map(state.ends.map((_, partition) => [partition, known(state.starts?.[partition] ?? 0n)])),
      ]),
    )
    const observation: FlowObservation = {
      at: this.now + 100,
      clock: { now: this.now + 100, wallMs: this.wallAheadMs + this.now + 100 },
      source,
      target,
      engine: {
        durable: this.durable,
        pairs: this.pairs,
        progress: this.#progress,
        readAt: this.positionsReadFirst ? this.now + 40 : this.now + 60,
        heartbeatAtMs: known(this.heartbeatAtMs),
        tasksChangedAtMs: this.tasksChangedAtMs,
      },
      logStarts,
    }
    this.#progress = new Map()
    this.#comparison = compareFlow(this.#comparison, observation, this.#context)
    this.#assessment = assessFlow(this.#assessment, this.#comparison, this.#context)
    return this.#assessment
  }

  #progressOf(topic: string): Map<number, PartitionProgress> {
    const found = this.#progress.get(topic) ?? new Map()
    this.#progress.set(topic, found)
    return found
  }

  #listing(topics: Map<string, TopicState>, down: 'timeout' | undefined): Reading<TopicListing> {
    if (down !== undefined) return unknown(down, 'the cluster does not answer')
    const visible = [...topics].filter(([name]) => !this.hidden.has(name))
    return known(new Map(visible.map(([name, state]) => [name, known(metadataOf(name, state))])))
  }

  #side(
    topics: Map<string, TopicState>,
    listing: Reading<TopicListing>,
    names: readonly string[],
    t0: number,
  ): SideObservation {
    const endOffsets = new Map(
      Array.from(topics, ([topic, { ends }]) => [
        topic,
        new Map(
          ends.map((end, partition) => [
            partition,
            typeof end === 'bigint' ? known(end) : unknown(end, `${topic}-${partition}: ${end}`),
          ]),
        ),
      ]),
    )
    const asked = new Map(
      names.map(name => {
        if (this.hidden.has(name)) return [name, unknown('unauthorized', `${name}: code 29`)] as const
        const state = topics.get(name)
        return [name, state === undefined ? 'absent' : known(metadataOf(name, state))] as const
      }),
    )
    const cuts = new Map(Array.from(topics, ([topic, state]) => [topic, state.cuts ?? new Map()]))
    for (const state of topics.values()) delete state.cuts
    return { t0, topics: listing, asked, endOffsets, cuts, endOffsetsRequestedAt: this.now + 50 }
  }
}

function metadataOf(name: string, state: TopicState): TopicMetadata {
  return {
    name,
    id: state.id ?? `id-of-${name}`,
    partitions: state.ends.map((end, partition) => ({
      partition,
      leader: end === 'leaderless' ? undefined : 1,
      leaderEpoch: 0,
    })),
  }
}

/** The assessment of one topic. */
export function topicIn(assessment: FlowAssessment, topic: string): FlowAssessment['topics'][number] {
  const found = assessment.topics.find(candidate => candidate.topic === topic)
  if (found === undefined) throw new Error(`topic ${topic} is not in scope`)
  return found
}
