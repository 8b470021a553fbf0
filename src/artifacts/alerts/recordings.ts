import { anyOf, lastOf, maxOf, metric, replicaLabels } from './promql.ts'
import { type AlertTimings, bridgeMs, promDuration } from './timings.ts'

export interface RecordingRule {
  readonly record: string
  readonly expr: string
}

/** For this long it is remembered what a flow was when nobody exports it any more. */
export const memory = '1d'

/** Clocks that differ by more make timestamps of no use, in seconds. */
const clockToleranceSeconds = 5
/** An observation this much older than another replica's is an old view, in seconds. */
const oldViewSeconds = 60

/** The series that rules make, named level:what:unit. */
export const recorded = {
  clockOff: 'replica:tidemark_clock_off:bool',
  replicaUnproven: 'replica:tidemark_unproven:topics',
  replicaSlack: 'replica:tidemark_rpo_slack:seconds',
  replicaDeadline: 'replica:tidemark_rpo_deadline:timestamp',
  retractedAt: 'shard:tidemark_rpo_retracted:timestamp',
  shardSlack: 'shard:tidemark_rpo_slack:seconds',
  slack: 'flow:tidemark_rpo_slack:seconds',
  active: 'flow:tidemark_active:bool',
  maintenanceUntil: 'flow:tidemark_maintenance_until:timestamp',
  tierSeen: 'flow:tidemark_tier:timestamp',
  expected: 'flow:tidemark_expected:info',
  breached: 'flow:tidemark_rpo_breached:bool',
  unreported: 'flow:tidemark_unreported:bool',
  exporterUp: 'exporter:tidemark_up:bool',
  bad: 'flow:tidemark_slo_bad:bool',
  objective: 'flow:tidemark_slo_objective:ratio',
  window: 'flow:tidemark_slo_window:seconds',
  breached5m: 'flow:tidemark_rpo_breached:ratio_rate5m',
  breached30m: 'flow:tidemark_rpo_breached:ratio_rate30m',
  bad1h: 'flow:tidemark_slo_bad:ratio_rate1h',
  bad6h: 'flow:tidemark_slo_bad:ratio_rate6h',
  bad3d: 'flow:tidemark_slo_bad:ratio_rate3d',
  spent: 'flow:tidemark_slo_budget_spent:ratio',
} as const

/** Windows over which the spent budget can be counted, in days: the largest that is not longer than the flow's. */
export const windowDays = [1, 7, 14, 28, 30, 90] as const

const secondsOfDay = 86_400

/**
 * What of the SLO needs more than one look: which replicas count (docs/adr/0009-alerts-from-replicas.md), whether a
 * flow is expected to keep its budget, whether it does, and how much of its error budget is spent. In the order of
 * evaluation; they belong into one group with the alerts that use them.
 */
export function recordingRules(timings: AlertTimings): readonly RecordingRule[] {
  const restart = promDuration(timings.restartMs)
  const bridge = promDuration(bridgeMs(timings))
  const shareOf = (range: string, seconds: number): string =>
    `sum_over_time(${recorded.bad}[${range}]) * ${timings.evaluationMs / 1000} / ${seconds}`
  const observation = metric.observationTimestamp
  const unproven = metric.unprovenTopics
  return [
    {
      record: recorded.clockOff,
      expr: `abs(${metric.clock} - timestamp(${metric.clock})) >= bool ${clockToleranceSeconds}`,
    },
    {
      record: recorded.retractedAt,
      expr: `max without (${replicaLabels}) (
  ${lastOf(metric.recoveryPointRetracted, memory)} unless ignoring (flow) (${lastOf(recorded.clockOff, memory)} == 1)
)`,
    },
    {
      record: recorded.replicaUnproven,
      // A process that could never list the topics has proven nothing of them.
      expr: `(${unproven} or ${metric.rpoDeadline} + Inf)
unless ignoring (flow) (${recorded.clockOff} == 1)
unless (${observation} < ignoring (${replicaLabels}) group_left () ${recorded.retractedAt})`,
    },
    {
      record: recorded.replicaSlack,
      expr: `(${metric.rpoDeadline} - timestamp(${metric.rpoDeadline}))
and (
  ${recorded.replicaUnproven}
  <= ignoring (${replicaLabels}) group_left ()
  min without (${replicaLabels}) (
    ${recorded.replicaUnproven}
    unless (
      ${observation}
      < ignoring (${replicaLabels}) group_left ()
      (max without (${replicaLabels}) (${observation} and ${recorded.replicaUnproven}) - ${oldViewSeconds})
    )
  )
)`,
    },
    {
      record: recorded.replicaDeadline,
      expr: `${metric.rpoDeadline} and ${recorded.replicaSlack} and (${metric.knownRecoveryPoint} or ${metric.estimatedRecoveryPoint})`,
    },
    { record: recorded.shardSlack, expr: `max without (${replicaLabels}) (${recorded.replicaSlack})` },
    {
      record: recorded.slack,
      expr: `min without (shard) (
  (
    (
      max without (${replicaLabels}) (${recorded.replicaSlack} and ${recorded.replicaDeadline})
      or ${groundedSlack(memory)}
    ) < ${recorded.shardSlack}
    unless max without (${replicaLabels}) (${metric.observedSince} and ${observation}) > time() - ${timings.restartMs / 1000}
  )
  or (
    ${groundedSlack(restart)} > ${recorded.shardSlack}
    unless ${recorded.retractedAt} > time() - ${(timings.restartMs + timings.evaluationMs) / 1000}
  )
  or ${recorded.shardSlack}
)`,
    },
    {
      record: recorded.active,
      // Each replica has the series of one state.
      expr: `${anyOf(`${metric.flowState}{state="active"}`, 'state')}
or ${anyOf(metric.flowState, 'state')} * 0`,
    },
    { record: recorded.maintenanceUntil, expr: maxOf(metric.maintenanceUntil) },
    {
      record: recorded.tierSeen,
      // Of an aggregation that is the time of the evaluation.
      expr: `timestamp(${anyOf(metric.flowInfo, 'source_cluster', 'target_cluster', 'replicator', 'policy')})`,
    },
    {
      record: recorded.expected,
      expr: `group without () (topk without (tier) (1, ${lastOf(recorded.tierSeen, memory)}))
and ignoring (tier) (
  ${lastOf(recorded.active, memory)} == 1
  or (${lastOf(recorded.maintenanceUntil, memory)} > 0) < time()
)`,
    },
    {
      record: recorded.breached,
      // That a breach is over is only said by who knows how far the replication is.
      expr: `(${recorded.slack} < bool 0) * ${recorded.active}
and (${recorded.slack} < 0 or ${anyOf(recorded.replicaDeadline)})`,
    },
    {
      record: recorded.unreported,
      // It has to be expected for as long: nobody knew of it before.
      expr: `group without (tier) (${recorded.expected} and ${recorded.expected} offset ${restart})
unless count_over_time(${recorded.slack}[${restart}])`,
    },
    {
      record: recorded.exporterUp,
      expr: anyOf(lastOf(metric.buildInfo, restart), 'version', 'node_version'),
    },
    {
      record: recorded.bad,
      expr: `${recorded.breached} or ${recorded.unreported}`,
    },
    { record: recorded.objective, expr: maxOf(lastOf(metric.flowRpoObjective, bridge)) },
    { record: recorded.window, expr: maxOf(lastOf(metric.flowRpoWindow, bridge)) },
    { record: recorded.breached5m, expr: `avg_over_time(${recorded.breached}[5m])` },
    { record: recorded.breached30m, expr: `avg_over_time(${recorded.breached}[30m])` },
    // Of the whole time, not of the samples: a time that nobody counted was a good one.
    { record: recorded.bad1h, expr: shareOf('1h', 3_600) },
    { record: recorded.bad6h, expr: shareOf('6h', 21_600) },
    { record: recorded.bad3d, expr: `sum_over_time(${recorded.bad1h}[3d:1h]) / 72` },
  ]
}

/** Seconds to the best deadline of a range that rested on the replication, and not only on the start of a process. */
function groundedSlack(range: string): string {
  return `(max without (${replicaLabels}) (${lastOf(recorded.replicaDeadline, range)}) - time())`
}

/** How much of the error budget of its window a flow has spent. Many samples, and slow to change. */
export const spentRule: RecordingRule = {
  record: recorded.spent,
  expr: `(
  ${windowDays.map(spentHours).join('\n  or ')}
) * 3600 / ${recorded.window} / (1 - ${recorded.objective})`,
}

/** Of several that match, the first counts. */
function spentHours(days: number, index: number): string {
  const next = windowDays[index + 1]
  const sum = `sum_over_time(${recorded.bad1h}[${days}d:1h])`
  return next === undefined ? sum : `${sum} and ${recorded.window} < ${next * secondsOfDay}`
}
