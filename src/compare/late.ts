import type { FlowComparison, PartitionComparison } from '../model/comparison.ts'
import { provableExposureMs } from '../model/engine.ts'
import type { EngineObservation, PartitionProgress } from '../model/observation.ts'
import type { Instant } from '../model/time.ts'
import type { CompareContext } from './context.ts'
import { hasEvidence } from './position.ts'

/** Whether something has been missing for longer than the engine's commits explain. */
export function isLate(
  partition: PartitionComparison,
  t0: Instant,
  { pacing, pollMs }: Pick<CompareContext, 'pacing' | 'pollMs'>,
): boolean {
  if (partition.missingSince === undefined) return false
  const since = partition.recoveryPoint ?? partition.missingSince
  return t0 - since > provableExposureMs(pacing.commitIntervalMs, pollMs)
}

/**
 * The partitions whose log start to ask for: those where it decides something, by the last comparison and by what the
 * engine has said since. Few in a healthy flow, so that a poll costs one ListOffsets a cluster and not two.
 */
export function logStartsWanted(
  comparison: FlowComparison,
  progress: EngineObservation['progress'],
  context: CompareContext,
): ReadonlyMap<string, ReadonlySet<number>> {
  const wanted = partitionsWhere(
    comparison,
    partition =>
      partition.logStartWanted ||
      (partition.position.discarded?.adoptable === true &&
        partition.position.discarded.logStart === undefined) ||
      (partition.content?.gaps.length ?? 0) > 0 ||
      isLate(partition, comparison.source.t0, context),
  )
  for (const [topic, steps] of progress) {
    const { partitions = [] } = comparison.topics.get(topic) ?? {}
    const moved = partitions.filter(it => {
      const step = steps.get(it.partition)
      if (step === undefined) return false
      return step.pairs?.gaps !== undefined || mayHaveSkipped(it, step, comparison.source.t0, context)
    })
    if (moved.length === 0) continue
    const others = wanted.get(topic)
    wanted.set(topic, new Set([...(others ?? []), ...moved.map(({ partition }) => partition)]))
  }
  return wanted
}

/**
 * Whether the engine goes on after a pause in a way that its pairs need not show: what was deleted in front of it
 * leaves a gap between two pairs, unless the target got as many offsets for another reason (markers, records that were
 * sent again, a foreign writer), or no pair comes before the gap.
 */
export function mayHaveSkipped(
  partition: Pick<PartitionComparison, 'missingSince' | 'movedAt' | 'position'> | undefined,
  { pairs }: PartitionProgress = {},
  t0: Instant,
  { pacing, pollMs }: Pick<CompareContext, 'pacing' | 'pollMs'>,
): boolean {
  if (partition === undefined) return false
  const { missingSince, movedAt, position } = partition
  if (pairs !== undefined && !hasEvidence(position)) return pairs.lowest.source > position.proven
  if (missingSince === undefined) return false
  const pausedMs = t0 - Math.max(missingSince, movedAt ?? missingSince)
  if (pausedMs > pacing.commitIntervalMs) return true
  const { pair } = position
  if (pairs === undefined || pair === undefined || pausedMs <= 2 * pollMs) return false
  return pairs.newest.target - pair.target > pairs.newest.source - pair.source
}

/** Topics whose retention the next poll should know: something in them waits to be copied. */
export function retentionWanted(comparison: FlowComparison, context: CompareContext): readonly string[] {
  return [
    ...partitionsWhere(comparison, partition => isLate(partition, comparison.source.t0, context)).keys(),
  ]
}

/** Partitions of which nothing but a probe by timestamp can say how old the oldest missing record is. */
export function probesWanted(
  comparison: FlowComparison,
  { pollMs }: Pick<CompareContext, 'pollMs'>,
): ReadonlyMap<string, ReadonlySet<number>> {
  return partitionsWhere(
    comparison,
    partition =>
      partition.missingSince !== undefined &&
      // A healthy flow is proven within two polls of the start.
      comparison.source.t0 - partition.missingSince >= 2 * pollMs &&
      partition.recoveryPoint === undefined &&
      partition.position.discarded === undefined &&
      partition.estimateBasis !== 'history' &&
      partition.content?.tail?.firstRecord === undefined,
  )
}

function partitionsWhere(
  comparison: FlowComparison,
  isWanted: (partition: PartitionComparison) => boolean,
): Map<string, ReadonlySet<number>> {
  const wanted = new Map<string, ReadonlySet<number>>()
  for (const [topic, { partitions }] of comparison.topics) {
    const numbers = partitions.filter(isWanted).map(({ partition }) => partition)
    if (numbers.length > 0) wanted.set(topic, new Set(numbers))
  }
  return wanted
}
