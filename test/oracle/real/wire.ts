import { connect, type Socket } from 'node:net'

// The oracle's own client: a few requests of the public protocol (Apache Kafka, clients/src/main/resources/common/
// message), written by hand so that the truth never comes from a client that is tested. Versions: Metadata 12 and
// Fetch 13 speak of topics by their ids, so that a topic that was recreated is never mistaken for its predecessor.

const FETCH = 1
const LIST_OFFSETS = 2
const METADATA = 3

export interface TopicOnBroker {
  readonly id: string
  readonly name: string
  readonly partitions: readonly number[]
}

export interface FetchPosition {
  readonly topicId: string
  readonly partition: number
  readonly offset: bigint
}

export interface FetchAnswer {
  readonly topicId: string
  readonly partition: number
  /** 0, or Kafka's: 1 out of range, 100 unknown topic id. */
  readonly error: number
  readonly highWatermark: bigint
  readonly logStart: bigint
  readonly batches: readonly Batch[]
}

export interface Batch {
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  readonly producerId: bigint
  readonly transactional: boolean
  readonly control: boolean
  readonly records: readonly WireRecord[]
}

export interface WireRecord {
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer, Buffer | null])[]
}

/** One connection to one broker; it connects when it is first used, and again after it was lost. */
export class BrokerConnection {
  readonly #port: number
  readonly #timeoutMs: number
  #socket: Socket | undefined
  #pending: { resolve: (answer: Reader) => void; reject: (error: Error) => void; correlation: number }[] = []
  #received: Buffer = Buffer.alloc(0)
  #correlation = 0

  constructor(port: number, timeoutMs = 60_000) {
    this.#port = port
    this.#timeoutMs = timeoutMs
  }

  /** All topics that there are. */
  async metadata(): Promise<readonly TopicOnBroker[]> {
    const body = new Writer().uvarint(0).int8(0).int8(0).tags()
    return parseMetadata(await this.#ask(METADATA, 12, body))
  }

  /** Reads from these positions, all records whatever their transactions' fate; waits up to `maxWaitMs` for the first byte. */
  async fetch(positions: readonly FetchPosition[], maxWaitMs = 100): Promise<readonly FetchAnswer[]> {
    return parseFetch(await this.#ask(FETCH, 13, fetchBody(positions, maxWaitMs)))
  }

  /** The first offset that is still there, or undefined where the broker does not say. */
  async logStart(topic: string, partition: number): Promise<bigint | undefined> {
    const body = new Writer().int32(-1).int8(0).int32(1).string(topic).int32(1).int32(partition).int64(-2n)
    const answer = await this.#ask(LIST_OFFSETS, 2, body)
    answer.skip(4 + 4)
    answer.string()
    answer.skip(4 + 4)
    const error = answer.int16()
    answer.skip(8)
    const offset = answer.int64()
    return error === 0 ? offset : undefined
  }

  close(): void {
    this.#fail(new Error('closed'))
  }

  async #ask(api: number, version: number, body: Writer): Promise<Reader> {
    const socket = this.#socket ?? this.#connect()
    this.#correlation += 1
    const correlation = this.#correlation
    const flexible = api !== LIST_OFFSETS
    const head = new Writer().int16(api).int16(version).int32(correlation).string('tidemark-oracle')
    if (flexible) head.tags()
    const frame = Buffer.concat([head.bytes(), body.bytes()])
    const size = Buffer.alloc(4)
    size.writeInt32BE(frame.length)
    let timer: NodeJS.Timeout | undefined
    try {
      const answer = await new Promise<Reader>((resolve, reject) => {
        this.#pending.push({ resolve, reject, correlation })
        timer = setTimeout(() => this.#fail(new Error(`no answer from port ${this.#port}`)), this.#timeoutMs)
        socket.write(Buffer.concat([size, frame]))
      })
      // Response header: version 1 has tags.
      if (flexible) answer.skipTags()
      return answer
    } finally {
      clearTimeout(timer)
    }
  }

  #connect(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    this.#socket = socket
    socket.on('data', chunk => this.#onData(chunk))
    const lost = (error?: Error) => {
      if (this.#socket === socket) this.#fail(error ?? new Error('connection lost'))
    }
    socket.on('error', lost)
    socket.on('close', () => lost())
    return socket
  }

  #onData(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE()) {
      const end = 4 + this.#received.readInt32BE()
      const answer = new Reader(this.#received.subarray(4, end))
      this.#received = this.#received.subarray(end)
      const correlation = answer.int32()
      const index = this.#pending.findIndex(pending => pending.correlation === correlation)
      const [pending] = index < 0 ? [] : this.#pending.splice(index, 1)
      pending?.resolve(answer)
    }
  }

  #fail(error: Error): void {
    this.#socket?.destroy()
    this.#socket = undefined
    this.#received = Buffer.alloc(0)
    for (const pending of this.#pending.splice(0)) pending.reject(error)
  }
}

function parseMetadata(answer: Reader): readonly TopicOnBroker[] {
  answer.skip(4)
  answer.compactArray(() => {
    answer.skip(4)
    answer.compactString()
    answer.skip(4)
    answer.compactString()
    answer.skipTags()
  })
  answer.compactString()
  answer.skip(4)
  const topics = answer.compactArray(() => {
    const error = answer.int16()
    const name = answer.compactString() ?? ''
    const id = answer.uuid()
    answer.skip(1)
    const partitions = answer.compactArray(() => {
      answer.skip(2)
      const partition = answer.int32()
      answer.skip(4 + 4)
      for (let list = 0; list < 3; list += 1) answer.compactArray(() => answer.int32())
      answer.skipTags()
      return partition
    })
    answer.skip(4)
    answer.skipTags()
    return { error, id, name, partitions: partitions.toSorted((a, b) => a - b) }
  })
  return topics.filter(({ error }) => error === 0)
}

function fetchBody(positions: readonly FetchPosition[], maxWaitMs: number): Writer {
  const byTopic = Map.groupBy(positions, ({ topicId }) => topicId)
  const body = new Writer()
    .int32(-1)
    .int32(maxWaitMs)
    .int32(1)
    .int32(8 << 20)
    .int8(0)
    .int32(0)
    .int32(-1)
  body.uvarint(byTopic.size + 1)
  for (const [topicId, partitions] of byTopic) {
    body.uuid(topicId).uvarint(partitions.length + 1)
    for (const { partition, offset } of partitions) {
      body
        .int32(partition)
        .int32(-1)
        .int64(offset)
        .int32(-1)
        .int64(-1n)
        .int32(1 << 20)
        .tags()
    }
    body.tags()
  }
  // No forgotten topics, no rack.
  return body.uvarint(1).uvarint(1).tags()
}

function parseFetch(answer: Reader): readonly FetchAnswer[] {
  answer.skip(4)
  const error = answer.int16()
  if (error !== 0) throw new Error(`fetch: error ${error}`)
  answer.skip(4)
  return answer
    .compactArray(() => {
      const topicId = answer.uuid()
      const partitions = answer.compactArray(() => {
        const partition = answer.int32()
        const problem = answer.int16()
        const highWatermark = answer.int64()
        answer.skip(8)
        const logStart = answer.int64()
        answer.compactArray(() => {
          answer.skip(16)
          answer.skipTags()
        })
        answer.skip(4)
        const bytes = answer.compactBytes()
        answer.skipTags()
        const batches = bytes === null ? [] : parseBatches(bytes)
        return { topicId, partition, error: problem, highWatermark, logStart, batches }
      })
      answer.skipTags()
      return partitions
    })
    .flat()
}

/** Record batches of format 2, uncompressed; an incomplete last one is left out. */
export function parseBatches(bytes: Buffer): Batch[] {
  const batches: Batch[] = []
  let at = 0
  while (at + 61 <= bytes.length) {
    const size = 12 + bytes.readInt32BE(at + 8)
    if (at + size > bytes.length) break
    batches.push(parseBatch(bytes.subarray(at, at + size)))
    at += size
  }
  return batches
}

function parseBatch(bytes: Buffer): Batch {
  const baseOffset = bytes.readBigInt64BE(0)
  const attributes = bytes.readInt16BE(21)
  if ((attributes & 7) !== 0) throw new Error('the oracle reads uncompressed batches only')
  const logAppendTime = (attributes & 8) !== 0
  const firstTimestamp = bytes.readBigInt64BE(27)
  const maxTimestamp = bytes.readBigInt64BE(35)
  const count = bytes.readInt32BE(57)
  const reader = new Reader(bytes.subarray(61))
  const records = Array.from({ length: count }, () => {
    reader.varint()
    reader.skip(1)
    const timestamp = logAppendTime ? maxTimestamp : firstTimestamp + BigInt(reader.varint())
    if (logAppendTime) reader.varint()
    const offset = baseOffset + BigInt(reader.varint())
    const key = reader.varBytes()
    const value = reader.varBytes()
    const headers = Array.from(
      { length: reader.varint() },
      () => [reader.varBytes() ?? Buffer.alloc(0), reader.varBytes()] as const,
    )
    return { offset, timestampMs: Number(timestamp), key, value, headers }
  })
  return {
    baseOffset,
    lastOffset: baseOffset + BigInt(bytes.readInt32BE(23)),
    producerId: bytes.readBigInt64BE(43),
    transactional: (attributes & 16) !== 0,
    control: (attributes & 32) !== 0,
    records,
  }
}

/** Builds a request. */
class Writer {
  #parts: Buffer[] = []

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  int8(value: number): this {
    this.#parts.push(Buffer.of(value & 255))
    return this
  }

  int16(value: number): this {
    const part = Buffer.alloc(2)
    part.writeInt16BE(value)
    this.#parts.push(part)
    return this
  }

  int32(value: number): this {
    const part = Buffer.alloc(4)
    part.writeInt32BE(value)
    this.#parts.push(part)
    return this
  }

  int64(value: bigint): this {
    const part = Buffer.alloc(8)
    part.writeBigInt64BE(value)
    this.#parts.push(part)
    return this
  }

  string(value: string): this {
    const text = Buffer.from(value)
    this.int16(text.length)
    this.#parts.push(text)
    return this
  }

  uuid(hex: string): this {
    this.#parts.push(Buffer.from(hex, 'hex'))
    return this
  }

  uvarint(value: number): this {
    let left = value
    while (left > 127) {
      this.int8((left & 127) | 128)
      left >>>= 7
    }
    return this.int8(left)
  }

  /** No tagged fields. */
  tags(): this {
    return this.uvarint(0)
  }
}

/** Reads an answer from its beginning to its end. */
class Reader {
  #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  skip(bytes: number): void {
    this.#at += bytes
  }

  #take(bytes: number): number {
    this.#at += bytes
    return this.#at - bytes
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  uuid(): string {
    const start = this.#take(16)
    return this.#bytes.toString('hex', start, start + 16)
  }

  string(): string {
    const length = this.int16()
    const start = this.#take(length)
    return this.#bytes.toString('utf8', start, start + length)
  }

  uvarint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes.readUInt8(this.#take(1))
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }

  /** Zigzag; exact up to 2^53, which timestamps keep to. */
  varint(): number {
    const raw = this.uvarint()
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
  }

  varBytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  compactString(): string | null {
    return this.compactBytes()?.toString() ?? null
  }

  compactBytes(): Buffer | null {
    const length = this.uvarint() - 1
    if (length < 0) return null
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  compactArray<T>(element: () => T): T[] {
    return Array.from({ length: Math.max(0, this.uvarint() - 1) }, element)
  }

  skipTags(): void {
    const count = this.uvarint()
    for (let tag = 0; tag < count; tag += 1) {
      this.uvarint()
      this.skip(this.uvarint())
    }
  }
}
