import type { ActiveProducer } from '../../model/inspection.ts'
import type {
  PartitionMetadata,
  PartitionOffsets,
  TopicListing,
  TopicMetadata,
} from '../../model/observation.ts'
import { isKnown, known, type Reading, unknown } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'
import { addressOf, type Broker, type ClientOptions, KafkaClient } from './client.ts'
import { unknownOfCode, unknownOfError } from './errors.ts'
import {
  type FetchedPartition,
  type FetchRequest,
  type Isolation,
  type KafkaCluster,
  type Listing,
  outOfRange,
  type WantedPartitions,
} from './port.ts'
import { dataRecords, isLogAppendTime, lastOffsetOf, markersIn } from './records.ts'
import type {
  DescribeProducersResponse,
  FetchResponse,
  ListOffsetsResponse,
  MetadataResponse,
} from './wire.ts'

const anyReplica = -1
const timestampOf = { latest: -1n, earliest: -2n } as const
const isolationLevel: Readonly<Record<Isolation, number>> = { read_uncommitted: 0, read_committed: 1 }
const emptyTopicId = '00000000-0000-0000-0000-000000000000'
const unknownTopicOrPartition = 3
/** DescribeConfigs' resource type. */
const topicResource = 2
const offsetOutOfRange = 1
/** Codes that say "ask another broker": the listing in hand is old. */
const staleLeaderCodes: ReadonlySet<number> = new Set([6, 74, 75])

const partitionsPerRequest = 2_000
const topicsPerNamedRequest = 200
const requestsInFlightPerBroker = 2

/**
 * A real cluster, over low-level calls of the Kafka client. Remembers the brokers' addresses and the highest leader
 * epoch of each partition, nothing else.
 */
export class RealKafkaCluster implements KafkaCluster {
  readonly name: string
  readonly #client: KafkaClient
  #brokers: ReadonlyMap<number, Broker> = new Map()
  #epochs: ReadonlyMap<string, TopicEpochs> = new Map()

  constructor(options: ClientOptions) {
    this.name = options.cluster
    this.#client = new KafkaClient(options)
  }

  async listTopics(deadline: Instant): Promise<Listing> {
    const t0 = performance.now()
    const response = await this.#metadata(null, deadline)
    if (!isKnown(response)) return { t0, topics: response }
    const topics: Map<string, Reading<TopicMetadata>> = new Map()
    for (const topic of response.value.topics) {
      if (topic.name !== null) topics.set(topic.name, this.#topicOf(topic.name, topic))
    }
    this.#rememberEpochs(topics)
    return { t0, topics: known(topics) }
  }

  async askTopics(
    names: readonly string[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, Reading<TopicMetadata> | 'absent'>> {
    const answers = new Map<string, Reading<TopicMetadata> | 'absent'>()
    for (const chunk of chunksOf(names, topicsPerNamedRequest)) {
      const response = await this.#metadata(chunk, deadline)
      if (!isKnown(response)) {
        for (const name of chunk) answers.set(name, response)
        continue
      }
      const byName = new Map(response.value.topics.map(topic => [topic.name, topic]))
      for (const name of chunk) {
        const topic = byName.get(name)
        if (topic === undefined) {
          answers.set(name, unknown('error', `${this.name}: the answer about topic ${name} is missing`))
        } else {
          answers.set(
            name,
            topic.errorCode === unknownTopicOrPartition ? 'absent' : this.#topicOf(name, topic),
          )
        }
      }
    }
    return answers
  }

  async listOffsets(
    topics: readonly TopicMetadata[],
    which: 'latest' | 'earliest',
    deadline: Instant,
    partitionsOf?: (topic: string) => ReadonlySet<number>,
  ): Promise<ReadonlyMap<string, PartitionOffsets>> {
    const timestamp = timestampOf[which]
    const answers = await this.#offsetsAt(topics, () => timestamp, deadline, partitionsOf)
    for (const [topic, offsets] of answers) {
      for (const [partition, reading] of offsets) {
        if (isKnown(reading) && reading.value < 0n) {
          offsets.set(partition, unknown('error', `${this.name}: ${topic}-${partition} has no offset`))
        }
      }
    }
    return answers
  }

  async offsetsForTimes(
    wanted: readonly (WantedPartitions & { readonly atMs: number })[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>> {
    const byTopic = new Map(wanted.map(item => [item.topic.name, item]))
    const none: ReadonlySet<number> = new Set()
    const answers = await this.#offsetsAt(
      wanted.map(({ topic }) => topic),
      topic => BigInt(byTopic.get(topic)?.atMs ?? 0),
      deadline,
      topic => byTopic.get(topic)?.partitions ?? none,
    )
    const orNone = (reading: Reading<bigint>): Reading<bigint | 'none'> =>
      isKnown(reading) && reading.value < 0n ? known('none') : reading
    return new Map(
      Array.from(answers, ([topic, offsets]) => [
        topic,
        new Map(Array.from(offsets, ([partition, reading]) => [partition, orNone(reading)])),
      ]),
    )
  }

  async topicConfigs(
    topics: readonly string[],
    names: readonly string[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, Reading<ReadonlyMap<string, string | null>>>> {
    const answers = new Map<string, Reading<ReadonlyMap<string, string | null>>>()
    for (const chunk of chunksOf(topics, topicsPerNamedRequest)) {
      for (const topic of chunk) {
        answers.set(topic, unknown('error', `${this.name}: the answer about topic ${topic} is missing`))
      }
      const resources = chunk.map(resourceName => ({
        resourceType: topicResource,
        resourceName,
        configurationKeys: [...names],
      }))
      try {
        const response = await this.#client.callAny('describeConfigs', deadline, () => [
          resources,
          false,
          false,
        ])
        for (const { resourceName, errorCode, configs } of response.results) {
          answers.set(
            resourceName,
            errorCode === 0
              ? known(new Map(configs.map(({ name, value }) => [name, value])))
              : unknownOfCode(errorCode, `${this.name}: settings of topic ${resourceName}`),
          )
        }
      } catch (error) {
        for (const topic of chunk) answers.set(topic, unknownOfError(error, `cluster ${this.name}`))
      }
    }
    return answers
  }

  async activeProducers(
    wanted: readonly WantedPartitions[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<readonly ActiveProducer[]>>>> {
    const answers = new Map<string, Map<number, Reading<readonly ActiveProducer[]>>>()
    const byLeader = new Map<number, WantedPartition[]>()
    for (const { topic, partitions } of wanted) {
      const readings = new Map<number, Reading<readonly ActiveProducer[]>>()
      answers.set(topic.name, readings)
      for (const partition of topic.partitions) {
        if (!partitions.has(partition.partition)) continue
        const { leader } = partition
        if (leader === undefined)
          readings.set(partition.partition, this.#leaderless(topic.name, partition.partition))
        else byLeader.set(leader, [...(byLeader.get(leader) ?? []), { topic: topic.name, partition }])
      }
    }
    await Promise.all(
      Array.from(byLeader, ([leader, items]) =>
        this.#activeProducersFrom(leader, items, deadline, (topic, partition, reading) =>
          answers.get(topic)?.set(partition, reading),
        ),
      ),
    )
    return answers
  }

  /** The offsets that ListOffsets gives for a timestamp, or for one of its special values, by topic. */
  async #offsetsAt(
    topics: readonly TopicMetadata[],
    timestampOfTopic: TimestampOf,
    deadline: Instant,
    partitionsOf?: (topic: string) => ReadonlySet<number>,
  ): Promise<ReadonlyMap<string, Map<number, Reading<bigint>>>> {
    const answers = new Map<string, Map<number, Reading<bigint>>>()
    const wanted: WantedPartition[] = []
    for (const topic of topics) {
      answers.set(topic.name, new Map())
      const only = partitionsOf?.(topic.name)
      for (const partition of topic.partitions) {
        if (only === undefined || only.has(partition.partition)) wanted.push({ topic: topic.name, partition })
      }
    }
    const settle = (topic: string, partition: number, reading: Reading<bigint>): void => {
      answers.get(topic)?.set(partition, reading)
    }
    const stale = await this.#listOffsetsOnce(wanted, timestampOfTopic, deadline, settle)
    if (stale.length > 0) {
      // Leaders moved since the listing: ask once where they are now, and there for what is left.
      const moved = await this.#relocate(stale, deadline, settle)
      const still = await this.#listOffsetsOnce(moved, timestampOfTopic, deadline, settle)
      for (const { topic, partition } of still) {
        settle(
          topic,
          partition.partition,
          unknown('fenced', `${this.name}: the leader of ${topic}-${partition.partition} is moving`),
        )
      }
    }
    return answers
  }

  async fetch(
    requests: readonly FetchRequest[],
    isolation: Isolation,
    maxBytes: number,
    deadline: Instant,
  ): Promise<readonly (Reading<FetchedPartition> | typeof outOfRange)[]> {
    const answers: (Reading<FetchedPartition> | typeof outOfRange)[] = requests.map(({ topic, partition }) =>
      unknown('error', `${this.name}: the answer about ${topic.name}-${partition} is missing`),
    )
    const byLeader = new Map<number, number[]>()
    requests.forEach((request, index) => {
      const leader = request.topic.partitions.find(p => p.partition === request.partition)?.leader
      if (leader === undefined) answers[index] = this.#leaderless(request.topic.name, request.partition)
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), index])
    })
    await Promise.all(
      Array.from(byLeader, ([leader, indices]) =>
        this.#fetchFrom(leader, indices, requests, answers, isolation, maxBytes, deadline),
      ),
    )
    return answers
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #metadata(names: readonly string[] | null, deadline: Instant): Promise<Reading<MetadataResponse>> {
    let response: MetadataResponse
    try {
      // The library creates missing topics unless the second argument is false.
      response = await this.#client.callAny('metadata', deadline, () => [names, false, false])
    } catch (error) {
      return unknownOfError(error, `cluster ${this.name}`)
    }
    this.#brokers = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    this.#client.knowBrokers([...this.#brokers.values()])
    return known(response)
  }

  #topicOf(name: string, topic: MetadataResponse['topics'][number]): Reading<TopicMetadata> {
    // A topic without any leader carries code 5 beside its partitions, each of which says so itself.
    if (topic.errorCode !== 0 && topic.partitions.length === 0) {
      return unknownOfCode(topic.errorCode, `${this.name}: topic ${name}`)
    }
    const id = topic.topicId === undefined || topic.topicId === emptyTopicId ? undefined : topic.topicId
    const epochs = this.#epochs.get(name)
    const partitions = topic.partitions.map((p): PartitionMetadata => {
      const seen = epochs?.id === id ? (epochs?.highest[p.partitionIndex] ?? -1) : -1
      return {
        partition: p.partitionIndex,
        leader: p.leaderId < 0 ? undefined : p.leaderId,
        leaderEpoch: Math.max(seen, p.leaderEpoch ?? -1),
      }
    })
    return known({ name, id, partitions: partitions.sort((a, b) => a.partition - b.partition) })
  }

  /** Keeps what this listing shows and forgets the rest, so that memory follows the cluster. */
  #rememberEpochs(topics: TopicListing): void {
    const epochs = new Map<string, TopicEpochs>()
    for (const [name, reading] of topics) {
      if (!isKnown(reading)) continue
      const highest: number[] = []
      for (const { partition, leaderEpoch } of reading.value.partitions) highest[partition] = leaderEpoch
      epochs.set(name, { id: reading.value.id, highest })
    }
    this.#epochs = epochs
  }

  #leaderless(topic: string, partition: number): Reading<never> {
    return unknown('leaderless', `${this.name}: partition ${topic}-${partition} has no leader`)
  }

  /** Asks every leader for its partitions; returns those whose leader has changed. */
  async #listOffsetsOnce(
    wanted: readonly WantedPartition[],
    timestampOfTopic: TimestampOf,
    deadline: Instant,
    settle: (topic: string, partition: number, reading: Reading<bigint>) => void,
  ): Promise<WantedPartition[]> {
    const byLeader = new Map<number, WantedPartition[]>()
    for (const item of wanted) {
      const { leader, partition } = item.partition
      if (leader === undefined) settle(item.topic, partition, this.#leaderless(item.topic, partition))
      else if (byLeader.has(leader)) byLeader.get(leader)?.push(item)
      else byLeader.set(leader, [item])
    }
    const stale: WantedPartition[] = []
    const perLeader = Array.from(byLeader, ([leader, items]) => {
      const chunks = chunksOf(items, partitionsPerRequest)
      return inParallel(chunks, requestsInFlightPerBroker, chunk =>
        this.#listOffsetsFrom(leader, chunk, timestampOfTopic, deadline, settle, stale),
      )
    })
    await Promise.all(perLeader)
    return stale
  }

  async #listOffsetsFrom(
    leader: number,
    items: readonly WantedPartition[],
    timestampOfTopic: TimestampOf,
    deadline: Instant,
    settle: (topic: string, partition: number, reading: Reading<bigint>) => void,
    stale: WantedPartition[],
  ): Promise<void> {
    const settleAll = (reading: Reading<bigint>): void => {
      for (const { topic, partition } of items) settle(topic, partition.partition, reading)
    }
    const broker = this.#brokers.get(leader)
    if (broker === undefined) {
      settleAll(unknown('leaderless', `${this.name}: the address of broker ${leader} is not known`))
      return
    }
    const byTopic = Map.groupBy(items, item => item.topic)
    const request = Array.from(byTopic, ([name, group]) => ({
      name,
      partitions: group.map(({ partition }) => ({
        partitionIndex: partition.partition,
        currentLeaderEpoch: partition.leaderEpoch,
        timestamp: timestampOfTopic(name),
      })),
    }))
    let response: ListOffsetsResponse
    try {
      response = await this.#client.call('listOffsets', broker, deadline, () => [
        anyReplica,
        isolationLevel.read_uncommitted,
        request,
      ])
    } catch (error) {
      settleAll(unknownOfError(error, `${this.name}: broker ${leader} at ${addressOf(broker)}`))
      return
    }
    // Answers are reordered: match by name.
    const unanswered = new Map(items.map(item => [`${item.partition.partition}/${item.topic}`, item]))
    for (const topic of response.topics) {
      for (const { partitionIndex, errorCode, offset } of topic.partitions) {
        const key = `${partitionIndex}/${topic.name}`
        const item = unanswered.get(key)
        if (item === undefined) continue
        unanswered.delete(key)
        if (staleLeaderCodes.has(errorCode)) stale.push(item)
        else if (errorCode !== 0) {
          settle(
            topic.name,
            partitionIndex,
            unknownOfCode(errorCode, `${this.name}: ${topic.name}-${partitionIndex}`),
          )
        } else settle(topic.name, partitionIndex, known(offset))
      }
    }
    for (const { topic, partition } of unanswered.values()) {
      settle(
        topic,
        partition.partition,
        unknown('error', `${this.name}: the answer about ${topic}-${partition.partition} is missing`),
      )
    }
  }

  /** Where the leaders of these partitions are now; what has none is settled. */
  async #relocate(
    items: readonly WantedPartition[],
    deadline: Instant,
    settle: (topic: string, partition: number, reading: Reading<bigint>) => void,
  ): Promise<WantedPartition[]> {
    const topics = await this.askTopics([...new Set(items.map(item => item.topic))], deadline)
    const moved: WantedPartition[] = []
    for (const { topic, partition } of items) {
      const answer = topics.get(topic)
      if (answer === undefined || answer === 'absent') {
        settle(topic, partition.partition, unknown('missing', `${this.name}: topic ${topic} is gone`))
      } else if (!isKnown(answer)) settle(topic, partition.partition, answer)
      else {
        const now = answer.value.partitions.find(p => p.partition === partition.partition)
        if (now === undefined) {
          settle(
            topic,
            partition.partition,
            unknown('missing', `${this.name}: ${topic}-${partition.partition} is gone`),
          )
        } else moved.push({ topic, partition: now })
      }
    }
    return moved
  }

  async #activeProducersFrom(
    leader: number,
    items: readonly WantedPartition[],
    deadline: Instant,
    settle: (topic: string, partition: number, reading: Reading<readonly ActiveProducer[]>) => void,
  ): Promise<void> {
    const settleAll = (reading: Reading<never>): void => {
      for (const { topic, partition } of items) settle(topic, partition.partition, reading)
    }
    const broker = this.#brokers.get(leader)
    if (broker === undefined) {
      settleAll(unknown('leaderless', `${this.name}: the address of broker ${leader} is not known`))
      return
    }
    settleAll(unknown('error', `${this.name}: the answer about producers is missing`))
    const request = Array.from(
      Map.groupBy(items, item => item.topic),
      ([name, group]) => ({ name, partitionIndexes: group.map(({ partition }) => partition.partition) }),
    )
    try {
      const response = await this.#client.call('describeProducers', broker, deadline, () => [request])
      for (const { name, partitions } of response.topics) {
        for (const { partitionIndex, errorCode, activeProducers } of partitions) {
          const reading =
            errorCode === 0
              ? known(activeProducers.map(activeProducer))
              : unknownOfCode(errorCode, `${this.name}: producers of ${name}-${partitionIndex}`)
          settle(name, partitionIndex, reading)
        }
      }
    } catch (error) {
      settleAll(unknownOfError(error, `${this.name}: broker ${leader} at ${addressOf(broker)}`))
    }
  }

  async #fetchFrom(
    leader: number,
    indices: readonly number[],
    requests: readonly FetchRequest[],
    answers: (Reading<FetchedPartition> | typeof outOfRange)[],
    isolation: Isolation,
    maxBytes: number,
    deadline: Instant,
  ): Promise<void> {
    const settleAll = (reading: Reading<FetchedPartition>): void => {
      for (const index of indices) answers[index] = reading
    }
    const broker = this.#brokers.get(leader)
    if (broker === undefined) {
      settleAll(unknown('leaderless', `${this.name}: the address of broker ${leader} is not known`))
      return
    }
    const byTopic = Map.groupBy(indices, index => requests[index]?.topic.name)
    const topicsFor = (version: number) =>
      Array.from(byTopic.values(), group => {
        const topic = requests[group[0] ?? 0]?.topic
        return {
          topicId: version >= 13 ? (topic?.id ?? emptyTopicId) : (topic?.name ?? ''),
          partitions: group.flatMap(index => {
            const request = requests[index]
            if (request === undefined) return []
            return {
              partition: request.partition,
              currentLeaderEpoch: -1,
              fetchOffset: request.offset,
              lastFetchedEpoch: -1,
              partitionMaxBytes: Math.min(maxBytes, request.maxBytes ?? maxBytes),
            }
          }),
        }
      })
    let response: FetchResponse
    try {
      // No wait and no minimum: what is there now. No fetch session (id 0, epoch -1).
      response = await this.#client.call('fetch', broker, deadline, version => [
        0,
        0,
        maxBytes,
        isolationLevel[isolation],
        0,
        -1,
        topicsFor(version),
        [],
        '',
      ])
    } catch (error) {
      settleAll(unknownOfError(error, `${this.name}: broker ${leader} at ${addressOf(broker)}`))
      return
    }
    if (response.errorCode !== undefined && response.errorCode !== 0) {
      settleAll(unknownOfCode(response.errorCode, `${this.name}: Fetch from broker ${leader}`))
      return
    }
    for (const index of indices) {
      const request = requests[index]
      if (request === undefined) continue
      const answer = response.responses
        .find(({ topicId }) => topicId === request.topic.id || topicId === request.topic.name)
        ?.partitions.find(p => p.partitionIndex === request.partition)
      if (answer === undefined) continue
      answers[index] = fetchedPartition(answer, request, isolation, this.name)
    }
  }
}

/** What ListOffsets asks for in the partitions of a topic: a time in milliseconds, or -1 (latest), -2 (earliest). */
type TimestampOf = (topic: string) => bigint

interface TopicEpochs {
  readonly id: string | undefined
  readonly highest: readonly number[]
}

interface WantedPartition {
  readonly topic: string
  readonly partition: PartitionMetadata
}

function activeProducer(
  producer: DescribeProducersResponse['topics'][number]['partitions'][number]['activeProducers'][number],
): ActiveProducer {
  const { producerId, producerEpoch, lastTimestamp, currentTxnStartOffset } = producer
  return {
    producerId,
    producerEpoch,
    lastTimestampMs: Number(lastTimestamp),
    openTransactionFrom: currentTxnStartOffset < 0n ? undefined : currentTxnStartOffset,
  }
}

function fetchedPartition(
  answer: FetchResponse['responses'][number]['partitions'][number],
  { topic, partition, offset }: FetchRequest,
  isolation: Isolation,
  cluster: string,
): Reading<FetchedPartition> | typeof outOfRange {
  if (answer.errorCode === offsetOutOfRange) return outOfRange
  if (answer.errorCode !== 0)
    return unknownOfCode(answer.errorCode, `${cluster}: Fetch of ${topic.name}-${partition}`)
  const batches = answer.records ?? []
  const last = batches.at(-1)
  const behindLast = last === undefined ? offset : lastOffsetOf(last) + 1n
  return known({
    records: dataRecords(batches, offset, isolation, answer.abortedTransactions ?? []),
    nextOffset: behindLast > offset ? behindLast : offset,
    endOffset: isolation === 'read_committed' ? answer.lastStableOffset : answer.highWatermark,
    logStartOffset: answer.logStartOffset ?? -1n,
    bytes: batches.reduce((sum, batch) => sum + batch.length, 0),
    highWatermark: answer.highWatermark,
    lastStableOffset: answer.lastStableOffset,
    markers: markersIn(batches, offset),
    logAppendTime: batches.some(isLogAppendTime),
  })
}

function chunksOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = []
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size))
  return chunks
}

/** Runs `work` over all items, at most `width` at once. `work` must not throw. */
async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const lane = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
}
