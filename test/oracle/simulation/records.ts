import type { NewRecord } from './partitionLog.ts'

// Encoders of MirrorMaker 2's and Kafka Connect's internal records, by their public layouts: OffsetSync is big-endian,
// STRING an int16 length and UTF-8; source offsets and task states are JSON (docs/design.md names the parsers).

/** org.apache.kafka.connect.mirror.OffsetSync: topic STRING, partition INT32 -> upstream INT64, downstream INT64. */
export function offsetSyncRecord(
  { topic, partition }: { readonly topic: string; readonly partition: number },
  pair: { readonly source: number; readonly target: number },
  timestampMs: number,
): NewRecord {
  const name = Buffer.from(topic)
  const key = Buffer.alloc(2 + name.length + 4)
  key.writeInt16BE(name.length, 0)
  name.copy(key, 2)
  key.writeInt32BE(partition, 2 + name.length)
  const value = Buffer.alloc(16)
  value.writeBigInt64BE(BigInt(pair.source), 0)
  value.writeBigInt64BE(BigInt(pair.target), 8)
  return { timestampMs, key, value }
}

/** The position of one partition in Connect's offset topic: the last replicated source offset. */
export function sourceOffsetRecord(
  { alias, topic, partition }: { readonly alias: string; readonly topic: string; readonly partition: number },
  offset: number,
  timestampMs: number,
): NewRecord {
  return {
    timestampMs,
    key: Buffer.from(JSON.stringify(['MirrorSourceConnector', { cluster: alias, partition, topic }])),
    value: Buffer.from(JSON.stringify({ offset })),
  }
}

/** The state of one replicating task in Connect's status topic. */
export function taskStatusRecord(task: number, generation: number, timestampMs: number): NewRecord {
  return {
    timestampMs,
    key: Buffer.from(`status-task-MirrorSourceConnector-${task}`),
    value: Buffer.from(
      JSON.stringify({ state: 'RUNNING', trace: null, worker_id: 'worker', generation, version: '4.3.1' }),
    ),
  }
}
