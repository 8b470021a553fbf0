import type { Cuts, PartitionOffsets, TopicMetadata } from '../model/observation.ts'
import { isKnown, type Reading, type Unknown, unknown, unknownOf } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import type { KafkaCluster, WantedEpochs } from '../sources/kafka/port.ts'

/** The newest end of a log that was read, and the leader epoch under which it was. */
interface Mark {
  readonly end: bigint
  readonly epoch: number
}

export interface CheckedEnds {
  readonly ends: ReadonlyMap<string, PartitionOffsets>
  readonly cuts: Cuts
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
   * replaced; and the ends, those unknown of which this cannot be told now: it is asked again the next time. Forgets
   * topics that are not in `names`.
   */
  async check(
    names: ReadonlySet<string>,
    topics: readonly TopicMetadata[],
    ends: ReadonlyMap<string, PartitionOffsets>,
    deadline: Instant,
  ): Promise<CheckedEnds> {
    for (const name of this.#topics.keys()) if (!names.has(name)) this.#topics.delete(name)
    const wanted: WantedEpochs[] = []
    for (const topic of topics) {
      const changed = this.#changedIn(topic, ends.get(topic.name))
      if (changed.size > 0) wanted.push({ topic, epochs: changed })
    }
    if (wanted.length === 0) return { ends, cuts: new Map() }
    const checked = new Map(ends)
    const cuts = new Map<string, Map<number, bigint>>()
    const answers = await this.#cluster.epochEnds(wanted, deadline)
    for (const { topic, epochs } of wanted) {
      const { name } = topic
      const [marks, read] = [this.#topics.get(name)?.marks, ends.get(name)]
      if (marks === undefined || read === undefined) continue
      const told = new Map(read)
      const cut = new Map<number, bigint>()
      for (const partition of epochs.keys()) {
        const answer = answers.get(name)?.get(partition)
        const mark = marks[partition]
        if (answer === undefined || !isKnown(answer)) {
          told.set(
            partition,
            doubtful(`${this.#cluster.name}: ${name}-${partition}`, answer && unknownOf(answer)),
          )
          continue
        }
        if (mark !== undefined && answer.value !== 'none' && answer.value < mark.end) {
          cut.set(partition, answer.value)
        }
        marks[partition] = markOf(read, partition)
      }
      checked.set(name, told)
      if (cut.size > 0) cuts.set(name, cut)
    }
    return { ends: checked, cuts }
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

/** An end under a new leader says nothing until it is known whether what lay before it is still there. */
function doubtful(where: string, why: Unknown | undefined): Reading<never> {
  return unknown(
    why?.reason ?? 'error',
    `${where}: its leader changed, and whether it was cut off cannot be told (${why?.detail ?? 'no answer'})`,
  )
}

function markOf(ends: PartitionOffsets | undefined, partition: number): Mark | undefined {
  const reading = ends?.get(partition)
  if (reading === undefined || !isKnown(reading) || reading.leaderEpoch === undefined) return undefined
  return { end: reading.value, epoch: reading.leaderEpoch }
}
