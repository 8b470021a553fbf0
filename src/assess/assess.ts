import {
  type CountedLosses,
  type FlowAssessment,
  type PartitionAssessment,
  type Status,
  statuses,
  type TopicAssessment,
} from '../model/assessment.ts'
import type { FlowComparison, PartitionComparison, TopicComparison } from '../model/comparison.ts'
import { type EnginePacing, provableExposureMs } from '../model/engine.ts'
import { budgetOf, type Flow } from '../model/flow.ts'
import type { Instant } from '../model/time.ts'

export interface AssessContext {
  readonly flow: Flow
  readonly pacing: EnginePacing
  /** The longest gap between two polls, in milliseconds. */
  readonly pollMs: number
}

/**
 * What the facts of a flow mean: a status for everything, and the instant after which the budget is no longer shown
 * to be kept. Pure; `now` is the comparison's own instant.
 */
export function assessFlow(
  previous: FlowAssessment | undefined,
  facts: FlowComparison,
  context: AssessContext,
): FlowAssessment {
  const { flow } = context
  const topics = Array.from(facts.topics.values(), topic => assessTopic(topic, facts.at, context)).sort(
    (a, b) => a.deadline - b.deadline || (a.topic < b.topic ? -1 : 1),
  )
  const topicsByStatus: Record<Status, number> = { stalled: 0, unknown: 0, behind: 0, pending: 0, covered: 0 }
  const unknownTopicsByReason = new Map<string, number>()
  for (const { status, unknown } of topics) {
    topicsByStatus[status] += 1
    if (status === 'unknown' && unknown !== undefined) {
      unknownTopicsByReason.set(unknown.reason, (unknownTopicsByReason.get(unknown.reason) ?? 0) + 1)
    }
  }
  const points = topics.map(topic => topic.recoveryPoint)
  const provenPoints = points.filter(point => point !== undefined)
  const recoveryPoint = oldest(points)
  return {
    flow,
    facts,
    status: worstStatus(topics.map(topic => topic.status)),
    unknown: facts.scopeUnknown ?? topics.find(topic => topic.unknown !== undefined)?.unknown,
    topics,
    topicsByStatus,
    unknownTopicsByReason,
    unprovenTopics: topics.length - provenPoints.length,
    ...lossesOf(previous, topics, facts),
    mismatches: sum(topics.map(topic => topic.mismatches)),
    retentionDeadline: earliest(topics.map(topic => topic.retentionDeadline)),
    topicsWithStaleSyncs: topics.filter(topic => topic.pairsFresh === false).length,
    recoveryPoint,
    knownRecoveryPoint: oldest(provenPoints),
    estimatedRecoveryPoint: oldest(topics.map(topic => topic.estimatedRecoveryPoint)),
    retractedAt: movedBack(previous?.recoveryPoint, recoveryPoint) ? facts.at : previous?.retractedAt,
    deadline: flowDeadline(topics, facts, flow),
    provableExposureMs: provableExposureMs(context.pacing.commitIntervalMs, context.pollMs),
    partitionsExpected: sum(topics.map(topic => topic.partitionsExpected)),
    partitionsObserved: sum(topics.map(topic => topic.partitionsObserved)),
    ...auditedOf(facts),
  }
}

/** A topic that leaves the scope takes nothing with it, and what was only possible before is not counted back. */
function lossesOf(
  previous: FlowAssessment | undefined,
  topics: readonly TopicAssessment[],
  { outOfScope }: FlowComparison,
): Pick<FlowAssessment, 'lost' | 'possiblyLost' | 'countedLosses'> {
  const before = previous?.countedLosses
  const countedLosses = new Map<string, CountedLosses>()
  for (const [topic, counted] of before ?? []) if (outOfScope.has(topic)) countedLosses.set(topic, counted)
  let [lost, possiblyLost] = [previous?.lost ?? 0n, previous?.possiblyLost ?? 0n]
  for (const topic of topics) {
    const known = before?.get(topic.topic)
    lost += more(topic.lost, known?.lost)
    possiblyLost += more(topic.possiblyLost, known?.possiblyLost)
    if (topic.lost + topic.possiblyLost > 0n) {
      countedLosses.set(topic.topic, { lost: topic.lost, possiblyLost: topic.possiblyLost })
    }
  }
  return { lost, possiblyLost, countedLosses }
}

function more(now: bigint, before = 0n): bigint {
  return now > before ? now - before : 0n
}

function assessTopic(facts: TopicComparison, now: Instant, context: AssessContext): TopicAssessment {
  const { rpo } = context.flow
  const isNew = facts.appearedAt !== undefined && now - facts.appearedAt < rpo.newTopicGraceMs
  const partitions = facts.partitions.map(partition => assessPartition(partition, now, isNew, context))
  const present = partitions.map(partition => partition.status)
  const budgetMs = budgetOf(rpo, facts.topic)
  const pairTimes = facts.partitions.flatMap(({ position }) => position.pair?.writtenAtMs ?? [])
  return {
    topic: facts.topic,
    facts,
    status: worstStatus(facts.unknown === undefined ? present : [...present, 'unknown']),
    unknown: facts.unknown ?? facts.partitions.find(partition => partition.unknown !== undefined)?.unknown,
    partitions,
    budgetMs,
    deadline: topicDeadline(facts, budgetMs, isNew ? rpo.newTopicGraceMs : 0),
    recoveryPoint: facts.recoveryPoint,
    estimatedRecoveryPoint: facts.estimatedRecoveryPoint,
    lag: facts.unknown === undefined ? total(facts.partitions.map(partition => partition.lag)) : undefined,
    estimatedLag:
      facts.unknown === undefined
        ? total(facts.partitions.map(partition => partition.estimatedLag))
        : undefined,
    missingRecords: facts.unknown === undefined ? totalCount(facts.partitions.map(missingOf)) : undefined,
    lost: totalOf(facts.partitions, partition => partition.content?.losses?.lost),
    possiblyLost: totalOf(facts.partitions, partition => partition.content?.losses?.possiblyLost),
    mismatches: sum(facts.partitions.map(({ content }) => content?.audit?.mismatches.length ?? 0)),
    retentionDeadline: earliest(facts.partitions.map(partition => partition.retentionDeadline)),
    pairAtMs: pairTimes.length === 0 ? undefined : Math.max(...pairTimes),
    pairsFresh: allFresh(facts.partitions),
    partitionsExpected: facts.partitions.length,
    partitionsObserved: facts.partitions.filter(partition => partition.unknown === undefined).length,
  }
}

function assessPartition(
  facts: PartitionComparison,
  now: Instant,
  topicIsNew: boolean,
  context: AssessContext,
): PartitionAssessment {
  return { facts, status: partitionStatus(facts, now, topicIsNew, context) }
}

/** The status of one partition by the words of docs/design.md. */
export function partitionStatus(
  facts: PartitionComparison,
  now: Instant,
  topicIsNew: boolean,
  context: Pick<AssessContext, 'pacing' | 'pollMs'>,
): Status {
  if (facts.unknown !== undefined) return 'unknown'
  if (facts.missingSince === undefined) return 'covered'
  if (topicIsNew && facts.movedAt === undefined) return 'pending'
  // Blind time is not counted: what nobody saw standing still may have moved.
  const still = now - Math.max(facts.missingSince, facts.movedAt ?? -Infinity, facts.knownSince ?? now)
  return still > stalledAfterMs(context) ? 'stalled' : 'behind'
}

/** How long a position may stand still while something is missing, in milliseconds. */
export function stalledAfterMs({ pacing, pollMs }: Pick<AssessContext, 'pacing' | 'pollMs'>): number {
  return Math.max(3 * pollMs, 2 * pacing.commitIntervalMs)
}

/**
 * The instant after which a topic's budget is no longer shown to be kept: the proven point and the budget; without a
 * point, the estimate or the beginning of the time without proof, whichever is older.
 */
export function topicDeadline(
  facts: Pick<TopicComparison, 'recoveryPoint' | 'estimatedRecoveryPoint' | 'unprovenSince' | 'firstSeenAt'>,
  budgetMs: number,
  graceMs: number,
): Instant {
  if (facts.recoveryPoint !== undefined) return facts.recoveryPoint + budgetMs
  const unprovenSince = facts.unprovenSince ?? facts.firstSeenAt
  return Math.min(facts.estimatedRecoveryPoint ?? Infinity, unprovenSince) + Math.max(budgetMs, graceMs)
}

/** The topics' minimum; for a scope that is empty or was never listed, the time without one and the flow's budget. */
function flowDeadline(topics: readonly TopicAssessment[], facts: FlowComparison, flow: Flow): Instant {
  const first = topics[0]
  if (first !== undefined) return first.deadline
  return (facts.scopeUnknownSince ?? facts.firstAt) + flow.rpo.budgetMs
}

function worstStatus(present: readonly Status[]): Status {
  // Nothing to judge is not a reason to say that all is well.
  return statuses.find(status => present.includes(status)) ?? 'unknown'
}

/** The oldest; undefined for none at all and as soon as one is undefined. */
function oldest(points: readonly (Instant | undefined)[]): Instant | undefined {
  let found: Instant | undefined
  for (const point of points) {
    if (point === undefined) return undefined
    if (found === undefined || point < found) found = point
  }
  return found
}

function movedBack(before: Instant | undefined, after: Instant | undefined): boolean {
  return before !== undefined && (after === undefined || after < before)
}

/** The sum; undefined as soon as one part is: a sum with an unknown member is left out, never shrunk. */
function total(parts: readonly (bigint | undefined)[]): bigint | undefined {
  let result = 0n
  for (const part of parts) {
    if (part === undefined) return undefined
    result += part
  }
  return result
}

/** Records that are certainly missing; undefined where the tail was not read, or the target has grown since. */
export function missingOf({ lag, content, targetEnd }: PartitionComparison): number | undefined {
  if (lag === 0n) return 0
  const tail = content?.tail
  return tail !== undefined && lag !== undefined && tail.targetEnd === targetEnd ? tail.missing : undefined
}

function auditedOf(facts: FlowComparison): Pick<FlowAssessment, 'partitionsAudited' | 'auditedSince'> {
  let partitionsAudited = 0
  let auditedSince: Instant | undefined = Number.POSITIVE_INFINITY
  for (const { partitions } of facts.topics.values()) {
    for (const { highWatermark, content } of partitions) {
      if (highWatermark === undefined || highWatermark.highWatermark === 0n) continue
      const audit = content?.audit
      if (audit?.outcome === 'proven') partitionsAudited += 1
      if (audit === undefined) auditedSince = undefined
      else if (auditedSince !== undefined) auditedSince = Math.min(auditedSince, audit.at)
    }
  }
  return {
    partitionsAudited,
    auditedSince: auditedSince === Number.POSITIVE_INFINITY ? undefined : auditedSince,
  }
}

function earliest(instants: readonly (Instant | undefined)[]): Instant | undefined {
  const known = instants.filter(instant => instant !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function totalCount(parts: readonly (number | undefined)[]): number | undefined {
  const known = parts.filter(part => part !== undefined)
  return known.length === parts.length ? sum(known) : undefined
}

/** A sum of what was found; nothing found is 0. */
function totalOf(
  partitions: readonly PartitionComparison[],
  part: (partition: PartitionComparison) => bigint | undefined,
): bigint {
  return partitions.reduce((total, partition) => total + (part(partition) ?? 0n), 0n)
}

function allFresh(partitions: readonly PartitionComparison[]): boolean | undefined {
  if (partitions.some(partition => partition.pairFresh === false)) return false
  if (partitions.length === 0 || partitions.some(partition => partition.pairFresh === undefined))
    return undefined
  return true
}

function sum(counts: readonly number[]): number {
  return counts.reduce((a, b) => a + b, 0)
}
