/** A transaction of a producer, over all partitions that it writes to. */
export interface Transaction {
  readonly producerId: bigint
  state: 'open' | 'committed' | 'aborted'
  lastWriteAtMs: number
  readonly logs: Set<PartitionLog>
  /** What was written in it on the target, to count once it is committed. */
  readonly copies: Entry[]
}

/** Why a source record is no longer in its log. */
export type Gone = 'expired' | 'compacted' | 'truncated'

/** What a producer hands to a log. */
export interface NewRecord {
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: readonly (readonly [Buffer | null, Buffer | null])[]
  readonly producerId?: bigint
  readonly transaction?: Transaction | undefined
  /** The source record that it is a copy of; undefined: of nothing. */
  readonly original?: Entry | undefined
  /** The target refuses records of this size. */
  readonly isTooLarge?: boolean
}

/** One offset of a log, and, for a source record, what the truth knows of it. Its identity is the object itself. */
export class Entry {
  readonly offset: number
  readonly writtenAt: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
  readonly producerId: bigint
  readonly transaction: Transaction | undefined
  readonly isMarker: boolean
  readonly isTooLarge: boolean
  readonly original: Entry | undefined
  readonly listener: LogListener | undefined
  /** Copies that a consumer of the target can read, or could until its retention took them. */
  copies = 0
  copiedAt: number | undefined
  /** When its last copy was lost on the target. */
  uncopiedAt: number | undefined
  gone: Gone | undefined
  goneAt = 0
  /** It left before anybody could have seen that it was there. */
  wasUnseen = false
  /** The target lost its copy before any poll could have seen that it was there. */
  lostCopyWasUnseen = false
  /** The replicator was told to step over what the target refuses. */
  isSteppedOver = false

  constructor(
    offset: number,
    writtenAt: number,
    record: NewRecord,
    isMarker: boolean,
    listener: LogListener | undefined,
  ) {
    this.listener = listener
    this.offset = offset
    this.writtenAt = writtenAt
    this.timestampMs = record.timestampMs
    this.key = record.key
    this.value = record.value
    this.headers = record.headers ?? []
    this.producerId = record.producerId ?? record.transaction?.producerId ?? -1n
    this.transaction = record.transaction
    this.isMarker = isMarker
    this.isTooLarge = record.isTooLarge === true
    this.original = record.original
  }

  get bytes(): number {
    return 24 + (this.key?.length ?? 0) + (this.value?.length ?? 0)
  }
}

/** Told what becomes of the records of a source log. */
export interface LogListener {
  accepted(entry: Entry): void
  gone(entry: Entry, why: Gone): void
  /** A copy of it can be read on the target. */
  copied(entry: Entry, at: number): void
  /** A copy of it was lost there. */
  uncopied(entry: Entry, at: number): void
}

/** The log of one partition as its leader has it. */
export class PartitionLog {
  /** What can still be read, by offset. */
  entries: Entry[] = []
  start = 0
  end = 0
  isLeaderless = false
  /** The highest end that anybody was told, and when anybody was last told one. */
  toldEnd = 0
  toldAt = -1
  truncatedAt = -1
  /** Offsets below this one were given twice, or will be. */
  givenAgainBelow = 0
  /** Where each leader's records begin, by epoch. */
  readonly #epochs: number[] = [0]
  readonly open = new Map<Transaction, number>()
  readonly #listener: LogListener | undefined

  constructor(listener?: LogListener) {
    this.#listener = listener
  }

  get epoch(): number {
    return this.#epochs.length - 1
  }

  /** Another replica leads from now on. */
  elect(): void {
    this.#epochs.push(this.end)
  }

  /** Where the records of a leader epoch end. */
  endOfEpoch(epoch: number): number {
    return this.#epochs[epoch + 1] ?? this.end
  }

  append(record: NewRecord, at: number): Entry {
    const entry = new Entry(this.end, at, record, false, this.#listener)
    const { transaction } = entry
    if (transaction?.state === 'open') {
      transaction.lastWriteAtMs = record.timestampMs
      transaction.logs.add(this)
      if (!this.open.has(transaction)) this.open.set(transaction, this.end)
    }
    this.entries.push(entry)
    this.end += 1
    this.#listener?.accepted(entry)
    const { original } = entry
    if (original !== undefined) {
      // What an open transaction wrote cannot be read yet.
      if (transaction?.state === 'open') transaction.copies.push(entry)
      else original.listener?.copied(original, at)
    }
    return entry
  }

  appendMarker(transaction: Transaction, at: number, timestampMs: number): void {
    const marker = { timestampMs, key: null, value: null, transaction }
    this.entries.push(new Entry(this.end, at, marker, true, undefined))
    this.end += 1
    this.open.delete(transaction)
  }

  get lastStableOffset(): number {
    let lowest = this.end
    for (const offset of this.open.values()) if (offset < lowest) lowest = offset
    return lowest
  }

  /** The first entry at or behind an offset, as an index. */
  indexOf(offset: number): number {
    let [low, high] = [0, this.entries.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.entries[middle]?.offset ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Retention and DeleteRecords: the log begins later. */
  deleteBefore(offset: number, at: number): void {
    const start = Math.min(Math.max(offset, this.start), this.end)
    const removed = this.entries.splice(0, this.indexOf(start))
    this.start = start
    this.#leave(removed, 'expired', at)
  }

  /** The cleaner: of what lies below an offset, only the newest record of each key stays. */
  compact(below: number, at: number): void {
    const newest = new Map<string, Entry>()
    for (const entry of this.entries) {
      if (!entry.isMarker && entry.key !== null) newest.set(entry.key.toString('latin1'), entry)
    }
    const removed: Entry[] = []
    this.entries = this.entries.filter(entry => {
      const isKept =
        entry.offset >= below ||
        (entry.transaction !== undefined && entry.transaction.state !== 'committed') ||
        (!entry.isMarker && (entry.key === null || newest.get(entry.key.toString('latin1')) === entry))
      if (!isKept) removed.push(entry)
      return isKept
    })
    this.#leave(removed, 'compacted', at)
  }

  /** An unclean election: the newest records are gone, and their offsets are given again. Returns what was removed. */
  truncateTo(end: number, at: number): readonly Entry[] {
    const removed = this.entries.splice(this.indexOf(end))
    this.givenAgainBelow = Math.max(this.givenAgainBelow, this.end)
    this.end = Math.max(end, this.start)
    for (const [transaction, first] of this.open) if (first >= this.end) this.open.delete(transaction)
    for (const entry of removed) entry.wasUnseen = entry.offset >= this.toldEnd
    this.toldEnd = Math.min(this.toldEnd, this.end)
    this.truncatedAt = at
    for (const [epoch, from] of this.#epochs.entries()) this.#epochs[epoch] = Math.min(from, this.end)
    this.elect()
    this.#leave(removed, 'truncated', at)
    return removed
  }

  #leave(entries: readonly Entry[], why: Gone, at: number): void {
    for (const entry of entries) {
      if (entry.isMarker) continue
      entry.gone = why
      entry.goneAt = at
      this.#listener?.gone(entry, why)
    }
  }
}

/** Begins a transaction. */
export function beginTransaction(producerId: bigint): Transaction {
  return { producerId, state: 'open', lastWriteAtMs: 0, logs: new Set(), copies: [] }
}

/** Ends a transaction with a marker in every partition that it wrote to. */
export function endTransaction(
  transaction: Transaction,
  state: 'committed' | 'aborted',
  at: number,
  timestampMs: number,
): void {
  if (transaction.state !== 'open') return
  transaction.state = state
  for (const log of transaction.logs) log.appendMarker(transaction, at, timestampMs)
  if (state === 'aborted') return
  for (const { original, gone } of transaction.copies) {
    if (original !== undefined && gone !== 'truncated') original.listener?.copied(original, at)
  }
}
