import type { Entry, Gone, LogListener } from './partitionLog.ts'

/**
 * What is true of one partition of one source topic, under one identity: which records it accepted, and which of them
 * are not on the target. Kept by the records' identity, never by their content.
 */
export class PartitionTruth implements LogListener {
  /** Every data record that was ever accepted, oldest first. */
  readonly all: Entry[] = []
  /** Those without a copy; what compaction removed is not among them, because a newer record stands for it. */
  readonly missing = new Set<Entry>()
  /** Records whose first copy came during the present poll. */
  copiedInPoll = 0
  /** Records that compaction removed before they were copied. */
  compactedUncopied = 0
  /**
   * Offsets below were behind the engine when this exporter started: what of them was never copied, it cannot know
   * (docs/adr/0002: positions of a topic that was recreated before the start).
   */
  unknowableBelow = 0

  accepted(entry: Entry): void {
    this.all.push(entry)
    this.missing.add(entry)
  }

  gone(entry: Entry, why: Gone): void {
    if (why !== 'compacted') return
    if (this.missing.delete(entry)) this.compactedUncopied += 1
  }

  copied(entry: Entry, at: number): void {
    entry.copies += 1
    if (entry.copies > 1) return
    entry.copiedAt = at
    this.copiedInPoll += 1
    this.missing.delete(entry)
  }

  uncopied(entry: Entry, at: number): void {
    entry.copies -= 1
    if (entry.copies > 0 || entry.gone === 'compacted') return
    entry.uncopiedAt = at
    this.missing.add(entry)
  }

  /** Records with an offset in [from, to), with those whose offset was given again later. */
  between(from: number, to: number): readonly Entry[] {
    return this.all.filter(({ offset }) => offset >= from && offset < to)
  }

  /** The oldest instant at which a record was accepted that is not on the target; undefined: all are. */
  oldestMissing(counts: (entry: Entry) => boolean): number | undefined {
    let oldest: number | undefined
    for (const entry of this.missing) {
      if (counts(entry) && (oldest === undefined || entry.writtenAt < oldest)) oldest = entry.writtenAt
    }
    return oldest
  }
}
