import type { IsolationLevel } from '../../model/flow.ts'
import type { ActiveProducer, LogRecord } from '../../model/inspection.ts'
import type { PartitionOffsets, TopicListing, TopicMetadata } from '../../model/observation.ts'
import type { Reading } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'

export type { ActiveProducer, LogRecord } from '../../model/inspection.ts'

export type Isolation = IsolationLevel

export interface Listing {
  /** The instant before the request was sent. */
  readonly t0: Instant
  readonly topics: Reading<TopicListing>
}

export interface FetchRequest {
  readonly topic: TopicMetadata
  readonly partition: number
  readonly offset: bigint
  /** Of this partition; the call's own limit bounds the whole. */
  readonly maxBytes?: number
}

export interface FetchedPartition {
  readonly records: readonly LogRecord[]
  /** Where to go on reading: behind the last offset of the last batch, records or not. */
  readonly nextOffset: bigint
  /** First offset that cannot be read (yet) at this isolation level. */
  readonly endOffset: bigint
  /** Records below were deleted. */
  readonly logStartOffset: bigint
  readonly bytes: number
  /** How many offsets the fetched batches span, also before the one that was asked for: `bytes` is their size. */
  readonly offsets: number
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  /** Offsets of commit and abort markers among what was read. */
  readonly markers: readonly bigint[]
  /** The broker stamped records itself (`message.timestamp.type=LogAppendTime`). */
  readonly logAppendTime: boolean
}

/** Some partitions of one topic. */
export interface WantedPartitions {
  readonly topic: TopicMetadata
  readonly partitions: ReadonlySet<number>
}

/** Leader epochs of partitions of one topic, by partition number. */
export interface WantedEpochs {
  readonly topic: TopicMetadata
  readonly epochs: ReadonlyMap<number, number>
}

/** Fetching from an offset that is no longer, or not yet, in the log. */
export const outOfRange = 'out_of_range'

/**
 * What Tidemark asks of a Kafka cluster, and all it can ask: reading, never more. Every item of an answer carries
 * its value or its reason for being unknown; a method never throws for what a cluster does wrong, and ends
 * by its deadline.
 */
export interface KafkaCluster {
  readonly name: string
  /** All topics that the principal may see. Never creates one. */
  listTopics(deadline: Instant): Promise<Listing>
  /** Topics by name, in one batch; 'absent' is code 3, which only a principal that may see the topic gets. */
  askTopics(
    names: readonly string[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, Reading<TopicMetadata> | 'absent'>>
  /** One offset for every partition of every topic given, batched by leader. */
  listOffsets(
    topics: readonly TopicMetadata[],
    which: 'latest' | 'earliest',
    deadline: Instant,
    partitions?: (topic: string) => ReadonlySet<number>,
  ): Promise<ReadonlyMap<string, PartitionOffsets>>
  /**
   * Where the records of a leader epoch end by what the present leader has; 'none' where it does not know. An end
   * below one that was read under that epoch is a log that was cut off (KIP-320).
   */
  epochEnds(
    wanted: readonly WantedEpochs[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>>
  /** First offset whose record is as young as `atMs` (milliseconds since the epoch); 'none' where all are older. */
  offsetsForTimes(
    wanted: readonly (WantedPartitions & { readonly atMs: number })[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>>
  /** Settings of topics by name; null where one has no value. */
  topicConfigs(
    topics: readonly string[],
    names: readonly string[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, Reading<ReadonlyMap<string, string | null>>>>
  /** The producers that have state in these partitions, among them those with an open transaction. */
  activeProducers(
    wanted: readonly WantedPartitions[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, Reading<readonly ActiveProducer[]>>>>
  /** Records from the offsets given, at most about `maxBytes` in all, by request index. */
  fetch(
    requests: readonly FetchRequest[],
    isolation: Isolation,
    maxBytes: number,
    deadline: Instant,
  ): Promise<readonly (Reading<FetchedPartition> | typeof outOfRange)[]>
  close(): Promise<void>
}
