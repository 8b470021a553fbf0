import type {
  ClusterStatus,
  FlowAssessment,
  ShownFlow,
  Snapshot,
  Status,
  TopicAssessment,
} from '../model/assessment.ts'
import { statuses } from '../model/assessment.ts'
import type { FlowExposures } from '../model/exposures.ts'
import { type Flow, stateAt } from '../model/flow.ts'
import type { ClockReading } from '../model/time.ts'
import { flowHistory, topicHistory } from './exposureJson.ts'
import {
  decimal,
  recoveryOf,
  secondsSince,
  timeOf,
  timeOrNull,
  unknownView,
  wallTimeOrNull,
} from './jsonValues.ts'
import { partitionView } from './partitionJson.ts'
import {
  type ConfigurationView,
  type FlowSummaryView,
  type FlowsView,
  type FlowView,
  type NotPolledView,
  pageSize,
  type TopicDetailView,
  type TopicSummaryView,
  type TopicsView,
  type TopicView,
} from './schema.ts'
import {
  blindSpots,
  budgetSentence,
  damages,
  isStale,
  lossSentence,
  stateSentence,
  topicSentence,
  totalLag,
} from './words.ts'

const worstTopicsShown = 5

/** GET /api/v1/flows: every flow in the order of the configuration, without its topics. */
export function flowsView(snapshot: Snapshot, clock: ClockReading): FlowsView {
  return {
    ...shownOf(snapshot, clock),
    flows: snapshot.flows.map(shown => flowSummary(shown, clock, snapshot.pollMs)),
  }
}

/** GET /api/v1/flows/{flow}: one flow with topics and partitions; undefined when there is none of this name. */
export function flowView(snapshot: Snapshot, name: string, clock: ClockReading): FlowView | undefined {
  const found = snapshot.flows.find(({ flow }) => flow.name === name)
  if (found === undefined) return undefined
  const summary = flowSummary(found, clock, snapshot.pollMs)
  if (found.assessment === undefined || summary.status === 'not_polled') return notPolled(found.flow, clock)
  return { ...summary, topics: found.assessment.topics.map(topic => topicView(topic, clock)) }
}

/** Which of a flow's topics are asked for. */
export interface TopicsQuery {
  /** A part of the name, upper or lower case. */
  readonly filter: string | undefined
  readonly status: Status | undefined
  /** From 1; behind the last page the last one is given. */
  readonly page: number
}

/**
 * GET /api/v1/flows/{flow}/topics: one page of a flow's topics, without their partitions; undefined when there is no
 * flow of this name. What it costs grows with the page, and but little with the number of topics.
 */
export function topicsView(
  snapshot: Snapshot,
  name: string,
  { filter, status, page }: TopicsQuery,
  clock: ClockReading,
): TopicsView | undefined {
  const found = snapshot.flows.find(({ flow }) => flow.name === name)
  if (found === undefined) return undefined
  const part = filter?.toLowerCase()
  const { assessment } = found
  const matching = (assessment?.topics ?? []).filter(
    topic =>
      (status === undefined || topic.status === status) &&
      (part === undefined || topic.topic.toLowerCase().includes(part)),
  )
  const isActive = stateAt(found.flow, clock.wallMs).kind === 'active'
  const ordered = worstFirst(matching, topic => isActive && topic.deadline < clock.now)
  const { items, ...paged } = pageOf(ordered, page)
  return {
    ...shownOf(snapshot, clock),
    flow: flowSummary(found, clock, snapshot.pollMs),
    filter: filter ?? null,
    status: status ?? null,
    matching: assessment === undefined || !hasScope(assessment) ? null : matching.length,
    ...paged,
    topics: items.map(topic => topicSummary(topic, clock)),
  }
}

/**
 * GET /api/v1/flows/{flow}/topics/{topic}: one topic with a page of its partitions; undefined when there is no such
 * flow, or no such topic in its scope.
 */
export function topicDetailView(
  snapshot: Snapshot,
  names: { readonly flow: string; readonly topic: string },
  page: number,
  clock: ClockReading,
): TopicDetailView | undefined {
  const found = snapshot.flows.find(({ flow }) => flow.name === names.flow)
  const topic = found?.assessment?.topics.find(candidate => candidate.topic === names.topic)
  if (found === undefined || topic === undefined) return undefined
  const { items, ...paged } = pageOf(
    worstFirst(topic.partitions, () => false),
    page,
  )
  return {
    ...shownOf(snapshot, clock),
    flow: flowSummary(found, clock, snapshot.pollMs),
    topic: {
      ...topicSummary(topic, clock),
      exposureHistory: topicHistory(found.exposures?.topics, names.topic, clock),
    },
    ...paged,
    partitions: items.map(partition => partitionView(partition, clock)),
  }
}

function shownOf(snapshot: Snapshot, clock: ClockReading) {
  return {
    now: new Date(clock.wallMs).toISOString(),
    pollSeconds: snapshot.pollMs / 1000,
    clusters: snapshot.clusters.map(cluster => clusterView(cluster, clock)),
    configuration: configurationView(snapshot.configuration),
  }
}

function configurationView(state: Snapshot['configuration']): ConfigurationView {
  if (state === undefined) return null
  const { loadedAtMs, refused } = state
  return {
    loadedAt: new Date(loadedAtMs).toISOString(),
    refused:
      refused === undefined ? null : { at: new Date(refused.atMs).toISOString(), problems: refused.problems },
  }
}

/** Those past their budget, then by status; within each in the order given. Linear: there may be many. */
function worstFirst<T extends { readonly status: Status }>(
  items: readonly T[],
  isOverdue: (item: T) => boolean,
): readonly T[] {
  const overdue: T[] = []
  const byStatus = new Map<Status, T[]>(statuses.map(status => [status, []]))
  for (const item of items) (isOverdue(item) ? overdue : byStatus.get(item.status))?.push(item)
  return [...overdue, ...statuses.flatMap(status => byStatus.get(status) ?? [])]
}

function pageOf<T>(
  items: readonly T[],
  wanted: number,
): { items: readonly T[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(items.length / pageSize))
  const page = Math.min(wanted, pages)
  return { items: items.slice((page - 1) * pageSize, page * pageSize), page, pages }
}

function flowSummary(
  { flow, assessment, exposures }: ShownFlow,
  clock: ClockReading,
  pollMs: number,
): FlowSummaryView | NotPolledView {
  return assessment === undefined
    ? notPolled(flow, clock)
    : summaryOf(assessment, exposures?.flow, clock, pollMs)
}

/** Counts of an unknown scope would all be 0, which is what "nothing is wrong" looks like. */
function hasScope({ facts }: FlowAssessment): boolean {
  return facts.scopeUnknown === undefined
}

function notPolled(flow: Flow, clock: ClockReading): NotPolledView {
  const { name, source, target } = flow
  return { flow: name, source, target, status: 'not_polled', state: stateView(flow, clock) }
}

function summaryOf(
  assessment: FlowAssessment,
  exposures: FlowExposures | undefined,
  clock: ClockReading,
  pollMs: number,
): FlowSummaryView {
  const { flow, facts } = assessment
  const isScopeKnown = hasScope(assessment)
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
    lagRecords: isScopeKnown ? decimal(totalLag(assessment.topics)) : null,
    budgetSeconds: flow.rpo.budgetMs / 1000,
    objectiveRatio: flow.rpo.objectiveRatio,
    windowSeconds: flow.rpo.windowMs / 1000,
    provableExposureSeconds: assessment.provableExposureMs / 1000,
    deadline: timeOf(assessment.deadline, clock),
    budgetUsedRatio: budgetUsed(assessment, clock),
    retractedAt: timeOrNull(assessment.retractedAt, clock),
    observedAt: timeOrNull(facts.observedAt, clock),
    observedSince: timeOf(facts.firstAt, clock),
    polledAt: timeOf(facts.at, clock),
    stale: isStale(assessment, clock, pollMs),
    heartbeatAt: wallTimeOrNull(facts.heartbeatAtMs),
    topicsByStatus: isScopeKnown ? { ...assessment.topicsByStatus } : null,
    unprovenTopics: isScopeKnown ? assessment.unprovenTopics : null,
    partitionsExpected: isScopeKnown ? assessment.partitionsExpected : null,
    partitionsObserved: isScopeKnown ? assessment.partitionsObserved : null,
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
    worstTopics: worstFirst(
      assessment.topics,
      topic => topic.deadline < clock.now && stateAt(flow, clock.wallMs).kind === 'active',
    )
      .slice(0, worstTopicsShown)
      .map(topic => topicSummary(topic, clock)),
    exposureHistory: flowHistory(exposures, clock),
  }
}

function budgetUsed({ flow, topics, deadline }: FlowAssessment, clock: ClockReading): number {
  const budgetMs = topics[0]?.budgetMs ?? flow.rpo.budgetMs
  return Math.max(0, Math.round(1000 * (1 - (deadline - clock.now) / budgetMs)) / 1000)
}

function stateView(flow: Flow, clock: ClockReading): FlowSummaryView['state'] {
  const state = stateAt(flow, clock.wallMs)
  const isMaintained = state.kind === 'maintenance'
  return {
    kind: state.kind,
    until: isMaintained ? new Date(state.untilMs).toISOString() : null,
    reason: isMaintained ? state.reason : null,
    summary: stateSentence(flow, clock) ?? null,
  }
}

function topicView(topic: TopicAssessment, clock: ClockReading): TopicView {
  return {
    ...topicSummary(topic, clock),
    partitions: topic.partitions.map(partition => partitionView(partition, clock)),
  }
}

function topicSummary(topic: TopicAssessment, clock: ClockReading): TopicSummaryView {
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
    partitionsExpected: topic.partitionsExpected,
    partitionsObserved: topic.partitionsObserved,
  }
}

function clusterView({ name, up, unknown, answeredAt }: ClusterStatus, clock: ClockReading) {
  return { cluster: name, up, unknown: unknownView(unknown), answeredAt: timeOrNull(answeredAt, clock) }
}
