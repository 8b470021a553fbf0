import type { OffsetPair } from './observation.ts'
import type { Unknown } from './reading.ts'
import type { Instant } from './time.ts'

/** When a high watermark was first and last seen; a history ascends in all three. */
export interface WatermarkSample {
  readonly highWatermark: bigint
  readonly firstSeenAt: Instant
  readonly lastSeenAt: Instant
}

/** Positions of a former identity, which count no longer until the engine shows that it began anew. */
export interface Discarded {
  readonly reason: 'recreated' | 'diverged'
  readonly detail: string
  readonly at: Instant
  /** The engine began anew once it commits a replicated offset at or below this one; undefined: any commit. */
  readonly beganAnewAtOrBelow: bigint | undefined
}

/** The engine's evidence for one partition under one identity. */
export interface Position {
  /** Proven: every source offset below it that was to be copied is on the target. 0 where nothing was committed. */
  readonly proven: bigint
  /** Best estimate, never below `proven`; for people, never for a verdict. */
  readonly estimated: bigint
  /** Newest durable restart position, as the offset of the last replicated record. */
  readonly durable: bigint | undefined
  readonly pair: OffsetPair | undefined
  /** A pair whose estimate contradicted the log: no estimate until a newer one. */
  readonly distrustedPair: OffsetPair | undefined
  readonly discarded: Discarded | undefined
}

export interface PartitionComparison {
  readonly partition: number
  /** The newest high watermark that was seen, and the t0 of the poll that saw it. */
  readonly highWatermark: WatermarkSample | undefined
  readonly position: Position
  readonly history: readonly WatermarkSample[]
  /** Why this poll cannot tell; the recovery point stays all the same. */
  readonly unknown: Unknown | undefined
  /** Newest t0 whose high watermark is at or below the position; undefined where there is none. */
  readonly recoveryPoint: Instant | undefined
  readonly estimatedRecoveryPoint: Instant | undefined
  /** Upper bound of the records that are not on the target, as of t0; undefined while unknown. */
  readonly lag: bigint | undefined
  readonly estimatedLag: bigint | undefined
  /** Since when something has been missing; undefined while nothing is. */
  readonly missingSince: Instant | undefined
  /** When the proven position last moved; undefined before it ever did. */
  readonly movedAt: Instant | undefined
  /** Since when this partition has been known without a gap; the stall clock starts no earlier. */
  readonly knownSince: Instant | undefined
  /** Whether the newest pair still translates what was produced; undefined where that cannot be judged. */
  readonly pairFresh: boolean | undefined
  /** The next poll should ask for the log start: an empty partition that the engine never touched is nothing to lose. */
  readonly logStartWanted: boolean
}

export interface TopicComparison {
  readonly topic: string
  readonly targetTopic: string
  readonly sourceId: string | undefined
  readonly targetId: string | undefined
  /** Ids that were replaced, newest last: a listing that shows one of them again is stale. */
  readonly retiredIds: readonly string[]
  /** Why nothing could be told of the whole topic in this poll. */
  readonly unknown: Unknown | undefined
  readonly partitions: readonly PartitionComparison[]
  /** First poll that had it in scope. */
  readonly firstSeenAt: Instant
  /** Set when it appeared between two complete listings: then it is new, and not merely new to this process. */
  readonly appearedAt: Instant | undefined
  /** The worst partition's; undefined as soon as one partition has none. */
  readonly recoveryPoint: Instant | undefined
  readonly estimatedRecoveryPoint: Instant | undefined
  /** Since when the topic has had no proven point; undefined while it has one. */
  readonly unprovenSince: Instant | undefined
}

/** Both sides of a flow held against each other: facts with their instants, no judgement. Also the state that the next comparison starts from. */
export interface FlowComparison {
  readonly at: Instant
  readonly firstAt: Instant
  /** t0 of the last poll in which both clusters answered. */
  readonly observedAt: Instant | undefined
  readonly source: { readonly t0: Instant; readonly unknown: Unknown | undefined }
  readonly target: { readonly t0: Instant; readonly unknown: Unknown | undefined }
  /** t0 of the last complete listing of the source, for topics that appear later. */
  readonly listedAt: Instant | undefined
  /** An answer "unauthorized" was seen: topics may have been hidden, so an appearing one may be old. */
  readonly topicsMayBeHidden: boolean
  /** Sorted by name. */
  readonly topics: ReadonlyMap<string, TopicComparison>
  /** Progress of partitions that are not in scope (yet), so that nothing that was read is lost. */
  readonly outOfScope: ReadonlyMap<string, ReadonlyMap<number, Position>>
  /** Since when the scope has been empty or never listed; undefined while there is one. */
  readonly scopeUnknownSince: Instant | undefined
  readonly scopeUnknown: Unknown | undefined
  /** Literal names in the filter that the source says do not exist. */
  readonly absentTopics: readonly string[]
  readonly engineUnknown: { readonly durable: Unknown | undefined; readonly pairs: Unknown | undefined }
  readonly heartbeatAtMs: number | undefined
  readonly heartbeatUnknown: Unknown | undefined
}
