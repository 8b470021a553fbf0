import type { OffsetPair } from '../../model/observation.ts'

// Binary layouts: org.apache.kafka.connect.mirror.{OffsetSync, Checkpoint, Heartbeat}; big-endian, STRING is an
// int16 length and UTF-8. Parsers return undefined for bytes that are no such record.

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface OffsetSync extends TopicPartition {
  readonly pair: OffsetPair
}

/** An offset sync: key (source topic STRING, partition INT32), value (upstream INT64, downstream INT64). */
export function parseOffsetSync(
  key: Buffer | null,
  value: Buffer | null,
  writtenAtMs: number,
): OffsetSync | undefined {
  if (key === null || value === null || value.length !== 16) return undefined
  const topic = readString(key, 0)
  if (topic === undefined || key.length !== topic.end + 4) return undefined
  return {
    topic: topic.text,
    partition: key.readInt32BE(topic.end),
    pair: { source: value.readBigInt64BE(0), target: value.readBigInt64BE(8), writtenAtMs },
  }
}

export interface Heartbeat {
  readonly sourceAlias: string
  readonly targetAlias: string
  readonly timestampMs: number
}

/** A heartbeat: key (source alias STRING, target alias STRING), value (version INT16 = 0, timestamp INT64 ms). */
export function parseHeartbeat(key: Buffer | null, value: Buffer | null): Heartbeat | undefined {
  if (key === null || value === null || value.length < 10 || value.readInt16BE(0) !== 0) return undefined
  const source = readString(key, 0)
  if (source === undefined) return undefined
  const target = readString(key, source.end)
  if (target === undefined || target.end !== key.length) return undefined
  return {
    sourceAlias: source.text,
    targetAlias: target.text,
    timestampMs: Number(value.readBigInt64BE(2)),
  }
}

export interface SourceOffset extends TopicPartition {
  readonly connector: string
  readonly sourceAlias: string
  /** The last replicated source offset: the task resumes at the next one. Undefined: the position was reset. */
  readonly offset: bigint | undefined
}

/**
 * A position of the MirrorSourceConnector in Connect's offset topic: key JSON
 * `[connector, {cluster, partition, topic}]`, value JSON `{"offset": last replicated}`. Returns undefined for
 * records of other connectors, which lie in the same topic, and 'malformed' for one of ours that cannot be read.
 */
export function parseSourceOffset(
  key: Buffer | null,
  value: Buffer | null,
): SourceOffset | 'malformed' | undefined {
  const parsedKey = parseJson(key)
  if (!Array.isArray(parsedKey) || parsedKey.length !== 2) return undefined
  const [connector, place] = parsedKey as [unknown, unknown]
  if (typeof connector !== 'string' || !isRecord(place)) return undefined
  const { cluster, topic, partition } = place as { cluster?: unknown; topic?: unknown; partition?: unknown }
  if (typeof cluster !== 'string' || typeof topic !== 'string') return undefined
  if (typeof partition !== 'number' || !Number.isInteger(partition)) return 'malformed'
  const found = { connector, sourceAlias: cluster, topic, partition }
  if (value === null) return { ...found, offset: undefined }
  const parsedValue = parseJson(value)
  if (parsedValue === null) return { ...found, offset: undefined }
  if (!isRecord(parsedValue)) return 'malformed'
  const offset = parsedValue['offset']
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset)) return 'malformed'
  return { ...found, offset: BigInt(offset) }
}

const sourceTaskPrefix = 'status-task-MirrorSourceConnector-'

/** Whether a record of Connect's status topic is about a task that replicates records. */
export function isSourceTaskStatus(key: Buffer | null): boolean {
  return key !== null && key.subarray(0, sourceTaskPrefix.length).toString('latin1') === sourceTaskPrefix
}

function readString(bytes: Buffer, start: number): { text: string; end: number } | undefined {
  if (bytes.length < start + 2) return undefined
  const length = bytes.readInt16BE(start)
  const end = start + 2 + length
  if (length < 0 || bytes.length < end) return undefined
  return { text: bytes.toString('utf8', start + 2, end), end }
}

function parseJson(bytes: Buffer | null): unknown {
  if (bytes === null) return undefined
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
