import type { Cuts, PartitionOffsets, TopicMetadata } from '../model/observation.ts'
import { isKnown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import type { KafkaCluster, WantedEpochs } from '../sources/kafka/port.ts'

/** The newest end of a log that was read, and the leader epoch under which it was. */
interface Mark {
  readonly end: bigint
  readonly epoch: number
}

interface TopicMarks {
  readonly id: string | undefined
  readonly marks: (Mark | undefined)[]
}

/**
 * Finds logs that an election has cut off since their ends were last read, also those that have grown past the old end
 * again: every election begins a leader epoch, and the new leader knows where the records of the old one end. Costs
 * nothing while leaders stay, and one batch of OffsetForLeaderEpoch where they changed.
 */
export class TruncationWatch {
  readonly #cluster: KafkaCluster
  #topics = new Map<string, TopicMarks>()

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
  }

  /**
   * The logs among `topics` that were cut off before `ends` was read, with the offsets from which on their records were
   * replaced. Forgets topics that are not in `names`. What cannot be told now is asked again the next time.
   */
  async cutsIn(
    names: ReadonlySet<string>,
    topics: readonly TopicMetadata[],
    ends: ReadonlyMap<string, PartitionOffsets>,
    deadline: Instant,
  ): Promise<Cuts> {
    for (const name of this.#topics.keys()) if (!names.has(name)) this.#topics.delete(name)
    const wanted: WantedEpochs[] = []
    for (const topic of topics) {
      const changed = this.#changedIn(topic, ends.get(topic.name))
      if (changed.size > 0) wanted.push({ topic, epochs: changed })
    }
    if (wanted.length === 0) return new Map()
    const cuts = new Map<string, Map<number, bigint>>()
    for (const [name, answers] of await this.#cluster.epochEnds(wanted, deadline)) {
      const marks = this.#topics.get(name)?.marks ?? []
      for (const [partition, answer] of answers) {
        const mark = marks[partition]
        if (!isKnown(answer) || mark === undefined) continue
        const epochEnd = answer.value
        if (epochEnd !== 'none' && epochEnd < mark.end) {
          cuts.set(name, (cuts.get(name) ?? new Map<number, bigint>()).set(partition, epochEnd))
        }
        marks[partition] = markOf(ends.get(name), partition)
      }
    }
    return cuts
  }

  /** Moves the marks of partitions whose leader stayed; returns the old epochs of the others. */
  #changedIn({ name, id }: TopicMetadata, ends: PartitionOffsets | undefined): ReadonlyMap<number, number> {
    const changed = new Map<number, number>()
    let known = this.#topics.get(name)
    if (known === undefined || known.id !== id) {
      known = { id, marks: [] }
      this.#topics.set(name, known)
    }
    for (const partition of ends?.keys() ?? []) {
      const next = markOf(ends, partition)
      if (next === undefined) continue
      const mark = known.marks[partition]
      if (mark === undefined || mark.epoch === next.epoch) known.marks[partition] = next
      else if (mark.epoch < next.epoch) changed.set(partition, mark.epoch)
    }
    return changed
  }
}

function markOf(ends: PartitionOffsets | undefined, partition: number): Mark | undefined {
  const reading = ends?.get(partition)
  if (reading === undefined || !isKnown(reading) || reading.leaderEpoch === undefined) return undefined
  return { end: reading.value, epoch: reading.leaderEpoch }
}
