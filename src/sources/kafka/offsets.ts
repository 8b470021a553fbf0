import type { OffsetReading, TopicMetadata } from '../../model/observation.ts'
import { isKnown, known, type Reading, unknown } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'
import { unknownOfCode } from './errors.ts'
import { anyReplica, isolationLevel, type Leaders, type WantedPartition } from './leaders.ts'

/** Codes that say "ask another broker": the listing in hand is old. */
const staleLeaderCodes: ReadonlySet<number> = new Set([6, 74, 75])

type SettleOffset = (topic: string, partition: number, reading: OffsetReading) => void

/** Asks a cluster for topics by name, see `KafkaCluster.askTopics`. */
type AskTopics = (
  names: readonly string[],
  deadline: Instant,
) => Promise<ReadonlyMap<string, Reading<TopicMetadata> | 'absent'>>

export interface OffsetsWanted {
  readonly topics: readonly TopicMetadata[]
  /** All partitions of a topic unless told. */
  readonly partitionsOf: ((topic: string) => ReadonlySet<number>) | undefined
  /** What is asked for in the partitions of a topic: milliseconds since the epoch, or -1 (latest), -2 (earliest). */
  readonly timestampOf: (topic: string) => bigint
}

/**
 * The offset that ListOffsets gives for each partition, by topic; -1 where no record is as young as the timestamp.
 * Where leaders have moved since the listing, asks once where they are now, and there for what is left.
 */
export async function offsetsFromLeaders(
  leaders: Leaders,
  askTopics: AskTopics,
  { topics, partitionsOf, timestampOf }: OffsetsWanted,
  deadline: Instant,
): Promise<ReadonlyMap<string, Map<number, OffsetReading>>> {
  const answers = new Map<string, Map<number, OffsetReading>>()
  const wanted: WantedPartition[] = []
  for (const topic of topics) {
    answers.set(topic.name, new Map())
    const only = partitionsOf?.(topic.name)
    for (const partition of topic.partitions) {
      if (only === undefined || only.has(partition.partition)) wanted.push({ topic: topic.name, partition })
    }
  }
  const settle: SettleOffset = (topic, partition, reading) => {
    answers.get(topic)?.set(partition, reading)
  }
  const listOnce = (items: readonly WantedPartition[]): Promise<WantedPartition[]> =>
    listOffsetsOnce(leaders, items, timestampOf, deadline, settle)
  const stale = await listOnce(wanted)
  if (stale.length > 0) {
    const still = await listOnce(await relocate(leaders, askTopics, stale, deadline, settle))
    for (const { topic, partition } of still) {
      settle(
        topic,
        partition.partition,
        unknown('fenced', `${leaders.cluster}: the leader of ${topic}-${partition.partition} is moving`),
      )
    }
  }
  return answers
}

/** Asks every leader for its partitions; returns those whose leader has changed. */
async function listOffsetsOnce(
  leaders: Leaders,
  wanted: readonly WantedPartition[],
  timestampOf: (topic: string) => bigint,
  deadline: Instant,
  settle: SettleOffset,
): Promise<WantedPartition[]> {
  const stale: WantedPartition[] = []
  await leaders.forEach(wanted, settle, async (leader, items) => {
    stale.push(...(await listOffsetsFrom(leaders, leader, items, timestampOf, deadline, settle)))
  })
  return stale
}

/** Asks one leader; returns the partitions that it does not lead any more, or not as this leader epoch. */
async function listOffsetsFrom(
  leaders: Leaders,
  leader: number,
  items: readonly WantedPartition[],
  timestampOf: (topic: string) => bigint,
  deadline: Instant,
  settle: SettleOffset,
): Promise<WantedPartition[]> {
  const request = Array.from(
    Map.groupBy(items, item => item.topic),
    ([name, group]) => ({
      name,
      partitions: group.map(({ partition }) => ({
        partitionIndex: partition.partition,
        currentLeaderEpoch: partition.leaderEpoch,
        timestamp: timestampOf(name),
      })),
    }),
  )
  const response = await leaders.ask(leader, broker =>
    leaders.client.call('listOffsets', broker, deadline, () => [
      anyReplica,
      isolationLevel.read_uncommitted,
      request,
    ]),
  )
  if (!isKnown(response)) {
    for (const { topic, partition } of items) settle(topic, partition.partition, response)
    return []
  }
  const stale: WantedPartition[] = []
  // Answers are reordered: match by name.
  const unanswered = new Map(items.map(item => [`${item.partition.partition}/${item.topic}`, item]))
  for (const { name, partitions } of response.value.topics) {
    for (const { partitionIndex, errorCode, offset, leaderEpoch = -1 } of partitions) {
      const key = `${partitionIndex}/${name}`
      const item = unanswered.get(key)
      if (item === undefined) continue
      unanswered.delete(key)
      if (staleLeaderCodes.has(errorCode)) stale.push(item)
      else if (errorCode === 0) {
        settle(name, partitionIndex, leaderEpoch < 0 ? known(offset) : { value: offset, leaderEpoch })
      } else {
        settle(
          name,
          partitionIndex,
          unknownOfCode(errorCode, `${leaders.cluster}: ${name}-${partitionIndex}`),
        )
      }
    }
  }
  for (const { topic, partition } of unanswered.values()) {
    settle(topic, partition.partition, leaders.unanswered(topic, partition.partition))
  }
  return stale
}

/** Where the leaders of these partitions are now; what has none is settled. */
async function relocate(
  { cluster }: Leaders,
  askTopics: AskTopics,
  items: readonly WantedPartition[],
  deadline: Instant,
  settle: SettleOffset,
): Promise<WantedPartition[]> {
  const topics = await askTopics([...new Set(items.map(item => item.topic))], deadline)
  const moved: WantedPartition[] = []
  for (const { topic, partition } of items) {
    const answer = topics.get(topic)
    if (answer === undefined || answer === 'absent') {
      settle(topic, partition.partition, unknown('missing', `${cluster}: topic ${topic} is gone`))
    } else if (!isKnown(answer)) settle(topic, partition.partition, answer)
    else {
      const now = answer.value.partitions.find(p => p.partition === partition.partition)
      if (now === undefined) {
        settle(
          topic,
          partition.partition,
          unknown('missing', `${cluster}: ${topic}-${partition.partition} is gone`),
        )
      } else moved.push({ topic, partition: now })
    }
  }
  return moved
}
