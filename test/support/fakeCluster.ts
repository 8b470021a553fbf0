import type { PartitionOffsets, TopicMetadata } from '../../src/model/observation.ts'
import { known, type Reading, unknown } from '../../src/model/reading.ts'
import {
  type ActiveProducer,
  type FetchedPartition,
  type FetchRequest,
  type Isolation,
  type KafkaCluster,
  type Listing,
  type LogRecord,
  outOfRange,
  type WantedEpochs,
  type WantedPartitions,
} from '../../src/sources/kafka/port.ts'

export interface FakeLog {
  id: string
  /** Log start by partition. */
  starts: bigint[]
  records: LogRecord[][]
  /** Set to make a partition unreadable. */
  broken?: Set<number>
  /** Ends by partition, where offsets without records follow the last record. */
  ends?: bigint[]
  /** Last stable offsets by partition, where a transaction is open. */
  stable?: bigint[]
  /** Offsets of commit and abort markers by partition; no record lies there. */
  markers?: bigint[][]
  /** Leader epochs by partition, each with the offset at which it began; one that began at 0 unless told. */
  epochs?: { epoch: number; from: bigint }[][]
  /** Open transactions by partition. */
  producers?: ActiveProducer[][]
  configs?: Record<string, string>
}

function epochOf({ epochs }: FakeLog, partition: number): number {
  return epochs?.[partition]?.at(-1)?.epoch ?? 0
}

/** A cluster in memory, for what is above the port: logs of records, no wire. */
export class FakeCluster implements KafkaCluster {
  readonly name: string
  readonly #calls: string[]
  readonly logs = new Map<string, FakeLog>()
  /** Records in one answer at most. */
  batch = 10
  asked: (readonly string[])[] = []
  unauthorized = new Set<string>()
  fetches = 0
  now: () => number = () => performance.now()

  /** `calls` gets a line for every request, in order; clusters may share it. */
  constructor(name = 'fake', calls: string[] = []) {
    this.name = name
    this.#calls = calls
  }

  addLog(topic: string, log: Partial<FakeLog> & Pick<FakeLog, 'records'>): FakeLog {
    const full = { id: `id-of-${topic}`, starts: log.records.map(() => 0n), ...log }
    this.logs.set(topic, full)
    return full
  }

  metadata(topic: string): TopicMetadata {
    const log = this.#log(topic)
    const partitions = log.records.map((_, partition) => ({
      partition,
      leader: 1,
      leaderEpoch: epochOf(log, partition),
    }))
    return { name: topic, id: log.id, partitions }
  }

  async listTopics(): Promise<Listing> {
    this.#calls.push(`${this.name} listTopics`)
    const topics = new Map(Array.from(this.logs.keys(), topic => [topic, known(this.metadata(topic))]))
    return { t0: this.now(), topics: known(topics) }
  }

  async askTopics(names: readonly string[]): Promise<ReadonlyMap<string, Reading<TopicMetadata> | 'absent'>> {
    this.asked.push(names)
    this.#calls.push(`${this.name} askTopics ${names.join(' ')}`)
    return new Map(
      names.map(name => {
        if (this.unauthorized.has(name)) return [name, unknown('unauthorized', name)]
        return [name, this.logs.has(name) ? known(this.metadata(name)) : 'absent']
      }),
    )
  }

  async listOffsets(
    topics: readonly TopicMetadata[],
    which: 'latest' | 'earliest',
  ): Promise<ReadonlyMap<string, PartitionOffsets>> {
    this.#calls.push(`${this.name} listOffsets ${which} ${topics.map(({ name }) => name).join(' ')}`)
    return new Map(
      topics.map(({ name }) => {
        const log = this.#log(name)
        const offsets = log.records.map((records, partition) => {
          const start = log.starts[partition] ?? 0n
          const offset = which === 'earliest' ? start : this.#endOf(log, partition, records, start)
          return [partition, { value: offset, leaderEpoch: epochOf(log, partition) }] as const
        })
        return [name, new Map(offsets)]
      }),
    )
  }

  async epochEnds(
    wanted: readonly WantedEpochs[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>> {
    this.#calls.push(`${this.name} epochEnds ${wanted.map(({ topic }) => topic.name).join(' ')}`)
    return new Map(
      wanted.map(({ topic: { name }, epochs }) => {
        const log = this.#log(name)
        const ends = Array.from(epochs, ([partition, epoch]) => {
          if (log.broken?.has(partition)) return [partition, unknown('leaderless', name)] as const
          const next = log.epochs?.[partition]?.find(it => it.epoch > epoch)
          return [partition, known(next?.from ?? ('none' as const))] as const
        })
        return [name, new Map(ends)]
      }),
    )
  }

  async offsetsForTimes(
    wanted: readonly (WantedPartitions & { readonly atMs: number })[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>> {
    this.#calls.push(`${this.name} offsetsForTimes ${wanted.map(({ topic }) => topic.name).join(' ')}`)
    return new Map(
      wanted.map(({ topic: { name }, partitions, atMs }) => {
        const found = [...partitions].map(partition => {
          const first = this.#log(name).records[partition]?.find(({ timestampMs }) => timestampMs >= atMs)
          return [partition, known(first === undefined ? ('none' as const) : first.offset)] as const
        })
        return [name, new Map(found)]
      }),
    )
  }

  async topicConfigs(
    topics: readonly string[],
    names: readonly string[],
  ): Promise<ReadonlyMap<string, Reading<ReadonlyMap<string, string | null>>>> {
    this.#calls.push(`${this.name} topicConfigs ${topics.join(' ')}`)
    return new Map(
      topics.map(topic => {
        const configs = this.#log(topic).configs
        return [topic, known(new Map(names.map(name => [name, configs?.[name] ?? null])))]
      }),
    )
  }

  async activeProducers(
    wanted: readonly WantedPartitions[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<readonly ActiveProducer[]>>>> {
    this.#calls.push(`${this.name} activeProducers ${wanted.map(({ topic }) => topic.name).join(' ')}`)
    return new Map(
      wanted.map(({ topic: { name }, partitions }) => [
        name,
        new Map([...partitions].map(p => [p, known(this.#log(name).producers?.[p] ?? [])])),
      ]),
    )
  }

  async fetch(
    requests: readonly FetchRequest[],
    isolation: Isolation,
    maxBytes: number,
  ): Promise<readonly (Reading<FetchedPartition> | typeof outOfRange)[]> {
    this.fetches += 1
    this.#calls.push(`${this.name} fetch ${[...new Set(requests.map(({ topic }) => topic.name))].join(' ')}`)
    return requests.map(({ topic, partition, offset }) => {
      const log = this.#log(topic.name)
      if (log.broken?.has(partition) === true) return unknown('leaderless', `${topic.name}-${partition}`)
      const start = log.starts[partition] ?? 0n
      const all = log.records[partition] ?? []
      const highWatermark = this.#endOf(log, partition, all, start)
      const lastStableOffset = log.stable?.[partition] ?? highWatermark
      const end = isolation === 'read_committed' ? lastStableOffset : highWatermark
      if (offset < start || offset > highWatermark) return outOfRange
      const visible = all.filter(record => record.offset >= offset && record.offset < end)
      const records = visible.slice(0, this.batch)
      const last = records.at(-1)
      const nextOffset =
        records.length === visible.length && end > offset
          ? end
          : last === undefined
            ? offset
            : last.offset + 1n
      const markers = log.markers?.[partition] ?? []
      return known({
        records,
        nextOffset,
        endOffset: end,
        logStartOffset: start,
        bytes: Math.min(maxBytes, records.length * 100),
        offsets: Number(nextOffset - offset),
        highWatermark,
        lastStableOffset,
        markers: markers.filter(marker => marker >= offset && marker < nextOffset),
        logAppendTime: false,
      })
    })
  }

  async close(): Promise<void> {}

  #endOf(log: FakeLog, partition: number, records: readonly LogRecord[], start: bigint): bigint {
    return log.ends?.[partition] ?? endOf(records, start)
  }

  #log(topic: string): FakeLog {
    const log = this.logs.get(topic)
    if (log === undefined) throw new Error(`the test has no topic ${topic}`)
    return log
  }
}

function endOf(records: readonly LogRecord[], start: bigint): bigint {
  const last = records.at(-1)
  return last === undefined ? start : last.offset + 1n
}

/** Records `from` to `to`, each with its own number as the value. */
export function records(from: number, to: number): LogRecord[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    offset: BigInt(from + i),
    timestampMs: 0,
    key: null,
    value: Buffer.from(String(from + i)),
    headers: [],
    producerId: -1n,
  }))
}
