import { type AssessContext, assessFlow } from '../assess/assess.ts'
import type { CompareContext } from '../compare/context.ts'
import { withEstimates } from '../compare/estimates.ts'
import { withFindings } from '../compare/findings.ts'
import { compareFlow } from '../compare/flow.ts'
import { inspectionsFor } from '../compare/inspections.ts'
import { logStartsWanted, probesWanted, retentionWanted } from '../compare/late.ts'
import { scopeOf, sourceNamesToAsk, targetNamesToAsk, topicOn } from '../compare/scope.ts'
import type { ClusterStatus, FlowAssessment } from '../model/assessment.ts'
import type { FlowComparison } from '../model/comparison.ts'
import { budgetOf, type Flow } from '../model/flow.ts'
import type {
  Cuts,
  EngineObservation,
  PartitionOffsets,
  Retention,
  SideObservation,
  TopicListing,
  TopicMetadata,
} from '../model/observation.ts'
import { isKnown, type Reading, unknownOf } from '../model/reading.ts'
import type { ClockReading, Instant } from '../model/time.ts'
import { mirrorMaker2Names } from '../replicators/mirrormaker2/naming.ts'
import { mirrorMaker2Pacing } from '../replicators/mirrormaker2/pacing.ts'
import type { KafkaCluster } from '../sources/kafka/port.ts'
import { type Attributes, describeSpan, inSpan } from '../telemetry/tracing.ts'
import { AskByName } from './askByName.ts'
import { createClock } from './clock.ts'
import { inspect } from './inspector.ts'
import { MirrorMaker2Reader } from './mirrorMaker2.ts'
import { RetentionReader } from './retention.ts'
import { TruncationWatch } from './truncations.ts'

export interface PollerOptions {
  readonly flows: readonly Flow[]
  readonly clusters: ReadonlyMap<string, KafkaCluster>
  /** Bounds one poll, in milliseconds. */
  readonly timeoutMs: number
  /** The longest gap between two polls, in milliseconds. */
  readonly pollMs: number
  /** Read wherever time counts; the process's own clocks unless told. */
  readonly clock?: () => ClockReading
  /** A record of an internal topic that could not be understood. */
  readonly onMalformed: (flow: string, topic: string) => void
  /** What other pollers knew of flows and clusters that are the same here. */
  readonly inherited?: PollerMemory | undefined
}

/** What pollers know: to be handed to others, and then no longer used by them. */
export interface PollerMemory {
  readonly flows: ReadonlyMap<string, FlowState>
  readonly clusters: ReadonlyMap<string, ClusterState>
}

export interface PollResult {
  readonly clusters: readonly ClusterStatus[]
  readonly flows: readonly FlowAssessment[]
}

/** Shares of a poll's time after which its stages must have ended, so that each later stage has its own. */
const listingShare = 0.5
const engineShare = 0.8

/**
 * Polls a group of flows that share clusters: per cluster one listing and one batch of end offsets for all of them.
 *
 * The order of the reads carries meaning. t0 lies before the listing (rule 2). The target's ends are read before the
 * engine's positions, so that an estimate counts from an end that is not newer than its pair; the source's ends after
 * them, so that a position above its high watermark is a contradiction (rule 5).
 */
export class Poller {
  readonly #timeoutMs: number
  readonly #clock: () => ClockReading
  readonly #clusters: ReadonlyMap<string, ClusterState>
  readonly #flows: readonly FlowState[]

  constructor(options: PollerOptions) {
    this.#timeoutMs = options.timeoutMs
    this.#clock = options.clock ?? createClock()
    const names = new Set(options.flows.flatMap(flow => [flow.source, flow.target]))
    this.#clusters = new Map(
      Array.from(names, name => {
        const cluster = options.clusters.get(name)
        if (cluster === undefined) throw new Error(`no connection was made for cluster ${name}`)
        const known = options.inherited?.clusters.get(name)
        return [name, known?.cluster === cluster ? known : newClusterState(cluster)]
      }),
    )
    this.#flows = options.flows.map(flow => {
      const known = options.inherited?.flows.get(flow.name)
      const newReader = (): MirrorMaker2Reader => readerOf(flow, this.#clusters, this.#clock, options)
      return flowStateOf(flow, known, newReader, this.#clock, options.pollMs)
    })
  }

  /** What it knows, for a poller that takes its place. */
  get memory(): PollerMemory {
    return { flows: new Map(this.#flows.map(state => [state.flow.name, state])), clusters: this.#clusters }
  }

  /** What is known of its flows before it polls: what it inherited, judged by their settings as they are now. */
  get assessments(): readonly FlowAssessment[] {
    return this.#flows.flatMap(({ assessment }) => assessment ?? [])
  }

  /** One poll: reads, compares and assesses all its flows. Never throws for what a cluster does wrong. */
  poll(): Promise<PollResult> {
    const attributes = () => ({ 'tidemark.flows': this.#flows.map(({ flow }) => flow.name) })
    return inSpan('poll', { root: true, attributes }, async span => {
      const result = await this.#poll()
      describeSpan(span, () => countsOf(result))
      return result
    })
  }

  async #poll(): Promise<PollResult> {
    const started = this.#clock().now
    const until = (share: number): Instant => started + share * this.#timeoutMs
    const end = until(1)

    const sides = new Map<string, PolledCluster>()
    await Promise.all(
      Array.from(this.#clusters, async ([name, state]) => {
        const { t0, topics } = await state.cluster.listTopics(until(listingShare))
        if (isKnown(topics)) state.answeredAt = t0
        state.askByName.beginPoll(topics)
        sides.set(name, { state, t0, topics, asked: new Map() })
      }),
    )
    const polled = this.#flows.map(flow => ({
      flow,
      source: sideOf(sides, flow.flow.source),
      target: sideOf(sides, flow.flow.target),
    }))

    await this.#askSources(polled, until(engineShare))
    const scopes = polled.map(({ flow, source }) =>
      scopeOf(flow.comparison, flow.flow, flow.compare.naming, source),
    )
    await this.#askTargets(polled, scopes, until(engineShare))

    const targetTopics = perCluster(polled, ({ flow, target }, index) => ({
      side: target,
      topics: Array.from(scopes[index]?.topics.keys() ?? [], topic =>
        flow.compare.naming.targetTopicOf(topic),
      ),
    }))
    const targetEnds = await this.#listEnds('target', targetTopics, until(engineShare))

    const engines = await Promise.all(
      polled.map(({ flow, source, target }) =>
        flow.reader.read(engineSide(source), engineSide(target), until(engineShare)),
      ),
    )

    const sourceTopics = perCluster(polled, ({ source }, index) => ({
      side: source,
      topics: [...(scopes[index]?.topics.keys() ?? [])],
    }))
    const sourceEnds = await this.#listEnds('source', sourceTopics, end)

    const flows = await Promise.all(
      polled.map(async ({ flow, source, target }, index) => {
        const engine = engines[index]
        if (engine === undefined) throw new Error(`flow ${flow.flow.name} was not read`)
        const extras = await this.#readExtras(flow, engine, source, end)
        const clock = this.#clock()
        const observation = {
          at: clock.now,
          clock,
          source: sideObservation(source, sourceEnds),
          target: sideObservation(target, targetEnds),
          engine,
          logStarts: extras.logStarts,
        }
        const ofFlow = { attributes: () => ({ 'tidemark.flow': flow.flow.name }) }
        const compared = inSpan('compare', ofFlow, () =>
          compareFlow(flow.comparison, observation, flow.compare),
        )
        const inspected = await inSpan('inspect', ofFlow, () =>
          this.#inspected(flow, compared, source, target, end),
        )
        return inSpan('assess', ofFlow, span => {
          const facts = { ...extras, clock }
          flow.comparison = withEstimates(inspected, facts, flow.compare)
          flow.assessment = assessFlow(flow.assessment, flow.comparison, flow.assess)
          const { assessment } = flow
          describeSpan(span, () => ({
            'tidemark.status': assessment.status,
            ...countsOf({ clusters: [], flows: [assessment] }),
          }))
          return assessment
        })
      }),
    )
    return { clusters: Array.from(sides, ([name, side]) => clusterStatus(name, side)), flows }
  }

  async #askSources(polled: readonly PolledFlow[], deadline: Instant): Promise<void> {
    const names = perCluster(polled, ({ flow, source, target }) => ({
      side: source,
      topics: sourceNamesToAsk(flow.comparison, flow.flow, flow.compare.naming, source.topics, target.topics),
    }))
    await askAll(names, deadline)
  }

  async #askTargets(
    polled: readonly PolledFlow[],
    scopes: readonly { readonly topics: ReadonlyMap<string, unknown> }[],
    deadline: Instant,
  ): Promise<void> {
    const names = perCluster(polled, ({ flow, target }, index) => ({
      side: target,
      topics: targetNamesToAsk(scopes[index]?.topics.keys() ?? [], flow.compare.naming, target.topics),
    }))
    await askAll(names, deadline)
  }

  async #listEnds(
    role: Role,
    wanted: ReadonlyMap<PolledCluster, ReadonlySet<string>>,
    deadline: Instant,
  ): Promise<ReadonlyMap<PolledCluster, Ends>> {
    const ends = await Promise.all(
      Array.from(wanted, async ([side, names]): Promise<[PolledCluster, Ends]> => {
        const topics: TopicMetadata[] = []
        for (const name of names) {
          const topic = topicOn(side, name)
          if (topic !== 'absent' && isKnown(topic)) topics.push(topic.value)
        }
        const requestedAt = this.#clock().now
        const { cluster, truncations } = side.state
        const read = await cluster.listOffsets(topics, 'latest', deadline)
        const { ends: offsets, cuts } = await truncations[role].check(names, topics, read, deadline)
        return [side, { requestedAt, offsets, cuts }]
      }),
    )
    return new Map(ends)
  }

  /** What the last comparison asked for besides: few partitions, so that a healthy flow costs nothing. */
  async #readExtras(
    { flow, comparison, compare, retention }: FlowState,
    engine: EngineObservation,
    source: PolledCluster,
    deadline: Instant,
  ): Promise<Extras> {
    if (comparison === undefined) return { logStarts: new Map(), retention: new Map(), probes: new Map() }
    const topicsOf = (names: Iterable<string>): readonly TopicMetadata[] =>
      [...names].flatMap(name => {
        const topic = topicOn(source, name)
        return topic !== 'absent' && isKnown(topic) ? topic.value : []
      })
    const starts = logStartsWanted(comparison, engine.progress, compare)
    const probes = probesWanted(comparison, compare)
    const { wallMs } = this.#clock()
    const none: ReadonlySet<number> = new Set()
    const { cluster } = source.state
    const [logStarts, kept, probed] = await Promise.all([
      starts.size === 0
        ? new Map()
        : cluster.listOffsets(
            topicsOf(starts.keys()),
            'earliest',
            deadline,
            name => starts.get(name) ?? none,
          ),
      retention.read(cluster, retentionWanted(comparison, compare), deadline),
      probes.size === 0
        ? new Map()
        : cluster.offsetsForTimes(
            topicsOf(probes.keys()).map(topic => ({
              topic,
              partitions: probes.get(topic.name) ?? none,
              atMs: Math.floor(wallMs - budgetOf(flow.rpo, topic.name)),
            })),
            deadline,
          ),
    ])
    return { logStarts, retention: kept, probes: probed }
  }

  /** Reads records where they decide something, and what follows from them. */
  async #inspected(
    { flow, compare }: FlowState,
    comparison: FlowComparison,
    source: PolledCluster,
    target: PolledCluster,
    deadline: Instant,
  ): Promise<FlowComparison> {
    const { inspections, rotation } = inspectionsFor(comparison, compare)
    const results = await inspect(inspections, {
      source: {
        cluster: source.state.cluster,
        topicOf: name => topicOn(source, name),
        isolation: flow.replicator.isolationLevel,
      },
      // An exactly-once replicator writes in transactions; what is not committed is no copy.
      target: {
        cluster: target.state.cluster,
        topicOf: name => topicOn(target, name),
        isolation: 'read_committed',
      },
      maxBytes: flow.auditBytesPerPoll,
      deadline,
      now: () => this.#clock().now,
    })
    return withFindings(comparison, results, rotation, compare)
  }
}

/** What a span tells of assessed flows. */
function countsOf({ clusters, flows }: PollResult): Attributes {
  const sum = (of: (flow: FlowAssessment) => number) => flows.reduce((total, flow) => total + of(flow), 0)
  const down = clusters.filter(({ up }) => !up).map(({ name }) => name)
  return {
    'tidemark.topics': sum(({ topics }) => topics.length),
    'tidemark.partitions': sum(({ partitionsExpected }) => partitionsExpected),
    'tidemark.unknowns': sum(
      ({ partitionsExpected, partitionsObserved }) => partitionsExpected - partitionsObserved,
    ),
    ...(down.length === 0 ? {} : { 'tidemark.clusters_down': down }),
  }
}

/** Flows that share a cluster, directly or through others, in groups: no group waits for another. */
export function groupsOfFlows(flows: readonly Flow[]): readonly (readonly Flow[])[] {
  const groups: { clusters: Set<string>; flows: Flow[] }[] = []
  for (const flow of flows) {
    const touched = groups.filter(({ clusters }) => clusters.has(flow.source) || clusters.has(flow.target))
    const joined = {
      clusters: new Set([flow.source, flow.target, ...touched.flatMap(group => [...group.clusters])]),
      flows: [...touched.flatMap(group => group.flows), flow],
    }
    groups.splice(0, groups.length, ...groups.filter(group => !touched.includes(group)), joined)
  }
  return groups.map(group => group.flows)
}

type Role = 'source' | 'target'

export interface ClusterState {
  readonly cluster: KafkaCluster
  readonly askByName: AskByName
  /** One for each role that the cluster has in flows. */
  readonly truncations: Readonly<Record<Role, TruncationWatch>>
  answeredAt: Instant | undefined
}

interface Extras {
  readonly logStarts: ReadonlyMap<string, PartitionOffsets>
  readonly retention: ReadonlyMap<string, Reading<Retention>>
  readonly probes: ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>
}

export interface FlowState {
  readonly flow: Flow
  readonly retention: RetentionReader
  readonly reader: MirrorMaker2Reader
  readonly compare: CompareContext
  readonly assess: AssessContext
  comparison: FlowComparison | undefined
  assessment: FlowAssessment | undefined
}

function newClusterState(cluster: KafkaCluster): ClusterState {
  return {
    cluster,
    askByName: new AskByName(cluster),
    truncations: { source: new TruncationWatch(cluster), target: new TruncationWatch(cluster) },
    answeredAt: undefined,
  }
}

/** Outside of the poller, so that what it makes, which others may inherit, does not hold the poller. */
function readerOf(
  flow: Flow,
  clusters: ReadonlyMap<string, ClusterState>,
  clock: () => ClockReading,
  { onMalformed }: PollerOptions,
): MirrorMaker2Reader {
  const [source, target] = [clusters.get(flow.source), clusters.get(flow.target)]
  if (source === undefined || target === undefined) {
    throw new Error(`no connection was made for the clusters of ${flow.name}`)
  }
  return new MirrorMaker2Reader(flow.replicator, source.cluster, target.cluster, {
    now: () => clock().now,
    onMalformed: topic => onMalformed(flow.name, topic),
  })
}

function flowStateOf(
  flow: Flow,
  known: FlowState | undefined,
  newReader: () => MirrorMaker2Reader,
  clock: () => ClockReading,
  pollMs: number,
): FlowState {
  const pacing = mirrorMaker2Pacing(flow.replicator)
  const assess = { flow, pacing, pollMs }
  const comparison = known?.comparison
  return {
    flow,
    reader: known?.reader ?? newReader(),
    compare: { flow, naming: mirrorMaker2Names(flow.replicator), pacing, pollMs },
    assess,
    retention: known?.retention ?? new RetentionReader(() => clock().now),
    comparison,
    assessment: comparison && assessFlow(known?.assessment, comparison, assess),
  }
}

interface PolledCluster {
  readonly state: ClusterState
  readonly t0: Instant
  readonly topics: Reading<TopicListing>
  readonly asked: Map<string, Reading<TopicMetadata> | 'absent'>
}

interface PolledFlow {
  readonly flow: FlowState
  readonly source: PolledCluster
  readonly target: PolledCluster
}

interface Ends {
  readonly requestedAt: Instant
  readonly offsets: ReadonlyMap<string, PartitionOffsets>
  readonly cuts: Cuts
}

function sideOf(sides: ReadonlyMap<string, PolledCluster>, name: string): PolledCluster {
  const side = sides.get(name)
  if (side === undefined) throw new Error(`cluster ${name} was not polled`)
  return side
}

/** What all flows want of each cluster, together. */
function perCluster(
  polled: readonly PolledFlow[],
  wants: (flow: PolledFlow, index: number) => { side: PolledCluster; topics: readonly string[] },
): ReadonlyMap<PolledCluster, ReadonlySet<string>> {
  const all = new Map<PolledCluster, Set<string>>()
  polled.forEach((flow, index) => {
    const { side, topics } = wants(flow, index)
    if (!isKnown(side.topics)) return
    const names = all.get(side) ?? new Set()
    for (const topic of topics) names.add(topic)
    all.set(side, names)
  })
  return all
}

async function askAll(
  names: ReadonlyMap<PolledCluster, ReadonlySet<string>>,
  deadline: Instant,
): Promise<void> {
  await Promise.all(
    Array.from(names, async ([side, wanted]) => {
      for (const [name, answer] of await side.state.askByName.ask(wanted, deadline))
        side.asked.set(name, answer)
    }),
  )
}

function engineSide({ state, topics }: PolledCluster): Parameters<MirrorMaker2Reader['read']>[0] {
  return { cluster: state.cluster, topics, askByName: state.askByName }
}

function sideObservation(side: PolledCluster, ends: ReadonlyMap<PolledCluster, Ends>): SideObservation {
  const read = ends.get(side)
  return {
    t0: side.t0,
    topics: side.topics,
    asked: side.asked,
    endOffsets: read?.offsets ?? new Map(),
    cuts: read?.cuts ?? new Map(),
    endOffsetsRequestedAt: read?.requestedAt ?? side.t0,
  }
}

function clusterStatus(name: string, { state, topics }: PolledCluster): ClusterStatus {
  return { name, up: isKnown(topics), unknown: unknownOf(topics), answeredAt: state.answeredAt }
}
