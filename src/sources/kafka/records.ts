import type { RecordsBatch } from '@platformatic/kafka'
import type { Isolation, LogRecord } from './port.ts'
import type { AbortedTransaction } from './wire.ts'

// Record batch attributes: KIP-98, "Message Format".
const transactionalBit = 0x10
const controlBit = 0x20
/** Attributes bit 3, "timestampType": KIP-32. */
const logAppendTimeBit = 0x08
const abortMarker = 0

/**
 * The data records of fetched batches from `fromOffset` on: a broker returns whole batches, which may start before
 * it. With read_committed the records of aborted transactions are left out as a consumer does it: a producer's
 * transactional batches are skipped from its aborted transaction's first offset up to its abort marker.
 */
export function dataRecords(
  batches: readonly RecordsBatch[],
  fromOffset: bigint,
  isolation: Isolation,
  aborted: readonly AbortedTransaction[],
): LogRecord[] {
  const pending = isolation === 'read_committed' ? aborted.toSorted(byFirstOffset) : []
  const aborting = new Set<bigint>()
  const records: LogRecord[] = []
  for (const batch of batches) {
    const lastOffset = lastOffsetOf(batch)
    while (pending[0] !== undefined && pending[0].firstOffset <= lastOffset) {
      aborting.add(pending[0].producerId)
      pending.shift()
    }
    if ((batch.attributes & controlBit) !== 0) {
      const marker = batch.records[0]?.key
      if (marker != null && marker.length >= 4 && marker.readInt16BE(2) === abortMarker) {
        aborting.delete(batch.producerId)
      }
      continue
    }
    if ((batch.attributes & transactionalBit) !== 0 && aborting.has(batch.producerId)) continue
    for (const record of batch.records) {
      const offset = batch.firstOffset + BigInt(record.offsetDelta)
      if (offset < fromOffset) continue
      records.push({
        offset,
        timestampMs: Number(
          isLogAppendTime(batch) ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta,
        ),
        key: record.key,
        value: record.value,
        headers: record.headers,
        producerId: batch.producerId,
      })
    }
  }
  return records
}

/** The offsets of the commit and abort markers: each is a control batch of its own. */
export function markersIn(batches: readonly RecordsBatch[], fromOffset: bigint): bigint[] {
  return batches
    .filter(batch => (batch.attributes & controlBit) !== 0 && batch.firstOffset >= fromOffset)
    .map(batch => batch.firstOffset)
}

/** Whether the broker stamped a batch itself: all its records have the batch's maximum as their timestamp. */
export function isLogAppendTime(batch: RecordsBatch): boolean {
  return (batch.attributes & logAppendTimeBit) !== 0
}

/** The offset of the last record that a batch was written with, whether compaction left it there or not. */
export function lastOffsetOf(batch: RecordsBatch): bigint {
  return batch.firstOffset + BigInt(batch.lastOffsetDelta)
}

function byFirstOffset(a: AbortedTransaction, b: AbortedTransaction): number {
  return a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0
}
