import type { ActiveProducer } from '../../model/inspection.ts'
import type {
  PartitionMetadata,
  PartitionOffsets,
  TopicListing,
  TopicMetadata,
} from '../../model/observation.ts'
import { isKnown, known, type Reading, type Unknown, unknown } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'
import { chunksOf } from './chunks.ts'
import { type ClientOptions, KafkaClient } from './client.ts'
import { epochEndsFromLeaders } from './epochs.ts'
import { unknownOfCode, unknownOfError } from './errors.ts'
import { fetchFromLeaders } from './fetch.ts'
import { emptyTopicId, Leaders } from './leaders.ts'
import { type OffsetsWanted, offsetsFromLeaders } from './offsets.ts'
import type {
  FetchedPartition,
  FetchRequest,
  Isolation,
  KafkaCluster,
  Listing,
  outOfRange,
  WantedEpochs,
  WantedPartitions,
} from './port.ts'
import { activeProducersFromLeaders } from './producers.ts'
import type { MetadataResponse } from './wire.ts'

const timestampOf = { latest: -1n, earliest: -2n } as const
const unknownTopicOrPartition = 3
/** DescribeConfigs' resource type. */
const topicResource = 2

const topicsPerNamedRequest = 200

/**
 * A real cluster, over low-level calls of the Kafka client. Remembers the brokers' addresses and the highest leader
 * epoch of each partition, nothing else.
 */
export class RealKafkaCluster implements KafkaCluster {
  readonly name: string
  readonly #client: KafkaClient
  readonly #leaders: Leaders
  #epochs: ReadonlyMap<string, TopicEpochs> = new Map()

  constructor(options: ClientOptions) {
    this.name = options.cluster
    this.#client = new KafkaClient(options)
    this.#leaders = new Leaders(options.cluster, this.#client)
  }

  async listTopics(deadline: Instant): Promise<Listing> {
    const unread = await this.#renew(deadline)
    const t0 = performance.now()
    if (unread !== undefined) return { t0, topics: unread }
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
    const answers = await this.#offsets({ topics, partitionsOf, timestampOf: () => timestamp }, deadline)
    for (const [topic, offsets] of answers) {
      for (const [partition, reading] of offsets) {
        if (isKnown(reading) && reading.value < 0n) {
          offsets.set(partition, unknown('error', `${this.name}: ${topic}-${partition} has no offset`))
        }
      }
    }
    return answers
  }

  async epochEnds(
    wanted: readonly WantedEpochs[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>> {
    return epochEndsFromLeaders(this.#leaders, wanted, deadline)
  }

  async offsetsForTimes(
    wanted: readonly (WantedPartitions & { readonly atMs: number })[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>> {
    const byTopic = new Map(wanted.map(item => [item.topic.name, item]))
    const none: ReadonlySet<number> = new Set()
    const answers = await this.#offsets(
      {
        topics: wanted.map(({ topic }) => topic),
        partitionsOf: topic => byTopic.get(topic)?.partitions ?? none,
        timestampOf: topic => BigInt(byTopic.get(topic)?.atMs ?? 0),
      },
      deadline,
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
    return activeProducersFromLeaders(this.#leaders, wanted, deadline)
  }

  async fetch(
    requests: readonly FetchRequest[],
    isolation: Isolation,
    maxBytes: number,
    deadline: Instant,
  ): Promise<readonly (Reading<FetchedPartition> | typeof outOfRange)[]> {
    return fetchFromLeaders(this.#leaders, requests, { isolation, maxBytes, deadline })
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #offsets(wanted: OffsetsWanted, deadline: Instant): ReturnType<typeof offsetsFromLeaders> {
    return offsetsFromLeaders(this.#leaders, (names, by) => this.askTopics(names, by), wanted, deadline)
  }

  /** Credentials are looked at once a poll, with its listing. */
  async #renew(deadline: Instant): Promise<{ readonly unknown: Unknown } | undefined> {
    try {
      await this.#client.renew(deadline)
      return undefined
    } catch (error) {
      return unknownOfError(error, `cluster ${this.name}`)
    }
  }

  async #metadata(names: readonly string[] | null, deadline: Instant): Promise<Reading<MetadataResponse>> {
    let response: MetadataResponse
    try {
      // The library creates missing topics unless the second argument is false.
      response = await this.#client.callAny('metadata', deadline, () => [names, false, false])
    } catch (error) {
      return unknownOfError(error, `cluster ${this.name}`)
    }
    this.#leaders.knowBrokers(
      new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])),
    )
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
}

interface TopicEpochs {
  readonly id: string | undefined
  readonly highest: readonly number[]
}
