import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabCluster } from './cluster.ts'
import type { Lab } from './lab.ts'

/** A record as a broker's disk has it, aborted ones and transaction markers too. */
export interface RecordOnDisk {
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  /** -1n where the producer is neither idempotent nor transactional. */
  readonly producerId: bigint
  /** A commit or abort marker. */
  readonly isMarker: boolean
  /** How the transaction ended in which it was written; undefined where it was written in none. */
  readonly transaction: TransactionOutcome | undefined
}

export type TransactionOutcome = 'committed' | 'aborted' | 'open'

interface Batch {
  /** Where it begins in its file, and how many bytes it has. */
  readonly position: number
  readonly size: number
  readonly records: readonly PlacedRecord[]
}

interface PlacedRecord extends Omit<RecordOnDisk, 'transaction'> {
  readonly isTransactional: boolean
  /** Where its value begins in the file. */
  readonly valuePosition: number
  /** What a marker says; undefined for a record. */
  readonly marker: 'committed' | 'aborted' | undefined
}

/**
 * The logs of one broker as its disk has them: a reader that needs no client and no broker, and that sees everything.
 *
 * Format: record batch version 2, https://kafka.apache.org/documentation/#recordbatch; uncompressed batches only.
 */
export class Segments {
  readonly #dataFolder: Promise<string>

  constructor(lab: Lab, cluster: LabCluster, nodeId = 1) {
    this.#dataFolder = dataFolderOf(lab, cluster, nodeId)
    this.#dataFolder.catch(() => undefined)
  }

  /** All that is in the log of a partition, in order. A batch that is being written is left out. */
  async all(topic: string, partition: number): Promise<readonly RecordOnDisk[]> {
    const records: PlacedRecord[] = []
    for (const file of await this.#files(topic, partition)) {
      for (const batch of batchesIn(await readFile(file))) records.push(...batch.records)
    }
    return withOutcomes(records)
  }

  /** The offset behind the last one, whatever is open or was aborted. */
  async end(topic: string, partition: number): Promise<bigint> {
    const last = (await this.all(topic, partition)).at(-1)
    return last === undefined ? 0n : last.offset + 1n
  }

  /** The records that a producer wrote, aborted ones too. */
  async records(topic: string, partition: number): Promise<readonly RecordOnDisk[]> {
    return (await this.all(topic, partition)).filter(({ isMarker }) => !isMarker)
  }

  /**
   * Replaces the value of one record by another of the same size, so that the broker finds nothing wrong with the log.
   * The broker must not run. Throws when there is no such record, or the sizes differ.
   */
  async replaceValue(topic: string, partition: number, offset: bigint, value: string): Promise<void> {
    const replacement = Buffer.from(value)
    for (const file of await this.#files(topic, partition)) {
      const bytes = await readFile(file)
      for (const { position, size, records } of batchesIn(bytes)) {
        const record = records.find(found => found.offset === offset && !found.isMarker)
        if (record === undefined) continue
        const sizeNow = Buffer.byteLength(record.value ?? '')
        if (replacement.length !== sizeNow)
          throw new Error(
            `${topic}-${partition} offset ${offset}: the value has ${sizeNow} bytes, not ${replacement.length}`,
          )
        const batch = bytes.subarray(position, position + size)
        if (batch.readUInt32BE(CRC_AT) !== crc32c(batch.subarray(ATTRIBUTES_AT)))
          throw new Error(`${file}: the batch at ${position} has a wrong CRC already`)
        replacement.copy(bytes, record.valuePosition)
        batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
        const handle = await open(file, 'r+')
        await handle.write(batch, 0, size, position)
        await handle.close()
        return
      }
    }
    throw new Error(`${topic}-${partition} has no record at offset ${offset}`)
  }

  async #files(topic: string, partition: number): Promise<string[]> {
    const folder = join(await this.#dataFolder, `${topic}-${partition}`)
    const names = await readdir(folder)
    return names
      .filter(name => /^\d{20}\.log$/.test(name))
      .sort()
      .map(name => join(folder, name))
  }
}

/** A transaction is what a producer wrote up to its next marker. */
function withOutcomes(records: readonly PlacedRecord[]): RecordOnDisk[] {
  const outcomes = new Map<bigint, TransactionOutcome>()
  return records
    .toReversed()
    .map(({ valuePosition: _, marker, isTransactional, ...record }) => {
      if (marker !== undefined) outcomes.set(record.producerId, marker)
      const outcome = outcomes.get(record.producerId) ?? 'open'
      return { ...record, transaction: isTransactional ? outcome : undefined }
    })
    .reverse()
}

async function dataFolderOf(lab: Lab, cluster: LabCluster, nodeId: number): Promise<string> {
  const broker = cluster.brokers.find(found => found.nodeId === nodeId)
  if (broker === undefined) throw new Error(`${cluster.name} has no broker ${nodeId}`)
  for (const name of await readdir(lab.folder)) {
    const home = join(lab.folder, name, `broker-${nodeId}`)
    const settings = await readFile(join(home, 'server.properties'), 'utf8').catch(() => '')
    if (settings.includes(`PLAINTEXT://${broker.address}`)) return join(home, 'data')
  }
  throw new Error(`${broker.title} has no folder in ${lab.folder}`)
}

const HEADER_SIZE = 61
const SIZE_AT = 8
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const BASE_TIMESTAMP_AT = 27
const PRODUCER_ID_AT = 43
const COUNT_AT = 57
const COMPRESSION = 0x07
const TRANSACTIONAL = 0x10
const CONTROL = 0x20

function batchesIn(file: Buffer): Batch[] {
  const batches: Batch[] = []
  for (let position = 0; position + HEADER_SIZE <= file.length; ) {
    const size = SIZE_AT + 4 + file.readInt32BE(position + SIZE_AT)
    // Behind the last batch: one that is not complete yet, or zeros.
    if (size < HEADER_SIZE || position + size > file.length) break
    batches.push({ position, size, records: recordsIn(file, position, size) })
    position += size
  }
  return batches
}

function recordsIn(file: Buffer, position: number, size: number): PlacedRecord[] {
  const batch = file.subarray(position, position + size)
  const attributes = batch.readInt16BE(ATTRIBUTES_AT)
  if (batch[MAGIC_AT] !== 2 || (attributes & COMPRESSION) !== 0)
    throw new Error(`The batch at ${position} is of an old format or compressed`)
  const baseOffset = batch.readBigInt64BE(0)
  const baseTimestamp = batch.readBigInt64BE(BASE_TIMESTAMP_AT)
  const producerId = batch.readBigInt64BE(PRODUCER_ID_AT)
  const isMarker = (attributes & CONTROL) !== 0
  const reader = new VarintReader(batch, HEADER_SIZE)
  return Array.from({ length: batch.readInt32BE(COUNT_AT) }, () => {
    const end = Number(reader.next()) + reader.position
    reader.position += 1
    const timestampMs = Number(baseTimestamp + reader.next())
    const offset = baseOffset + reader.next()
    const key = reader.bytes()
    const value = reader.bytes()
    const valuePosition = position + reader.position - (value?.length ?? 0)
    reader.position = end
    return {
      offset,
      timestampMs,
      key: key?.toString() ?? null,
      value: value?.toString() ?? null,
      producerId,
      isMarker,
      isTransactional: (attributes & TRANSACTIONAL) !== 0,
      // A control record's key: version INT16, type INT16 (0 abort, 1 commit).
      marker: isMarker ? (key?.readInt16BE(2) === 1 ? 'committed' : 'aborted') : undefined,
      valuePosition,
    }
  })
}

/** Reads zigzag variable-length integers, as in Protocol Buffers. */
class VarintReader {
  readonly #buffer: Buffer
  position: number

  constructor(buffer: Buffer, position: number) {
    this.#buffer = buffer
    this.position = position
  }

  next(): bigint {
    let raw = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#buffer.readUInt8(this.position)
      this.position += 1
      raw |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return (raw >> 1n) ^ -(raw & 1n)
    }
  }

  /** Bytes behind their length, or null where the length is -1. */
  bytes(): Buffer | null {
    const length = Number(this.next())
    if (length < 0) return null
    this.position += length
    return this.#buffer.subarray(this.position - length, this.position)
  }
}

// CRC-32C (Castagnoli), RFC 3720, appendix B.4.
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** The CRC-32C of the bytes, as an unsigned number. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}
