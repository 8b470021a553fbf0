import {
  type FlowAssessment,
  type PartitionAssessment,
  type Snapshot,
  statuses,
  type TopicAssessment,
} from '../model/assessment.ts'
import { type Flow, stateAt } from '../model/flow.ts'
import { type Instant, wallMsOf } from '../model/time.ts'

/** One sample's labels (values in the order of the family's label names) and its value. */
export type Sample = readonly [labels: readonly string[], value: number | bigint]

/** What a family is about, which decides how often it appears. */
export type Subject = 'cluster' | 'flow' | 'topic' | 'partition'

/** One record of the catalog: everything that docs, dashboards and alerts need to know of a metric. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** A gauge unless told. */
  readonly type?: 'counter'
  readonly subject: Subject
  readonly samples: (snapshot: Snapshot) => Iterable<Sample>
}

/** The unit of a metric, which its name ends with: the base units of Prometheus' naming conventions. */
export function unitOf(name: string): 'seconds' | 'records' | 'ratio' | undefined {
  return (['seconds', 'records', 'ratio'] as const).find(unit => name.endsWith(`_${unit}`))
}

/** A metric of the exporter itself; its values live in a registry and not in the snapshot. */
export interface SelfMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

const flowLabels = ['flow'] as const
const topicLabels = ['flow', 'topic'] as const
const partitionLabels = ['flow', 'topic', 'partition'] as const

/** Undefined is no sample: a value that is not known is left out, never 0. */
type Value = number | bigint | undefined

function ofFlow(
  name: string,
  help: string,
  value: (flow: FlowAssessment, snapshot: Snapshot) => Value,
): Family {
  return {
    name: `kafka_replication_flow_${name}`,
    help,
    labels: flowLabels,
    subject: 'flow',
    *samples(snapshot) {
      for (const assessment of assessed(snapshot)) {
        const found = value(assessment, snapshot)
        if (found !== undefined) yield [[assessment.flow.name], found]
      }
    },
  }
}

/** From the configuration alone: there before the first poll. */
function configured(name: string, help: string, value: (flow: Flow, snapshot: Snapshot) => number): Family {
  return {
    name: `kafka_replication_flow_${name}`,
    help,
    labels: flowLabels,
    subject: 'flow',
    *samples(snapshot) {
      for (const { flow } of snapshot.flows) yield [[flow.name], value(flow, snapshot)]
    },
  }
}

function ofTopic(
  name: string,
  help: string,
  value: (topic: TopicAssessment, snapshot: Snapshot) => Value,
): Family {
  return {
    name: `kafka_replication_topic_${name}`,
    help,
    labels: topicLabels,
    subject: 'topic',
    *samples(snapshot) {
      for (const { flow, topics } of assessed(snapshot)) {
        for (const topic of topics) {
          const found = value(topic, snapshot)
          if (found !== undefined) yield [[flow.name, topic.topic], found]
        }
      }
    },
  }
}

function ofPartition(
  name: string,
  help: string,
  value: (partition: PartitionAssessment, snapshot: Snapshot) => Value,
): Family {
  return {
    name: `kafka_replication_partition_${name}`,
    help,
    labels: partitionLabels,
    subject: 'partition',
    *samples(snapshot) {
      for (const { flow, topics } of assessed(snapshot)) {
        for (const { topic, partitions } of topics) {
          for (const partition of partitions) {
            const found = value(partition, snapshot)
            if (found !== undefined) yield [[flow.name, topic, String(partition.facts.partition)], found]
          }
        }
      }
    },
  }
}

function* assessed(snapshot: Snapshot): Generator<FlowAssessment> {
  for (const { assessment } of snapshot.flows) if (assessment !== undefined) yield assessment
}

/** Unix seconds of an instant, cut off to the millisecond: a point or deadline is never shown later than it is. */
function seconds(instant: Instant | undefined, { clock }: Snapshot): number | undefined {
  return instant === undefined ? undefined : Math.floor(wallMsOf(instant, clock)) / 1000
}

function fromMs(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}

/**
 * The proven position of a partition; undefined after its positions were discarded, and while the engine's word is
 * missing, where the model's 0 only means that nothing was read.
 */
export function provenPosition({ facts }: Pick<PartitionAssessment, 'facts'>): bigint | undefined {
  const { position, unknown } = facts
  if (position.discarded !== undefined) return undefined
  return unknown !== undefined && position.proven === 0n ? undefined : position.proven
}

/** Every metric about replication, in the order of the page. */
export const catalog = {
  flowInfo: {
    name: 'kafka_replication_flow_info',
    help: 'Always 1: what the flow is.',
    labels: ['flow', 'source_cluster', 'target_cluster', 'replicator', 'policy', 'tier'],
    subject: 'flow',
    *samples({ flows }) {
      for (const { flow } of flows) {
        const { name, source, target, replicator, tier } = flow
        yield [[name, source, target, replicator.kind, replicator.policy, tier ?? ''], 1]
      }
    },
  },
  flowState: {
    name: 'kafka_replication_flow_state',
    help: '1 for the state that holds: active, maintenance or failed_over. Only an active flow is expected to keep its budget.',
    labels: ['flow', 'state'],
    subject: 'flow',
    *samples({ flows, clock }) {
      for (const { flow } of flows) yield [[flow.name, stateAt(flow, clock.wallMs).kind], 1]
    },
  },
  maintenanceUntil: configured(
    'maintenance_until_timestamp_seconds',
    'When the maintenance of the flow ends; 0 when it is in none.',
    (flow, { clock }) => {
      const state = stateAt(flow, clock.wallMs)
      return state.kind === 'maintenance' ? state.untilMs / 1000 : 0
    },
  ),
  clusterUp: {
    name: 'kafka_replication_cluster_up',
    help: '1 if the cluster answered in the last poll, else 0; 0 before the first poll.',
    labels: ['kafka_cluster'],
    subject: 'cluster',
    *samples({ clusters }) {
      for (const { name, up } of clusters) yield [[name], up ? 1 : 0]
    },
  },
  observationTimestamp: ofFlow(
    'observation_timestamp_seconds',
    'When the last poll began in which both clusters answered.',
    ({ facts }, snapshot) => seconds(facts.observedAt, snapshot),
  ),
  observedSince: ofFlow(
    'observed_since_timestamp_seconds',
    'Since when this process has a history of the flow.',
    ({ facts }, snapshot) => seconds(facts.firstAt, snapshot),
  ),
  recoveryPoint: ofFlow(
    'recovery_point_timestamp_seconds',
    'Proven: every record in scope that the source had accepted by then is on the target. The worst topic; absent when a topic has none.',
    ({ recoveryPoint }, snapshot) => seconds(recoveryPoint, snapshot),
  ),
  knownRecoveryPoint: ofFlow(
    'known_recovery_point_timestamp_seconds',
    'The worst proven recovery point of the topics that have one.',
    ({ knownRecoveryPoint }, snapshot) => seconds(knownRecoveryPoint, snapshot),
  ),
  estimatedRecoveryPoint: ofFlow(
    'estimated_recovery_point_timestamp_seconds',
    'The best estimate of the recovery point, for people. Never alert on its being new.',
    ({ estimatedRecoveryPoint }, snapshot) => seconds(estimatedRecoveryPoint, snapshot),
  ),
  recoveryPointRetracted: ofFlow(
    'recovery_point_retracted_timestamp_seconds',
    'When the proven recovery point last moved back or was withdrawn; absent when it never did.',
    ({ retractedAt }, snapshot) => seconds(retractedAt, snapshot),
  ),
  rpoDeadline: ofFlow(
    'rpo_deadline_timestamp_seconds',
    'The instant after which the RPO budget is no longer shown to be kept. Page when time() is past it.',
    ({ deadline }, snapshot) => seconds(deadline, snapshot),
  ),
  rpoDeadlineBudget: ofFlow(
    'rpo_deadline_budget_seconds',
    'The RPO budget that ends at the deadline: that of the topic whose deadline comes first. What is left until then, of this, is unused.',
    ({ topics: [first], flow }) => fromMs(first?.budgetMs ?? flow.rpo.budgetMs),
  ),
  unprovenTopics: ofFlow(
    'unproven_topics',
    'Topics in scope without a proven recovery point.',
    ({ unprovenTopics, facts }) => (facts.scopeUnknown === undefined ? unprovenTopics : undefined),
  ),
  unknownTopics: {
    name: 'kafka_replication_flow_unknown_topics',
    help: 'Topics that are unknown, by reason. 1 with the reason of the whole flow while its scope is empty or could never be listed.',
    labels: ['flow', 'reason'],
    subject: 'flow',
    *samples(snapshot) {
      for (const { flow, facts, unknownTopicsByReason } of assessed(snapshot)) {
        if (facts.scopeUnknown !== undefined) yield [[flow.name, facts.scopeUnknown.reason], 1]
        for (const [reason, count] of unknownTopicsByReason) yield [[flow.name, reason], count]
      }
    },
  },
  flowLost: {
    ...ofFlow(
      'lost_records_total',
      'Source offsets of any topic that will never be on the target. Since Tidemark started.',
      ({ lost }) => lost,
    ),
    type: 'counter',
  },
  flowPossiblyLost: {
    ...ofFlow(
      'possibly_lost_records_total',
      'Source offsets of any topic of which it is not excluded that they are lost, since Tidemark started.',
      ({ possiblyLost }) => possiblyLost,
    ),
    type: 'counter',
  },
  flowMismatched: ofFlow(
    'mismatched_records',
    'Records of the target, in any topic, that are not the copy of the source record whose place they have.',
    ({ mismatches }) => mismatches,
  ),
  flowRetentionDeadline: ofFlow(
    'retention_deadline_timestamp_seconds',
    "When the source's retention first starts to delete records of any topic that are not on the target; absent while nothing waits for long or that cannot be told.",
    ({ retentionDeadline }, snapshot) => seconds(retentionDeadline, snapshot),
  ),
  flowStaleOffsetSyncs: ofFlow(
    'stale_offset_sync_topics',
    'Topics whose newest offset sync no longer translates what was produced: groups would read more again after a failover.',
    ({ topicsWithStaleSyncs }) => topicsWithStaleSyncs,
  ),
  provableExposure: ofFlow(
    'provable_exposure_seconds',
    "The smallest exposure that can be proven with this replicator's flush interval and this schedule; a smaller budget cannot be shown to be kept.",
    ({ provableExposureMs }) => fromMs(provableExposureMs),
  ),
  flowStatus: {
    name: 'kafka_replication_flow_status',
    help: "1 for the status that holds: the worst of the flow's topics, unknown while its scope is.",
    labels: ['flow', 'status'],
    subject: 'flow',
    *samples(snapshot) {
      for (const { flow, status } of assessed(snapshot)) yield [[flow.name, status], 1]
    },
  },
  flowTopics: {
    name: 'kafka_replication_flow_topics',
    help: 'Topics in scope by status; absent while the scope is unknown.',
    labels: ['flow', 'status'],
    subject: 'flow',
    *samples(snapshot) {
      for (const { flow, facts, topicsByStatus } of assessed(snapshot)) {
        if (facts.scopeUnknown !== undefined) continue
        for (const status of statuses) yield [[flow.name, status], topicsByStatus[status]]
      }
    },
  },
  flowPartitions: ofFlow('partitions', 'Source partitions in scope.', ({ partitionsExpected, facts }) =>
    facts.scopeUnknown === undefined ? partitionsExpected : undefined,
  ),
  flowPartitionsObserved: ofFlow(
    'partitions_observed',
    'Source partitions in scope that the last poll could judge; compare with kafka_replication_flow_partitions.',
    ({ partitionsObserved, facts }) => (facts.scopeUnknown === undefined ? partitionsObserved : undefined),
  ),
  heartbeat: ofFlow(
    'heartbeat_timestamp_seconds',
    "The newest heartbeat that travelled this flow, by the replicator's clock.",
    ({ facts }) => fromMs(facts.heartbeatAtMs),
  ),
  flowRpoBudget: configured(
    'rpo_budget_seconds',
    'The RPO budget of the flow, from the configuration.',
    flow => flow.rpo.budgetMs / 1000,
  ),
  flowRpoObjective: configured(
    'rpo_objective_ratio',
    'The share of time in which the budget has to be kept.',
    flow => flow.rpo.objectiveRatio,
  ),
  flowRpoWindow: configured(
    'rpo_window_seconds',
    'The window over which the objective is counted.',
    flow => flow.rpo.windowMs / 1000,
  ),
  topicStatus: {
    name: 'kafka_replication_topic_status',
    help: '1 for the status that holds: covered, behind, stalled, pending or unknown. Only that series exists.',
    labels: ['flow', 'topic', 'status'],
    subject: 'topic',
    *samples(snapshot) {
      for (const { flow, topics } of assessed(snapshot)) {
        for (const { topic, status } of topics) yield [[flow.name, topic, status], 1]
      }
    },
  },
  topicRecoveryPoint: ofTopic(
    'recovery_point_timestamp_seconds',
    'Proven recovery point of the topic: its worst partition; absent when a partition has none.',
    ({ recoveryPoint }, snapshot) => seconds(recoveryPoint, snapshot),
  ),
  topicEstimatedRecoveryPoint: ofTopic(
    'estimated_recovery_point_timestamp_seconds',
    'Estimated recovery point of the topic, for people.',
    ({ estimatedRecoveryPoint }, snapshot) => seconds(estimatedRecoveryPoint, snapshot),
  ),
  topicLag: ofTopic(
    'lag_records',
    'Upper bound of the records that are not on the target, as of the last poll: high watermark minus proven position. Absent when a partition is unknown.',
    ({ lag }) => lag,
  ),
  topicEstimatedLag: ofTopic(
    'estimated_lag_records',
    'The same with the estimated position, for people.',
    ({ estimatedLag }) => estimatedLag,
  ),
  topicMissing: ofTopic(
    'missing_records',
    "Records of the source's tail that were read and are certainly not on the target; the lag is the upper bound. Absent where the tail was not read.",
    ({ missingRecords }) => missingRecords,
  ),
  topicLost: {
    ...ofTopic(
      'lost_records_total',
      'Source offsets that will never be on the target: deleted before they were copied, left behind by a recreation, or stepped over. Since Tidemark started.',
      ({ lost }) => lost,
    ),
    type: 'counter',
  },
  topicPossiblyLost: {
    ...ofTopic(
      'possibly_lost_records_total',
      'Source offsets of which it is not excluded that they are lost, since Tidemark started.',
      ({ possiblyLost }) => possiblyLost,
    ),
    type: 'counter',
  },
  topicMismatched: ofTopic(
    'mismatched_records',
    'Records of the target that are not the copy of the source record whose place they have.',
    ({ mismatches }) => mismatches,
  ),
  topicRetentionDeadline: ofTopic(
    'retention_deadline_timestamp_seconds',
    "When the source's retention starts to delete records that are not on the target; absent while nothing waits for long or that cannot be told.",
    ({ retentionDeadline }, snapshot) => seconds(retentionDeadline, snapshot),
  ),
  topicRpoBudget: ofTopic(
    'rpo_budget_seconds',
    'The RPO budget of the topic, from the configuration.',
    ({ budgetMs }) => budgetMs / 1000,
  ),
  topicOffsetSync: ofTopic(
    'offset_sync_timestamp_seconds',
    "When the newest offset sync of the topic was written, by the replicator's clock.",
    ({ pairAtMs }) => fromMs(pairAtMs),
  ),
  topicOffsetSyncFresh: ofTopic(
    'offset_sync_fresh',
    '1 while the newest offset sync still translates what was produced, 0 when not; absent where that cannot be judged.',
    ({ pairsFresh }) => (pairsFresh === undefined ? undefined : pairsFresh ? 1 : 0),
  ),
  positionAudits: {
    name: 'tidemark_position_audits_total',
    help: 'Looks at the records of a partition on both sides, by what they showed: copies in their places (proven), a record missing or another one in its place (contradicted), neither (inconclusive), nothing that could be read (unreadable).',
    labels: ['flow', 'outcome'],
    type: 'counter',
    subject: 'flow',
    *samples(snapshot) {
      for (const { flow, facts } of assessed(snapshot)) {
        for (const [outcome, count] of Object.entries(facts.audits)) yield [[flow.name, outcome], count]
      }
    },
  },
  flowPartitionsAudited: ofFlow(
    'partitions_audited',
    'Source partitions whose copies the newest look at their records proved; compare with kafka_replication_flow_partitions.',
    ({ partitionsAudited, facts }) => (facts.scopeUnknown === undefined ? partitionsAudited : undefined),
  ),
  flowAuditedSince: ofFlow(
    'audited_timestamp_seconds',
    'Every partition that holds records was looked at then or later; absent while one never was.',
    ({ auditedSince }, snapshot) => seconds(auditedSince, snapshot),
  ),
  partitionHighWatermark: ofPartition(
    'source_high_watermark',
    'High watermark of the source partition as of the last poll.',
    ({ facts }) => (facts.unknown === undefined ? facts.highWatermark?.highWatermark : undefined),
  ),
  partitionPosition: ofPartition(
    'replicated_position',
    'Proven: every source offset below it that was to be copied is on the target.',
    provenPosition,
  ),
  partitionLag: ofPartition(
    'lag_records',
    'Upper bound of the records that are not on the target.',
    ({ facts }) => facts.lag,
  ),
  partitionRecoveryPoint: ofPartition(
    'recovery_point_timestamp_seconds',
    'Proven recovery point of the partition.',
    ({ facts }, snapshot) => seconds(facts.recoveryPoint, snapshot),
  ),
} satisfies Record<string, Family>

/** Every metric about Tidemark itself; process_* and nodejs_* come from prom-client. */
export const selfCatalog = {
  clock: {
    name: 'tidemark_clock_timestamp_seconds',
    type: 'gauge',
    help: "This process's wall clock at the scrape; it should agree with the scraper's.",
    labels: [],
  },
  polls: {
    name: 'tidemark_polls_total',
    type: 'counter',
    help: 'Polls by outcome: every cluster answered (complete), some did (partial), none did (failed).',
    labels: ['outcome'],
  },
  pollInterval: {
    name: 'tidemark_poll_interval_seconds',
    type: 'gauge',
    help: 'The longest gap between two polls, by the schedule.',
    labels: [],
  },
  pollDuration: {
    name: 'tidemark_poll_duration_seconds',
    type: 'histogram',
    help: 'How long a poll took.',
    labels: [],
  },
  kafkaRequests: {
    name: 'tidemark_kafka_requests_total',
    type: 'counter',
    help: 'Requests sent to Kafka, handshakes included, by cluster and API.',
    labels: ['kafka_cluster', 'api'],
  },
  seriesOmitted: {
    name: 'tidemark_series_omitted',
    type: 'gauge',
    help: 'Series that the configuration left out of this page.',
    labels: [],
  },
  configReloadSuccessful: {
    name: 'tidemark_config_reload_successful',
    type: 'gauge',
    help: '1 while what runs is what the configuration file and the web configuration say, 0 since one of them was refused.',
    labels: [],
  },
  configReloadSuccess: {
    name: 'tidemark_config_reload_success_timestamp_seconds',
    type: 'gauge',
    help: 'When the configuration that runs was read: at the start, or when its file last changed and was accepted.',
    labels: [],
  },
  buildInfo: {
    name: 'tidemark_build_info',
    type: 'gauge',
    help: 'Always 1: which Tidemark this is.',
    labels: ['version', 'node_version'],
  },
} as const satisfies Record<string, SelfMetric>
