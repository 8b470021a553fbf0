import type { Content, FlowComparison, PartitionComparison, TopicComparison } from '../model/comparison.ts'
import { provableExposureMs } from '../model/engine.ts'
import { budgetOf } from '../model/flow.ts'
import type { Inspection } from '../model/inspection.ts'
import type { Gap } from '../model/observation.ts'
import type { Instant } from '../model/time.ts'
import type { CompareContext } from './context.ts'
import { copyBound } from './history.ts'
import { atLeastZero } from './offsets.ts'
import { durableWithin, hasEvidence } from './position.ts'

/** What is assumed of a partition of which nothing has been read yet. */
const bytesPerOffsetAssumed = 512
/** Bytes of each side for what lies behind a position, and for a stretch of the rotation. */
const headBytes = 1024 * 1024
const stretchBytes = 32 * 1024
const mostOffsetsInStretch = 1_000
const mostOffsetsInGaps = 2_000
/** A stretch of the copy is read somewhat longer than its original: records that were sent again. */
const copySlack = 64n
/** Newest records of the target that are read where no history bounds the search. */
const newestCopies = 200n
/** Polls for which a partition rests after its copy was compared to the end of a lap. */
const restPolls = 20
/** Share of the byte budget that belongs to the rotation, whatever else wants to be read. */
const rotationShare = 0.25

export interface Plan {
  readonly inspections: readonly Inspection[]
  /** Where the rotation goes on in the next poll. */
  readonly rotation: number
}

/**
 * Which records to read in this poll, within the byte budget: first what decides (near a deadline, a budget that
 * commits cannot prove), then partitions that stand still, gaps and positions of a former identity, and with what is
 * left the slow rotation over all partitions.
 */
export function inspectionsFor(comparison: FlowComparison, context: CompareContext): Plan {
  const budget = context.flow.auditBytesPerPoll
  if (budget === 0) return { inspections: [], rotation: comparison.rotation }
  const wanted: Wanted[] = []
  const all: { topic: TopicComparison; partition: PartitionComparison }[] = []
  for (const topic of comparison.topics.values()) {
    if (topic.unknown !== undefined) continue
    const budgetMs = budgetOf(context.flow.rpo, topic.topic)
    const isAudited = budgetMs < provableExposureMs(context.pacing.commitIntervalMs, context.pollMs)
    for (const partition of topic.partitions) {
      if (partition.highWatermark?.lastSeenAt !== comparison.source.t0) continue
      all.push({ topic, partition })
      wanted.push(...wantedOf(topic, partition, { comparison, context, budgetMs, isAudited }))
    }
  }
  const inspections: Inspection[] = []
  let left = budget
  const reserved = budget * rotationShare
  const copies = new Set(
    wanted.flatMap(({ inspection }) => (inspection.purpose === 'copy' ? keyOf(inspection) : [])),
  )
  // Of the same urgency, those come first that were looked at longest ago.
  for (const { inspection, bytes } of wanted.sort((a, b) => a.urgency - b.urgency || a.since - b.since)) {
    if (left - bytes < reserved && inspections.length > 0) break
    inspections.push(inspection)
    left -= bytes
  }
  let rotation = all.length === 0 ? 0 : comparison.rotation % all.length
  for (let visited = 0; visited < all.length && left >= 2 * stretchBytes; visited++) {
    const next = all[rotation]
    rotation = (rotation + 1) % all.length
    const inspection =
      next === undefined || rests(next.partition, comparison, context)
        ? undefined
        : stretchOf(next.topic, next.partition)
    if (inspection === undefined || copies.has(keyOf(inspection))) continue
    inspections.push(inspection)
    left -= 2 * stretchBytes
  }
  return { inspections, rotation }
}

/** Whether the copy was compared down to a beginning a short while ago: then others come first, or none. */
function rests(
  { content }: PartitionComparison,
  { source }: FlowComparison,
  { pollMs }: CompareContext,
): boolean {
  const audit = content?.audit
  return audit !== undefined && audit.next === undefined && source.t0 - audit.at < restPolls * pollMs
}

interface Wanted {
  readonly inspection: Inspection
  /** Lower goes first. */
  readonly urgency: number
  /** When it was last looked at. */
  readonly since: Instant
  readonly bytes: number
}

interface Circumstances {
  readonly comparison: FlowComparison
  readonly context: CompareContext
  readonly budgetMs: number
  readonly isAudited: boolean
}

const urgencies = { overdue: 0, deadline: 1, audited: 2, identity: 3, still: 4, gap: 5 } as const
/** Polls after which a gap goes before everything else: it may be a loss that nobody has counted. */
const patientPolls = 2

function wantedOf(
  topic: TopicComparison,
  partition: PartitionComparison,
  { comparison, context, budgetMs, isAudited }: Circumstances,
): readonly Wanted[] {
  const { position, highWatermark: seen, content } = partition
  if (seen === undefined) return []
  if (position.discarded !== undefined) {
    const { adoptable, since } = position.discarded
    const inspection = adoptable && since !== undefined ? stretchOf(topic, partition) : undefined
    return inspection === undefined ? [] : [weighed(inspection, urgencies.identity, content)]
  }
  if (partition.unknown?.reason === 'reading') return []
  const wanted: Wanted[] = []
  if (seen.highWatermark > position.proven) {
    const { pollMs, pacing } = context
    const t0 = comparison.source.t0
    const leftMs = budgetMs - (t0 - (partition.recoveryPoint ?? topic.unprovenSince ?? t0))
    const isNear = leftMs < Math.max(budgetMs / 4, 3 * pollMs)
    const stillMs = t0 - Math.max(partition.missingSince ?? t0, partition.movedAt ?? Number.NEGATIVE_INFINITY)
    const isStill =
      (seen.firstSeenAt < seen.lastSeenAt && stillMs > 0) ||
      stillMs > Math.max(3 * pollMs, 2 * pacing.commitIntervalMs)
    if (isNear || isAudited || isStill) {
      const inspection = headOf(topic, partition)
      const urgency = isNear ? urgencies.deadline : isAudited ? urgencies.audited : urgencies.still
      if (inspection !== undefined) wanted.push(weighed(inspection, urgency, content))
    }
  }
  const perOffset = content?.audit?.bytesPerOffset ?? bytesPerOffsetAssumed
  const most = Math.min(mostOffsetsInGaps, Math.floor(context.flow.auditBytesPerPoll / 4 / perOffset))
  const gap = spanOf(content?.gaps ?? [], BigInt(most))
  if (gap !== undefined && partition.logStart !== undefined && partition.logStart <= gap.before.source) {
    const from = gap.after.source > partition.logStart ? gap.after.source : partition.logStart
    const inspection: Inspection = {
      topic: topic.topic,
      targetTopic: topic.targetTopic,
      partition: partition.partition,
      purpose: 'gap',
      source: { from, to: gap.before.source + 1n },
      target: { from: atLeastZero(gap.after.target - copySlack), to: gap.before.target + 1n },
      maxBytes: 4 * stretchBytes,
    }
    const waitedMs = comparison.source.t0 - (content?.gaps[0]?.since ?? comparison.source.t0)
    const isOverdue = waitedMs >= patientPolls * context.pollMs
    wanted.push(weighed(inspection, isOverdue ? urgencies.overdue : urgencies.gap, content))
  }
  return wanted
}

/** From the first gap as far as there are no more offsets than these, but one gap at least. */
export function spanOf(gaps: readonly Gap[], most: bigint): Gap | undefined {
  const [first] = gaps
  if (first === undefined) return undefined
  const last = gaps.findLast(({ before }) => before.source - first.after.source <= most) ?? first
  return { after: first.after, before: last.before }
}

function weighed(inspection: Inspection, urgency: number, content: Content | undefined): Wanted {
  const sides = inspection.target === undefined ? 1 : 2
  const { from, to } = inspection.source
  const offsets = to === undefined ? 0 : Number(to - from)
  const bytes = sides * Math.min(inspection.maxBytes, Math.max(1024, offsets * bytesPerOffsetAssumed))
  const lookedAt = inspection.purpose === 'head' ? content?.tail?.readAt : content?.audit?.at
  return { inspection, urgency, bytes, since: lookedAt ?? Number.NEGATIVE_INFINITY }
}

/** What lies behind the position; undefined where the last look still holds. */
function headOf(topic: TopicComparison, partition: PartitionComparison): Inspection | undefined {
  const { position, highWatermark: seen, content, history, targetEnd } = partition
  if (seen === undefined) return undefined
  const to = seen.highWatermark
  const tail = content?.tail
  const base = {
    topic: topic.topic,
    targetTopic: topic.targetTopic,
    partition: partition.partition,
    purpose: 'head' as const,
    maxBytes: headBytes,
  }
  if (tail !== undefined && tail.from === position.proven && tail.targetEnd === targetEnd) {
    const waits = tail.readTo >= to || tail.readTo >= tail.lastStableOffset
    if (waits && tail.readAt > seen.firstSeenAt && tail.isolationLevel === 'read_uncommitted')
      return undefined
    if (tail.records > 0) return { ...base, source: { from: tail.readTo, to }, target: undefined }
  }
  const copies = copyBound(history, position.proven)
  const lowest = copies?.source ?? durableWithin(position, to) ?? 0n
  const from = lowest < position.proven ? lowest : position.proven
  const start = partition.logStart !== undefined && partition.logStart > from ? partition.logStart : from
  if (targetEnd === undefined || !hasEvidence(position)) {
    return { ...base, source: { from: position.proven, to }, target: undefined }
  }
  const perOffset = content?.audit?.bytesPerOffset ?? bytesPerOffsetAssumed
  if (Number(to - start) * perOffset > headBytes) {
    // Too much since the last commit to be held against the target; that nothing lies there may still show.
    return { ...base, source: { from: position.proven, to }, target: undefined }
  }
  const target = copies === undefined ? atLeastZero(targetEnd - newestCopies) : copies.target
  return { ...base, source: { from: start < to ? start : position.proven, to }, target: { from: target } }
}

/** The next stretch of the copy downwards: from where the last one ended, or from the newest pair. */
function stretchOf(topic: TopicComparison, partition: PartitionComparison): Inspection | undefined {
  const audit = partition.content?.audit
  const top = audit?.next ?? topOf(partition)
  if (top === undefined || top.source <= 0n || top.target <= 0n) return undefined
  const perOffset = audit?.bytesPerOffset ?? bytesPerOffsetAssumed
  const offsets = BigInt(Math.max(1, Math.min(mostOffsetsInStretch, Math.floor(stretchBytes / perOffset))))
  return {
    topic: topic.topic,
    targetTopic: topic.targetTopic,
    partition: partition.partition,
    purpose: 'copy',
    top: { isEnds: false, ...top },
    source: { from: atLeastZero(top.source - offsets), to: top.source },
    target: { from: atLeastZero(top.target - offsets - copySlack), to: top.target },
    maxBytes: stretchBytes,
  }
}

/**
 * Where a lap begins: where nothing is missing, at the ends of what is proven; else at the newest pair, which may be
 * old, because MirrorMaker writes few of them for a quiet partition.
 */
function topOf({ position, highWatermark, targetEnd }: PartitionComparison): Inspection['top'] {
  const { discarded, proven } = position
  const pair = discarded === undefined ? position.pair : discarded.since
  const isCovered =
    discarded === undefined && highWatermark !== undefined && highWatermark.highWatermark <= proven
  if (isCovered && targetEnd !== undefined) return { source: proven, target: targetEnd, isEnds: true }
  return pair === undefined
    ? undefined
    : { source: pair.source + 1n, target: pair.target + 1n, isEnds: false }
}

function keyOf({ topic, partition }: Inspection): string {
  return `${partition}/${topic}`
}
