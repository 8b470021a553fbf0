import type { FlowComparison, PartitionComparison, TopicComparison } from './comparison.ts'
import type { ConfigurationState } from './configuration.ts'
import type { ExposureHistory } from './exposures.ts'
import type { Flow } from './flow.ts'
import type { Unknown } from './reading.ts'
import type { ClockReading, Instant } from './time.ts'

/** Worst first: the precedence of docs/design.md. */
export const statuses = ['stalled', 'unknown', 'behind', 'pending', 'covered'] as const
export type Status = (typeof statuses)[number]

export interface PartitionAssessment {
  readonly facts: PartitionComparison
  readonly status: Status
}

export interface TopicAssessment {
  readonly topic: string
  readonly facts: TopicComparison
  readonly status: Status
  /** The reason that stands for the topic while its status is unknown, or that hides in it otherwise. */
  readonly unknown: Unknown | undefined
  readonly partitions: readonly PartitionAssessment[]
  readonly budgetMs: number
  readonly deadline: Instant
  readonly recoveryPoint: Instant | undefined
  readonly estimatedRecoveryPoint: Instant | undefined
  /** Sums over all partitions; undefined as soon as one of them is unknown. */
  readonly lag: bigint | undefined
  readonly estimatedLag: bigint | undefined
  /** Records that are certainly not on the target; undefined as soon as that cannot be told of one partition. */
  readonly missingRecords: number | undefined
  /** Offsets that will never be copied, and those of which it is not excluded, since this process started. */
  readonly lost: bigint
  readonly possiblyLost: bigint
  /** Records of the target that stand where another one should. */
  readonly mismatches: number
  /** When the source starts to delete what is not on the target: the first partition's. */
  readonly retentionDeadline: Instant | undefined
  /** Newest pair of any partition, milliseconds since the epoch. */
  readonly pairAtMs: number | undefined
  /** Every partition's newest pair still translates what was produced; undefined where that cannot be judged. */
  readonly pairsFresh: boolean | undefined
  readonly partitionsExpected: number
  readonly partitionsObserved: number
}

export type CountedLosses = Pick<TopicAssessment, 'lost' | 'possiblyLost'>

export interface FlowAssessment {
  readonly flow: Flow
  readonly facts: FlowComparison
  readonly status: Status
  readonly unknown: Unknown | undefined
  /** Worst first: by deadline. */
  readonly topics: readonly TopicAssessment[]
  readonly topicsByStatus: Readonly<Record<Status, number>>
  readonly unknownTopicsByReason: ReadonlyMap<string, number>
  readonly unprovenTopics: number
  /** What its topics lost, those included that are no longer in scope: only ever more, since this process started. */
  readonly lost: bigint
  readonly possiblyLost: bigint
  /** What of it was counted of each topic that has any, so that one that comes back is not counted again. */
  readonly countedLosses: ReadonlyMap<string, CountedLosses>
  /** Records of the target that stand where another one should, of all topics. */
  readonly mismatches: number
  /** The first of the topics'. */
  readonly retentionDeadline: Instant | undefined
  /** Topics whose newest offset syncs no longer translate what was produced. */
  readonly topicsWithStaleSyncs: number
  /** The worst topic's; undefined as soon as one topic has none. */
  readonly recoveryPoint: Instant | undefined
  /** The worst of the topics that have one. */
  readonly knownRecoveryPoint: Instant | undefined
  readonly estimatedRecoveryPoint: Instant | undefined
  /** When the recovery point last moved back. */
  readonly retractedAt: Instant | undefined
  readonly deadline: Instant
  /** The smallest exposure that can be proven with this flush interval and this schedule. */
  readonly provableExposureMs: number
  readonly partitionsExpected: number
  readonly partitionsObserved: number
  /** Partitions whose newest look at records proved their copies, of those that have any. */
  readonly partitionsAudited: number
  /** By when every partition that has records had been looked at since; undefined while one never was. */
  readonly auditedSince: Instant | undefined
}

/** What is known of one cluster after the last poll. */
export interface ClusterStatus {
  readonly name: string
  readonly up: boolean
  readonly unknown: Unknown | undefined
  /** When it last answered. */
  readonly answeredAt: Instant | undefined
}

export interface ShownFlow {
  readonly flow: Flow
  /** Undefined before the flow's first poll ended. */
  readonly assessment: FlowAssessment | undefined
  readonly exposures?: ExposureHistory | undefined
}

/** Everything that is shown: the one value that /metrics, the API and the page are made from. */
export interface Snapshot {
  readonly clock: ClockReading
  /** The longest gap between two polls, in milliseconds. */
  readonly pollMs: number
  readonly clusters: readonly ClusterStatus[]
  /** In the order of the configuration. */
  readonly flows: readonly ShownFlow[]
  /** Of the process that observes; undefined where there is none that could read its configuration again. */
  readonly configuration?: ConfigurationState | undefined
}
