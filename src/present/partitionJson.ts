import { missingOf } from '../assess/assess.ts'
import { provenPosition } from '../metrics/catalog.ts'
import type { PartitionAssessment } from '../model/assessment.ts'
import type { Audit, OpenTransaction, Tail } from '../model/comparison.ts'
import type { ClockReading } from '../model/time.ts'
import { decimal, recoveryOf, timeOf, timeOrNull, unknownView, wallTimeOrNull } from './jsonValues.ts'
import type { PartitionView } from './schema.ts'
import { partitionSentence, tailSentence } from './words.ts'

/** One partition with the basis of each figure. */
export function partitionView({ facts, status }: PartitionAssessment, clock: ClockReading): PartitionView {
  const { position, highWatermark } = facts
  const proven = provenPosition({ facts })
  const { pair } = position
  return {
    partition: facts.partition,
    ...recoveryOf({ ...facts, status }, clock),
    summary: partitionSentence({ facts, status }, clock),
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
