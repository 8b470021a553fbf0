import { setTimeout as sleep } from 'node:timers/promises'
import { type Batch, BrokerConnection, type FetchAnswer } from './wire.ts'

// What lies in the logs of a cluster and since when, as an independent reader sees it. All times are wall time in
// milliseconds. No instant is exact: of every event only a time that was surely before it and one that was surely
// after it are known, and whoever judges takes the one that cannot accuse wrongly.

/** A data record that was read, with bounds of the time at which it became visible to consumers. */
export interface SeenRecord {
  readonly offset: bigint
  /** Timestamp, key, value and headers: what a copy has in common with its original. */
  readonly content: string
  /** It was not there yet when this time had come. */
  readonly notBefore: number
  /** It was there at this time, and before. */
  readonly seenBy: number
  /** Not -1n: written by an idempotent or transactional producer. */
  readonly producerId: bigint
  readonly transactional: boolean
  /** It was still in the log at this time: see PartitionLog.rescanned. */
  retainedAt: number
}

interface Mark {
  readonly value: bigint
  readonly firstAnsweredAt: number
  lastSentAt: number
}

/** A value that only grows, seen from time to time. */
class Growing {
  #marks: Mark[] = []

  get last(): bigint | undefined {
    return this.#marks.at(-1)?.value
  }

  history(): (readonly [firstAnsweredAt: number, value: bigint])[] {
    return this.#marks.map(({ firstAnsweredAt, value }) => [firstAnsweredAt, value] as const)
  }

  see(value: bigint, sentAt: number, answeredAt: number): void {
    const last = this.#marks.at(-1)
    if (last !== undefined && value <= last.value) {
      if (value === last.value) last.lastSentAt = sentAt
    } else this.#marks.push({ value, firstAnsweredAt: answeredAt, lastSentAt: sentAt })
  }

  /** When it was surely still at or below the value; undefined: it was never seen there. */
  lastAtOrBelow(value: bigint): number | undefined {
    return this.#marks[this.#firstAbove(value) - 1]?.lastSentAt
  }

  /** When it was surely above the value; undefined: it was never seen there. */
  firstAbove(value: bigint): number | undefined {
    return this.#marks[this.#firstAbove(value)]?.firstAnsweredAt
  }

  #firstAbove(value: bigint): number {
    let low = 0
    let high = this.#marks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const mark = this.#marks[middle]
      if (mark !== undefined && mark.value > value) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** One partition under one topic id, from its creation to its end. */
export class PartitionLog {
  readonly topicId: string
  readonly partition: number
  /** The topic was not there yet at this time; 0: cannot tell. */
  readonly createdAfter: number
  /** It was gone at this time; undefined while it is there. */
  goneBy: number | undefined
  /** In the order of their offsets. */
  readonly records: SeenRecord[] = []
  /** By content, how often, and the copies with it. */
  readonly byContent: Map<string, SeenRecord[]> = new Map()
  /** Offsets of commit and abort markers. */
  readonly markers: Set<bigint> = new Set()
  /** Offsets that were gone before they could be read: each may have held any record. */
  unread = 0
  /** Everything that was in the log at this time has been read. */
  completeAt = 0
  /** A pass over the whole log that began at this time has ended: what it did not meet is gone. */
  rescannedAt = 0
  readonly acknowledged: Map<bigint, number> = new Map()
  next = 0n
  readonly #ends = new Growing()
  readonly #starts = new Growing()

  constructor(topicId: string, partition: number, createdAfter: number) {
    this.topicId = topicId
    this.partition = partition
    this.createdAfter = createdAfter
  }

  get end(): bigint | undefined {
    return this.#ends.last
  }

  get logStart(): bigint | undefined {
    return this.#starts.last
  }

  /** When each end was first seen. */
  endHistory(): readonly (readonly [at: number, end: bigint])[] {
    return this.#ends.history()
  }

  /** When each log start was first seen. */
  logStartHistory(): readonly (readonly [at: number, logStart: bigint])[] {
    return this.#starts.history()
  }

  /** Takes over what one answer says. */
  take(answer: FetchAnswer, sentAt: number, answeredAt: number): void {
    this.#ends.see(answer.highWatermark, sentAt, answeredAt)
    if (answer.logStart >= 0n) this.#starts.see(answer.logStart, sentAt, answeredAt)
    for (const batch of answer.batches) this.#takeBatch(batch)
    if (this.next >= answer.highWatermark) this.completeAt = sentAt
  }

  /** What lies below was deleted before it could be read. */
  skipTo(logStart: bigint): void {
    if (logStart <= this.next) return
    this.unread += Number(logStart - this.next)
    this.next = logStart
  }

  /** When the source had accepted the record, at the latest. */
  acceptedBy(record: SeenRecord): number {
    return Math.min(record.seenBy, this.acknowledged.get(record.offset) ?? Number.POSITIVE_INFINITY)
  }

  /** Whether the log start may have passed this offset by this time. */
  mayBeExpired(offset: bigint, at: number): boolean {
    const expired = this.#starts.firstAbove(offset)
    return expired !== undefined && (this.#starts.lastAtOrBelow(offset) ?? 0) < at
  }

  /** Whether the log start had surely passed this offset at this time. */
  isExpired(offset: bigint, at: number): boolean {
    const expired = this.#starts.firstAbove(offset)
    return expired !== undefined && expired <= at
  }

  #takeBatch(batch: Batch): void {
    if (batch.lastOffset < this.next) return
    if (batch.control) {
      for (const { offset } of batch.records) this.markers.add(offset)
      this.next = batch.lastOffset + 1n
      return
    }
    for (const { offset, timestampMs, key, value, headers } of batch.records) {
      if (offset < this.next) continue
      this.unread += Number(offset - this.next)
      this.next = offset + 1n
      const content = contentOf(timestampMs, key, value, headers)
      const record: SeenRecord = {
        offset,
        content,
        notBefore: this.#ends.lastAtOrBelow(offset) ?? this.createdAfter,
        seenBy: this.#ends.firstAbove(offset) ?? Number.POSITIVE_INFINITY,
        producerId: batch.producerId,
        transactional: batch.transactional,
        retainedAt: 0,
      }
      this.records.push(record)
      const same = this.byContent.get(content)
      if (same === undefined) this.byContent.set(content, [record])
      else same.push(record)
    }
    if (batch.lastOffset >= this.next) {
      this.unread += Number(batch.lastOffset + 1n - this.next)
      this.next = batch.lastOffset + 1n
    }
  }
}

function contentOf(
  timestampMs: number,
  key: Buffer | null,
  value: Buffer | null,
  headers: readonly (readonly [Buffer, Buffer | null])[],
): string {
  const text = (bytes: Buffer | null): string => (bytes === null ? '-' : `"${bytes.toString('latin1')}"`)
  const rest = headers.map(([name, content]) => `${text(name)}:${text(content)}`).join()
  return `${timestampMs} ${text(key)} ${text(value)} ${rest}`
}

/** Follows topics of one broker from their creation on, whatever happens to them. */
export class LogFollower {
  /** Why it could not read, the last time it could not. */
  lastError: unknown
  readonly #connection: BrokerConnection
  readonly #rescans: BrokerConnection
  readonly #wanted: (topic: string) => boolean
  /** The lives of each topic, oldest first; each holds its partitions by number. */
  readonly #lives: Map<string, PartitionLog[][]> = new Map()
  #stopping = false
  #loop: Promise<void> | undefined
  /** The newest listing was asked for at this time. */
  listedAt = 0

  constructor(port: number, wanted: (topic: string) => boolean) {
    this.#connection = new BrokerConnection(port)
    this.#rescans = new BrokerConnection(port)
    this.#wanted = wanted
  }

  start(): void {
    this.#loop ??= this.#follow()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#connection.close()
    this.#rescans.close()
    await this.#loop
  }

  /** All lives of the topic's partition, oldest first. */
  logs(topic: string, partition: number): readonly PartitionLog[] {
    return (this.#lives.get(topic) ?? []).flatMap(life => life[partition] ?? [])
  }

  lives(topic: string): readonly (readonly PartitionLog[])[] {
    return this.#lives.get(topic) ?? []
  }

  /** Forgets topics that nobody asks for any more. */
  forget(topics: readonly string[]): void {
    for (const topic of topics) this.#lives.delete(topic)
  }

  /** Reads a log once more from its start to its end, so that it is known what compaction has left of it. */
  async rescan(log: PartitionLog): Promise<void> {
    const startedAt = Date.now()
    let offset = log.logStart ?? 0n
    const present = new Map(log.records.map(record => [record.offset, record]))
    const end = log.next
    while (offset < end) {
      const sentAt = Date.now()
      const [answer] = await this.#rescans.fetch(
        [{ topicId: log.topicId, partition: log.partition, offset }],
        0,
      )
      const last = answer?.batches.at(-1)
      if (answer === undefined || answer.error !== 0 || last === undefined) return
      for (const { records } of answer.batches) {
        for (const record of records) {
          const seen = present.get(record.offset)
          if (seen !== undefined) seen.retainedAt = sentAt
        }
      }
      offset = last.lastOffset + 1n
    }
    log.rescannedAt = startedAt
  }

  async #follow(): Promise<void> {
    while (!this.#stopping) {
      try {
        if (Date.now() - this.listedAt > 500) await this.#list()
        await this.#read()
      } catch (error) {
        this.lastError = error
        await sleep(200)
      }
      await sleep(80)
    }
  }

  async #list(): Promise<void> {
    const sentAt = Date.now()
    const topics = await this.#connection.metadata()
    const answeredAt = Date.now()
    const ids = new Set(topics.map(({ id }) => id))
    for (const lives of this.#lives.values()) {
      for (const log of lives.flat()) if (!ids.has(log.topicId)) log.goneBy ??= answeredAt
    }
    for (const { name, id, partitions } of topics) {
      if (!this.#wanted(name)) continue
      const lives = this.#lives.get(name) ?? []
      this.#lives.set(name, lives)
      let life = lives.at(-1)
      if (life?.[0]?.topicId !== id) {
        life = []
        lives.push(life)
      }
      for (const partition of partitions) life[partition] ??= new PartitionLog(id, partition, this.listedAt)
    }
    this.listedAt = sentAt
  }

  async #read(): Promise<void> {
    const named = [...this.#lives].flatMap(([topic, lives]) => lives.flat().map(log => ({ topic, log })))
    const live = named.filter(({ log }) => log.goneBy === undefined)
    if (live.length === 0) return
    const positions = live.map(({ log: { topicId, partition, next } }) => ({
      topicId,
      partition,
      offset: next,
    }))
    const sentAt = Date.now()
    const answers = await this.#connection.fetch(positions, 0)
    const answeredAt = Date.now()
    for (const answer of answers) {
      const found = live.find(
        ({ log }) => log.topicId === answer.topicId && log.partition === answer.partition,
      )
      if (found === undefined) continue
      if (answer.error === 0) found.log.take(answer, sentAt, answeredAt)
      else if (answer.error === 1) {
        // By name: a topic that was recreated meanwhile answers for its new life, which the next listing shows.
        const logStart = await this.#connection.logStart(found.topic, answer.partition)
        if (logStart !== undefined) found.log.skipTo(logStart)
      } else if (answer.error === 100) found.log.goneBy ??= answeredAt
    }
  }
}
