import { isKnown, known, type Reading } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'
import { unknownOfCode } from './errors.ts'
import { emptyTopicId, isolationLevel, type Leaders } from './leaders.ts'
import { type FetchedPartition, type FetchRequest, type Isolation, outOfRange } from './port.ts'
import { dataRecords, isLogAppendTime, lastOffsetOf, markersIn } from './records.ts'
import type { FetchResponse } from './wire.ts'

const offsetOutOfRange = 1

type Fetched = Reading<FetchedPartition> | typeof outOfRange

interface FetchLimits {
  readonly isolation: Isolation
  /** Of every request to a broker. */
  readonly maxBytes: number
  readonly deadline: Instant
}

/** One Fetch from every leader; the answers by index of their requests. */
export async function fetchFromLeaders(
  leaders: Leaders,
  requests: readonly FetchRequest[],
  limits: FetchLimits,
): Promise<readonly Fetched[]> {
  const answers = requests.map(({ topic, partition }): Fetched => leaders.unanswered(topic.name, partition))
  const byLeader = new Map<number, Map<number, FetchRequest>>()
  for (const [index, request] of requests.entries()) {
    const leader = request.topic.partitions.find(p => p.partition === request.partition)?.leader
    if (leader === undefined) answers[index] = leaders.leaderless(request.topic.name, request.partition)
    else byLeader.set(leader, (byLeader.get(leader) ?? new Map()).set(index, request))
  }
  await Promise.all(
    Array.from(byLeader, async ([leader, byIndex]) => {
      const response = await fetchFrom(leaders, leader, [...byIndex.values()], limits)
      for (const [index, request] of byIndex) {
        const answer = isKnown(response) ? answerTo(request, response.value) : undefined
        if (!isKnown(response)) answers[index] = response
        else if (answer !== undefined) {
          answers[index] = fetchedPartition(answer, request, limits.isolation, leaders.cluster)
        }
      }
    }),
  )
  return answers
}

async function fetchFrom(
  leaders: Leaders,
  leader: number,
  requests: readonly FetchRequest[],
  { isolation, maxBytes, deadline }: FetchLimits,
): Promise<Reading<FetchResponse>> {
  const topicsFor = (version: number) =>
    Array.from(
      Map.groupBy(requests, ({ topic }) => topic.name),
      ([name, group]) => ({
        topicId: version >= 13 ? (group[0]?.topic.id ?? emptyTopicId) : name,
        partitions: group.map(request => ({
          partition: request.partition,
          currentLeaderEpoch: -1,
          fetchOffset: request.offset,
          lastFetchedEpoch: -1,
          partitionMaxBytes: Math.min(maxBytes, request.maxBytes ?? maxBytes),
        })),
      }),
    )
  const response = await leaders.ask(leader, broker =>
    // No wait and no minimum: what is there now. No fetch session (id 0, epoch -1).
    leaders.client.call('fetch', broker, deadline, version => [
      0,
      0,
      maxBytes,
      isolationLevel[isolation],
      0,
      -1,
      topicsFor(version),
      [],
      '',
    ]),
  )
  if (!isKnown(response)) return response
  const { errorCode } = response.value
  return errorCode === undefined || errorCode === 0
    ? response
    : unknownOfCode(errorCode, `${leaders.cluster}: Fetch from broker ${leader}`)
}

type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]

function answerTo({ topic, partition }: FetchRequest, response: FetchResponse): PartitionAnswer | undefined {
  return response.responses
    .find(({ topicId }) => topicId === topic.id || topicId === topic.name)
    ?.partitions.find(p => p.partitionIndex === partition)
}

function fetchedPartition(
  answer: PartitionAnswer,
  { topic, partition, offset }: FetchRequest,
  isolation: Isolation,
  cluster: string,
): Fetched {
  if (answer.errorCode === offsetOutOfRange) return outOfRange
  if (answer.errorCode !== 0) {
    return unknownOfCode(answer.errorCode, `${cluster}: Fetch of ${topic.name}-${partition}`)
  }
  const batches = answer.records ?? []
  const last = batches.at(-1)
  const behindLast = last === undefined ? offset : lastOffsetOf(last) + 1n
  return known({
    records: dataRecords(batches, offset, isolation, answer.abortedTransactions ?? []),
    nextOffset: behindLast > offset ? behindLast : offset,
    endOffset: isolation === 'read_committed' ? answer.lastStableOffset : answer.highWatermark,
    logStartOffset: answer.logStartOffset ?? -1n,
    bytes: batches.reduce((sum, batch) => sum + batch.length, 0),
    offsets: batches.reduce((sum, batch) => sum + batch.lastOffsetDelta + 1, 0),
    highWatermark: answer.highWatermark,
    lastStableOffset: answer.lastStableOffset,
    markers: markersIn(batches, offset),
    logAppendTime: batches.some(isLogAppendTime),
  })
}
