import { anyOf, copyLabels, lastOf, maxOf, metric, replicaLabels } from './promql.ts'
import { memory, recorded } from './recordings.ts'
import { type AlertTimings, bridgeMs, promDuration } from './timings.ts'

/** `page` wakes somebody, `ticket` waits for the morning, `none` only shows that alerts travel. */
export type Severity = 'page' | 'ticket' | 'none'

export interface AlertRule {
  readonly alert: string
  readonly severity: Severity
  readonly expr: string
  readonly forMs?: number
  readonly keepFiringMs?: number
  /** One line, with the flow's name where there is one. */
  readonly summary: string
  /** What is known, with figures. Templates of Prometheus. */
  readonly description: string
  /** What the link to a graph shows; templates of Prometheus. */
  readonly graph: string
  /** How long the expression itself waits before it is true; for `--explain`. */
  readonly insideMs?: number
  /** Evaluated with what sums up the whole window, and not at every evaluation. */
  readonly isSlow?: true
}

export interface AlertOptions {
  readonly timings: AlertTimings
  /** The version of Tidemark that the rules are for. */
  readonly version: string
}

const minute = 60_000
const hour = 60 * minute

/** The flow of the alert, inside of a query in a template. */
const ofThisFlow = '{flow=%q}'

/** `{{ query }}` over a PromQL text in which %q stands for the flow. */
function forFlow(promql: string, found: string): string {
  const placeholders = promql.match(/%q/g) ?? []
  const values = placeholders.map(() => ' $labels.flow').join('')
  return `{{ range printf \`${promql}\`${values} | query }}${found}{{ end }}`
}

function flowValue(name: string, found: string): string {
  return forFlow(`max(${name}${ofThisFlow})`, found)
}

const seconds = '{{ .Value | humanizeDuration }}'
const number = '{{ .Value | humanize }}'
const percent = '{{ .Value | humanizePercentage }}'

/** The worst shard's point, of which the replica that knows most speaks. */
const worstPoint = `min(max without (${replicaLabels}) (${metric.knownRecoveryPoint}${ofThisFlow}))`
const exposure = forFlow(`time() - ${worstPoint}`, `Proven exposure ${seconds}. `)
const budget = flowValue(metric.flowRpoBudget, `Budget ${seconds}.`)
const unproven = forFlow(
  `max(${metric.unprovenTopics}${ofThisFlow}) > 0`,
  ` ${number} topics have no proven recovery point at all: their exposure is not bounded.`,
)
const worstTopics = forFlow(
  `topk(3, time() - max by (topic) (${metric.topicRecoveryPoint}${ofThisFlow}) - max by (topic) (${metric.topicRpoBudget}${ofThisFlow}))`,
  `
- {{ .Labels.topic }}: {{ if lt .Value 0.0 }}within its budget{{ else }}${seconds} over its budget{{ end }}`,
)
/** From how fast the recovery point comes nearer. */
const catchUp = forFlow(
  `(time() - ${worstPoint} - max(${metric.flowRpoBudget}${ofThisFlow})) / (max(deriv(${metric.knownRecoveryPoint}${ofThisFlow}[10m])) - 1) > 0 < 604800`,
  `
It catches up: within the budget again in about ${seconds}.`,
)
const clustersDown = `{{ range printf \`max by (kafka_cluster) (${metric.clusterUp}) == 0\` | query }} {{ .Labels.kafka_cluster }} does not answer.{{ end }}`
const unknownReasons = forFlow(
  `max by (reason) (${metric.unknownTopics}${ofThisFlow}) > 0`,
  ` ${number} topics are unknown: {{ .Labels.reason }}.`,
)

/** Every alert rule. Those of flows are about flows that are expected to keep their budget, with their tier. */
export function alertRules({ timings, version }: AlertOptions): readonly AlertRule[] {
  const bridge = promDuration(bridgeMs(timings))
  const restart = promDuration(timings.restartMs)
  const paging = { severity: 'page', keepFiringMs: timings.keepFiringMs } as const
  const ticket = { severity: 'ticket' } as const
  /** A value of the flow, over all copies of the exporter, without holes where a scrape failed. */
  const value = (name: string, ...labels: readonly string[]): string => maxOf(lastOf(name, bridge), ...labels)
  /** Whether there is one, for alerts that say no figure. */
  const isThere = (name: string, ...labels: readonly string[]): string =>
    anyOf(lastOf(name, bridge), ...labels)
  /** A flow that does not export any more was restarted, unless it takes longer. */
  const afterRestartMs = timings.restartMs / 2
  const grew = (name: string, ...labels: readonly string[]): string => {
    const total = maxOf(name, ...labels)
    const before = anyOf(`${name} offset 1h`, ...labels)
    return `${maxOf(`increase(${name}[1h])`, ...labels)} > 0
or (${total} > 0 unless ${before})`
  }
  const burns = (long: string, short: string, share: number, overSeconds: number): string => {
    const threshold = `clamp_min(${share} * ${recorded.window} / ${overSeconds}, 1) * (1 - ${recorded.objective})`
    return `${long} > ${threshold}
and ${short} > ${threshold}`
  }
  const untilDeletion = `(${value(metric.flowRetentionDeadline)} - time())`

  const ofFlows: readonly AlertRule[] = [
    {
      ...paging,
      alert: 'TidemarkRpoDeadlinePassed',
      expr: `${lastOf(recorded.breached, memory)} == 1`,
      summary: '{{ $labels.flow }}: the RPO budget is not kept',
      description: `If the source of {{ $labels.flow }} died now, more would be lost than the budget allows. ${exposure}${budget}${unproven}${unknownReasons}
Worst topics:${worstTopics}${catchUp}`,
      graph: `time() - ${metric.knownRecoveryPoint}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...paging,
      alert: 'TidemarkRpoBudgetBurnsFast',
      expr: `(
  ${indented(burns(recorded.bad1h, recorded.breached5m, 0.02, 3_600))}
)
or
(
  ${indented(burns(recorded.bad6h, recorded.breached30m, 0.05, 21_600))}
)`,
      insideMs: 2 * timings.evaluationMs,
      summary: '{{ $labels.flow }}: the RPO error budget is being spent fast',
      description: `At this rate the error budget of {{ $labels.flow }} does not last. The RPO was not kept${flowValue(recorded.bad1h, ` for ${percent} of the last hour`)}${flowValue(recorded.bad6h, ` and ${percent} of the last six`)}.${flowValue(recorded.spent, ` ${percent} of the error budget of the window was spent by the last full hour.`)} ${exposure}${budget}
Worst topics:${worstTopics}${catchUp}`,
      graph: `${recorded.bad1h}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkRpoBudgetBurnsSlowly',
      expr: burns(recorded.bad3d, recorded.bad6h, 0.1, 259_200),
      summary: '{{ $labels.flow }}: the RPO error budget will not last',
      description: `In the last three days the RPO of {{ $labels.flow }} was not kept for {{ $value | humanizePercentage }} of the time, and it goes on.${flowValue(recorded.spent, ` ${percent} of the error budget of the window was spent by the last full hour.`)}`,
      graph: `${recorded.bad3d}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      isSlow: true,
      alert: 'TidemarkRpoBudgetExhausted',
      expr: `${recorded.spent} >= 1`,
      summary: '{{ $labels.flow }}: the RPO objective of this window is missed',
      description: `{{ $value | humanizePercentage }} of the error budget of {{ $labels.flow }} is spent${flowValue(recorded.objective, `; the objective is ${percent}`)}${flowValue(recorded.window, ` over ${seconds}`)}.`,
      graph: `${recorded.spent}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...paging,
      alert: 'TidemarkFlowUnreported',
      expr: `${recorded.unreported}
and ignoring (flow) ${recorded.exporterUp}`,
      forMs: afterRestartMs,
      insideMs: timings.restartMs,
      summary: '{{ $labels.flow }}: nobody reports on it any more',
      description: `The exporter answers, but for longer than a restart takes it has given no RPO deadline for {{ $labels.flow }} that could be used. Nobody knows what would be lost.`,
      graph: `${metric.rpoDeadline}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkFlowUnobservable',
      expr: `${isThere(metric.rpoDeadline)}
unless (
  ${isThere(metric.observationTimestamp)}
  and ${isThere(metric.flowTopics, 'status')}
)`,
      forMs: 5 * minute,
      summary: '{{ $labels.flow }}: it could never be observed',
      description: `Since it started, the exporter has not seen both clusters of {{ $labels.flow }} answer, or it cannot tell which topics are in scope.${clustersDown}${unknownReasons} The RPO deadline runs all the same.`,
      graph: `${metric.unknownTopics}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkObservationStale',
      expr: `(time() - ${value(metric.observationTimestamp)})
> ignoring (flow) group_left ()
(4 * ${value(metric.pollInterval)} + 60)`,
      forMs: minute,
      summary: '{{ $labels.flow }}: the exporter is blind',
      description: `Both clusters of {{ $labels.flow }} were last seen to answer {{ $value | humanizeDuration }} ago.${clustersDown} What was proven then stays true; the exposure grows until they answer.`,
      graph: `time() - ${metric.observationTimestamp}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkPartitionsUnobserved',
      expr: `(${value(metric.flowPartitions)} - ${value(metric.flowPartitionsObserved)}) > 0`,
      forMs: 10 * minute,
      summary: '{{ $labels.flow }}: some partitions cannot be seen',
      description: `{{ $value | humanize }} partitions of {{ $labels.flow }} cannot be judged.${unknownReasons}`,
      graph: `${metric.unknownTopics}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkTopicsStalled',
      expr: `${value(`${metric.flowTopics}{status="stalled"}`, 'status')} > 0`,
      forMs: 5 * minute,
      summary: '{{ $labels.flow }}: replication of some topics stands still',
      description: `{{ $value | humanize }} topics of {{ $labels.flow }} have records that wait, and the replicator's position does not move. ${exposure}${budget}${forFlow(
        `topk(3, max by (topic) (${metric.topicLag}${ofThisFlow}) and on (topic) max by (topic) (${metric.topicStatus}{flow=%q, status="stalled"}))`,
        `
- {{ .Labels.topic }}: at most ${number} records wait`,
      )}`,
      graph: `${metric.flowTopics}{flow="{{ $labels.flow }}", status="stalled"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkHeartbeatsStopped',
      expr: `(${value(metric.observationTimestamp)} - ${value(metric.heartbeat)}) > 300`,
      forMs: 5 * minute,
      summary: '{{ $labels.flow }}: no heartbeats arrive',
      description: `The newest heartbeat that travelled {{ $labels.flow }} was {{ $value | humanizeDuration }} old when it was last looked for.`,
      graph: `time() - ${metric.heartbeat}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...paging,
      alert: 'TidemarkRecordsLost',
      expr: grew(metric.flowLost),
      summary: '{{ $labels.flow }}: records are lost',
      description: `Records of {{ $labels.flow }} never reached the target, and the replicator will not copy them any more.${flowValue(metric.flowLost, ` ${number} offsets in all`)} since the exporter started:${forFlow(
        `topk(3, max by (topic) (${metric.topicLost}${ofThisFlow}) > 0)`,
        `
- {{ .Labels.topic }}: ${number} offsets`,
      )}`,
      graph: `${metric.flowLost}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkRecordsPossiblyLost',
      expr: grew(metric.flowPossiblyLost),
      summary: '{{ $labels.flow }}: records may be lost',
      description: `It is not excluded that records of {{ $labels.flow }} never reached the target and never will.${flowValue(metric.flowPossiblyLost, ` ${number} offsets in all`)} since the exporter started:${forFlow(
        `topk(3, max by (topic) (${metric.topicPossiblyLost}${ofThisFlow}) > 0)`,
        `
- {{ .Labels.topic }}: ${number} offsets`,
      )}`,
      graph: `${metric.flowPossiblyLost}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkTopicsDiverged',
      expr: `sum without (reason) (${value(`${metric.unknownTopics}{reason=~"diverged|recreated"}`)}) > 0`,
      forMs: 5 * minute,
      summary: '{{ $labels.flow }}: copies no longer belong to their topics',
      description: `{{ $value | humanize }} topics of {{ $labels.flow }} were recreated or cut off on one side: what the replicator's positions say no longer holds.${unknownReasons}`,
      graph: `${metric.unknownTopics}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...paging,
      alert: 'TidemarkRetentionDeadlineNear',
      expr: `${untilDeletion} < ${timings.reactionMs / 1000}
and (
  ${untilDeletion} < ${lastOf(recorded.slack, bridge)}
  or ${lastOf(recorded.breached, bridge)} == 1
)`,
      summary: '{{ $labels.flow }}: the source will soon delete records that were not copied',
      description: `The retention of the source of {{ $labels.flow }} {{ if gt $value 0.0 }}begins in {{ $value | humanizeDuration }} to delete{{ else }}may be deleting{{ end }} records that are not on the target. Then they are lost.${forFlow(
        `bottomk(3, max by (topic) (${metric.topicRetentionDeadline}${ofThisFlow}) - time())`,
        `
- {{ .Labels.topic }}: {{ if gt .Value 0.0 }}in ${seconds}{{ else }}now{{ end }}`,
      )}`,
      graph: `${metric.flowRetentionDeadline}{flow="{{ $labels.flow }}"} - time()`,
    },
    {
      ...ticket,
      alert: 'TidemarkOffsetSyncsNotFresh',
      expr: `${value(metric.flowStaleOffsetSyncs)} > 0`,
      forMs: 30 * minute,
      summary: '{{ $labels.flow }}: offset syncs are too old to translate by',
      description: `For {{ $value | humanize }} topics of {{ $labels.flow }} the newest offset sync lies behind what was produced: after a failover, groups would read records again.${forFlow(
        `topk(3, time() - max by (topic) (${metric.topicOffsetSync}${ofThisFlow}) and on (topic) max by (topic) (${metric.topicOffsetSyncFresh}${ofThisFlow}) == 0)`,
        `
- {{ .Labels.topic }}: ${seconds} old`,
      )}`,
      graph: `${metric.flowStaleOffsetSyncs}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkBudgetMissing',
      expr: `${isThere(metric.rpoDeadline)}
unless (
  ${anyOf(metric.flowRpoBudget)}
  and ${anyOf(metric.flowRpoObjective)}
  and ${anyOf(metric.flowRpoWindow)}
)`,
      forMs: 10 * minute,
      summary: '{{ $labels.flow }}: its RPO budget, objective or window is missing',
      description: `{{ $labels.flow }} has a deadline, but Prometheus has no RPO budget, objective or window for it: a relabelling may drop them. The burn of its error budget cannot be told.`,
      graph: `${metric.flowRpoBudget}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkBudgetImpossible',
      expr: `(${value(metric.provableExposure)} > ${value(metric.flowRpoBudget)})
and ${value(metric.flowPartitionsAudited)} == 0`,
      forMs: 30 * minute,
      summary: '{{ $labels.flow }}: its RPO budget cannot be shown to be kept',
      description: `With its flush interval and poll schedule no exposure below {{ $value | humanizeDuration }} can be proven for {{ $labels.flow }}${flowValue(metric.flowRpoBudget, `, and its budget is ${seconds}`)}. No records can be compared that would prove more.`,
      graph: `${metric.provableExposure}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkConfigurationsDiffer',
      expr: [metric.flowRpoBudget, metric.flowRpoObjective, metric.flowRpoWindow, metric.maintenanceUntil]
        .map(name => `${maxOf(name)} != min without (${copyLabels}) (${name})`)
        // Each replica has the series of one state.
        .concat(`sum without (state) (${anyOf(metric.flowState)}) > 1`)
        .join('\nor '),
      forMs: 30 * minute,
      summary: '{{ $labels.flow }}: replicas of the exporter are configured differently',
      description: `Replicas of the exporter disagree about the RPO or the maintenance of {{ $labels.flow }}. The alerts take the larger value, and a flow is active as soon as one replica says so.`,
      graph: `${metric.flowRpoBudget}{flow="{{ $labels.flow }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkAuditContradicted',
      expr: `${maxOf(`increase(${metric.positionAudits}{outcome="contradicted"}[1h])`, 'outcome')} > 0
or ${value(metric.flowMismatched)} > 0`,
      summary: '{{ $labels.flow }}: records on the target are not what they should be',
      description: `Records of {{ $labels.flow }} were compared, and the target lacks some or has others in their places.${flowValue(metric.flowMismatched, ` ${number} records stand in the place of others now.`)}${forFlow(
        `topk(3, max by (topic) (${metric.topicMismatched}${ofThisFlow}) > 0)`,
        `
- {{ .Labels.topic }}: ${number} records`,
      )}`,
      graph: `${metric.flowMismatched}{flow="{{ $labels.flow }}"}`,
    },
  ]

  const ofExporters: readonly AlertRule[] = [
    {
      ...paging,
      alert: 'TidemarkExporterDown',
      expr: `${anyOf(lastOf(metric.buildInfo, memory), 'version', 'node_version')}
unless ${recorded.exporterUp}`,
      forMs: afterRestartMs,
      insideMs: timings.restartMs,
      summary: '{{ $labels.job }}: no exporter answers',
      description: `For longer than a restart takes, Prometheus has got nothing from any replica of {{ $labels.job }}. Nobody knows what would be lost if a source died now; an RPO that was not kept before still pages.`,
      graph: `up{job="{{ $labels.job }}"}`,
    },
    {
      ...paging,
      alert: 'TidemarkExporterAbsent',
      expr: `absent_over_time(${metric.buildInfo}[${memory}])`,
      forMs: 5 * minute,
      summary: 'Prometheus knows no Tidemark',
      description: `These rules are loaded, but for a day Prometheus has scraped no Tidemark, or never has.`,
      graph: metric.buildInfo,
    },
    {
      ...ticket,
      alert: 'TidemarkReplicaDown',
      expr: `max_over_time(up[${restart}]) == 0
and ignoring (version, node_version) ${lastOf(metric.buildInfo, memory)}
and ignoring (${copyLabels}) ${recorded.exporterUp}`,
      forMs: 5 * minute,
      summary: '{{ $labels.instance }}: a replica of the exporter does not answer',
      description: `{{ $labels.instance }} of {{ $labels.job }} does not answer; other replicas do.`,
      graph: `up{job="{{ $labels.job }}"}`,
    },
    {
      ...ticket,
      alert: 'TidemarkVersionMismatch',
      expr: `count without (${copyLabels}, node_version) (${lastOf(`${metric.buildInfo}{version!="${version}"}`, bridge)})`,
      forMs: hour,
      summary: '{{ $labels.job }}: the exporter is of another version than its rules',
      description: `{{ $value | humanize }} replicas of {{ $labels.job }} are of version {{ $labels.version }}; these rules are of ${version}. Load the rules of that version: tidemark generate alerts.`,
      graph: metric.buildInfo,
    },
    {
      ...ticket,
      alert: 'TidemarkClockOff',
      expr: `${lastOf(recorded.clockOff, bridge)} == 1`,
      forMs: 5 * minute,
      summary: '{{ $labels.instance }}: its clock and that of Prometheus disagree',
      description: `The clock of {{ $labels.instance }} and that of Prometheus are five seconds apart or more, so that its timestamps do not count. When all replicas are left out, nobody reports on their flows.`,
      graph: `${metric.clock} - timestamp(${metric.clock})`,
    },
    {
      ...ticket,
      alert: 'TidemarkConfigurationRefused',
      expr: `${lastOf(metric.configReloadSuccessful, bridge)} == 0`,
      forMs: 10 * minute,
      summary: '{{ $labels.instance }}: its configuration is refused',
      description: `The configuration file of {{ $labels.instance }}, or its web configuration, has problems, which its log names.{{ range printf \`time() - ${metric.configReloadSuccess}{instance=%q}\` $labels.instance | query }} What runs was read ${seconds} ago.{{ end }} At the next restart it would not start.`,
      graph: `${metric.configReloadSuccessful}{job="{{ $labels.job }}"}`,
    },
    {
      severity: 'none',
      alert: 'TidemarkWatchdog',
      expr: 'vector(1)',
      summary: 'Alerts travel',
      description:
        'Always fires. Send it to a service that pages when it stops: then Prometheus, Alertmanager or the way to them is down.',
      graph: 'up',
    },
  ]

  return [...ofFlows.map(expectedOnly), ...ofExporters]
}

/** Multiplied by 1 with the tier, for flows that are expected to keep their budget. */
function expectedOnly(rule: AlertRule): AlertRule {
  return {
    ...rule,
    expr: `(
  ${indented(rule.expr)}
)
* ignoring (tier) group_left (tier) ${recorded.expected}`,
  }
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n  ')
}
