import { Partitioners, type Producer, type Transaction } from 'kafkajs'
import { disconnect, type LabCluster, type LabRecord } from './cluster.ts'

/** A transaction whose records lie in the log and which nobody has ended yet. */
export interface OpenTransaction {
  commit(): Promise<void>
  abort(): Promise<void>
}

export interface TransactionalWriterOptions {
  readonly transactionalId: string
  /** The coordinator aborts a transaction that is open for longer; ten minutes unless told. */
  readonly timeoutMs?: number
}

/** A producer that writes to one topic in transactions, one at a time. */
export class TransactionalWriter {
  readonly #producer: Producer
  readonly #topic: string

  private constructor(producer: Producer, topic: string) {
    this.#producer = producer
    this.#topic = topic
  }

  /** Connects it; the topic must exist. */
  static async start(
    cluster: LabCluster,
    topic: string,
    { transactionalId, timeoutMs = 600_000 }: TransactionalWriterOptions,
  ): Promise<TransactionalWriter> {
    const producer = cluster.kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionalId,
      transactionTimeout: timeoutMs,
    })
    await producer.connect()
    return new TransactionalWriter(producer, topic)
  }

  /** Writes the records in a transaction of their own and commits it. */
  async commit(records: readonly LabRecord[]): Promise<void> {
    const transaction = await this.leaveOpen(records)
    await transaction.commit()
  }

  /** Writes the records in a transaction of their own and aborts it. */
  async abort(records: readonly LabRecord[]): Promise<void> {
    const transaction = await this.leaveOpen(records)
    await transaction.abort()
  }

  /** Writes the records in a transaction that stays open: nobody who reads committed records gets past it. */
  async leaveOpen(records: readonly LabRecord[]): Promise<OpenTransaction> {
    const transaction: Transaction = await this.#producer.transaction()
    await transaction.send({
      topic: this.#topic,
      acks: -1,
      messages: records.map(({ timestamp, key = null, ...rest }) => ({
        ...rest,
        key,
        ...(timestamp === undefined ? {} : { timestamp: String(timestamp.getTime()) }),
      })),
    })
    return transaction
  }

  /** Disconnects; a transaction that is open stays so until its time-out. */
  async stop(): Promise<void> {
    await disconnect(this.#producer)
  }
}

/** Deletes the records of one partition below an offset (DeleteRecords): the log starts there afterwards. */
export async function deleteRecords(
  cluster: LabCluster,
  topic: string,
  partition: number,
  before: bigint,
): Promise<void> {
  await cluster.withAdmin(async admin => {
    // kafkajs deletes only in topics whose leaders this client has asked for before.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] })
  })
}
