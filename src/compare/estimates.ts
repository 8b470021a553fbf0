import type { FlowComparison, PartitionComparison } from '../model/comparison.ts'
import { budgetOf } from '../model/flow.ts'
import type { Retention } from '../model/observation.ts'
import { type Reading, valueIfKnown } from '../model/reading.ts'
import { type ClockReading, type Instant, instantOf } from '../model/time.ts'
import type { CompareContext } from './context.ts'
import { withPartitions } from './flow.ts'

export interface EstimateFacts {
  /** Retention by topic, where it was asked for. */
  readonly retention: ReadonlyMap<string, Reading<Retention>>
  /** First offset that is younger than the topic's budget, where that was asked for; 'none': all are older. */
  readonly probes: ReadonlyMap<string, ReadonlyMap<number, Reading<bigint | 'none'>>>
  readonly clock: ClockReading
}

/**
 * The comparison with what only record timestamps and retention can tell of partitions in which something is missing:
 * how old the oldest missing record is where there is no history of it, and when the source will start to delete
 * what was not copied. Both rest on producers' clocks and never prove anything.
 */
export function withEstimates(
  comparison: FlowComparison,
  facts: EstimateFacts,
  context: CompareContext,
): FlowComparison {
  const changed = new Map<string, Map<number, PartitionComparison>>()
  for (const [name, topic] of comparison.topics) {
    const retention = valueIfKnown(facts.retention.get(name))
    const probes = facts.probes.get(name)
    const partitions = new Map<number, PartitionComparison>()
    for (const partition of topic.partitions) {
      if (partition.missingSince === undefined || partition.position.discarded !== undefined) continue
      const budgetMs = budgetOf(context.flow.rpo, name)
      const probe = valueIfKnown(probes?.get(partition.partition))
      const estimate = estimateOf(partition, probe, budgetMs, comparison.source.t0, facts.clock)
      const retentionDeadline =
        retention === undefined
          ? undefined
          : retentionDeadlineOf(partition, retention, comparison.source.t0, facts.clock)
      if (estimate === undefined && retentionDeadline === undefined) continue
      partitions.set(partition.partition, { ...partition, ...estimate, retentionDeadline })
    }
    if (partitions.size > 0) changed.set(name, partitions)
  }
  return withPartitions(comparison, changed)
}

type Estimate = Pick<PartitionComparison, 'estimatedRecoveryPoint' | 'estimateBasis'>

/** Where history has no sample at or below the position: after a start inside a stall. */
function estimateOf(
  partition: PartitionComparison,
  probe: bigint | 'none' | undefined,
  budgetMs: number,
  t0: Instant,
  clock: ClockReading,
): Estimate | undefined {
  if (partition.estimatedRecoveryPoint !== undefined) return undefined
  const { position, content } = partition
  const first = content?.tail?.firstRecord
  if (first !== undefined && first.offset >= position.proven) {
    const estimatedRecoveryPoint = Math.min(instantOf(first.timestampMs, clock), t0)
    return { estimatedRecoveryPoint, estimateBasis: 'record_timestamp' }
  }
  // A record behind the position is older than the budget: that may show a breach and never clears one.
  const isBreached = probe === 'none' || (probe !== undefined && probe > position.proven)
  return isBreached ? { estimatedRecoveryPoint: t0 - budgetMs, estimateBasis: 'budget_probe' } : undefined
}

/**
 * The earliest instant at which the source may delete the first record that was not copied. By time: its timestamp and
 * `retention.ms` (a segment goes when its newest record is older than that, so not before). By size: the log keeps
 * about as many offsets as it holds now, once its beginning has moved, and they go at the rate at which others come.
 */
export function retentionDeadlineOf(
  partition: PartitionComparison,
  retention: Retention,
  t0: Instant,
  clock: ClockReading,
): Instant | undefined {
  const deadlines = [byTime(partition, retention, clock), bySize(partition, retention, t0)]
  const known = deadlines.filter(deadline => deadline !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function byTime(
  { content, position, recoveryPoint, missingSince }: PartitionComparison,
  { timeMs }: Retention,
  clock: ClockReading,
): Instant | undefined {
  if (timeMs === undefined) return undefined
  const first = content?.tail?.firstRecord
  if (first !== undefined && first.offset >= position.proven)
    return instantOf(first.timestampMs, clock) + timeMs
  // Without the record itself: it was accepted after the recovery point.
  const acceptedAfter = recoveryPoint ?? missingSince
  return acceptedAfter === undefined ? undefined : acceptedAfter + timeMs
}

function bySize(
  { highWatermark, position, logStart, history, content }: PartitionComparison,
  { bytes }: Retention,
  t0: Instant,
): Instant | undefined {
  const oldest = history[0]
  if (bytes === undefined || highWatermark === undefined || logStart === undefined || oldest === undefined) {
    return undefined
  }
  const elapsedMs = highWatermark.lastSeenAt - oldest.lastSeenAt
  const grown = Number(highWatermark.highWatermark - oldest.highWatermark)
  if (elapsedMs <= 0 || grown <= 0) return undefined
  const perMs = grown / elapsedMs
  const held = Number(highWatermark.highWatermark - logStart)
  const bytesPerOffset = content?.audit?.bytesPerOffset
  // Where nothing was deleted yet, the limit in offsets is known only from the size of records.
  const kept = logStart > 0n ? held : bytesPerOffset === undefined ? undefined : bytes / bytesPerOffset
  if (kept === undefined) return undefined
  const behind = Number(highWatermark.highWatermark - position.proven)
  return t0 + Math.max(0, kept - behind) / perMs
}
