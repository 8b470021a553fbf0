import type { PartitionMetadata } from '../../model/observation.ts'
import { known, type Reading, unknown } from '../../model/reading.ts'
import { chunksOf, inParallel } from './chunks.ts'
import { addressOf, type Broker, type KafkaClient } from './client.ts'
import { unknownOfError } from './errors.ts'
import type { Isolation } from './port.ts'

/** As requests carry it. */
export const isolationLevel: Readonly<Record<Isolation, number>> = { read_uncommitted: 0, read_committed: 1 }
/** In place of a broker's id: the one who asks is none. */
export const anyReplica = -1
const partitionsPerRequest = 2_000
const requestsInFlightPerBroker = 2
/** What answers have, and requests give, in place of an id that there is not. */
export const emptyTopicId = '00000000-0000-0000-0000-000000000000'

/** One partition of a topic, with its leader as the listing in hand has it. */
export interface WantedPartition {
  readonly topic: string
  readonly partition: PartitionMetadata
}

/** Takes the answer about one partition. */
export type Settle<T> = (topic: string, partition: number, reading: Reading<T>) => void

/** What requests to partition leaders need of their cluster. */
export class Leaders {
  readonly cluster: string
  readonly client: KafkaClient
  #brokers: ReadonlyMap<number, Broker> = new Map()

  constructor(cluster: string, client: KafkaClient) {
    this.cluster = cluster
    this.client = client
  }

  /** The brokers by id, as the newest Metadata answer has them. */
  knowBrokers(brokers: ReadonlyMap<number, Broker>): void {
    this.#brokers = brokers
    this.client.knowBrokers([...brokers.values()])
  }

  /** Gives `work` every leader with its partitions, in requests of a sane size; those that have none are settled. */
  async forEach<T>(
    wanted: readonly WantedPartition[],
    settle: Settle<T>,
    work: (leader: number, partitions: readonly WantedPartition[]) => Promise<void>,
  ): Promise<void> {
    await Promise.all(
      Array.from(this.#group(wanted, settle), ([leader, items]) =>
        inParallel(chunksOf(items, partitionsPerRequest), requestsInFlightPerBroker, chunk =>
          work(leader, chunk),
        ),
      ),
    )
  }

  #group<T>(wanted: readonly WantedPartition[], settle: Settle<T>): ReadonlyMap<number, WantedPartition[]> {
    const byLeader = new Map<number, WantedPartition[]>()
    for (const item of wanted) {
      const { leader, partition } = item.partition
      if (leader === undefined) settle(item.topic, partition, this.leaderless(item.topic, partition))
      else if (byLeader.has(leader)) byLeader.get(leader)?.push(item)
      else byLeader.set(leader, [item])
    }
    return byLeader
  }

  /** What `request` gives for a leader's address; unknown where there is no address or the request failed. */
  async ask<T>(leader: number, request: (broker: Broker) => Promise<T>): Promise<Reading<T>> {
    const broker = this.#brokers.get(leader)
    if (broker === undefined) {
      return unknown('leaderless', `${this.cluster}: the address of broker ${leader} is not known`)
    }
    try {
      return known(await request(broker))
    } catch (error) {
      return unknownOfError(error, `${this.cluster}: broker ${leader} at ${addressOf(broker)}`)
    }
  }

  leaderless(topic: string, partition: number): Reading<never> {
    return unknown('leaderless', `${this.cluster}: partition ${topic}-${partition} has no leader`)
  }

  unanswered(topic: string, partition: number): Reading<never> {
    return unknown('error', `${this.cluster}: the answer about ${topic}-${partition} is missing`)
  }
}
