import type { Consumer } from 'kafkajs'
import { disconnect, type LabCluster } from './cluster.ts'

/** A consumer group of one member that reads topics and commits every second. */
export class LabConsumer {
  readonly #consumer: Consumer
  readonly #topics: readonly string[]

  constructor(cluster: LabCluster, groupId: string, topics: readonly string[]) {
    this.#consumer = cluster.kafka.consumer({ groupId, allowAutoTopicCreation: false })
    this.#topics = topics
  }

  /** Joins the group; reading goes on in the background. */
  async start(): Promise<void> {
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [...this.#topics], fromBeginning: true })
    await this.#consumer.run({ autoCommitInterval: 1_000, eachBatch: async () => {} })
  }

  async stop(): Promise<void> {
    await disconnect(this.#consumer)
  }
}
