import type { IsolationLevel } from './flow.ts'
import type { Gap, OffsetPair } from './observation.ts'
import type { Unknown } from './reading.ts'
import type { Instant } from './time.ts'

/** When a high watermark was first and last seen; a history ascends in all three. */
export interface WatermarkSample {
  readonly highWatermark: bigint
  readonly firstSeenAt: Instant
  readonly lastSeenAt: Instant
  /** Undefined where the target's end was not known. */
  readonly copies: CopyBound | undefined
}

/**
 * Where on the target the copies of what came later lie. The target's end was read before the high watermark beside
 * it: records from that high watermark on did not exist yet, so all their copies lie at `target` or behind. What lies
 * there is a copy of source offset `source` or of a later one: a replicator resumes behind its durable position.
 */
export interface CopyBound {
  readonly target: bigint
  readonly source: bigint
}

/** Positions of a former identity, which count no longer until the engine shows that it began anew. */
export interface Discarded {
  readonly reason: 'recreated' | 'diverged'
  readonly detail: string
  readonly at: Instant
  /** Whether comparing the copy with its original can show where the copy of the new identity begins. */
  readonly adoptable: boolean
  /** Where the source's log began then, as far as that was read: what it deletes since was not copied again. */
  readonly logStart: bigint | undefined
  /** Where the engine would have resumed behind, then. */
  readonly durable: bigint | undefined
  /** The position as it was; where the target was cut off, no further than its copies can reach. */
  readonly proven: bigint
  /** All that the engine had said before has been read: what it says from now on is of the new identity. */
  readonly settled: boolean
  /** The lowest source offset of a pair since. */
  readonly lowestSince: bigint | undefined
  /** The newest pair since, which counts only once content has shown that it is of the new identity. */
  readonly since: OffsetPair | undefined
  /** Where the source's log was cut off: the engine goes back that far, if it does. */
  readonly sourceCut: bigint | undefined
  /** The newest pair before: an engine that writes pairs is believed no durable position alone. */
  readonly lastPair: OffsetPair | undefined
  /** The pair at which it seems to have begun anew, until the target is seen to hold it. */
  readonly wentBack: OffsetPair | undefined
  /**
   * Where the target's log ended before the source's was recreated: no copy of the new one lies below. Undefined where
   * that is not known.
   */
  readonly copiesFrom: bigint | undefined
  /** The engine began anew once it commits a replicated offset at or below this one. */
  readonly beganAnewAtOrBelow: bigint
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
  /** What `proven` rests on: the engine's commits, or records that were read. */
  readonly basis: 'commits' | 'content'
}

/** What reading the source behind the proven position found. */
export interface Tail {
  /** The proven position that it was read from, the one that followed, and the first offset that was not read. */
  readonly readFrom: bigint
  readonly from: bigint
  readonly readTo: bigint
  readonly isolationLevel: IsolationLevel
  /** Data records in [from, readTo). */
  readonly records: number
  /** Data records in [readFrom, from): they have their copies. */
  readonly copied: number
  readonly markers: number
  readonly firstRecord: { readonly offset: bigint; readonly timestampMs: number } | undefined
  /** Those of `records` that are certainly not on the target; undefined where that cannot be told. */
  readonly missing: number | undefined
  /** Records among the newest of the target that are no copy of what the source has: of a foreign writer, or expired since. */
  readonly unexplained: number | undefined
  /** The target's end when the high watermark was read; copies were looked for at least that far. */
  readonly targetEnd: bigint | undefined
  readonly lastStableOffset: bigint
  readonly readAt: Instant
}

/** Offsets [from, to) of the source that the engine will not copy any more. */
export interface LostRange {
  readonly from: bigint
  readonly to: bigint
  /** `expired`: deleted before it was copied; `truncated`: the source's log fell; `skipped`: stepped over. */
  readonly cause: 'expired' | 'recreated' | 'truncated' | 'skipped'
  /** Whether its records are certainly not on the target; else it is only not excluded. */
  readonly certain: boolean
  readonly foundAt: Instant
  /** It becomes certain once the engine's durable position lies behind it: a restart would copy it until then. */
  readonly awaitsCommit?: boolean
  /** Its offsets are those of a log that has been replaced since, or the engine went back and copied them again. */
  readonly former: boolean
}

export interface Losses {
  /** In the order they were found; the oldest are dropped when there are many. */
  readonly ranges: readonly LostRange[]
  /** Offsets in certain ranges, and in the others, since this process started; they only grow. */
  readonly lost: bigint
  readonly possiblyLost: bigint
}

/** A record of the target that stands where another one should. */
export interface Mismatch {
  readonly source: bigint
  readonly target: bigint
  readonly foundAt: Instant
}

export type AuditOutcome = 'proven' | 'contradicted' | 'inconclusive' | 'unreadable'

/** What comparing the copy with its original found, stretch by stretch, downwards from an exact pair. */
export interface Audit {
  readonly outcome: AuditOutcome
  /** One line for people. */
  readonly detail: string
  readonly at: Instant
  /** Below these offsets the next stretch is compared; undefined: begin at the newest pair. */
  readonly next: { readonly source: bigint; readonly target: bigint } | undefined
  /** Where on the target the search for the next copy began, while it goes on: records sent again lie between. */
  readonly searchedFrom: bigint | undefined
  /** The pair where this lap began, once its records were seen to be the same; told for discarded positions only. */
  readonly lapTop: { readonly source: bigint; readonly target: bigint } | undefined
  /** Something has matched since the newest pair. */
  readonly lapMatched: boolean
  /** The lowest source record in this lap whose copy cannot be that of another one; told for discarded positions only. */
  readonly uniqueDownTo: bigint | undefined
  /** The highest source record in this lap that has no copy in its place; told for discarded positions only. */
  readonly brokenAt: bigint | undefined
  readonly mismatches: readonly Mismatch[]
  readonly lapStartedAt: Instant
  /** When a whole lap down to a log start was last completed. */
  readonly completedAt: Instant | undefined
  readonly bytesPerOffset: number
}

/** An open transaction that the engine's reads wait for. */
export interface OpenTransaction {
  readonly lastStableOffset: bigint
  /** Undefined where DescribeProducers is not allowed or not supported. */
  readonly producerId: bigint | undefined
  /** When it last wrote, on its own clock. */
  readonly wroteAtMs: number | undefined
  readonly detail: string
}

/** A gap that was not looked at yet, and the position that was proven before it was seen. */
export interface OpenGap extends Gap {
  readonly proven: bigint
  readonly since: Instant
}

/** What is known from records; a partition that was never looked at has none of it. */
export interface Content {
  readonly tail: Tail | undefined
  readonly audit: Audit | undefined
  readonly losses: Losses | undefined
  /** Not yet looked at, in order. */
  readonly gaps: readonly OpenGap[]
  /** Offsets without records have been seen in it, so that offsets do not count records. */
  readonly hasPhantoms: boolean
  readonly openTransaction: OpenTransaction | undefined
  /** Why records could not be read. */
  readonly unreadable: Unknown | undefined
}

export interface PartitionComparison {
  readonly partition: number
  /** The newest high watermark that was seen, and the t0 of the poll that saw it. */
  readonly highWatermark: WatermarkSample | undefined
  readonly position: Position
  /** What of the position counts: not yet what a pair says beyond the target's end as it was read before. */
  readonly counted: bigint
  readonly history: readonly WatermarkSample[]
  /** The target's end as of this poll; undefined while unknown or absent. */
  readonly targetEnd: bigint | undefined
  /** Below it the source has deleted everything; as of the last poll that asked for it. */
  readonly logStart: bigint | undefined
  readonly content: Content | undefined
  /** Set where the engine's positions as a whole cannot be told. */
  readonly engineUnknown: Unknown | undefined
  /** What the estimate rests on. */
  readonly estimateBasis: 'history' | 'record_timestamp' | 'budget_probe' | undefined
  /** When the source's retention starts to delete what is not on the target; undefined: nothing is missing, or it cannot be told. */
  readonly retentionDeadline: Instant | undefined
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

/** What is known of clocks that disagree. No proof rests on them; estimates and shown times do. */
export interface Clocks {
  /** Wall time minus monotonic time of this process, in milliseconds. */
  readonly offsetMs: number
  /** The last time this process's wall clock was set while it ran. */
  readonly jump: { readonly byMs: number; readonly at: Instant } | undefined
  /** How far the replicator's clock is ahead of ours (negative: behind, or its heartbeats are late); undefined: it agrees, or nobody can tell. */
  readonly engineAheadMs: number | undefined
}

/** Both sides of a flow held against each other: facts with their instants, no judgement. Also the state that the next comparison starts from. */
/** What a later topic of the same name has to know of a partition that is not in scope. */
export interface Remembered {
  readonly position: Position
  /** What was lost of a topic that is gone, all that was not copied included. */
  readonly losses: Losses | undefined
}

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
  /** What is known of partitions that are not in scope (yet, or any longer), by topic. */
  readonly outOfScope: ReadonlyMap<string, ReadonlyMap<number, Remembered>>
  /** Since when the scope has been empty or never listed; undefined while there is one. */
  readonly scopeUnknownSince: Instant | undefined
  readonly scopeUnknown: Unknown | undefined
  /** Literal names in the filter that the source says do not exist. */
  readonly absentTopics: readonly string[]
  readonly engineUnknown: { readonly durable: Unknown | undefined; readonly pairs: Unknown | undefined }
  /** Looks at records since this process started, by outcome. */
  readonly audits: Readonly<Record<AuditOutcome, number>>
  /** Where the rotation over all partitions goes on. */
  readonly rotation: number
  readonly clocks: Clocks
  readonly heartbeatAtMs: number | undefined
  readonly heartbeatUnknown: Unknown | undefined
}
