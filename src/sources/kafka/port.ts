import type { PartitionOffsets, TopicListing, TopicMetadata } from '../../model/observation.ts'
import type { Reading } from '../../model/reading.ts'
import type { Instant } from '../../model/time.ts'

export type Isolation = 'read_uncommitted' | 'read_committed'

export interface Listing {
  /** The instant before the request was sent. */
  readonly t0: Instant
  readonly topics: Reading<TopicListing>
}

/** One record as it lies in a log: bytes and where and when they were written. */
export interface LogRecord {
  readonly offset: bigint
  /** Milliseconds since the epoch, by the clock of whoever produced it. */
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

export interface FetchRequest {
  readonly topic: TopicMetadata
  readonly partition: number
  readonly offset: bigint
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
  /** Records from the offsets given, at most about `maxBytes` in all, by request index. */
  fetch(
    requests: readonly FetchRequest[],
    isolation: Isolation,
    maxBytes: number,
    deadline: Instant,
  ): Promise<readonly (Reading<FetchedPartition> | typeof outOfRange)[]>
  close(): Promise<void>
}
