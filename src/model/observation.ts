import type { Reading } from './reading.ts'
import type { ClockReading, Instant } from './time.ts'

export interface PartitionMetadata {
  readonly partition: number
  /** Undefined while the partition has no leader. */
  readonly leader: number | undefined
  /** -1 where the broker is too old to say. */
  readonly leaderEpoch: number
}

export interface TopicMetadata {
  readonly name: string
  /** Undefined where the broker is too old (before 2.8) to have topic ids. */
  readonly id: string | undefined
  readonly partitions: readonly PartitionMetadata[]
}

/** The topics of a cluster that the principal may see, by name; an entry is unknown when its own read failed. */
export type TopicListing = ReadonlyMap<string, Reading<TopicMetadata>>

/** An offset, and the leader epoch of the broker that said it (undefined where that is too old to say). */
export type OffsetReading = Reading<bigint> & { readonly leaderEpoch?: number }

/** One offset per partition, by partition number. */
export type PartitionOffsets = ReadonlyMap<number, OffsetReading>

/** Offsets by topic and partition at which a log was cut off since its end was last read. */
export type Cuts = ReadonlyMap<string, ReadonlyMap<number, bigint>>

/** What a poll read of one cluster for one flow. */
export interface SideObservation {
  /** The instant before this poll's Metadata request was sent (design rule 2). */
  readonly t0: Instant
  readonly topics: Reading<TopicListing>
  /** What asking by name said of topics that the listing does not show; `absent` is code 3: not there. */
  readonly asked: ReadonlyMap<string, Reading<TopicMetadata> | 'absent'>
  /** End offsets (ListOffsets latest, read_uncommitted) by topic. */
  readonly endOffsets: ReadonlyMap<string, PartitionOffsets>
  /** Logs that an election cut off since their ends were last read, also where they have grown past those ends again. */
  readonly cuts: Cuts
  /** When the end offsets were asked for. */
  readonly endOffsetsRequestedAt: Instant
}

/** An exact pair: the record at `source` offset is the record at `target` offset. */
export interface OffsetPair {
  readonly source: bigint
  readonly target: bigint
  /** When the engine wrote the pair, on the engine's clock, milliseconds since the epoch. */
  readonly writtenAtMs: number
}

/** What the engine skipped between two pairs: fewer target offsets than source offsets. */
export interface Gap {
  readonly after: OffsetPair
  readonly before: OffsetPair
}

/** What the engine said of one partition since the last poll, in the order it said it. */
export interface PartitionProgress {
  /** Durable restart positions as the offset of the last replicated record: the lowest and newest since the last poll. */
  readonly durable?: { readonly lowest: bigint; readonly highest: bigint; readonly newest: bigint }
  readonly pairs?: {
    /** By source offset; of those since the newest cut. */
    readonly lowest: OffsetPair
    readonly highest: bigint
    readonly newest: OffsetPair
    /** Neighbours between which source offsets were skipped, in order. */
    readonly gaps?: readonly Gap[]
    /** Neighbours of which the later one has the lower target offset: the target's log is another one since. */
    readonly cut?: Gap
  }
}

/** What the engine told about itself in this poll. */
export interface EngineObservation {
  /** Whether its durable positions are readable and have been read to their end. */
  readonly durable: Reading<true>
  /** The same for its offset pairs; 'none' where this engine or its configuration writes none. */
  readonly pairs: Reading<true> | 'none'
  readonly progress: ReadonlyMap<string, ReadonlyMap<number, PartitionProgress>>
  /** When the positions in `progress` had all been read. */
  readonly readAt: Instant
  /** Newest heartbeat that travelled this flow, milliseconds since the epoch, on the engine's clock. */
  readonly heartbeatAtMs: Reading<number | undefined>
  /** When the engine last changed the state of a replicating task, on the engine's clock; undefined: cannot tell. */
  readonly tasksChangedAtMs: number | undefined
}

/** How long the source keeps records: `retention.ms`, `retention.bytes` and `cleanup.policy`; undefined: for ever. */
export interface Retention {
  readonly timeMs: number | undefined
  readonly bytes: number | undefined
}

/** What one poll read of one flow: the input of `compare`. */
export interface FlowObservation {
  readonly at: Instant
  /** Both clocks at that instant. */
  readonly clock: ClockReading
  readonly source: SideObservation
  readonly target: SideObservation
  readonly engine: EngineObservation
  /** Log start offsets at the source, for the partitions for which the last comparison asked for them. */
  readonly logStarts: ReadonlyMap<string, PartitionOffsets>
}
