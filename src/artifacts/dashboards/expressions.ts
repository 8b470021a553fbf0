import { copyLabels, lastOf, maxOf, metric, replicaLabels } from '../alerts/promql.ts'
import { memory, recorded } from '../alerts/recordings.ts'
import { type AlertTimings, bridgeMs, promDuration } from '../alerts/timings.ts'
import { codeOf, flowStates, notCounted, topicStates } from './meanings.ts'

/** Label matchers, such as `flow="$flow"`; empty is every flow. */
export type Matchers = string

/** A selector of a metric's or record's series with these matchers. */
export function selector(name: string, ...matchers: readonly Matchers[]): string {
  const all = matchers.filter(matcher => matcher !== '')
  return all.length === 0 ? name : `${name}{${all.join(', ')}}`
}

/** Over the replicas of a shard what is known best, over the shards the worst: for points and deadlines. */
export function worstShardOfBest(vector: string): string {
  return `min without (shard) (max without (${replicaLabels}) (${vector}))`
}

/** Over the replicas of a shard what the best informed one counts, over the shards their sum. */
export function countOver(vector: string, ...labels: readonly string[]): string {
  return `sum without (${['shard', ...labels].join(', ')}) (min without (${replicaLabels}) (${vector}))`
}

/** Over the replicas of a shard the most that one counted, over the shards their sum: for what is lost. */
export function sumOfShards(vector: string): string {
  return `sum without (shard) (max without (${replicaLabels}) (${vector}))`
}

/** The wall sorts equal states by how much of the budget is used, up to this many hundredths. */
const mostHundredths = 900

/**
 * The replicas whose word counts (docs/adr/0009-alerts-from-replicas.md), also while a scrape has failed: neither those
 * that have proven less than another one since, nor those of an old view or a wrong clock.
 */
export function usableReplicas(timings: AlertTimings, matchers: Matchers): string {
  const bridge = promDuration(bridgeMs(timings))
  const [slack, unproven] = [
    selector(recorded.replicaSlack, matchers),
    selector(recorded.replicaUnproven, matchers),
  ]
  const observation = lastOf(selector(metric.observationTimestamp, matchers), bridge)
  return `(
  ${lastOf(slack, bridge)}
  unless (${unproven} unless ${slack})
  unless (${observation} < ignoring (${replicaLabels}) group_left () ${selector(recorded.retractedAt, matchers)})
  unless ignoring (flow) (${recorded.clockOff} == 1)
)`
}

/** PromQL of what dashboards show of flows. Each gives one series a flow and environment, whatever copies there are. */
export interface FlowExpressions {
  /** The code of a state of `flowStates`, and below it how much of the budget is used, in percent. */
  readonly state: string
  /**
   * Share that is used of the RPO budget that passes first: 1 is when its deadline does. `notCounted` while the flow is
   * not expected to keep it; absent where nobody reports a deadline.
   */
  readonly used: string
  /** Seconds since the proven recovery point; absent when a topic has none. */
  readonly exposure: string
  /** The same of the topics that have one. */
  readonly knownExposure: string
  readonly estimatedExposure: string
  readonly budget: string
  /** Seconds until the budget is no longer shown to be kept, 0 after that; `notCounted` as for `used`. */
  readonly left: string
  /** Seconds since both clusters last answered, also after the exporter went away. */
  readonly age: string
  /** Whether a flow is expected to keep its budget, also after the exporter went away. */
  readonly active: string
  readonly unknownTopics: string
  readonly unprovenTopics: string
  /** The same vector with NaN for every flow that it lacks: in a table, and among tiles, a flow keeps its row. */
  readonly withEveryFlow: (vector: string) => string
}

export function flowExpressions(timings: AlertTimings, matchers: Matchers = ''): FlowExpressions {
  const bridge = promDuration(bridgeMs(timings))
  /** The newest sample, so that a scrape that failed leaves no hole. */
  const last = (name: string, ...more: readonly Matchers[]): string =>
    lastOf(selector(name, matchers, ...more), bridge)
  const remembered = (name: string): string => lastOf(selector(name, matchers), memory)
  const usable = (vector: string): string => `${vector} and ${usableReplicas(timings, matchers)}`
  const isUnproven = `max without (${copyLabels}) (${usable(last(recorded.replicaUnproven))}) > 0`
  const since = (name: string): string => `time() - ${worstShardOfBest(usable(last(name)))}`

  const budget = maxOf(last(metric.flowRpoBudget))
  const slack = last(recorded.slack)
  // Not of the flow's budget: the topic that comes first may have its own.
  const used = `clamp_min(1 - ${slack} / ${worstShardOfBest(last(metric.rpoDeadlineBudget))}, 0)`
  const counted = (vector: string): string =>
    `${vector} and ${last(recorded.active)} == 1 or (${last(recorded.active)} == 0) * 0 + ${notCounted}`
  const age = `time() - ${worstShardOfBest(remembered(metric.observationTimestamp))}`
  const active = remembered(recorded.active)
  const code = (vector: string, name: keyof typeof flowStates): string =>
    `(${vector}) * 0 + ${codeOf(flowStates, name)}`
  // Unknown to one replica is known to another; so is a status that lasted for less than the bridge.
  const status = (
    is: 'stalled' | 'unknown',
  ): string => `max without (shard) (min without (${replicaLabels}) (max without (status) (
    ${last(metric.flowStatus, 'status="unknown"')} * 2
    or ${last(metric.flowStatus, 'status="stalled"')}
    or ${last(metric.flowStatus, 'status!~"unknown|stalled"')} * 0
  ))) == ${is === 'unknown' ? 2 : 1}`
  const lostAlert = selector('ALERTS', matchers, 'alertname="TidemarkRecordsLost"', 'alertstate="firing"')
  const patience = `4 * ${maxOf(lastOf(metric.pollInterval, bridge))} + 60`
  const patientAge = `(${age}) <= ignoring (flow) group_left () (${patience})`
  const isBreached = `${remembered(recorded.breached)} == 1`
  // The first that holds.
  const state = `(
  ${[
    code(`${isBreached} and (${active} unless ${patientAge})`, 'pastBudgetBlind'),
    code(isBreached, 'pastBudget'),
    code(maxOf(lostAlert, 'alertname', 'alertstate', 'severity', 'tier'), 'recordsLost'),
    code(`${selector(recorded.unreported, matchers)} == 1`, 'unreported'),
    code(`${last(recorded.active)} == 0 and ${last(recorded.maintenanceUntil)} > 0`, 'maintenance'),
    code(`${last(recorded.active)} == 0`, 'failedOver'),
    code(`${last(recorded.active)} unless ${patientAge}`, 'blind'),
    code(status('stalled'), 'stalled'),
    code(`${status('unknown')} or ${isUnproven}`, 'partlyUnknown'),
    code(`${used} >= 0.5`, 'halfUsed'),
    code(`${slack} >= 0`, 'kept'),
    code(active, 'unreported'),
  ].join('\n  or ')}
)
+ (clamp_max(${used} * 100, ${mostHundredths}) or ${active} * 0)`

  return {
    state,
    used: counted(used),
    exposure: `(${since(metric.recoveryPoint)}) unless ${isUnproven}`,
    knownExposure: since(metric.knownRecoveryPoint),
    estimatedExposure: since(metric.estimatedRecoveryPoint),
    budget,
    left: counted(`clamp_min(${slack}, 0)`),
    age,
    active,
    unknownTopics: countOver(last(metric.flowTopics, 'status="unknown"'), 'status'),
    unprovenTopics: countOver(last(metric.unprovenTopics)),
    withEveryFlow: vector => `(${vector}) or ${active} * NaN`,
  }
}

/** PromQL of what dashboards show of topics: one series a topic. */
export interface TopicExpressions {
  /** The code of a state of `topicStates`, and below it how much of the budget is used, in percent. */
  readonly state: string
  readonly used: string
  readonly exposure: string
  readonly estimatedExposure: string
  readonly budget: string
}

export function topicExpressions(
  timings: AlertTimings,
  ofFlow: Matchers,
  ofTopic: Matchers = '',
): TopicExpressions {
  const bridge = promDuration(bridgeMs(timings))
  const last = (name: string, ...more: readonly Matchers[]): string =>
    lastOf(selector(name, ofFlow, ofTopic, ...more), bridge)
  const now = (name: string): string => selector(name, ofFlow, ofTopic)
  const since = (name: string): string =>
    `time() - ${worstShardOfBest(`${last(name)} and ignoring (topic) ${usableReplicas(timings, ofFlow)}`)}`

  const budget = maxOf(last(metric.topicRpoBudget))
  // A scrape that failed leaves no hole, and a point that was withdrawn is gone at once.
  const withdrawn = `max without (status) (${now(metric.topicStatus)}) unless ${now(metric.topicRecoveryPoint)}`
  const exposure = `time() - ${worstShardOfBest(`${last(metric.topicRecoveryPoint)} unless (${withdrawn}) and ignoring (topic) ${usableReplicas(timings, ofFlow)}`)}`
  const used = `(${exposure}) / ${budget}`
  const statuses = (['covered', 'pending', 'behind', 'unknown', 'stalled'] as const)
    .map(status => `${last(metric.topicStatus, `status="${status}"`)} * ${codeOf(topicStates, status)}`)
    .join('\n    or ')
  const code = `max without (shard) (min without (${replicaLabels}) (max without (status) (
    ${statuses}
  )))`
  return {
    state: `(
  (${used} > 1 and (${code}) == ${codeOf(topicStates, 'unknown')}) * 0 + ${codeOf(topicStates, 'pastBudgetUnknown')}
  or (${used} > 1) * 0 + ${codeOf(topicStates, 'pastBudget')}
  or ${code}
)
+ (clamp_max(${used} * 100, ${mostHundredths}) or ${budget} * 0 + ${mostHundredths + 1})`,
    used,
    exposure,
    estimatedExposure: since(metric.topicEstimatedRecoveryPoint),
    budget,
  }
}

/** The worst of what a state's code sorts. */
export function worst(count: number, state: string): string {
  return `topk(${count}, ${state})`
}
