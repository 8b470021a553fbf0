import type { SimulatedCluster } from './cluster.ts'
import { beginTransaction, endTransaction, type NewRecord, type Transaction } from './partitionLog.ts'
import type { Random } from './random.ts'
import type { VirtualTime } from './virtualTime.ts'

export type Shape = 'steady' | 'bursts' | 'trickle' | 'fading' | 'transactions'
export type Content = 'unique' | 'few' | 'same'
export type Timestamps = 'now' | 'coarse' | 'long_ago' | 'constant' | 'future' | 'anywhere'

export interface TrafficPlan {
  readonly topic: string
  readonly shape: Shape
  readonly content: Content
  readonly timestamps: Timestamps
  /** Records per second of the whole topic, when it is written to. */
  readonly perSecond: number
  /** How often a producer without idempotence writes a batch twice; 0 for one with it. */
  readonly retries: number
  /** Records have one of so many keys; 0: none. */
  readonly keys: number
  readonly abortShare: number
}

/** Whether no two of its records look the same. */
export function canBeToldApart({ content, retries }: TrafficPlan): boolean {
  return content === 'unique' && retries === 0
}

export interface TrafficSurroundings {
  readonly source: SimulatedCluster
  readonly time: VirtualTime
  readonly random: Random
  readonly pollMs: number
  readonly written: (topic: string, partition: number) => void
}

/** The producers of one topic. */
export class Traffic {
  readonly plan: TrafficPlan
  readonly #world: TrafficSurroundings
  readonly #longAgoMs: number
  #numbers = 0
  #producerIds = 1_000n
  isPaused = false
  #transaction: Transaction | undefined
  /** The next transaction stays open. */
  hangsNext = false
  #hanging: Transaction[] = []
  /** The next records are too large for the target. */
  tooLargeNext = 0
  #isFaded = false

  constructor(plan: TrafficPlan, world: TrafficSurroundings) {
    this.plan = plan
    this.#world = world
    this.#longAgoMs = world.random.logarithmic(3_600_000, 3 * 365 * 86_400_000)
  }

  start(): void {
    this.#world.time.after(this.#pauseMs(), () => this.#tick())
  }

  /** Writes so many records at once. */
  write(count: number): void {
    const partitions = this.#world.source.topics.get(this.plan.topic)?.partitions.length ?? 0
    if (partitions === 0) return
    for (let partition = 0; partition < partitions; partition++) {
      this.#append(partition, Math.ceil(count / partitions), undefined)
    }
  }

  /** Ends the transactions that hang. */
  endHanging(state: 'committed' | 'aborted'): void {
    for (const transaction of this.#hanging) this.#end(transaction, state)
    this.#hanging = []
  }

  #pauseMs(): number {
    const { random, pollMs } = this.#world
    const { shape, perSecond } = this.plan
    switch (shape) {
      case 'steady':
      case 'fading':
      case 'transactions':
        return random.exponential(Math.max(1_000 / perSecond, pollMs / 12))
      case 'bursts':
        return random.exponential(pollMs * 5)
      case 'trickle':
        return random.exponential(pollMs * 8)
    }
  }

  #tick(): void {
    const { random } = this.#world
    const pauseMs = this.#pauseMs()
    this.#world.time.after(pauseMs, () => this.#tick())
    const { shape, perSecond } = this.plan
    if (this.isPaused || this.#isFaded || this.#world.source.isDown) return
    const partitions = this.#world.source.topics.get(this.plan.topic)?.partitions
    if (partitions === undefined) return
    const expected = Math.max(1, (perSecond * Math.max(pauseMs, this.#world.pollMs / 12)) / 1_000)
    const count =
      shape === 'bursts'
        ? random.integer(20, 400)
        : shape === 'trickle'
          ? 1
          : Math.round(random.between(0.5, 1.5) * expected)
    if (shape === 'fading' && random.chance(0.02)) this.#isFaded = true
    if (shape === 'transactions') this.#inTransaction(Math.min(count, 60), partitions.length)
    else this.#append(random.integer(0, partitions.length - 1), Math.min(count, 400), undefined)
  }

  #inTransaction(count: number, partitions: number): void {
    const { random, time } = this.#world
    if (this.#transaction !== undefined && this.#transaction.state !== 'open') this.#transaction = undefined
    if (this.#transaction === undefined) {
      this.#producerIds += 1n
      const begun = beginTransaction(this.#producerIds)
      this.#transaction = begun
      if (this.hangsNext) {
        this.hangsNext = false
        this.#hanging.push(begun)
        this.#append(random.integer(0, partitions - 1), count, begun)
        this.#transaction = undefined
        return
      }
      const state = random.chance(this.plan.abortShare) ? 'aborted' : 'committed'
      time.after(random.exponential(this.#world.pollMs / 4), () => {
        this.#end(begun, state)
      })
    }
    this.#append(random.integer(0, partitions - 1), count, this.#transaction)
    // Others write beside it.
    if (random.chance(0.2)) this.#append(random.integer(0, partitions - 1), 1, undefined)
  }

  #end(transaction: Transaction, state: 'committed' | 'aborted'): void {
    const { source, time } = this.#world
    endTransaction(transaction, state, time.now, source.wallMs())
    const partitions = source.topics.get(this.plan.topic)?.partitions ?? []
    for (const [partition, log] of partitions.entries()) {
      if (transaction.logs.has(log)) this.#world.written(this.plan.topic, partition)
    }
  }

  #append(partition: number, count: number, transaction: Transaction | undefined): void {
    const { source, time, random } = this.#world
    const log = source.topics.get(this.plan.topic)?.partitions[partition]
    // After its log fell nobody writes to it until somebody has looked: a fall that nobody could see is no fall.
    if (log === undefined || log.isLeaderless || log.toldAt < log.truncatedAt) return
    const records = Array.from({ length: count }, () => this.#record(transaction))
    for (const record of records) log.append(record, time.now)
    if (transaction === undefined && this.plan.retries > 0 && random.chance(this.plan.retries)) {
      for (const record of records) log.append(record, time.now)
    }
    this.#world.written(this.plan.topic, partition)
  }

  #record(transaction: Transaction | undefined): NewRecord {
    const { random } = this.#world
    this.#numbers += 1
    const { content, keys, retries } = this.plan
    const text =
      content === 'unique'
        ? `${this.plan.topic} ${this.#numbers}`
        : content === 'few'
          ? `value ${random.integer(1, 4)}`
          : 'value'
    const isTooLarge = this.tooLargeNext > 0
    if (isTooLarge) this.tooLargeNext -= 1
    return {
      timestampMs: this.#timestampMs(),
      key: keys === 0 ? null : Buffer.from(`key-${content === 'same' ? 0 : random.integer(1, keys)}`),
      value: Buffer.from(text),
      headers: content === 'unique' && random.chance(0.1) ? [[Buffer.from('h'), Buffer.from(text)]] : [],
      producerId: transaction?.producerId ?? (retries > 0 ? -1n : 7n),
      transaction,
      isTooLarge,
    }
  }

  #timestampMs(): number {
    const { random, source } = this.#world
    const now = Math.floor(source.wallMs())
    switch (this.plan.timestamps) {
      case 'now':
        return now - random.integer(0, 20)
      case 'coarse':
        return now - (now % 60_000)
      case 'long_ago':
        return now - Math.floor(this.#longAgoMs) + this.#numbers
      case 'constant':
        return 1_500_000_000_000
      case 'future':
        return now + 86_400_000
      case 'anywhere':
        return random.integer(0, 4_000_000) * 1_000_000
    }
  }
}
