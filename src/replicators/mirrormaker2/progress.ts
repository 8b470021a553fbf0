import type { Gap, OffsetPair, PartitionProgress } from '../../model/observation.ts'
import type { OffsetSync, TopicPartition } from './records.ts'

interface PartitionFold {
  durable?: { lowest: bigint; highest: bigint; newest: bigint }
  pairs?: { lowest: OffsetPair; highest: bigint; newest: OffsetPair; gaps?: Gap[]; cut?: Gap }
}

type Fold = Map<string, Map<number, PartitionFold>>

/** Gaps kept of one partition; more of them become one that is less exact. */
export const maxGaps = 16

function withGap(gaps: readonly Gap[] = [], gap: Gap): Gap[] {
  const all = [...gaps, gap]
  const [first, second, ...rest] = all
  if (all.length <= maxGaps || first === undefined || second === undefined) return all
  return [{ after: first.after, before: second.before }, ...rest]
}

/**
 * What MirrorMaker committed for each partition, folded record by record in log order, so that memory follows the
 * number of partitions and not the length of the log.
 */
export class ProgressFold {
  #partitions: Fold = new Map()
  /** The newest pair of each partition, so that a gap across two polls is seen. */
  readonly #newest = new Map<string, Map<number, OffsetPair>>()

  /** A durable position: the offset of the last replicated record. */
  addDurable(at: TopicPartition, offset: bigint): void {
    const fold = this.#foldOf(at)
    const seen = fold.durable
    if (seen === undefined) fold.durable = { lowest: offset, highest: offset, newest: offset }
    else {
      if (offset < seen.lowest) seen.lowest = offset
      if (offset > seen.highest) seen.highest = offset
      seen.newest = offset
    }
  }

  addSync({ pair, ...at }: OffsetSync): void {
    const fold = this.#foldOf(at)
    const seen = fold.pairs
    if (seen === undefined) fold.pairs = { lowest: pair, highest: pair.source, newest: pair }
    else {
      if (pair.source < seen.lowest.source) seen.lowest = pair
      if (pair.source > seen.highest) seen.highest = pair.source
      seen.newest = pair
    }
    this.#noteNeighbours(at, pair, fold)
  }

  /**
   * Forgets all but the newest of each: of a log that was written before this process started, only the newest
   * record is known to be of today's topic, and even a maximum may belong to a topic that was recreated since.
   */
  keepNewest(): void {
    for (const partitions of this.#partitions.values()) {
      for (const fold of partitions.values()) {
        if (fold.durable !== undefined) {
          fold.durable.lowest = fold.durable.newest
          fold.durable.highest = fold.durable.newest
        }
        if (fold.pairs !== undefined) {
          fold.pairs.lowest = fold.pairs.newest
          fold.pairs.highest = fold.pairs.newest.source
          delete fold.pairs.gaps
          delete fold.pairs.cut
        }
      }
    }
  }

  /** What was folded since the last call, by topic and partition. */
  take(): ReadonlyMap<string, ReadonlyMap<number, PartitionProgress>> {
    const taken = this.#partitions
    this.#partitions = new Map()
    return taken
  }

  /**
   * What two neighbours show. Every skipped source offset forces a sync (PartitionState.update), so that it shows
   * between them; and the end of a log only grows, so that a target offset that falls is of another log.
   */
  #noteNeighbours({ topic, partition }: TopicPartition, before: OffsetPair, { pairs }: PartitionFold): void {
    let newest = this.#newest.get(topic)
    if (newest === undefined) {
      newest = new Map()
      this.#newest.set(topic, newest)
    }
    const after = newest.get(partition)
    newest.set(partition, before)
    if (after === undefined || pairs === undefined) return
    if (before.target <= after.target) {
      // The same pair again is a sync that was sent twice.
      if (before.target < after.target || before.source !== after.source) {
        pairs.cut = { after, before }
        // What was said before is of a log that is gone.
        pairs.lowest = before
        pairs.highest = before.source
      }
      delete pairs.gaps
    } else if (before.source <= after.source) {
      // It went back and copies again from there: what lay behind is skipped no longer.
      const left = pairs.gaps?.filter(gap => gap.after.source + 1n < before.source) ?? []
      if (left.length > 0) pairs.gaps = left
      else delete pairs.gaps
    } else if (before.source - after.source > before.target - after.target) {
      pairs.gaps = withGap(pairs.gaps, { after, before })
    }
  }

  #foldOf({ topic, partition }: TopicPartition): PartitionFold {
    let partitions = this.#partitions.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      this.#partitions.set(topic, partitions)
    }
    let fold = partitions.get(partition)
    if (fold === undefined) {
      fold = {}
      partitions.set(partition, fold)
    }
    return fold
  }
}
