import { createHash } from 'node:crypto'
import type { LogRecord } from '../model/inspection.ts'

/**
 * What makes a record the copy of another: timestamp, key, value and headers, as one short word. MirrorMaker copies all four
 * byte by byte (org.apache.kafka.connect.mirror.MirrorSourceTask.convertRecord). Without the timestamp where the
 * target's broker stamps records itself.
 */
export function fingerprintOf(record: LogRecord, withTimestamp: boolean): string {
  const hash = createHash('sha1')
  const head = Buffer.allocUnsafe(16)
  head.writeBigInt64BE(withTimestamp ? BigInt(record.timestampMs) : 0n, 0)
  head.writeInt32BE(record.key?.length ?? -1, 8)
  head.writeInt32BE(record.value?.length ?? -1, 12)
  hash.update(head)
  if (record.key !== null) hash.update(record.key)
  if (record.value !== null) hash.update(record.value)
  for (const [key, value] of record.headers) {
    const lengths = Buffer.allocUnsafe(8)
    lengths.writeInt32BE(key?.length ?? -1, 0)
    lengths.writeInt32BE(value?.length ?? -1, 4)
    hash.update(lengths)
    if (key !== null) hash.update(key)
    if (value !== null) hash.update(value)
  }
  return hash.digest('base64url')
}

/** The fingerprints of all records, in order. */
export function fingerprintsOf(records: readonly LogRecord[], withTimestamp: boolean): readonly string[] {
  return records.map(record => fingerprintOf(record, withTimestamp))
}

/** Fewer records than this may all differ by chance. */
const enoughToTell = 10

/**
 * Whether contents tell records apart, as far as these show: where many look alike, one that seems unique may have its
 * twin out of sight. Of a few records only their times can show it.
 */
export function isTelling(
  records: readonly LogRecord[],
  fingerprints: readonly string[],
  withTimestamp: boolean,
): boolean {
  const { length } = records
  if (length >= enoughToTell) return areMostlyDistinct(new Set(fingerprints).size, length)
  return withTimestamp && length > 1 && new Set(records.map(({ timestampMs }) => timestampMs)).size === length
}

/** Whether nine of ten records have a content of their own. */
export function areMostlyDistinct(contents: number, records: number): boolean {
  return contents * 10 >= records * 9
}

/** Whether two records have the same fingerprint, without making it. */
export function isCopy(original: LogRecord, copy: LogRecord, withTimestamp: boolean): boolean {
  return (
    (!withTimestamp || original.timestampMs === copy.timestampMs) &&
    isSame(original.key, copy.key) &&
    isSame(original.value, copy.value) &&
    original.headers.length === copy.headers.length &&
    original.headers.every(([key, value], index) => {
      const other = copy.headers[index]
      return other !== undefined && isSame(key, other[0]) && isSame(value, other[1])
    })
  )
}

function isSame(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}
