import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, type Message, Partitioners, type Producer, type RecordMetadata } from 'kafkajs'
import { disconnect, type LabCluster } from '../../../lab/cluster.ts'
import { deleteRecords } from '../../../lab/deleteRecords.ts'
import { ProduceProxy } from '../../../lab/produceProxy.ts'
import { waitUntil } from '../../../lab/wait.ts'
import type { LogFollower } from './logs.ts'
import type { TopicEvent, TopicPlan } from './plan.ts'
import { Random } from './random.ts'

export interface WriterOptions {
  readonly plan: TopicPlan
  readonly topic: string
  readonly targetTopic: string
  readonly source: LabCluster
  readonly target: LabCluster
  readonly sourceLogs: LogFollower
  readonly random: Random
  /** What was done and how it ended, in words. */
  readonly note: (text: string) => void
}

/** Writes one topic of a world as its plan says, and does to it what its plan says. */
export class TopicWriter {
  readonly topic: string
  failedSends = 0
  sent = 0
  readonly #options: WriterOptions
  readonly #ending = new AbortController()
  /** Which life of the topic is written to. */
  #life = 0
  #serial = 0
  #partitions: number
  #running: Promise<unknown> = Promise.resolve()
  #proxy: ProduceProxy | undefined
  #producer: Promise<Producer> | undefined
  #producers = 0
  /** Sends wait while the topic is replaced. */
  #gate: Promise<void> = Promise.resolve()
  #sending: Promise<void> = Promise.resolve()

  constructor(options: WriterOptions) {
    this.#options = options
    this.topic = options.topic
    this.#partitions = options.plan.partitions
  }

  async start(): Promise<void> {
    const { plan, source, random } = this.#options
    const [broker] = source.brokers
    if (plan.traffic.droppedAnswers > 0 && broker !== undefined) {
      const drops = new Random(random.whole(0, 1e9))
      this.#proxy = await ProduceProxy.start(broker.port, () => drops.chance(plan.traffic.droppedAnswers))
    }
    const events = plan.events.map(event => this.#happen(event))
    this.#running = Promise.all([this.#write(), ...events])
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#running
    const producer = await this.#producer?.catch(() => undefined)
    if (producer !== undefined) await disconnect(producer)
    if (this.#proxy !== undefined) {
      this.#options.note(`${this.#proxy.dropped} answers were dropped`)
      await this.#proxy.stop()
    }
  }

  async #write(): Promise<void> {
    const { recordsPerSecond, rhythm } = this.#options.plan.traffic
    const startedAt = Date.now()
    let due = 0
    let last = startedAt
    while (!this.#ending.signal.aborted) {
      const now = Date.now()
      const writes = rhythm === undefined || (now - startedAt) % (rhythm.onMs + rhythm.offMs) < rhythm.onMs
      // After an outage it does not send all at once what it could not send meanwhile.
      if (writes)
        due = Math.min(due + ((now - last) / 1000) * recordsPerSecond, Math.max(1, recordsPerSecond))
      last = now
      const count = Math.floor(due)
      if (count > 0) {
        due -= count
        await this.#gate
        this.#sending = this.#send(this.#messages(count))
        await this.#sending
      }
      await this.#pause(120)
    }
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined)
  }

  #messages(count: number, ageMs = 0): Message[] {
    const { content, keys, timestamps } = this.#options.plan.traffic
    const { random } = this.#options
    const now = Date.now() - ageMs
    return Array.from({ length: count }, () => {
      this.#serial += 1
      const partition = this.#serial % this.#partitions
      if (content === 'identical')
        return { partition, key: null, value: 'the same', timestamp: String(Math.floor(now / 3_000) * 3_000) }
      return {
        partition,
        key: keys === 'few' ? `key-${partition}-${random.whole(0, 8)}` : null,
        value: `${this.topic} life ${this.#life} record ${this.#serial}`,
        timestamp: String(timestamps === 'now' ? now : absurdTime(random, now)),
        ...(this.#serial % 7 === 0 ? { headers: { trace: String(this.#serial) } } : {}),
      }
    })
  }

  async #send(messages: readonly Message[]): Promise<void> {
    const { producer: kind, aborts } = this.#options.plan.traffic
    const life = this.#life
    this.sent += messages.length
    try {
      this.#producer ??= this.#connect(kind)
      const producer = await this.#producer
      if (kind !== 'transactional') {
        this.#acknowledge(
          life,
          messages,
          await producer.send({ topic: this.topic, acks: -1, messages: [...messages] }),
        )
        return
      }
      const transaction = await producer.transaction()
      const answers = await transaction.send({ topic: this.topic, messages: [...messages] })
      this.#acknowledge(life, messages, answers)
      if (this.#options.random.chance(aborts)) await transaction.abort()
      else await transaction.commit()
    } catch {
      this.failedSends += 1
      const broken = this.#producer
      this.#producer = undefined
      void broken?.then(disconnect, () => undefined)
      await this.#pause(300)
    }
  }

  #acknowledge(life: number, messages: readonly Message[], answers: readonly RecordMetadata[]): void {
    const acknowledgedAt = Date.now()
    const counts = new Map<number, number>()
    for (const { partition = 0 } of messages) counts.set(partition, (counts.get(partition) ?? 0) + 1)
    for (const { partition, baseOffset, errorCode } of answers) {
      const log = this.#options.sourceLogs.lives(this.topic)[life]?.[partition]
      // A duplicate that the broker recognised is answered without an offset.
      if (log === undefined || errorCode !== 0 || baseOffset === undefined || baseOffset === '-1') continue
      for (let index = 0; index < (counts.get(partition) ?? 0); index += 1) {
        const offset = BigInt(baseOffset) + BigInt(index)
        if (!log.acknowledged.has(offset)) log.acknowledged.set(offset, acknowledgedAt)
      }
    }
  }

  async #connect(kind: TopicPlan['traffic']['producer'], transactionTimeout = 30_000): Promise<Producer> {
    const { source } = this.#options
    const kafka = new Kafka({
      clientId: 'tidemark-oracle',
      brokers: [...source.bootstrapServers],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2_000,
      requestTimeout: 2_500,
      retry: { retries: 4, initialRetryTime: 100, maxRetryTime: 600 },
      ...(this.#proxy === undefined ? {} : { socketFactory: this.#proxy.socketFactory }),
    })
    this.#producers += 1
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent: kind !== 'plain',
      metadataMaxAge: 5_000,
      ...(kind === 'plain' ? {} : { maxInFlightRequests: 1 }),
      ...(kind === 'transactional'
        ? { transactionalId: `${this.topic}-${this.#producers}`, transactionTimeout }
        : {}),
    })
    await producer.connect()
    return producer
  }

  async #happen(event: TopicEvent): Promise<void> {
    await this.#pause(event.atMs)
    if (this.#ending.signal.aborted) return
    const { note } = this.#options
    note(`${event.kind} begins`)
    try {
      await this.#do(event)
      note(`${event.kind} is done`)
    } catch (error) {
      note(`${event.kind} failed: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
    }
  }

  async #do(event: TopicEvent): Promise<void> {
    switch (event.kind) {
      case 'backfill':
        await this.#batches(event.records, event.ageMs)
        return
      case 'hanging transaction':
        await this.#hang(event)
        return
      case 'delete records':
        await deleteRecords(this.#options.source, this.topic, BigInt(event.keep))
        return
      case 'delete target records':
        await deleteRecords(this.#options.target, this.#options.targetTopic, BigInt(event.keep))
        return
      case 'add partitions':
        await this.#options.source.withAdmin(admin =>
          admin.createPartitions({ topicPartitions: [{ topic: this.topic, count: event.to }] }),
        )
        await waitUntil(
          'the new partitions are there',
          async () => (await this.#options.source.endOffsets(this.topic)).length === event.to,
        )
        this.#partitions = event.to
        await this.#reconnect()
        return
      case 'recreate source':
        await this.#recreate(event.prefill, event.gapMs)
        return
      case 'recreate target':
        await this.#options.target.withAdmin(admin =>
          admin.deleteTopics({ topics: [this.#options.targetTopic] }),
        )
        return
      case 'foreign records': {
        const { target, targetTopic, random } = this.#options
        const records = Array.from({ length: event.records }, (_, index) => ({
          value: `foreign ${random.whole(0, 1e9)} ${index}`,
          partition: 0,
        }))
        await target.produce(targetTopic, records)
      }
    }
  }

  async #batches(records: number, ageMs: number): Promise<void> {
    for (let left = records; left > 0; left -= 500) {
      if (this.#ending.signal.aborted) return
      await this.#send(this.#messages(Math.min(500, left), ageMs))
    }
  }

  async #hang(event: TopicEvent & { kind: 'hanging transaction' }): Promise<void> {
    // Left alone, the coordinator aborts it after its time-out.
    const producer = await this.#connect('transactional', event.ending === 'leave' ? event.forMs : 60_000)
    try {
      const transaction = await producer.transaction()
      const messages = this.#messages(event.records)
      this.#acknowledge(this.#life, messages, await transaction.send({ topic: this.topic, messages }))
      await this.#pause(event.forMs)
      if (event.ending === 'commit') await transaction.commit()
      if (event.ending === 'abort') await transaction.abort()
      if (event.ending === 'leave') await this.#pause(12_000)
    } finally {
      await disconnect(producer)
    }
  }

  async #recreate(prefill: number, gapMs: number): Promise<void> {
    const { source, sourceLogs, plan, note } = this.#options
    const gate = Promise.withResolvers<void>()
    this.#gate = gate.promise
    await this.#sending
    try {
      await source.deleteTopics([this.topic])
      note('the topic is gone')
      await sleep(gapMs)
      this.#partitions = plan.partitions
      await source.createTopics([
        {
          topic: this.topic,
          numPartitions: plan.partitions,
          configEntries: configEntries(plan),
        },
      ])
      this.#life += 1
      await waitUntil('the new topic is followed', () => sourceLogs.lives(this.topic)[this.#life]?.[0])
      await this.#reconnect()
      await this.#batches(prefill, 0)
    } finally {
      gate.resolve()
    }
  }

  /** A producer does not notice at once what happened to its topic. */
  async #reconnect(): Promise<void> {
    const before = await this.#producer?.catch(() => undefined)
    this.#producer = undefined
    if (before !== undefined) await disconnect(before)
  }
}

export function configEntries(plan: TopicPlan): { name: string; value: string }[] {
  return Object.entries(plan.configs).map(([name, value]) => ({ name, value }))
}

function absurdTime(random: Random, now: number): number {
  const dayMs = 86_400_000
  return random.pick([0, 1, now - 3_650 * dayMs, now - dayMs, now, now, now + 6 * dayMs, now + 3_600_000])
}
