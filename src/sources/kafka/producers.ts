import type { ActiveProducer } from '../../model/inspection.ts'
import { isKnown, known, type Reading } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'
import { unknownOfCode } from './errors.ts'
import type { Leaders, WantedPartition } from './leaders.ts'
import type { WantedPartitions } from './port.ts'
import type { DescribeProducersResponse } from './wire.ts'

type Producers = Reading<readonly ActiveProducer[]>

/** One DescribeProducers to every leader of the partitions given. */
export async function activeProducersFromLeaders(
  leaders: Leaders,
  wanted: readonly WantedPartitions[],
  deadline: Instant,
): Promise<ReadonlyMap<string, ReadonlyMap<number, Producers>>> {
  const answers = new Map<string, Map<number, Producers>>()
  const items: WantedPartition[] = []
  for (const { topic, partitions } of wanted) {
    answers.set(topic.name, new Map())
    for (const partition of topic.partitions) {
      if (partitions.has(partition.partition)) items.push({ topic: topic.name, partition })
    }
  }
  const settle = (topic: string, partition: number, reading: Producers): void => {
    answers.get(topic)?.set(partition, reading)
  }
  await leaders.forEach(items, settle, async (leader, group) => {
    const request = Array.from(
      Map.groupBy(group, item => item.topic),
      ([name, ofTopic]) => ({
        name,
        partitionIndexes: ofTopic.map(({ partition }) => partition.partition),
      }),
    )
    const response = await leaders.ask(leader, broker =>
      leaders.client.call('describeProducers', broker, deadline, () => [request]),
    )
    for (const { topic, partition } of group) {
      settle(
        topic,
        partition.partition,
        isKnown(response) ? leaders.unanswered(topic, partition.partition) : response,
      )
    }
    if (!isKnown(response)) return
    for (const { name, partitions } of response.value.topics) {
      for (const { partitionIndex, errorCode, activeProducers } of partitions) {
        settle(
          name,
          partitionIndex,
          errorCode === 0
            ? known(activeProducers.map(activeProducer))
            : unknownOfCode(errorCode, `${leaders.cluster}: producers of ${name}-${partitionIndex}`),
        )
      }
    }
  })
  return answers
}

type ProducerState =
  DescribeProducersResponse['topics'][number]['partitions'][number]['activeProducers'][number]

function activeProducer(producer: ProducerState): ActiveProducer {
  const { producerId, producerEpoch, lastTimestamp, currentTxnStartOffset } = producer
  return {
    producerId,
    producerEpoch,
    lastTimestampMs: Number(lastTimestamp),
    openTransactionFrom: currentTxnStartOffset < 0n ? undefined : currentTxnStartOffset,
  }
}
