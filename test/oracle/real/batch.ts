import { setTimeout as sleep } from 'node:timers/promises'
import { limitProducers } from '../../../lab/clientQuota.ts'
import type { LabCluster } from '../../../lab/cluster.ts'
import type { LabMirrorMaker } from '../../../lab/mirrorMaker.ts'
import { type ConfigObject, configFor, Exporter, flowName } from '../../lab/support/exporter.ts'
import type { Exposition } from '../../support/exposition.ts'
import {
  Judge,
  judgeableAt,
  type Objection,
  type PartitionTruth,
  type Sample,
  type TopicClaims,
} from './judge.ts'
import type { LogFollower, SeenRecord } from './logs.ts'
import { type BatchPlan, faultsOf, type SharedFault, type WorldPlan } from './plan.ts'
import { Random } from './random.ts'
import { type EngineLogs, type Recording, recordingOf } from './recording.ts'
import { configEntries, TopicWriter } from './writer.ts'

export interface OraclePair {
  readonly source: LabCluster
  readonly target: LabCluster
  readonly mirrorMaker: LabMirrorMaker
}

export interface Followers {
  readonly source: LogFollower
  readonly target: LogFollower
}

export interface BatchOptions {
  readonly seed: number
  readonly pair: OraclePair
  readonly followers: Followers
  readonly writingMs: number
  /** How long it is watched after everything has been healed and nobody writes. */
  readonly watchingMs: number
  /** Distinguishes the topics of this run from those of others on the same clusters. */
  readonly run: string
  /** Called with what was seen of each world. */
  readonly record?: (recording: Recording) => Promise<void>
  readonly engine?: EngineLogs
  readonly say: (line: string) => void
}

export interface Happening {
  readonly at: number
  readonly text: string
}

export interface FoundObjection extends Objection {
  readonly topic: string
  readonly at: number
  readonly sample: Sample
}

export interface WorldReport {
  readonly plan: WorldPlan
  readonly calm: boolean
  readonly faults: readonly string[]
  readonly happenings: readonly Happening[]
  readonly objections: readonly FoundObjection[]
  readonly samples: number
  /** Samples whose logs could not be read in time. */
  readonly unjudged: number
  /** Samples with a proven point; those in which something was missing; those that say that something is missing or lost. */
  readonly proven: number
  readonly withMissing: number
  readonly sayMissing: number
  readonly sayLost: number
  readonly sent: number
  readonly failedSends: number
  /** Milliseconds, one a sample. */
  readonly exposures: readonly { readonly ms: number; readonly audited: boolean }[]
  /** Estimate minus truth. */
  readonly estimateErrors: readonly number[]
  /** How much older than the truth the proven point was. */
  readonly margins: readonly number[]
  /** Records that the source deleted or compacted away. */
  readonly vanished: number
  /** Records of the source that were on no life of the target, as far as could be read. */
  readonly neverCopied: number
  /** Offsets of the target that were gone before they were read: so many records are excused. */
  readonly unread: number
  /** Records that the source has more than once, although each was made once. */
  readonly duplicates: number
  /** Acknowledged records that the reader did not find in the log: a fault of the oracle. */
  readonly unexplained: number
}

interface World {
  readonly plan: WorldPlan
  readonly topics: readonly WatchedTopic[]
  readonly happenings: Happening[]
}

interface WatchedTopic {
  readonly topic: string
  readonly plan: WorldPlan['topics'][number]
  readonly writer: TopicWriter
  readonly judge: Judge
  readonly pending: Sample[]
  readonly found: FoundObjection[]
  readonly createdAt: number
  samples: number
  unjudged: number
  proven: number
  withMissing: number
  sayMissing: number
  sayLost: number
  readonly exposures: { ms: number; audited: boolean }[]
  readonly estimateErrors: number[]
  readonly margins: number[]
}

const flushMs = 2_000
const pollMs = 1_000
/** Below it a topic's budget can be kept only by comparing records. */
const auditedBelowMs = 1.25 * flushMs + 3 * pollMs
/** Until MirrorMaker has found a new topic and flushed it. */
const settlingMs = 20_000
const giveUpMs = 45_000

/** Runs the worlds of a batch side by side on a standing pair, and judges every sample. */
export async function runBatch(batch: BatchPlan, options: BatchOptions): Promise<WorldReport[]> {
  const { pair, followers, run, say } = options
  const prefix = `world-${run}-`
  const shared: Happening[] = []
  const worlds = await createWorlds(batch, options, prefix)
  const topics = worlds.flatMap(world => world.topics)
  const config = exporterConfig(pair, prefix, topics)
  const exporter = new StandingExporter(config)
  await exporter.start()
  const ending = new AbortController()
  const startedAt = Date.now()
  try {
    const watching = watch(exporter, topics, options, ending.signal)
    const rescanning = rescan(topics, followers, ending.signal)
    await Promise.all(topics.map(({ writer }) => writer.start()))
    const faults = Promise.all(
      batch.faults.map(async fault => {
        await sleep(fault.fromMs)
        await suffer(fault, options, exporter, text => shared.push({ at: Date.now(), text }))
      }),
    )
    await sleep(options.writingMs)
    await faults
    await Promise.all(topics.map(({ writer }) => writer.stop()))
    await heal(pair)
    shared.push({ at: Date.now(), text: 'nobody writes any more' })
    await sleep(options.watchingMs)
    ending.abort()
    await Promise.all([watching, rescanning])
    await judgeAll(topics, followers, pair)
  } finally {
    ending.abort()
    await exporter.stop()
  }
  const reports = worlds.map(world => reportOf(world, batch, options, shared, startedAt))
  const { record, engine } = options
  if (record !== undefined && engine !== undefined) {
    for (const [index, world] of worlds.entries()) {
      const report = reports[index]
      if (report === undefined) continue
      const names = world.topics.map(({ topic }) => ({
        topic,
        targetTopic: pair.mirrorMaker.remoteTopic(topic),
      }))
      const head = { seed: options.seed, flushMs, beganAt: startedAt }
      await record(recordingOf(report, names, head, followers, engine))
    }
  }
  await removeTopics(pair, topics, say)
  followers.source.forget(topics.map(({ topic }) => topic))
  followers.target.forget(topics.map(({ topic }) => pair.mirrorMaker.remoteTopic(topic)))
  return reports
}

async function createWorlds(
  batch: BatchPlan,
  { pair, followers, seed }: BatchOptions,
  prefix: string,
): Promise<World[]> {
  const worlds = batch.worlds.map(plan => {
    const happenings: Happening[] = []
    const createdAt = Date.now()
    const topics = plan.topics.map((topicPlan, number): WatchedTopic => {
      const topic = `${prefix}${plan.index}-${topicPlan.stem}`
      const writer = new TopicWriter({
        plan: topicPlan,
        topic,
        targetTopic: pair.mirrorMaker.remoteTopic(topic),
        source: pair.source,
        target: pair.target,
        sourceLogs: followers.source,
        random: new Random(seed, plan.index, 3, number),
        note: text => happenings.push({ at: Date.now(), text: `${topicPlan.stem}: ${text}` }),
      })
      return {
        topic,
        plan: topicPlan,
        writer,
        judge: new Judge(),
        pending: [],
        found: [],
        createdAt,
        samples: 0,
        unjudged: 0,
        proven: 0,
        withMissing: 0,
        sayMissing: 0,
        sayLost: 0,
        exposures: [],
        estimateErrors: [],
        margins: [],
      }
    })
    return { plan, topics, happenings }
  })
  await pair.source.createTopics(
    worlds.flatMap(({ topics }) =>
      topics.map(({ topic, plan }) => ({
        topic,
        numPartitions: plan.partitions,
        configEntries: configEntries(plan),
      })),
    ),
  )
  return worlds
}

function exporterConfig(
  { source, target }: OraclePair,
  prefix: string,
  topics: readonly WatchedTopic[],
): ConfigObject {
  const overrides = topics.map(({ topic, plan }) => ({ topics: [topic], budget: `${plan.budgetMs}ms` }))
  return configFor({ source, target, topics: [`${prefix}.*`], rpo: { overrides } })
}

/** `tidemark serve`, and when its present process began. */
class StandingExporter {
  startedAt = 0
  #exporter: Exporter | undefined
  readonly #config: ConfigObject

  constructor(config: ConfigObject) {
    this.#config = config
  }

  get current(): Exporter | undefined {
    return this.#exporter
  }

  async start(): Promise<void> {
    this.startedAt = Date.now()
    this.#exporter = await Exporter.start(this.#config)
  }

  async stop(): Promise<void> {
    const running = this.#exporter
    this.#exporter = undefined
    await running?.stop()
  }
}

async function suffer(
  { kind, fromMs, untilMs }: SharedFault,
  { pair }: BatchOptions,
  exporter: StandingExporter,
  note: (text: string) => void,
): Promise<void> {
  const { mirrorMaker, source, target } = pair
  const lasting = untilMs - fromMs
  note(`${kind}, for ${lasting} ms`)
  switch (kind) {
    case 'MirrorMaker killed':
    case 'MirrorMaker stopped':
      await (kind === 'MirrorMaker killed' ? mirrorMaker.kill() : mirrorMaker.stop())
      await sleep(lasting)
      await mirrorMaker.start()
      break
    case 'MirrorMaker frozen':
      mirrorMaker.pause()
      await sleep(lasting)
      mirrorMaker.resume()
      break
    case 'throttled': {
      const [broker] = target.brokers
      if (broker === undefined) break
      await limitProducers(broker.port, 2_000)
      await sleep(lasting)
      await limitProducers(broker.port, undefined)
      break
    }
    case 'source frozen':
    case 'target frozen': {
      const cluster = kind === 'source frozen' ? source : target
      cluster.pause()
      await sleep(lasting)
      cluster.resume()
      break
    }
    case 'Tidemark restarted':
      await exporter.stop()
      await exporter.start()
  }
  note(`${kind}: over`)
}

async function heal({ source, target, mirrorMaker }: OraclePair): Promise<void> {
  await Promise.all([source.heal(), target.heal()])
  await mirrorMaker.heal()
  await mirrorMaker.waitUntilReplicating()
}

async function watch(
  exporter: StandingExporter,
  topics: readonly WatchedTopic[],
  { followers, pair }: BatchOptions,
  ending: AbortSignal,
): Promise<void> {
  while (!ending.aborted) {
    const began = Date.now()
    const { current, startedAt } = exporter
    if (current !== undefined) await takeSamples(current, startedAt, topics).catch(() => undefined)
    judgePending(topics, followers, pair)
    await sleep(Math.max(50, 600 - (Date.now() - began)))
  }
}

async function takeSamples(
  exporter: Exporter,
  exporterStartedAt: number,
  topics: readonly WatchedTopic[],
): Promise<void> {
  const startedAt = Date.now()
  // The page first, so that what the JSON says is lost is never older than what the page says is proven.
  const page = await exporter.scrape()
  const flow = (await exporter.json(`/api/v1/flows/${flowName}`)) as FlowClaims
  const endedAt = Date.now()
  const views = new Map((flow.topics ?? []).map(view => [view.topic, view]))
  if (flow.polledAt === undefined) return
  for (const watched of topics) {
    const json = views.get(watched.topic)
    if (json === undefined) continue
    watched.pending.push({
      startedAt,
      endedAt,
      observedAt: flow.observedAt == null ? undefined : Date.parse(flow.observedAt),
      polledAt: Date.parse(flow.polledAt),
      exporterStartedAt,
      json,
      metrics: metricsOf(page, watched.topic),
    })
  }
}

interface FlowClaims {
  readonly observedAt?: string | null
  readonly polledAt?: string
  readonly topics?: readonly TopicClaims[]
}

function metricsOf(page: Exposition, topic: string): Sample['metrics'] {
  const value = (name: string): number | undefined =>
    page.value(`kafka_replication_topic_${name}`, { flow: flowName, topic })
  const ms = (seconds: number | undefined): number | undefined =>
    seconds === undefined ? undefined : seconds * 1000
  return {
    observedAt: ms(page.value('kafka_replication_flow_observation_timestamp_seconds', { flow: flowName })),
    recoveryPoint: ms(value('recovery_point_timestamp_seconds')),
    lag: value('lag_records'),
    missing: value('missing_records'),
    status: page.status('kafka_replication_topic_status', { flow: flowName, topic }),
  }
}

function truthsOf(watched: WatchedTopic, followers: Followers, pair: OraclePair): PartitionTruth[] {
  const targetTopic = pair.mirrorMaker.remoteTopic(watched.topic)
  const partitions = Math.max(
    watched.plan.partitions,
    ...followers.source.lives(watched.topic).map(life => life.length),
  )
  const compacted = watched.plan.configs['cleanup.policy'] === 'compact'
  return Array.from({ length: partitions }, (_, partition) => ({
    partition,
    source: followers.source.logs(watched.topic, partition),
    target: followers.target.logs(targetTopic, partition),
    compacted,
  }))
}

function judgePending(topics: readonly WatchedTopic[], followers: Followers, pair: OraclePair): void {
  const listedAt = Math.min(followers.source.listedAt, followers.target.listedAt)
  for (const watched of topics) {
    const truths = truthsOf(watched, followers, pair)
    const readyAt = Math.min(listedAt, judgeableAt(truths))
    while (watched.pending[0] !== undefined) {
      const [sample] = watched.pending
      if (sample.endedAt >= readyAt) {
        if (Date.now() - sample.endedAt < giveUpMs) break
        watched.unjudged += 1
      } else judgeOne(watched, sample, truths)
      watched.pending.shift()
    }
  }
}

function judgeOne(watched: WatchedTopic, sample: Sample, truths: readonly PartitionTruth[]): void {
  const { objections, trueRecoveryPoint, missing } = watched.judge.judge(sample, truths)
  const { json } = sample
  watched.samples += 1
  if (missing > 0) watched.withMissing += 1
  if (Number(json.missingRecords ?? 0) > 0) watched.sayMissing += 1
  if (json.partitions.some(({ lost }) => (lost?.length ?? 0) > 0)) watched.sayLost += 1
  for (const objection of objections)
    watched.found.push({ ...objection, topic: watched.topic, at: sample.endedAt, sample })
  const { recoveryPoint } = json
  if (recoveryPoint !== null) {
    watched.proven += 1
    watched.margins.push(trueRecoveryPoint - Date.parse(recoveryPoint))
  }
  if (json.estimatedRecoveryPoint !== null)
    watched.estimateErrors.push(Date.parse(json.estimatedRecoveryPoint) - trueRecoveryPoint)
  if (sample.startedAt - watched.createdAt > settlingMs) {
    const ms = recoveryPoint === null ? Number.POSITIVE_INFINITY : sample.endedAt - Date.parse(recoveryPoint)
    watched.exposures.push({ ms, audited: watched.plan.budgetMs < auditedBelowMs })
  }
}

async function judgeAll(
  topics: readonly WatchedTopic[],
  followers: Followers,
  pair: OraclePair,
): Promise<void> {
  const until = Date.now() + giveUpMs
  while (topics.some(({ pending }) => pending.length > 0) && Date.now() < until) {
    for (const watched of topics) await rescanTopic(watched, followers)
    await sleep(300)
    judgePending(topics, followers, pair)
  }
}

async function rescan(
  topics: readonly WatchedTopic[],
  followers: Followers,
  ending: AbortSignal,
): Promise<void> {
  while (!ending.aborted) {
    for (const watched of topics) await rescanTopic(watched, followers)
    await sleep(2_000)
  }
}

async function rescanTopic(watched: WatchedTopic, followers: Followers): Promise<void> {
  if (watched.plan.configs['cleanup.policy'] !== 'compact') return
  for (const log of followers.source.lives(watched.topic).at(-1) ?? [])
    await followers.source.rescan(log).catch(() => undefined)
}

function reportOf(
  { plan, topics, happenings }: World,
  batch: BatchPlan,
  { followers, pair }: BatchOptions,
  shared: readonly Happening[],
  startedAt: number,
): WorldReport {
  const sum = (count: (watched: WatchedTopic) => number): number =>
    topics.reduce((total, watched) => total + count(watched), 0)
  return {
    plan,
    calm: batch.calm,
    faults: faultsOf(plan, batch),
    happenings: [...shared, ...happenings, { at: startedAt, text: 'writing begins' }].toSorted(
      (a, b) => a.at - b.at,
    ),
    objections: topics.flatMap(({ found }) => found),
    samples: sum(({ samples }) => samples),
    unjudged: sum(({ unjudged, pending }) => unjudged + pending.length),
    proven: sum(({ proven }) => proven),
    withMissing: sum(({ withMissing }) => withMissing),
    sayMissing: sum(({ sayMissing }) => sayMissing),
    sayLost: sum(({ sayLost }) => sayLost),
    sent: sum(({ writer }) => writer.sent),
    failedSends: sum(({ writer }) => writer.failedSends),
    exposures: topics.flatMap(({ exposures }) => exposures),
    estimateErrors: topics.flatMap(({ estimateErrors }) => estimateErrors),
    margins: topics.flatMap(({ margins }) => margins),
    vanished: sum(({ topic }) => vanishedRecords(topic, followers)),
    neverCopied: sum(({ topic }) => neverCopiedRecords(topic, followers, pair)),
    unread: sum(({ topic }) =>
      followers.target
        .lives(pair.mirrorMaker.remoteTopic(topic))
        .flat()
        .reduce((total, log) => total + log.unread, 0),
    ),
    duplicates: sum(({ topic, plan: { traffic } }) =>
      traffic.content === 'identical' ? 0 : duplicateRecords(topic, followers),
    ),
    unexplained: sum(({ topic }) => unexplainedRecords(topic, followers)),
  }
}

function vanishedRecords(topic: string, followers: Followers): number {
  return (followers.source.lives(topic).at(-1) ?? []).reduce((sum, log) => {
    const { logStart = 0n, rescannedAt, records } = log
    const isGone = ({ offset, seenBy, retainedAt }: SeenRecord): boolean =>
      offset < logStart || (seenBy < rescannedAt && retainedAt < rescannedAt)
    return sum + records.filter(isGone).length
  }, 0)
}

function neverCopiedRecords(topic: string, followers: Followers, pair: OraclePair): number {
  const copies = followers.target.lives(pair.mirrorMaker.remoteTopic(topic)).flat()
  return followers.source
    .lives(topic)
    .flat()
    .flatMap(({ records }) => records)
    .filter(({ content }) => !copies.some(({ byContent }) => byContent.has(content))).length
}

function duplicateRecords(topic: string, followers: Followers): number {
  return followers.source
    .lives(topic)
    .flat()
    .reduce((sum, { records, byContent }) => sum + records.length - byContent.size, 0)
}

/** Acknowledged offsets that the reader passed without meeting a record there. */
function unexplainedRecords(topic: string, followers: Followers): number {
  return followers.source
    .lives(topic)
    .flat()
    .filter(log => log.unread === 0 && log.goneBy === undefined)
    .reduce((sum, log) => {
      const read = new Set(log.records.map(({ offset }) => offset))
      return (
        sum + [...log.acknowledged.keys()].filter(offset => offset < log.next && !read.has(offset)).length
      )
    }, 0)
}

async function removeTopics(
  { source, target, mirrorMaker }: OraclePair,
  topics: readonly WatchedTopic[],
  say: (line: string) => void,
): Promise<void> {
  const names = topics.map(({ topic }) => topic)
  try {
    const present = await source.listTopics()
    await source.deleteTopics(names.filter(name => present.includes(name)))
    await sleep(2_500)
    const copies = await target.listTopics()
    await target.deleteTopics(
      names.map(name => mirrorMaker.remoteTopic(name)).filter(name => copies.includes(name)),
    )
  } catch (error) {
    say(`(topics could not be removed: ${error instanceof Error ? error.message.split('\n')[0] : error})`)
  }
}
