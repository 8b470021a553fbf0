import type { FlowObservation, PartitionProgress, SideObservation } from '../src/model/observation.ts'
import { known } from '../src/model/reading.ts'

export interface WorldOptions {
  readonly topics: number
  readonly partitionsPerTopic: number
  /** The how many-th poll: each finds ten more records in every partition, of which all but three were committed. */
  readonly round: number
  readonly targetTopicOf: (topic: string) => string
}

/** What a poll of a busy flow reads, without a cluster. */
export function observationOf({
  topics,
  partitionsPerTopic,
  round,
  targetTopicOf,
}: WorldOptions): FlowObservation {
  const t0 = 1_000_000 + round * 15_000
  const end = BigInt(1_000 + round * 10)
  const names = Array.from({ length: topics }, (_, i) => `topic-${i}`)
  const numbers = Array.from({ length: partitionsPerTopic }, (_, i) => i)
  const side = (nameOf: (topic: string) => string): SideObservation => ({
    t0,
    topics: known(
      new Map(
        names.map(topic => {
          const name = nameOf(topic)
          const partitions = numbers.map(partition => ({ partition, leader: 1, leaderEpoch: 0 }))
          return [name, known({ name, id: `id-${name}`, partitions })]
        }),
      ),
    ),
    asked: new Map(),
    endOffsets: new Map(names.map(topic => [nameOf(topic), new Map(numbers.map(p => [p, known(end)]))])),
    cuts: new Map(),
    endOffsetsRequestedAt: t0 + 100,
  })
  const pair = { source: end - 5n, target: end - 5n, writtenAtMs: t0 }
  const progress: PartitionProgress = {
    durable: { lowest: end - 4n, highest: end - 4n, newest: end - 4n },
    pairs: { lowest: pair, highest: pair.source, newest: pair },
  }
  return {
    at: t0 + 200,
    clock: { now: t0 + 200, wallMs: t0 + 200 },
    source: side(topic => topic),
    target: side(targetTopicOf),
    engine: {
      durable: known(true),
      pairs: known(true),
      progress: new Map(names.map(topic => [topic, new Map(numbers.map(p => [p, progress]))])),
      readAt: t0 + 50,
      heartbeatAtMs: known(t0),
      tasksChangedAtMs: undefined,
    },
    logStarts: new Map(),
  }
}
