import type { MirrorMaker2Settings } from '../model/flow.ts'
import type { EngineObservation, TopicListing, TopicMetadata } from '../model/observation.ts'
import { isKnown, known, type Reading, unknown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import { type MirrorMaker2Names, mirrorMaker2Names } from '../replicators/mirrormaker2/naming.ts'
import type { ProgressFold } from '../replicators/mirrormaker2/progress.ts'
import {
  isSourceTaskStatus,
  parseHeartbeat,
  parseOffsetSync,
  parseSourceOffset,
} from '../replicators/mirrormaker2/records.ts'
import { LogFollower } from '../sources/kafka/log.ts'
import type { KafkaCluster, LogRecord } from '../sources/kafka/port.ts'
import type { AskByName } from './askByName.ts'
import { PositionsLog } from './positionsLog.ts'

/** Read of one internal topic in one poll; a long one is read over several polls. */
const maxBytesPerPoll = 16 * 1024 * 1024
const heartbeatsRead = 100n

export interface Side {
  readonly cluster: KafkaCluster
  readonly topics: Reading<TopicListing>
  readonly askByName: AskByName
}

export interface ReaderContext {
  readonly now: () => Instant
  /** A record of an internal topic that could not be understood. */
  readonly onMalformed: (topic: string) => void
}

/** Follows the internal topics of one MirrorMaker 2 flow: offset syncs, source offsets, task states, heartbeats. */
export class MirrorMaker2Reader {
  readonly #settings: MirrorMaker2Settings
  readonly #names: MirrorMaker2Names
  readonly #now: () => Instant
  readonly #syncs: PositionsLog
  readonly #offsets: PositionsLog
  readonly #status: LogFollower
  readonly #heartbeats: LogFollower
  #tasksChangedAtMs: number | undefined
  #heartbeatAtMs: number | undefined

  constructor(
    settings: MirrorMaker2Settings,
    source: KafkaCluster,
    target: KafkaCluster,
    { now, onMalformed }: ReaderContext,
  ) {
    this.#now = now
    this.#settings = settings
    this.#names = mirrorMaker2Names(settings)
    const syncsOn = settings.offsetSyncsLocation === 'source' ? source : target
    this.#syncs = new PositionsLog(
      syncsOn,
      { isolation: 'read_uncommitted', now },
      maxBytesPerPoll,
      ({ key, value, timestampMs }, fold, topic) => {
        const sync = parseOffsetSync(key, value, timestampMs)
        if (sync !== undefined) fold.addSync(sync)
        else if (value !== null) onMalformed(topic)
      },
    )
    // With exactly-once, positions are written inside the producer's transactions.
    this.#offsets = new PositionsLog(
      target,
      { isolation: 'read_committed', now },
      maxBytesPerPoll,
      ({ key, value }, fold, topic) => {
        const parsed = parseSourceOffset(key, value)
        if (parsed === 'malformed') onMalformed(topic)
        else if (parsed?.sourceAlias === settings.sourceAlias && parsed.offset !== undefined) {
          fold.addDurable(parsed, parsed.offset)
        }
      },
    )
    this.#status = new LogFollower(target, { isolation: 'read_uncommitted', now })
    this.#heartbeats = new LogFollower(target, { isolation: 'read_uncommitted', now, tail: heartbeatsRead })
  }

  /** Reads on in all internal topics, up to their ends, the byte budget or the deadline. */
  async read(source: Side, target: Side, deadline: Instant): Promise<EngineObservation> {
    const { offsetSyncsLocation, offsetsTopic, statusTopic } = this.#settings
    const syncsSide = offsetSyncsLocation === 'source' ? source : target
    const onTarget = (name: string) => this.#find(target, [name], deadline)
    // States before syncs: a pair is trusted for an estimate only if it is younger than the newest state.
    await this.#readStatus(await onTarget(statusTopic), deadline)
    const [pairs, durable, heartbeat] = await Promise.all([
      this.#readSyncs(await this.#find(syncsSide, this.#names.offsetSyncsTopics, deadline), deadline),
      this.#readOffsets(await onTarget(offsetsTopic), deadline),
      this.#readHeartbeats(await onTarget(this.#names.heartbeatsTopic), deadline),
    ])
    return {
      durable,
      pairs,
      progress: merged(this.#syncs.take(), this.#offsets.take()),
      readAt: this.#now(),
      heartbeatAtMs: heartbeat,
      tasksChangedAtMs: this.#tasksChangedAtMs,
    }
  }

  async #readSyncs(
    topic: Reading<TopicMetadata> | 'absent',
    deadline: Instant,
  ): Promise<Reading<true> | 'none'> {
    // Since 3.9 they can be switched off (emit.offset-syncs.enabled); the durable positions suffice.
    if (topic === 'absent') return 'none'
    return isKnown(topic) ? this.#syncs.read(topic.value, deadline) : topic
  }

  async #readOffsets(topic: Reading<TopicMetadata> | 'absent', deadline: Instant): Promise<Reading<true>> {
    if (topic === 'absent') {
      const { offsetsTopic, sourceAlias } = this.#settings
      return unknown(
        'missing',
        `${offsetsTopic} does not exist on the target: has MirrorMaker run there, with source alias ${sourceAlias}?`,
      )
    }
    return isKnown(topic) ? this.#offsets.read(topic.value, deadline) : topic
  }

  /** Task states only sharpen the estimate: without them it is merely trusted a little more. */
  async #readStatus(topic: Reading<TopicMetadata> | 'absent', deadline: Instant): Promise<void> {
    if (topic === 'absent' || !isKnown(topic)) return
    const note = ({ key, timestampMs }: LogRecord): void => {
      if (!isSourceTaskStatus(key)) return
      if (this.#tasksChangedAtMs === undefined || timestampMs > this.#tasksChangedAtMs) {
        this.#tasksChangedAtMs = timestampMs
      }
    }
    await this.#status.read(topic.value, maxBytesPerPoll, deadline, () => {}, note)
  }

  async #readHeartbeats(
    topic: Reading<TopicMetadata> | 'absent',
    deadline: Instant,
  ): Promise<Reading<number | undefined>> {
    if (topic === 'absent') return known(undefined)
    if (!isKnown(topic)) return topic
    const note = ({ key, value }: LogRecord): void => {
      const heartbeat = parseHeartbeat(key, value)
      if (heartbeat === undefined) return
      if (this.#heartbeatAtMs === undefined || heartbeat.timestampMs > this.#heartbeatAtMs) {
        this.#heartbeatAtMs = heartbeat.timestampMs
      }
    }
    const read = await this.#heartbeats.read(topic.value, maxBytesPerPoll, deadline, () => {}, note)
    return isKnown(read) ? known(this.#heartbeatAtMs) : read
  }

  /** The first of the names that exists, from the listing or by asking. */
  async #find(
    side: Side,
    names: readonly string[],
    deadline: Instant,
  ): Promise<Reading<TopicMetadata> | 'absent'> {
    if (!isKnown(side.topics)) return side.topics
    for (const name of names) {
      const listed = side.topics.value.get(name)
      if (listed !== undefined) return listed
    }
    const asked = await side.askByName.ask(new Set(names), deadline)
    const answers = names.map(name => asked.get(name) ?? 'absent')
    return answers.find(answer => answer !== 'absent') ?? 'absent'
  }
}

function merged(
  syncs: ReturnType<ProgressFold['take']>,
  offsets: ReturnType<ProgressFold['take']>,
): ReturnType<ProgressFold['take']> {
  if (offsets.size === 0) return syncs
  const all = new Map(syncs)
  for (const [topic, partitions] of offsets) {
    const together = new Map(all.get(topic))
    for (const [partition, { durable }] of partitions) {
      if (durable !== undefined) together.set(partition, { ...together.get(partition), durable })
    }
    all.set(topic, together)
  }
  return all
}
