import type { PartitionOffsets, TopicListing, TopicMetadata } from '../src/model/observation.ts'
import { known, type Reading } from '../src/model/reading.ts'
import type {
  FetchedPartition,
  FetchRequest,
  KafkaCluster,
  Listing,
  LogRecord,
} from '../src/sources/kafka/port.ts'

const valueBytes = 90

/** A cluster without a wire: every partition ends at `end`, and every offset holds a record of about 100 bytes. */
export class BenchCluster implements KafkaCluster {
  readonly name: string
  readonly #topics: TopicListing
  readonly #value = Buffer.alloc(valueBytes, 'x')
  /** Logs of MirrorMaker's internal topics, by topic. */
  readonly internal = new Map<string, LogRecord[]>()
  end = 1_000n

  constructor(name: string, topics: readonly string[], partitionsPerTopic: number) {
    this.name = name
    const partitions = Array.from({ length: partitionsPerTopic }, (_, partition) => ({
      partition,
      leader: 1,
      leaderEpoch: 0,
    }))
    this.#topics = new Map(
      topics.map(topic => [topic, known({ name: topic, id: `id-${topic}`, partitions })]),
    )
  }

  async listTopics(): Promise<Listing> {
    const t0 = performance.now()
    const internal = Array.from(this.internal.keys(), topic => {
      const partitions = [{ partition: 0, leader: 1, leaderEpoch: 0 }]
      return [topic, known({ name: topic, id: topic, partitions })] as const
    })
    return { t0, topics: known(new Map([...this.#topics, ...internal])) }
  }

  async askTopics(names: readonly string[]): Promise<ReadonlyMap<string, 'absent'>> {
    return new Map(names.map(name => [name, 'absent']))
  }

  async listOffsets(
    topics: readonly TopicMetadata[],
    which: 'latest' | 'earliest',
    _deadline: number,
    partitionsOf?: (topic: string) => ReadonlySet<number>,
  ): Promise<ReadonlyMap<string, PartitionOffsets>> {
    return new Map(
      topics.map(({ name, partitions }) => {
        const only = partitionsOf?.(name)
        const offset = which === 'earliest' ? 0n : this.#endOf(name)
        const wanted = partitions.filter(({ partition }) => only === undefined || only.has(partition))
        return [name, new Map(wanted.map(({ partition }) => [partition, known(offset)]))]
      }),
    )
  }

  async epochEnds(): Promise<ReadonlyMap<string, never>> {
    return new Map<string, never>()
  }

  async offsetsForTimes(): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint>>>> {
    return new Map()
  }

  async topicConfigs(): Promise<ReadonlyMap<string, never>> {
    return new Map<string, never>()
  }

  async activeProducers(): Promise<ReadonlyMap<string, never>> {
    return new Map<string, never>()
  }

  async fetch(requests: readonly FetchRequest[]): Promise<readonly Reading<FetchedPartition>[]> {
    return requests.map(({ topic, offset, maxBytes = 1_048_576 }) => {
      const log = this.internal.get(topic.name)
      const end = this.#endOf(topic.name)
      const most = offset + BigInt(Math.ceil(maxBytes / (valueBytes + 10)))
      const to = log === undefined && most < end ? most : end
      const records =
        log?.slice(Number(offset)) ??
        Array.from({ length: Number(to - offset) }, (_, i) => this.#record(offset + BigInt(i)))
      return known({
        records,
        nextOffset: to,
        endOffset: end,
        logStartOffset: 0n,
        bytes: records.length * (valueBytes + 10),
        offsets: records.length,
        highWatermark: end,
        lastStableOffset: end,
        markers: [],
        logAppendTime: false,
      })
    })
  }

  async close(): Promise<void> {}

  #endOf(topic: string): bigint {
    return BigInt(this.internal.get(topic)?.length ?? this.end)
  }

  #record(offset: bigint): LogRecord {
    return {
      offset,
      timestampMs: Number(offset),
      key: null,
      value: this.#value,
      headers: [],
      producerId: -1n,
    }
  }
}
