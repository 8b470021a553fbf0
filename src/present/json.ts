import { missingOf } from '../assess/assess.ts'
import { provenPosition } from '../metrics/catalog.ts'
import type {
  ClusterStatus,
  FlowAssessment,
  PartitionAssessment,
  Snapshot,
  TopicAssessment,
} from '../model/assessment.ts'
import type { Audit, OpenTransaction, Tail } from '../model/comparison.ts'
import { type Flow, stateAt } from '../model/flow.ts'
import type { Unknown } from '../model/reading.ts'
import { type ClockReading, type Instant, wallMsOf } from '../model/time.ts'
import type { FlowSummaryView, FlowsView, FlowView, PartitionView, TopicView } from './schema.ts'
import {
  blindSpots,
  budgetSentence,
  damages,
  lossSentence,
  tailSentence,
  topicSentence,
  totalLag,
} from './words.ts'

/** 9999-12-31T23:59:59.999Z: the last that RFC 3339 can write. */
const latestDateMs = 253_402_300_799_999

/** GET /api/v1/flows: every flow in the order of the configuration, without its topics. */
export function flowsView(snapshot: Snapshot, clock: ClockReading): FlowsView {
  return {
    now: new Date(clock.wallMs).toISOString(),
    clusters: snapshot.clusters.map(cluster => clusterView(cluster, clock)),
    flows: snapshot.flows.map(({ flow, assessment }) =>
      assessment === undefined ? notPolled(flow) : summaryOf(assessment, clock, snapshot.pollMs),
    ),
  }
}

/** GET /api/v1/flows/{flow}: one flow with topics and partitions; undefined when there is none of this name. */
export function flowView(snapshot: Snapshot, name: string, clock: ClockReading): FlowView | undefined {
  const found = snapshot.flows.find(({ flow }) => flow.name === name)
  if (found === undefined) return undefined
  const { flow, assessment } = found
  if (assessment === undefined) return notPolled(flow)
  return {
    ...summaryOf(assessment, clock, snapshot.pollMs),
    topics: assessment.topics.map(topic => topicView(topic, clock)),
  }
}

function notPolled({ name, source, target }: Flow) {
  return { flow: name, source, target, status: 'not_polled' as const }
}

function summaryOf(assessment: FlowAssessment, clock: ClockReading, pollMs: number): FlowSummaryView {
  const { flow, facts } = assessment
  // Counts of an unknown scope would all be 0, which is what "nothing is wrong" looks like.
  const hasScope = facts.scopeUnknown === undefined
  return {
    flow: flow.name,
    source: flow.source,
    target: flow.target,
    replicator: flow.replicator.kind,
    tier: flow.tier ?? null,
    state: stateView(flow, clock),
    ...recoveryOf(assessment, clock),
    summary: lossSentence(assessment, clock),
    budget: budgetSentence(assessment, clock),
    blindSpots: [...blindSpots(assessment, clock, pollMs)],
    knownRecoveryPoint: timeOrNull(assessment.knownRecoveryPoint, clock),
    knownExposureSeconds: secondsSince(assessment.knownRecoveryPoint, clock),
    lagRecords: hasScope ? decimal(totalLag(assessment.topics)) : null,
    budgetSeconds: flow.rpo.budgetMs / 1000,
    objectiveRatio: flow.rpo.objectiveRatio,
    windowSeconds: flow.rpo.windowMs / 1000,
    provableExposureSeconds: assessment.provableExposureMs / 1000,
    deadline: timeOf(assessment.deadline, clock),
    retractedAt: timeOrNull(assessment.retractedAt, clock),
    observedAt: timeOrNull(facts.observedAt, clock),
    observedSince: timeOf(facts.firstAt, clock),
    polledAt: timeOf(facts.at, clock),
    heartbeatAt: wallTimeOrNull(facts.heartbeatAtMs),
    topicsByStatus: hasScope ? { ...assessment.topicsByStatus } : null,
    unprovenTopics: hasScope ? assessment.unprovenTopics : null,
    partitionsExpected: hasScope ? assessment.partitionsExpected : null,
    partitionsObserved: hasScope ? assessment.partitionsObserved : null,
    audit: {
      ...facts.audits,
      partitionsAudited: assessment.partitionsAudited,
      auditedSince: timeOrNull(assessment.auditedSince, clock),
    },
    lostRecords: assessment.lost.toString(),
    possiblyLostRecords: assessment.possiblyLost.toString(),
    mismatchedRecords: assessment.mismatches,
    retentionDeadline: timeOrNull(assessment.retentionDeadline, clock),
    damages: [...damages(assessment)],
    absentTopics: [...facts.absentTopics],
    engine: {
      positions: unknownView(facts.engineUnknown.durable),
      offsetSyncs: unknownView(facts.engineUnknown.pairs),
      heartbeats: unknownView(facts.heartbeatUnknown),
    },
  }
}

function stateView(flow: Flow, clock: ClockReading): FlowSummaryView['state'] {
  const state = stateAt(flow, clock.wallMs)
  const isMaintained = state.kind === 'maintenance'
  return {
    kind: state.kind,
    until: isMaintained ? new Date(state.untilMs).toISOString() : null,
    reason: isMaintained ? state.reason : null,
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
    missingRecords: topic.missingRecords ?? null,
    lostRecords: topic.lost.toString(),
    possiblyLostRecords: topic.possiblyLost.toString(),
    mismatchedRecords: topic.mismatches,
    retentionDeadline: timeOrNull(topic.retentionDeadline, clock),
    budgetSeconds: topic.budgetMs / 1000,
    deadline: timeOf(topic.deadline, clock),
    offsetSyncFresh: topic.pairsFresh ?? null,
    partitions: topic.partitions.map(partition => partitionView(partition, clock)),
  }
}

function partitionView({ facts, status }: PartitionAssessment, clock: ClockReading): PartitionView {
  const { position, highWatermark } = facts
  const proven = provenPosition({ facts })
  const { pair } = position
  return {
    partition: facts.partition,
    ...recoveryOf({ ...facts, status }, clock),
    highWatermark: decimal(highWatermark?.highWatermark),
    highWatermarkAt: timeOrNull(highWatermark?.lastSeenAt, clock),
    replicatedPosition: decimal(proven),
    estimatedPosition: proven === undefined ? null : decimal(position.estimated),
    recoveryPointBasis:
      facts.recoveryPoint === undefined ? null : position.basis === 'content' ? 'content' : 'history',
    estimatedRecoveryPointBasis: facts.estimateBasis ?? null,
    lagRecords: decimal(facts.lag),
    missingRecords: missingOf(facts) ?? null,
    tail: tailView(facts.content?.tail, clock),
    cause: causeView(facts.content?.openTransaction, clock),
    lost:
      facts.content?.losses?.ranges.map(({ from, to, cause, certain, former, foundAt }) => ({
        from: from.toString(),
        to: to.toString(),
        cause,
        certain,
        former,
        foundAt: timeOf(foundAt, clock),
      })) ?? [],
    lostRecords: (facts.content?.losses?.lost ?? 0n).toString(),
    possiblyLostRecords: (facts.content?.losses?.possiblyLost ?? 0n).toString(),
    mismatches:
      facts.content?.audit?.mismatches.map(({ source, target, foundAt }) => ({
        source: source.toString(),
        target: target.toString(),
        foundAt: timeOf(foundAt, clock),
      })) ?? [],
    retentionDeadline: timeOrNull(facts.retentionDeadline, clock),
    audit: auditView(facts.content?.audit, clock),
    unreadable: unknownView(facts.content?.unreadable),
    basis: {
      committedOffset: decimal(position.durable),
      offsetSync:
        pair === undefined
          ? null
          : {
              source: pair.source.toString(),
              target: pair.target.toString(),
              writtenAt: wallTimeOrNull(pair.writtenAtMs),
            },
    },
  }
}

function tailView(tail: Tail | undefined, clock: ClockReading): PartitionView['tail'] {
  if (tail === undefined) return null
  return {
    from: tail.readFrom.toString(),
    to: tail.readTo.toString(),
    isolationLevel: tail.isolationLevel,
    records: tail.records,
    markers: tail.markers,
    unexplained: tail.unexplained ?? null,
    why: tailSentence(tail),
    readAt: timeOf(tail.readAt, clock),
  }
}

function causeView(transaction: OpenTransaction | undefined, clock: ClockReading): PartitionView['cause'] {
  if (transaction === undefined) return null
  const { lastStableOffset, producerId, wroteAtMs, detail } = transaction
  return {
    reason: 'open_transaction',
    lastStableOffset: lastStableOffset.toString(),
    producerId: producerId?.toString() ?? null,
    ageSeconds: wroteAtMs === undefined ? null : Math.round(clock.wallMs - wroteAtMs) / 1000,
    detail,
  }
}

function auditView(audit: Audit | undefined, clock: ClockReading): PartitionView['audit'] {
  if (audit === undefined) return null
  const { outcome, detail, at, completedAt } = audit
  return { outcome, detail, at: timeOf(at, clock), completedAt: timeOrNull(completedAt, clock) }
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

/** Null also for what no calendar has: a timestamp in a record can be any 64-bit number, -1 for none. */
function wallTimeOrNull(wallMs: number | undefined): string | null {
  const isDate = wallMs !== undefined && wallMs >= 0 && wallMs <= latestDateMs
  return isDate ? new Date(wallMs).toISOString() : null
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
