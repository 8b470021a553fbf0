import type { LogRecord, RecordWindow } from '../../src/model/inspection.ts'

/** A record whose content is told by a word: the same word is the same content. */
export function aRecord(offset: number | bigint, word: string, parts: Partial<LogRecord> = {}): LogRecord {
  return {
    offset: BigInt(offset),
    timestampMs: 1_000 + (word.codePointAt(0) ?? 0),
    key: null,
    value: Buffer.from(word),
    headers: [],
    producerId: -1n,
    ...parts,
  }
}

/**
 * A window over [from, to) from words: `a` at the first offset, `b` at the second. `-` is an offset without a record,
 * `|` a transaction marker.
 */
export function aWindow(from: number, words: string, parts: Partial<RecordWindow> = {}): RecordWindow {
  const slots = words === '' ? [] : words.split(' ')
  const to = BigInt(from + slots.length)
  const records = slots.flatMap((word, index) => (/^[-|]$/.test(word) ? [] : aRecord(from + index, word)))
  return {
    records,
    from: BigInt(from),
    readTo: to,
    markers: slots.flatMap((word, index) => (word === '|' ? BigInt(from + index) : [])),
    logStart: 0n,
    highWatermark: to,
    lastStableOffset: to,
    logAppendTime: false,
    bytes: 100 * slots.length,
    offsets: slots.length,
    ...parts,
  }
}
