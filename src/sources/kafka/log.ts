import type { TopicMetadata } from '../../model/observation.ts'
import { isKnown, known, type Reading, unknown } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'
import { type Isolation, type KafkaCluster, type LogRecord, outOfRange } from './port.ts'

export interface LogOptions {
  readonly isolation: Isolation
  /** Read only about this many of the newest records of each partition; undefined: the whole log. */
  readonly tail?: bigint
  /** Compared with deadlines; the process's monotonic clock unless told. */
  readonly now?: () => Instant
}

export interface LogReading {
  /** The end of every partition, as it was when this read began, has been reached at least once. */
  readonly caughtUp: boolean
  /** The log was begun anew: the first read, or the topic was recreated or truncated. */
  readonly begunAnew: boolean
  readonly bytes: number
}

const bytesPerFetch = 1024 * 1024

/**
 * Follows one topic from its beginning, a bounded amount at a time. Holds offsets, no records.
 */
export class LogFollower {
  readonly #cluster: KafkaCluster
  readonly #options: LogOptions
  readonly #now: () => Instant
  #topicId: string | undefined
  #next: Map<number, bigint> = new Map()
  #reached: Set<number> = new Set()

  constructor(cluster: KafkaCluster, options: LogOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /**
   * Reads on from where the last call ended, until the present end of every partition, `maxBytes` or the deadline.
   * Hands each record on in the order of its partition. Unknown when a partition cannot be read: what was handed
   * on until then counts, and the next call goes on behind it.
   */
  async read(
    topic: TopicMetadata,
    maxBytes: number,
    deadline: Instant,
    onBegin: () => void,
    onRecord: (record: LogRecord) => void,
  ): Promise<Reading<LogReading>> {
    const begunAnew = this.#next.size === 0 || topic.id !== this.#topicId
    if (begunAnew) {
      this.#topicId = topic.id
      this.#next = new Map()
      this.#reached = new Set()
      onBegin()
    }
    const unplaced = topic.partitions.filter(p => !this.#next.has(p.partition))
    const placed = await this.#place(topic, unplaced, deadline)
    if (!isKnown(placed)) return placed
    let bytes = 0
    const ends = new Map<number, bigint>()
    let open = topic.partitions.map(p => p.partition)
    while (open.length > 0 && bytes < maxBytes && this.#now() < deadline) {
      const requests = open.map(partition => ({
        topic,
        partition,
        offset: this.#next.get(partition) ?? 0n,
      }))
      const answers = await this.#cluster.fetch(requests, this.#options.isolation, bytesPerFetch, deadline)
      const behind: number[] = []
      for (const [index, { partition, offset }] of requests.entries()) {
        const answer = answers[index]
        if (answer === undefined) return unknown('error', `${topic.name}-${partition}: no answer`)
        if (answer === outOfRange) {
          // Truncated, or its beginning was deleted under us: the next call begins the whole log anew.
          this.#next = new Map()
          return unknown('reading', `${topic.name}-${partition} was truncated and is read anew`)
        }
        if (!isKnown(answer)) return answer
        const { records, nextOffset, endOffset } = answer.value
        for (const record of records) onRecord(record)
        bytes += answer.value.bytes
        this.#next.set(partition, nextOffset)
        const end = ends.get(partition) ?? endOffset
        ends.set(partition, end)
        if (nextOffset >= end) this.#reached.add(partition)
        else if (nextOffset > offset) behind.push(partition)
      }
      open = behind
    }
    const caughtUp = topic.partitions.every(p => this.#reached.has(p.partition))
    return known({ caughtUp, begunAnew, bytes })
  }

  /** Where to begin in partitions that are new to us: the log start, or near the end for a tail. */
  async #place(
    topic: TopicMetadata,
    partitions: TopicMetadata['partitions'],
    deadline: Instant,
  ): Promise<Reading<true>> {
    if (partitions.length === 0) return known(true)
    const only = new Set(partitions.map(p => p.partition))
    const { tail } = this.#options
    const [starts, ends] = await Promise.all([
      this.#cluster.listOffsets([topic], 'earliest', deadline, () => only),
      tail === undefined ? undefined : this.#cluster.listOffsets([topic], 'latest', deadline, () => only),
    ])
    for (const partition of only) {
      const start = starts.get(topic.name)?.get(partition)
      if (start === undefined || !isKnown(start))
        return start ?? unknown('error', `${topic.name}: no log start`)
      let begin = start.value
      if (tail !== undefined) {
        const end = ends?.get(topic.name)?.get(partition)
        if (end === undefined || !isKnown(end)) return end ?? unknown('error', `${topic.name}: no end`)
        if (end.value - tail > begin) begin = end.value - tail
      }
      this.#next.set(partition, begin)
    }
    return known(true)
  }
}
