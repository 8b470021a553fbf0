import type { PartitionOffsets, TopicListing, TopicMetadata } from '../../../src/model/observation.ts'
import { known, type Reading, type UnknownReason, unknown } from '../../../src/model/reading.ts'
import {
  type ActiveProducer,
  type FetchedPartition,
  type FetchRequest,
  type Isolation,
  type KafkaCluster,
  type Listing,
  outOfRange,
  type WantedEpochs,
  type WantedPartitions,
} from '../../../src/sources/kafka/port.ts'
import { PartitionLog } from './partitionLog.ts'
import type { Random } from './random.ts'
import { PartitionTruth } from './truth.ts'
import type { VirtualTime } from './virtualTime.ts'

/** One identity of a topic. */
export class SimulatedTopic {
  readonly id: string
  readonly name: string
  readonly partitions: PartitionLog[] = []
  /** Of a source topic, by partition. */
  readonly truths: PartitionTruth[] = []
  readonly configs = new Map<string, string>()
  readonly #isSource: boolean

  constructor(id: string, name: string, partitions: number, isSource: boolean) {
    this.id = id
    this.name = name
    this.#isSource = isSource
    this.addPartitions(partitions)
  }

  /** Adds partitions until there are so many. */
  addPartitions(count: number): void {
    while (this.partitions.length < count) {
      const truth = this.#isSource ? new PartitionTruth() : undefined
      if (truth !== undefined) this.truths.push(truth)
      this.partitions.push(new PartitionLog(truth))
    }
  }
}

export interface ClusterTimes {
  readonly time: VirtualTime
  readonly random: Random
  /** Milliseconds since the epoch now, by the clock of this cluster. */
  readonly wallMs: () => number
}

/** A cluster in memory on virtual time, seen through the port: answers take time, and may not come. */
export class SimulatedCluster implements KafkaCluster {
  readonly name: string
  readonly topics = new Map<string, SimulatedTopic>()
  /** Earlier identities by name, oldest first. */
  readonly formers = new Map<string, SimulatedTopic[]>()
  /** For everyone. */
  isDown = false
  /** For the exporter alone. */
  isCutOff = false
  /** Brokers stamp records themselves (`log.message.timestamp.type=LogAppendTime`). */
  isLogAppendTime = false
  /** Answers take many times as long. */
  isSlow = false
  /** Bytes of records that were fetched. */
  bytesFetched = 0
  readonly #times: ClusterTimes
  #ids = 0

  constructor(name: string, times: ClusterTimes) {
    this.name = name
    this.#times = times
  }

  wallMs(): number {
    return this.#times.wallMs()
  }

  createTopic(name: string, partitions: number, isSource = false): SimulatedTopic {
    this.#ids += 1
    const topic = new SimulatedTopic(`${this.name}-${this.#ids}`, name, partitions, isSource)
    this.topics.set(name, topic)
    return topic
  }

  deleteTopic(name: string): SimulatedTopic | undefined {
    const topic = this.topics.get(name)
    if (topic === undefined) return undefined
    this.topics.delete(name)
    this.formers.set(name, [...(this.formers.get(name) ?? []), topic])
    return topic
  }

  async listTopics(deadline: number): Promise<Listing> {
    const t0 = this.#times.time.now
    const failed = await this.#request(deadline)
    if (failed !== undefined) return { t0, topics: failed }
    const listing: TopicListing = new Map(
      Array.from(this.topics.values(), topic => [topic.name, known(metadataOf(topic))]),
    )
    await this.#reply()
    return { t0, topics: known(listing) }
  }

  async askTopics(
    names: readonly string[],
    deadline: number,
  ): Promise<ReadonlyMap<string, Reading<TopicMetadata> | 'absent'>> {
    const failed = await this.#request(deadline)
    return new Map(
      names.map(name => {
        const topic = this.topics.get(name)
        return [name, failed ?? (topic === undefined ? ('absent' as const) : known(metadataOf(topic)))]
      }),
    )
  }

  async listOffsets(
    topics: readonly TopicMetadata[],
    which: 'latest' | 'earliest',
    deadline: number,
    partitions?: (topic: string) => ReadonlySet<number>,
  ): Promise<ReadonlyMap<string, PartitionOffsets>> {
    const failed = await this.#request(deadline)
    const answers = topics.map(({ name, partitions: listed }): [string, PartitionOffsets] => {
      const wanted = listed.filter(({ partition }) => partitions?.(name).has(partition) !== false)
      return [
        name,
        new Map(
          wanted.map(({ partition }) => {
            const log = failed ?? this.#logOf(name, partition)
            if (!(log instanceof PartitionLog)) return [partition, log]
            if (which === 'earliest') return [partition, known(BigInt(log.start))]
            log.toldEnd = Math.max(log.toldEnd, log.end)
            log.toldAt = this.#times.time.now
            return [partition, { value: BigInt(log.end), leaderEpoch: log.epoch }]
          }),
        ),
      ]
    })
    await this.#reply()
    return new Map(answers)
  }

  async epochEnds(
    wanted: readonly WantedEpochs[],
    deadline: number,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>> {
    const failed = await this.#request(deadline)
    const answers = wanted.map(
      ({ topic, epochs }): [string, ReadonlyMap<number, Reading<bigint | 'none'>>] => [
        topic.name,
        new Map(
          Array.from(epochs, ([partition, epoch]) => {
            const log = failed ?? this.#logOf(topic.name, partition)
            return [partition, log instanceof PartitionLog ? known(BigInt(log.endOfEpoch(epoch))) : log]
          }),
        ),
      ],
    )
    await this.#reply()
    return new Map(answers)
  }

  async offsetsForTimes(
    wanted: readonly (WantedPartitions & { readonly atMs: number })[],
    deadline: number,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>> {
    const failed = await this.#request(deadline)
    return this.#perPartition(wanted, failed, (log, { atMs }) => {
      const found = log.entries.find(({ timestampMs }) => timestampMs >= atMs)
      return known(found === undefined ? ('none' as const) : BigInt(found.offset))
    })
  }

  async topicConfigs(
    topics: readonly string[],
    names: readonly string[],
    deadline: number,
  ): Promise<ReadonlyMap<string, Reading<ReadonlyMap<string, string | null>>>> {
    const failed = await this.#request(deadline)
    return new Map(
      topics.map(name => {
        const topic = this.topics.get(name)
        if (topic === undefined) return [name, failed ?? unknown('missing', `${this.name}: ${name}`)]
        return [
          name,
          failed ?? known(new Map(names.map(config => [config, topic.configs.get(config) ?? null]))),
        ]
      }),
    )
  }

  async activeProducers(
    wanted: readonly WantedPartitions[],
    deadline: number,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<readonly ActiveProducer[]>>>> {
    const failed = await this.#request(deadline)
    return this.#perPartition(wanted, failed, log =>
      known(
        Array.from(log.open, ([transaction, first]) => ({
          producerId: transaction.producerId,
          producerEpoch: 0,
          lastTimestampMs: transaction.lastWriteAtMs,
          openTransactionFrom: BigInt(first),
        })),
      ),
    )
  }

  async fetch(
    requests: readonly FetchRequest[],
    isolation: Isolation,
    maxBytes: number,
    deadline: number,
  ): Promise<readonly (Reading<FetchedPartition> | typeof outOfRange)[]> {
    const failed = await this.#request(deadline)
    let left = maxBytes
    const answers = requests.map(request => {
      if (failed !== undefined) return failed
      const { topic, partition, offset } = request
      const log = this.#logOf(topic.name, partition, topic.id)
      if (!(log instanceof PartitionLog)) return log
      const from = Number(offset)
      if (from < log.start || from > log.end) return outOfRange
      const fetched = fetchedOf(
        log,
        from,
        isolation,
        Math.min(request.maxBytes ?? left, left),
        left === maxBytes,
      )
      left = Math.max(0, left - fetched.bytes)
      this.bytesFetched += fetched.bytes
      return known({ ...fetched, logAppendTime: this.isLogAppendTime })
    })
    await this.#reply()
    return answers
  }

  async close(): Promise<void> {}

  #logOf(
    name: string,
    partition: number,
    id?: string,
  ): PartitionLog | { readonly unknown: { readonly reason: UnknownReason; readonly detail: string } } {
    const topic = this.topics.get(name)
    const log = topic?.partitions[partition]
    if (topic === undefined || log === undefined || (id !== undefined && topic.id !== id)) {
      return unknown('missing', `${this.name}: ${name}-${partition}`)
    }
    return log.isLeaderless ? unknown('leaderless', `${this.name}: ${name}-${partition}`) : log
  }

  #perPartition<W extends WantedPartitions, T>(
    wanted: readonly W[],
    failed: { readonly unknown: { readonly reason: UnknownReason; readonly detail: string } } | undefined,
    answer: (log: PartitionLog, wanted: W) => Reading<T>,
  ): ReadonlyMap<string, ReadonlyMap<number, Reading<T>>> {
    return new Map(
      wanted.map(want => [
        want.topic.name,
        new Map(
          Array.from(want.partitions, partition => {
            const log = failed ?? this.#logOf(want.topic.name, partition)
            return [partition, log instanceof PartitionLog ? answer(log, want) : log]
          }),
        ),
      ]),
    )
  }

  /** The way to the broker; a reason where no answer came by the deadline. */
  async #request(
    deadline: number,
  ): Promise<{ readonly unknown: { readonly reason: UnknownReason; readonly detail: string } } | undefined> {
    const { time, random } = this.#times
    const lasts = this.isSlow
      ? random.between(50, 900)
      : random.chance(0.03)
        ? random.between(50, 400)
        : random.between(1, 8)
    await time.sleep(Math.min(lasts, Math.max(0, deadline - time.now)))
    if (!this.isDown && !this.isCutOff && time.now < deadline) return undefined
    if (time.now < deadline && random.chance(0.5))
      return unknown('unreachable', `${this.name}: connection refused`)
    await time.sleep(Math.max(0, deadline - time.now))
    return unknown('timeout', `${this.name}: no answer in time`)
  }

  /** The way back: what was answered ages. */
  async #reply(): Promise<void> {
    const { time, random } = this.#times
    await time.sleep(this.isSlow ? random.between(20, 400) : random.between(0.5, 4))
  }
}

function metadataOf({ name, id, partitions }: SimulatedTopic): TopicMetadata {
  return {
    name,
    id,
    partitions: partitions.map(({ isLeaderless, epoch }, partition) => ({
      partition,
      leader: isLeaderless ? undefined : 1,
      leaderEpoch: epoch,
    })),
  }
}

function fetchedOf(
  log: PartitionLog,
  from: number,
  isolation: Isolation,
  maxBytes: number,
  isFirst: boolean,
): Omit<FetchedPartition, 'logAppendTime'> {
  const stable = log.lastStableOffset
  const end = isolation === 'read_committed' ? stable : log.end
  const records: FetchedPartition['records'][number][] = []
  const markers: bigint[] = []
  let bytes = 0
  let next = Math.max(from, end)
  for (let index = log.indexOf(from); index < log.entries.length; index++) {
    const entry = log.entries[index]
    if (entry === undefined || entry.offset >= end) break
    // A broker sends the first batch whatever its size.
    if (bytes + entry.bytes > maxBytes && !(isFirst && bytes === 0)) {
      next = bytes === 0 ? from : entry.offset
      break
    }
    bytes += entry.bytes
    if (entry.isMarker) markers.push(BigInt(entry.offset))
    else if (isolation === 'read_uncommitted' || entry.transaction?.state !== 'aborted') {
      const { offset, timestampMs, key, value, headers, producerId } = entry
      records.push({ offset: BigInt(offset), timestampMs, key, value, headers, producerId })
    }
  }
  return {
    records,
    nextOffset: BigInt(next),
    endOffset: BigInt(end),
    logStartOffset: BigInt(log.start),
    bytes,
    offsets: next - from,
    highWatermark: BigInt(log.end),
    lastStableOffset: BigInt(stable),
    markers,
  }
}
