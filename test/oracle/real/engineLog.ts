import { setTimeout as sleep } from 'node:timers/promises'
import { BrokerConnection, type WireRecord } from './wire.ts'

/** What MirrorMaker wrote of one partition: offset syncs (u, d), or source offsets c, the last replicated one. */
export interface EngineRecord {
  readonly topic: string
  readonly partition: number
  /** Just after the answer that brought it. */
  readonly readAt: number
  /** The record's own timestamp, on MirrorMaker's clock. */
  readonly writtenAt: number
  /** u or c; null where a position was reset. */
  readonly source: number | null
  /** d; undefined for a source offset. */
  readonly target: number | undefined
}

type Parser = (key: Buffer, value: Buffer | null) => Omit<EngineRecord, 'readAt' | 'writtenAt'> | undefined

/** Follows one internal topic of MirrorMaker from its start; for recordings only, nothing is judged by it. */
export class EngineLog {
  readonly records: EngineRecord[] = []
  readonly #connection: BrokerConnection
  readonly #topic: string
  readonly #parse: Parser
  #stopping = false
  #loop: Promise<void> | undefined

  private constructor(port: number, topic: string, parse: Parser) {
    this.#connection = new BrokerConnection(port)
    this.#topic = topic
    this.#parse = parse
  }

  /** `mm2-offset-syncs.<target>.internal` on the source. */
  static offsetSyncs(sourcePort: number, targetAlias: string): EngineLog {
    return new EngineLog(sourcePort, `mm2-offset-syncs.${targetAlias}.internal`, offsetSync)
  }

  /** `mm2-offsets.<source>.internal` on the target. */
  static sourceOffsets(targetPort: number, sourceAlias: string): EngineLog {
    return new EngineLog(targetPort, `mm2-offsets.${sourceAlias}.internal`, sourceOffset)
  }

  start(): void {
    this.#loop ??= this.#follow()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#connection.close()
    await this.#loop
  }

  async #follow(): Promise<void> {
    let topicId: string | undefined
    const next = new Map<number, bigint>()
    while (!this.#stopping) {
      try {
        if (topicId === undefined) {
          const found = (await this.#connection.metadata()).find(({ name }) => name === this.#topic)
          topicId = found?.id
          for (const partition of found?.partitions ?? []) next.set(partition, 0n)
        } else {
          const id = topicId
          const positions = Array.from(next, ([partition, offset]) => ({ topicId: id, partition, offset }))
          const answers = await this.#connection.fetch(positions, 0)
          const readAt = Date.now()
          for (const { partition, batches } of answers) {
            for (const { records, control, lastOffset } of batches) {
              const from = next.get(partition) ?? 0n
              if (!control)
                this.#take(
                  records.filter(({ offset }) => offset >= from),
                  readAt,
                )
              next.set(partition, lastOffset + 1n)
            }
          }
        }
      } catch {
        await sleep(300)
      }
      await sleep(100)
    }
  }

  #take(records: readonly WireRecord[], readAt: number): void {
    for (const { key, value, timestampMs } of records) {
      const parsed = key === null ? undefined : this.#parse(key, value)
      if (parsed !== undefined) this.records.push({ ...parsed, readAt, writtenAt: timestampMs })
    }
  }
}

/** org.apache.kafka.connect.mirror.OffsetSync: key topic STRING, partition INT32; value two INT64. */
const offsetSync: Parser = (key, value) => {
  if (value === null) return undefined
  const length = key.readInt16BE(0)
  return {
    topic: key.toString('utf8', 2, 2 + length),
    partition: key.readInt32BE(2 + length),
    source: Number(value.readBigInt64BE(0)),
    target: Number(value.readBigInt64BE(8)),
  }
}

/** Kafka Connect's offset storage: key JSON [connector, {cluster, partition, topic}], value JSON {offset}. */
const sourceOffset: Parser = (key, value) => {
  const [connector, place] = JSON.parse(key.toString()) as [string, { topic: string; partition: number }]
  if (connector !== 'MirrorSourceConnector') return undefined
  const said = value === null ? null : (JSON.parse(value.toString()) as { offset: number } | null)
  return { topic: place.topic, partition: place.partition, source: said?.offset ?? null, target: undefined }
}
