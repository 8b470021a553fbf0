import type {
  ClusterStatus,
  FlowAssessment,
  PartitionAssessment,
  Snapshot,
  TopicAssessment,
} from '../model/assessment.ts'
import type { Flow } from '../model/flow.ts'
import type { Unknown } from '../model/reading.ts'
import { type ClockReading, type Instant, wallMsOf } from '../model/time.ts'
import type { FlowSummaryView, FlowsView, FlowView, PartitionView, TopicView } from './schema.ts'
import { blindSpots, budgetSentence, lossSentence, topicSentence } from './words.ts'

/** GET /api/v1/flows: every flow in the order of the configuration, without its topics. */
export function flowsView(snapshot: Snapshot, clock: ClockReading): FlowsView {
  return {
    now: new Date(clock.wallMs).toISOString(),
    clusters: snapshot.clusters.map(cluster => clusterView(cluster, clock)),
    flows: snapshot.flows.map(({ flow, assessment }) =>
      assessment === undefined ? notPolled(flow) : summaryOf(assessment, clock),
    ),
  }
}

/** GET /api/v1/flows/{flow}: one flow with topics and partitions; undefined when there is none of this name. */
export function flowView(snapshot: Snapshot, name: string, clock: ClockReading): FlowView | undefined {
  const found = snapshot.flows.find(({ flow }) => flow.name === name)
  if (found === undefined) return undefined
  const { flow, assessment } = found
  if (assessment === undefined) return notPolled(flow)
  return { ...summaryOf(assessment, clock), topics: assessment.topics.map(topic => topicView(topic, clock)) }
}

function notPolled({ name, source, target }: Flow) {
  return { flow: name, source, target, status: 'not_polled' as const }
}

function summaryOf(assessment: FlowAssessment, clock: ClockReading): FlowSummaryView {
  const { flow, facts } = assessment
  return {
    flow: flow.name,
    source: flow.source,
    target: flow.target,
    replicator: flow.replicator.kind,
    tier: flow.tier ?? null,
    ...recoveryOf(assessment, clock),
    summary: lossSentence(assessment, clock),
    budget: budgetSentence(assessment, clock),
    blindSpots: [...blindSpots(assessment)],
    budgetSeconds: flow.rpo.budgetMs / 1000,
    provableExposureSeconds: assessment.provableExposureMs / 1000,
    deadline: timeOf(assessment.deadline, clock),
    retractedAt: timeOrNull(assessment.retractedAt, clock),
    observedAt: timeOrNull(facts.observedAt, clock),
    observedSince: timeOf(facts.firstAt, clock),
    heartbeatAt: facts.heartbeatAtMs === undefined ? null : new Date(facts.heartbeatAtMs).toISOString(),
    topicsByStatus: facts.scopeUnknown === undefined ? { ...assessment.topicsByStatus } : null,
    unprovenTopics: assessment.unprovenTopics,
    partitionsExpected: assessment.partitionsExpected,
    partitionsObserved: assessment.partitionsObserved,
    absentTopics: [...facts.absentTopics],
    engine: {
      positions: unknownView(facts.engineUnknown.durable),
      offsetSyncs: unknownView(facts.engineUnknown.pairs),
    },
  }
}

function topicView(topic: TopicAssessment, clock: ClockReading): TopicView {
  return {
    topic: topic.topic,
    targetTopic: topic.facts.targetTopic,
    ...recoveryOf(topic, clock),
    summary: topicSentence(topic, clock),
    lagRecords: decimal(topic.lag),
    estimatedLagRecords: decimal(topic.estimatedLag),
    budgetSeconds: topic.budgetMs / 1000,
    deadline: timeOf(topic.deadline, clock),
    offsetSyncFresh: topic.pairsFresh ?? null,
    partitions: topic.partitions.map(partition => partitionView(partition, clock)),
  }
}

function partitionView({ facts, status }: PartitionAssessment, clock: ClockReading): PartitionView {
  const { position, highWatermark } = facts
  const isDiscarded = position.discarded !== undefined
  const { pair } = position
  return {
    partition: facts.partition,
    ...recoveryOf({ ...facts, status }, clock),
    highWatermark: decimal(highWatermark?.highWatermark),
    highWatermarkAt: timeOrNull(highWatermark?.lastSeenAt, clock),
    replicatedPosition: isDiscarded ? null : decimal(position.proven),
    estimatedPosition: isDiscarded ? null : decimal(position.estimated),
    lagRecords: decimal(facts.lag),
    basis: {
      committedOffset: decimal(position.durable),
      offsetSync:
        pair === undefined
          ? null
          : {
              source: pair.source.toString(),
              target: pair.target.toString(),
              writtenAt: new Date(pair.writtenAtMs).toISOString(),
            },
    },
  }
}

interface Recovery extends Pick<FlowAssessment, 'status'> {
  readonly unknown: Unknown | undefined
  readonly recoveryPoint: Instant | undefined
  readonly estimatedRecoveryPoint: Instant | undefined
}

function recoveryOf(
  { status, unknown, recoveryPoint, estimatedRecoveryPoint }: Recovery,
  clock: ClockReading,
) {
  return {
    status,
    unknown: unknownView(unknown),
    recoveryPoint: timeOrNull(recoveryPoint, clock),
    exposureSeconds: secondsSince(recoveryPoint, clock),
    estimatedRecoveryPoint: timeOrNull(estimatedRecoveryPoint, clock),
    estimatedExposureSeconds: secondsSince(estimatedRecoveryPoint, clock),
  }
}

function clusterView({ name, up, unknown, answeredAt }: ClusterStatus, clock: ClockReading) {
  return { cluster: name, up, unknown: unknownView(unknown), answeredAt: timeOrNull(answeredAt, clock) }
}

function unknownView(unknown: Unknown | undefined): { reason: string; detail: string } | null {
  return unknown === undefined ? null : { reason: unknown.reason, detail: unknown.detail }
}

function timeOf(instant: Instant, clock: ClockReading): string {
  return new Date(wallMsOf(instant, clock)).toISOString()
}

function timeOrNull(instant: Instant | undefined, clock: ClockReading): string | null {
  return instant === undefined ? null : timeOf(instant, clock)
}

function secondsSince(instant: Instant | undefined, clock: ClockReading): number | null {
  return instant === undefined ? null : Math.round(clock.now - instant) / 1000
}

function decimal(value: bigint | undefined): string | null {
  return value === undefined ? null : value.toString()
}
