import type { FlowComparison, PartitionComparison, Remembered, TopicComparison } from '../model/comparison.ts'
import type { Flow } from '../model/flow.ts'
import type { FlowObservation, PartitionProgress, TopicMetadata } from '../model/observation.ts'
import { isKnown, type Reading, type Unknown, unknown, unknownOf, valueIfKnown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import { clocksOf } from './clocks.ts'
import type { CompareContext } from './context.ts'
import { contentAfterDiscard } from './discards.ts'
import { mayHaveSkipped } from './late.ts'
import { comparePartition } from './partition.ts'
import { advanced, discard, hasEvidence, noPosition, settled } from './position.ts'
import type { PartitionReading } from './reading.ts'
import { isInScope, scopeOf, topicOn } from './scope.ts'

/** Positions remembered of topics that are not in scope (any more); the oldest go first. */
const maxOutOfScope = 10_000
const maxRetiredIds = 8

const noAudits = { proven: 0, contradicted: 0, inconclusive: 0, unreadable: 0 }

/**
 * Holds both sides of a flow against each other.
 *
 * Returns the facts after this poll, which are also the state that the next call starts from. Pure: everything it
 * knows of time is in the observation.
 */
export function compareFlow(
  previous: FlowComparison | undefined,
  observation: FlowObservation,
  context: CompareContext,
): FlowComparison {
  const { flow, naming } = context
  const { source, target, engine } = observation
  const scope = scopeOf(previous, flow, naming, source)
  const topics = new Map<string, TopicComparison>()
  for (const [topic, metadata] of scope.topics) {
    topics.set(topic, compareTopic(previous, topic, metadata, observation, context))
  }
  const bothAnswered = isKnown(source.topics) && isKnown(target.topics)
  const scopeUnknown = scopeUnknownOf(topics, source.topics, flow)
  return {
    at: observation.at,
    firstAt: previous?.firstAt ?? source.t0,
    observedAt: bothAnswered ? Math.min(source.t0, target.t0) : previous?.observedAt,
    source: { t0: source.t0, unknown: unknownOf(source.topics) },
    target: { t0: target.t0, unknown: unknownOf(target.topics) },
    listedAt: isKnown(source.topics) ? source.t0 : previous?.listedAt,
    topicsMayBeHidden: previous?.topicsMayBeHidden === true || anyUnauthorized(source),
    topics,
    outOfScope: outOfScopePositions(previous, topics, scope.absent, observation, context),
    scopeUnknownSince: scopeUnknown === undefined ? undefined : (previous?.scopeUnknownSince ?? source.t0),
    scopeUnknown,
    absentTopics: flow.topics.literals.filter(topic => scope.absent.has(topic)),
    engineUnknown: {
      durable: unknownOf(engine.durable),
      pairs: engine.pairs === 'none' ? undefined : unknownOf(engine.pairs),
    },
    audits: previous?.audits ?? noAudits,
    rotation: previous?.rotation ?? 0,
    clocks: clocksOf(previous, observation),
    heartbeatAtMs: valueIfKnown(engine.heartbeatAtMs) ?? previous?.heartbeatAtMs,
    heartbeatUnknown: unknownOf(engine.heartbeatAtMs),
  }
}

/** The comparison with some partitions replaced, and what follows from that for their topics. */
export function withPartitions(
  comparison: FlowComparison,
  changed: ReadonlyMap<string, ReadonlyMap<number, PartitionComparison>>,
): FlowComparison {
  if (changed.size === 0) return comparison
  const topics = new Map(comparison.topics)
  for (const [name, partitions] of changed) {
    const topic = topics.get(name)
    if (topic === undefined) continue
    const all = topic.partitions.map(partition => partitions.get(partition.partition) ?? partition)
    topics.set(name, { ...topic, ...pointsOf(all, topic.unprovenSince ?? comparison.source.t0) })
  }
  return { ...comparison, topics }
}

/** The worst partition's points; `since` is the beginning of the time without a proven one, where there is none. */
function pointsOf(
  partitions: readonly PartitionComparison[],
  since: Instant,
): Pick<TopicComparison, 'partitions' | 'recoveryPoint' | 'estimatedRecoveryPoint' | 'unprovenSince'> {
  const recoveryPoint = worst(partitions.map(p => p.recoveryPoint))
  return {
    partitions,
    recoveryPoint,
    estimatedRecoveryPoint: worst(partitions.map(p => p.estimatedRecoveryPoint)),
    unprovenSince: recoveryPoint === undefined ? since : undefined,
  }
}

function compareTopic(
  previousFlow: FlowComparison | undefined,
  topic: string,
  metadata: Reading<TopicMetadata>,
  observation: FlowObservation,
  context: CompareContext,
): TopicComparison {
  const previous = previousFlow?.topics.get(topic)
  const { source, target, engine } = observation
  const targetTopic = context.naming.targetTopicOf(topic)
  const onTarget = topicOn(target, targetTopic)
  const ids = identityOf(previous, metadata, onTarget)
  const carried = previousFlow?.outOfScope.get(topic)
  const absentUntil = absentUntilOf(previousFlow, previous, carried !== undefined)
  const unknownTopic = unknownOf(metadata) ?? ids.stale
  const endOffsets = source.endOffsets.get(topic)
  const targetEnds = target.endOffsets.get(targetTopic)
  const sourceCuts = source.cuts.get(topic)
  const targetCuts = target.cuts.get(targetTopic)
  const logStarts = observation.logStarts.get(topic)
  const progress = engine.progress.get(topic)
  const nothingRead = unknown('error', `${topic}: its end offset was not read`)

  const before = new Map(previous?.partitions.map(p => [p.partition, p]))
  const copies = new Set(
    onTarget === 'absent' ? [] : valueIfKnown(onTarget)?.partitions.map(p => p.partition),
  )
  const targetEndOf = (partition: number): PartitionReading['targetEnd'] => {
    if (onTarget !== 'absent' && !isKnown(onTarget)) return onTarget
    return copies.has(partition) ? (targetEnds?.get(partition) ?? nothingRead) : 'absent'
  }

  const readingOf = (partition: number): PartitionReading => {
    return {
      name: `${topic}-${partition}`,
      partition,
      t0: source.t0,
      highWatermark:
        unknownTopic === undefined ? (endOffsets?.get(partition) ?? nothingRead) : { unknown: unknownTopic },
      positionsReadFirst: engine.readAt <= source.endOffsetsRequestedAt,
      targetEnd: targetEndOf(partition),
      sourceCut: sourceCuts?.get(partition),
      targetCut: targetCuts?.get(partition),
      progress: progress?.get(partition),
      engineUnknown: positionsUnknown(engine),
      recordsAreRead: context.flow.auditBytesPerPoll > 0,
      allSaid: isKnown(engine.durable) && (engine.pairs === 'none' || isKnown(engine.pairs)),
      pairsKnown: engine.pairs !== 'none' && isKnown(engine.pairs),
      tasksChangedAtMs: engine.tasksChangedAtMs,
      recreated: ids.recreated,
      recreatedSource: ids.recreatedSource,
      recreatedTarget: ids.recreatedTarget,
      absentUntil: before.has(partition) ? undefined : absentUntil,
      logStart: logStarts?.get(partition),
      mayHaveSkipped: mayHaveSkipped(before.get(partition), progress?.get(partition), source.t0, context),
      pairGraceMs: Math.max(3 * context.pollMs, 2 * context.pacing.commitIntervalMs),
      pairSpacing: context.pacing.pairSpacing,
    }
  }
  const numbers = partitionNumbers(metadata, ids.recreatedSource ? [] : before.keys())
  const partitions = numbers.map(partition =>
    comparePartition(before.get(partition), readingOf(partition), carried?.get(partition)),
  )
  return {
    topic,
    targetTopic,
    sourceId: ids.sourceId,
    targetId: ids.targetId,
    retiredIds: ids.retired,
    unknown: unknownTopic,
    ...pointsOf(partitions, previous?.unprovenSince ?? previous?.recoveryPoint ?? source.t0),
    firstSeenAt: previous?.firstSeenAt ?? source.t0,
    appearedAt:
      previous === undefined ? (absentUntil === undefined ? undefined : source.t0) : previous.appearedAt,
  }
}

/**
 * Why the engine's positions are not known. Durable positions alone suffice, but until the pairs have been read to
 * their end once, what they will say is open.
 */
function positionsUnknown({ durable, pairs }: FlowObservation['engine']): Unknown | undefined {
  const ofPairs = pairs === 'none' ? undefined : unknownOf(pairs)
  return unknownOf(durable) ?? (ofPairs?.reason === 'reading' ? ofPairs : undefined)
}

interface Identity {
  readonly sourceId: string | undefined
  readonly targetId: string | undefined
  readonly retired: readonly string[]
  /** Which side has another topic than before, in words. */
  readonly recreated: string | undefined
  readonly recreatedSource: boolean
  readonly recreatedTarget: boolean
  /** Set when the listing shows an id that was replaced before. */
  readonly stale: Unknown | undefined
}

/** Whether source and target topic are still the ones whose offsets we know (design rule 5). */
function identityOf(
  previous: TopicComparison | undefined,
  onSource: Reading<TopicMetadata>,
  onTarget: Reading<TopicMetadata> | 'absent',
): Identity {
  const sourceId = valueIfKnown(onSource)?.id
  const targetId = onTarget === 'absent' ? undefined : valueIfKnown(onTarget)?.id
  const retired = previous?.retiredIds ?? []
  for (const id of [sourceId, targetId]) {
    if (previous !== undefined && id !== undefined && retired.includes(id)) {
      const detail = `${previous.topic}: a broker still lists the topic id ${id}, which has been replaced`
      const { unknown: stale } = unknown('stale_metadata', detail)
      return {
        sourceId: previous.sourceId,
        targetId: previous.targetId,
        retired,
        recreated: undefined,
        recreatedSource: false,
        recreatedTarget: false,
        stale,
      }
    }
  }
  const replaced: string[] = []
  const sides: string[] = []
  if (previous?.sourceId !== undefined && sourceId !== undefined && previous.sourceId !== sourceId) {
    replaced.push(previous.sourceId)
    sides.push('source')
  }
  if (previous?.targetId !== undefined && targetId !== undefined && previous.targetId !== targetId) {
    replaced.push(previous.targetId)
    sides.push('target')
  }
  return {
    sourceId: sourceId ?? previous?.sourceId,
    targetId: targetId ?? previous?.targetId,
    retired: replaced.length === 0 ? retired : [...retired, ...replaced].slice(-maxRetiredIds),
    recreated:
      sides.length === 0
        ? undefined
        : `${previous?.topic}: the topic was recreated on the ${sides.join(' and the ')}, so its positions say nothing about it`,
    recreatedSource: sides.includes('source'),
    recreatedTarget: sides.includes('target'),
    stale: undefined,
  }
}

/** The last complete listing without the topic; undefined where it may have been there unseen. */
function absentUntilOf(
  previousFlow: FlowComparison | undefined,
  previous: TopicComparison | undefined,
  engineKnewIt: boolean,
): Instant | undefined {
  if (previousFlow === undefined || previousFlow.topicsMayBeHidden || engineKnewIt) return undefined
  // A partition of a topic that was known and complete in the last listing was created since.
  if (previous !== undefined && previous.unknown !== undefined) return undefined
  return previousFlow.listedAt
}

function partitionNumbers(metadata: Reading<TopicMetadata>, before: Iterable<number>): number[] {
  const numbers = new Set<number>(before)
  for (const { partition } of valueIfKnown(metadata)?.partitions ?? []) numbers.add(partition)
  return [...numbers].sort((a, b) => a - b)
}

/** The oldest; undefined for none at all and as soon as one is undefined. */
function worst(points: readonly (Instant | undefined)[]): Instant | undefined {
  let oldest: Instant | undefined
  for (const point of points) {
    if (point === undefined) return undefined
    if (oldest === undefined || point < oldest) oldest = point
  }
  return oldest
}

function scopeUnknownOf(
  topics: ReadonlyMap<string, TopicComparison>,
  listing: Reading<unknown>,
  flow: Flow,
): Unknown | undefined {
  if (topics.size > 0) return undefined
  const detail = `${flow.name}: no topic of ${flow.source} is in scope: check topics.include and topics.exclude, and the DESCRIBE permissions`
  return unknownOf(listing) ?? { reason: 'empty_scope', detail }
}

function anyUnauthorized(source: FlowObservation['source']): boolean {
  const isUnauthorized = (reading: Reading<unknown> | 'absent'): boolean =>
    reading !== 'absent' && unknownOf(reading)?.reason === 'unauthorized'
  return (
    [...source.asked.values()].some(isUnauthorized) ||
    [...(valueIfKnown(source.topics)?.values() ?? [])].some(isUnauthorized)
  )
}

/**
 * Positions of topics that are not in scope now: of those that a listing has not shown yet, and of those that are
 * gone, which must not count for a later topic of the same name.
 */
function outOfScopePositions(
  previous: FlowComparison | undefined,
  topics: ReadonlyMap<string, TopicComparison>,
  absent: ReadonlySet<string>,
  observation: FlowObservation,
  { flow, naming }: CompareContext,
): ReadonlyMap<string, ReadonlyMap<number, Remembered>> {
  const kept = new Map<string, Map<number, Remembered>>()
  for (const [topic, remembered] of previous?.outOfScope ?? []) {
    if (!topics.has(topic)) kept.set(topic, new Map(remembered))
  }
  for (const [topic, { partitions }] of previous?.topics ?? []) {
    if (topics.has(topic)) continue
    const remembered = rememberedOf(topic, partitions, observation.source.t0)
    if (remembered.size > 0) kept.set(topic, remembered)
  }
  for (const [topic, progress] of observation.engine.progress) {
    if (topics.has(topic) || !isInScope(flow, naming, topic)) continue
    kept.set(topic, withProgress(kept.get(topic), progress))
  }
  for (const topic of absent) {
    const remembered = kept.get(topic)
    if (remembered === undefined) continue
    for (const [partition, { position, losses }] of remembered) {
      if (position.discarded !== undefined || !hasEvidence(position)) continue
      const why = { reason: 'recreated', detail: goneDetail(topic, partition), adoptable: true } as const
      remembered.set(partition, { position: settled(discard(position, why, observation.at)), losses })
    }
  }
  for (const topic of kept.keys()) {
    if (kept.size <= maxOutOfScope) break
    kept.delete(topic)
  }
  return kept
}

function goneDetail(topic: string, partition: number): string {
  return `${topic}-${partition}: the topic was deleted and created again, so its positions say nothing about it`
}

/** Of a topic that is gone: where the engine stood, and that what it had not copied will never be. */
function rememberedOf(
  topic: string,
  partitions: readonly PartitionComparison[],
  t0: Instant,
): Map<number, Remembered> {
  const all = partitions.map(partition => {
    const recreated = goneDetail(topic, partition.partition)
    const gone = unknown('missing', recreated)
    const ended = { recreated, recreatedSource: true, highWatermark: gone, sourceCut: undefined, t0 }
    const { losses } = contentAfterDiscard(partition, ended, []) ?? { losses: undefined }
    return [partition.partition, { position: partition.position, losses }] as const
  })
  return new Map(all.filter(([, { position, losses }]) => hasEvidence(position) || losses !== undefined))
}

function withProgress(
  remembered: ReadonlyMap<number, Remembered> | undefined,
  progress: ReadonlyMap<number, PartitionProgress>,
): Map<number, Remembered> {
  const next = new Map(remembered)
  for (const [partition, step] of progress) {
    const { position, losses } = next.get(partition) ?? { position: noPosition, losses: undefined }
    next.set(partition, { position: advanced(position, step, undefined), losses })
  }
  return next
}
