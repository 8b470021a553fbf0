import type { PartitionOffsets, TopicMetadata } from '../model/observation.ts'
import { isKnown, type Reading, unknownOf } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import type {
  ActiveProducer,
  FetchedPartition,
  FetchRequest,
  Isolation,
  KafkaCluster,
  Listing,
  outOfRange,
  WantedEpochs,
  WantedPartitions,
} from '../sources/kafka/port.ts'
import { type Attributes, describeSpan, failSpan, inSpan, type Span } from '../telemetry/tracing.ts'

type ByPartition<T> = ReadonlyMap<string, ReadonlyMap<number, Reading<T>>>

/** The same cluster, each read of which is a span with what was asked for and what is unknown. */
export class TracedCluster implements KafkaCluster {
  readonly name: string
  readonly #cluster: KafkaCluster

  constructor(cluster: KafkaCluster) {
    this.name = cluster.name
    this.#cluster = cluster
  }

  listTopics(deadline: Instant): Promise<Listing> {
    return this.#read('listTopics', {}, async span => {
      const listing = await this.#cluster.listTopics(deadline)
      const unknown = unknownOf(listing.topics)
      if (unknown !== undefined) failSpan(span, unknown)
      if (isKnown(listing.topics)) described(span, [...listing.topics.value.values()], 'topics')
      return listing
    })
  }

  askTopics(
    names: readonly string[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, Reading<TopicMetadata> | 'absent'>> {
    return this.#read('askTopics', {}, async span => {
      const answers = await this.#cluster.askTopics(names, deadline)
      described(
        span,
        [...answers.values()].filter(answer => answer !== 'absent'),
        'topics',
        names.length,
      )
      return answers
    })
  }

  listOffsets(
    topics: readonly TopicMetadata[],
    which: 'latest' | 'earliest',
    deadline: Instant,
    partitions?: (topic: string) => ReadonlySet<number>,
  ): Promise<ReadonlyMap<string, PartitionOffsets>> {
    return this.#byPartition('listOffsets', { 'tidemark.which': which }, () =>
      this.#cluster.listOffsets(topics, which, deadline, partitions),
    )
  }

  epochEnds(wanted: readonly WantedEpochs[], deadline: Instant): Promise<ByPartition<bigint | 'none'>> {
    return this.#byPartition('epochEnds', {}, () => this.#cluster.epochEnds(wanted, deadline))
  }

  offsetsForTimes(
    wanted: readonly (WantedPartitions & { readonly atMs: number })[],
    deadline: Instant,
  ): Promise<ByPartition<bigint | 'none'>> {
    return this.#byPartition('offsetsForTimes', {}, () => this.#cluster.offsetsForTimes(wanted, deadline))
  }

  topicConfigs(
    topics: readonly string[],
    names: readonly string[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, Reading<ReadonlyMap<string, string | null>>>> {
    return this.#read('topicConfigs', {}, async span => {
      const answers = await this.#cluster.topicConfigs(topics, names, deadline)
      described(span, [...answers.values()], 'topics')
      return answers
    })
  }

  activeProducers(
    wanted: readonly WantedPartitions[],
    deadline: Instant,
  ): Promise<ByPartition<readonly ActiveProducer[]>> {
    return this.#byPartition('activeProducers', {}, () => this.#cluster.activeProducers(wanted, deadline))
  }

  fetch(
    requests: readonly FetchRequest[],
    isolation: Isolation,
    maxBytes: number,
    deadline: Instant,
  ): Promise<readonly (Reading<FetchedPartition> | typeof outOfRange)[]> {
    return this.#read('fetch', {}, async span => {
      const answers = await this.#cluster.fetch(requests, isolation, maxBytes, deadline)
      const readings = answers.filter(answer => typeof answer !== 'string')
      described(span, readings, 'partitions', requests.length)
      describeSpan(span, () => {
        const fetched = readings.filter(isKnown).map(({ value }) => value)
        return {
          'tidemark.bytes': sum(fetched.map(({ bytes }) => bytes)),
          'tidemark.records': sum(fetched.map(({ records }) => records.length)),
        }
      })
      return answers
    })
  }

  close(): Promise<void> {
    return this.#cluster.close()
  }

  #byPartition<Answer extends ByPartition<unknown>>(
    name: string,
    attributes: Attributes,
    read: () => Promise<Answer>,
  ): Promise<Answer> {
    return this.#read(name, attributes, async span => {
      const answers = await read()
      if (span.isRecording()) {
        const readings = [...answers.values()].flatMap(partitions => [...partitions.values()])
        described(span, readings, 'partitions')
      }
      return answers
    })
  }

  #read<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>): Promise<T> {
    const all = () => ({ 'tidemark.kafka_cluster': this.name, ...attributes })
    return inSpan(name, { client: true, attributes: all }, work)
  }
}

/** How many items were read and how many of them are unknown; failed when all of them are. */
function described(
  span: Span,
  readings: readonly Reading<unknown>[],
  what: 'topics' | 'partitions',
  asked = readings.length,
): void {
  const unknowns = readings.flatMap(reading => unknownOf(reading) ?? [])
  describeSpan(span, () => ({ [`tidemark.${what}`]: asked, 'tidemark.unknowns': unknowns.length }))
  const [first] = unknowns
  if (first !== undefined && unknowns.length === readings.length) failSpan(span, first)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
