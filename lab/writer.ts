import { setTimeout as sleep } from 'node:timers/promises'
import type { Producer } from 'kafkajs'
import { connectedProducer, disconnect, type LabCluster } from './cluster.ts'

/** Wall times (milliseconds since the epoch, as Date.now) around the writing of one record. */
export interface Accepted {
  readonly offset: bigint
  /** Just before the send; also the record's own timestamp. */
  readonly sendStartedAt: number
  /** Just after the broker's answer. */
  readonly acknowledgedAt: number
}

interface Batch {
  readonly baseOffset: bigint
  readonly count: number
  readonly sendStartedAt: number
  readonly acknowledgedAt: number
}

/**
 * What a cluster has really accepted from a SteadyWriter, record by record. It knows acknowledged records
 * only: one whose send failed may be in the log nevertheless, as an offset that is unknown here.
 */
export class Truth {
  #batches = new Map<string, Batch[]>()
  #counts = new Map<string, number>()

  remember(topic: string, partition: number, batch: Batch): void {
    const key = `${topic}/${partition}`
    const batches = this.#batches.get(key)
    if (batches === undefined) this.#batches.set(key, [batch])
    else batches.push(batch)
    this.#counts.set(topic, this.count(topic) + batch.count)
  }

  /** Returns how many records of the topic were acknowledged. */
  count(topic: string): number {
    const count = this.#counts.get(topic)
    return count === undefined ? 0 : count
  }

  /** Returns the times of the record at this offset, or undefined when no acknowledged record has it. */
  acceptedAt(topic: string, partition: number, offset: bigint): Accepted | undefined {
    const next = this.firstAcceptedAfter(topic, partition, offset - 1n)
    return next?.offset === offset ? next : undefined
  }

  /** Returns the first acknowledged record with a higher offset than this one, or undefined when there is none. */
  firstAcceptedAfter(topic: string, partition: number, offset: bigint): Accepted | undefined {
    const batches = this.#batches.get(`${topic}/${partition}`) ?? []
    // One send is in flight at a time, so batches stand in the order of their offsets: binary search.
    let low = 0
    let high = batches.length
    while (low < high) {
      const middle = (low + high) >> 1
      const batch = batches[middle]
      if (batch !== undefined && batch.baseOffset + BigInt(batch.count) - 1n > offset) high = middle
      else low = middle + 1
    }
    const batch = batches[low]
    if (batch === undefined) return undefined
    const { sendStartedAt, acknowledgedAt, baseOffset } = batch
    return { offset: baseOffset > offset ? baseOffset : offset + 1n, sendStartedAt, acknowledgedAt }
  }

  /** Returns the newest acknowledged record, or undefined when there is none. */
  last(topic: string, partition: number): Accepted | undefined {
    const batch = this.#batches.get(`${topic}/${partition}`)?.at(-1)
    if (batch === undefined) return undefined
    const { sendStartedAt, acknowledgedAt, baseOffset, count } = batch
    return { offset: baseOffset + BigInt(count) - 1n, sendStartedAt, acknowledgedAt }
  }
}

export interface SteadyWriterOptions {
  /** For each topic. */
  readonly recordsPerSecond: number
  /** acks=0 is no choice: without an answer there is no truth. */
  readonly acks?: -1 | 1
  /** Size of a value, filled up with dots; about 40 unless told. */
  readonly valueBytes?: number
}

/** Writes to topics at a steady rate, round robin over the partitions, and remembers what was accepted and when. */
export class SteadyWriter {
  readonly truth = new Truth()
  /** Sends that failed since the start; the records of those are not repeated. */
  failedSends = 0
  lastError: unknown
  #cluster: LabCluster
  #topics: readonly string[]
  #recordsPerSecond: number
  #acks: -1 | 1
  #valueBytes: number
  #loops: Promise<void>[] = []
  #stopping = new AbortController()

  constructor(
    cluster: LabCluster,
    topics: readonly string[],
    { recordsPerSecond, acks = -1, valueBytes = 0 }: SteadyWriterOptions,
  ) {
    this.#cluster = cluster
    this.#topics = topics
    this.#recordsPerSecond = recordsPerSecond
    this.#acks = acks
    this.#valueBytes = valueBytes
  }

  /** Begins to write; the topics must exist. Does nothing when it writes already. */
  async start(): Promise<void> {
    if (this.#loops.length > 0) return
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    // A producer for each topic, so that one topic in trouble does not hold up the others.
    const prepared = await Promise.all(
      this.#topics.map(async topic => ({
        topic,
        partitionCount: (await this.#cluster.partitions(topic)).length,
        producer: await connectedProducer(this.#cluster.kafka),
      })),
    )
    this.#loops = prepared.map(({ topic, partitionCount, producer }) =>
      this.#write(producer, topic, partitionCount, signal),
    )
  }

  /** Ends the writing after the sends in flight; start() may follow. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#loops)
    this.#loops = []
  }

  async #write(
    producer: Producer,
    topic: string,
    partitionCount: number,
    stopping: AbortSignal,
  ): Promise<void> {
    const startedAt = performance.now()
    let written = 0
    while (!stopping.aborted) {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * this.#recordsPerSecond)
      // After an outage it does not send all at once what it could not send meanwhile.
      const count = Math.min(due - written, Math.max(1, Math.floor(this.#recordsPerSecond)))
      if (count > 0) await this.#send(producer, topic, partitionCount, { first: due - count, count })
      written = due
      const nextAt = startedAt + ((written + 1) / this.#recordsPerSecond) * 1000
      const pauseMs = Math.max(5, Math.min(1000, nextAt - performance.now()))
      await sleep(pauseMs, undefined, { signal: stopping }).catch(() => undefined)
    }
    await disconnect(producer)
  }

  async #send(
    producer: Producer,
    topic: string,
    partitionCount: number,
    { first, count }: { readonly first: number; readonly count: number },
  ): Promise<void> {
    const sendStartedAt = Date.now()
    const recordsOf = new Map<number, number>()
    const messages = Array.from({ length: count }, (_, index) => {
      const number = first + index
      const partition = number % partitionCount
      recordsOf.set(partition, (recordsOf.get(partition) ?? 0) + 1)
      return {
        key: String(number),
        value: `${topic} ${number} at ${sendStartedAt} `.padEnd(this.#valueBytes, '.'),
        partition,
        timestamp: String(sendStartedAt),
      }
    })
    try {
      const answers = await producer.send({ topic, acks: this.#acks, messages })
      const acknowledgedAt = Date.now()
      for (const { partition, baseOffset } of answers) {
        const records = recordsOf.get(partition)
        if (records === undefined || baseOffset === undefined) continue
        this.truth.remember(topic, partition, {
          baseOffset: BigInt(baseOffset),
          count: records,
          sendStartedAt,
          acknowledgedAt,
        })
      }
    } catch (error) {
      this.failedSends += 1
      this.lastError = error
    }
  }
}
