import { isKnown, known, type Reading } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'
import { UnsupportedVersionError } from './client.ts'
import { unknownOfCode } from './errors.ts'
import { anyReplica, type Leaders, type WantedPartition } from './leaders.ts'
import type { WantedEpochs } from './port.ts'

type EpochEnd = Reading<bigint | 'none'>

/**
 * What the leaders answer to OffsetForLeaderEpoch: where the records of the epoch end, by topic and partition. A leader
 * that has moved since the listing is left unanswered: the next poll asks again.
 */
export async function epochEndsFromLeaders(
  leaders: Leaders,
  wanted: readonly WantedEpochs[],
  deadline: Instant,
): Promise<ReadonlyMap<string, ReadonlyMap<number, EpochEnd>>> {
  const answers = new Map<string, Map<number, EpochEnd>>()
  const epochsOf = new Map(wanted.map(({ topic, epochs }) => [topic.name, epochs]))
  const items: WantedPartition[] = []
  for (const { topic, epochs } of wanted) {
    answers.set(topic.name, new Map())
    for (const partition of topic.partitions) {
      if (epochs.has(partition.partition)) items.push({ topic: topic.name, partition })
    }
  }
  const settle = (topic: string, partition: number, reading: EpochEnd): void => {
    answers.get(topic)?.set(partition, reading)
  }
  await leaders.forEach(items, settle, async (leader, group) => {
    const request = Array.from(
      Map.groupBy(group, item => item.topic),
      ([name, ofTopic]) => ({
        name,
        partitions: ofTopic.map(({ partition: { partition, leaderEpoch } }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: leaderEpoch,
          leaderEpoch: epochsOf.get(name)?.get(partition) ?? -1,
        })),
      }),
    )
    const response = await leaders.ask(leader, broker =>
      leaders.client
        .call('offsetForLeaderEpoch', broker, deadline, () => [anyReplica, request])
        .catch(noneIfUnsupported),
    )
    if (isKnown(response) && response.value === 'none') {
      for (const { topic, partition } of group) settle(topic, partition.partition, known('none'))
      return
    }
    for (const { topic, partition } of group) {
      const { partition: number } = partition
      settle(topic, number, isKnown(response) ? leaders.unanswered(topic, number) : response)
    }
    if (!isKnown(response) || response.value === 'none') return
    for (const { topic, partitions } of response.value.topics) {
      for (const { partition, errorCode, endOffset } of partitions) {
        settle(
          topic,
          partition,
          errorCode === 0
            ? known(endOffset < 0n ? ('none' as const) : endOffset)
            : unknownOfCode(errorCode, `${leaders.cluster}: the leader epochs of ${topic}-${partition}`),
        )
      }
    }
  })
  return answers
}

/** What does not speak this API will never say where an epoch ends. */
function noneIfUnsupported(error: unknown): 'none' {
  if (error instanceof UnsupportedVersionError) return 'none'
  throw error
}
