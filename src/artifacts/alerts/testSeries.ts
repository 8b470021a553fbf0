import { metric } from './promql.ts'

/** How a flow looks on a page of the exporter at one instant; undefined is no series. Times in seconds. */
export interface FlowPage {
  readonly tier: string
  readonly state: 'active' | 'maintenance' | 'failed_over'
  readonly maintenanceUntil: number
  readonly deadline: number | undefined
  readonly point: number | undefined
  readonly estimate: number | undefined
  readonly observedSince: number | undefined
  readonly observedAt: number | undefined
  readonly retractedAt: number | undefined
  readonly unproven: number | undefined
  readonly budget: number | undefined
  readonly objective: number | undefined
  readonly window: number | undefined
  readonly provable: number
  readonly topics: Readonly<Record<string, number>> | undefined
  readonly unknown: Readonly<Record<string, number>>
  readonly partitions: number
  readonly partitionsObserved: number
  readonly partitionsAudited: number
  readonly heartbeatAt: number | undefined
  readonly lost: number
  readonly possiblyLost: number
  readonly mismatched: number
  readonly contradicted: number
  /** Audits that found nothing wrong, so far. */
  readonly proven: number
  readonly retentionDeadline: number | undefined
  readonly staleSyncs: number
}

/** A page as Prometheus scraped it; undefined where the scrape failed. */
export interface ExporterPage {
  readonly version: string
  /** Seconds that its clock is ahead of Prometheus'. */
  readonly clockAhead: number
  readonly pollInterval: number
  /** Its configuration file has problems. */
  readonly configurationRefused: boolean
  readonly flows: Readonly<Record<string, FlowPage>>
}

export interface InputSeries {
  readonly series: string
  readonly values: string
}

/** A target that Prometheus scrapes: what it gives at every instant, in seconds. */
export interface TestTarget {
  readonly job?: string
  readonly instance: string
  /** What else its series have. */
  readonly labels?: Readonly<Record<string, string>>
  readonly pageAt: (seconds: number) => ExporterPage | undefined
  /** False while service discovery does not have it. */
  readonly isTarget?: (seconds: number) => boolean
}

/** Stands for the version that the rules are for. */
export const versionOfRules = '{rules}'

/** All is well: everything was on the target ten seconds ago. */
export function healthyFlow(now: number, parts: Partial<FlowPage> = {}): FlowPage {
  const budget = parts.budget ?? 300
  const point = 'point' in parts ? parts.point : now - 10
  return {
    tier: 'gold',
    state: 'active',
    maintenanceUntil: 0,
    deadline: (point ?? now) + budget,
    point,
    estimate: point,
    observedSince: 0,
    observedAt: now,
    retractedAt: undefined,
    unproven: 0,
    budget,
    objective: 0.999,
    window: 2_419_200,
    provable: 120,
    topics: { stalled: 0, unknown: 0, behind: 0, pending: 0, covered: 3 },
    unknown: {},
    partitions: 6,
    partitionsObserved: 6,
    partitionsAudited: 6,
    heartbeatAt: now - 5,
    lost: 0,
    possiblyLost: 0,
    mismatched: 0,
    contradicted: 0,
    proven: Math.floor(now / 300),
    retentionDeadline: undefined,
    staleSyncs: 0,
    ...parts,
  }
}

export function pageWith(
  flows: ExporterPage['flows'],
  parts: Partial<Omit<ExporterPage, 'flows'>> = {},
): ExporterPage {
  return {
    version: versionOfRules,
    clockAhead: 0,
    pollInterval: 15,
    configurationRefused: false,
    flows,
    ...parts,
  }
}

/** What Prometheus would store of these targets, a sample every `stepSeconds`, as promtool reads it. */
export function inputSeries(
  targets: readonly TestTarget[],
  stepSeconds: number,
  untilSeconds: number,
): readonly InputSeries[] {
  const steps = Math.floor(untilSeconds / stepSeconds) + 1
  const found = new Map<string, (number | undefined)[]>()
  const put = (series: string, step: number, value: number | undefined): void => {
    if (value === undefined) return
    const values = found.get(series) ?? new Array<undefined>(steps).fill(undefined)
    values[step] = value
    found.set(series, values)
  }
  for (const { job = 'tidemark', instance, labels = {}, pageAt, isTarget = () => true } of targets) {
    const target = Object.entries({ job, instance, ...labels })
      .map(([label, value]) => `${label}="${value}"`)
      .join()
    for (let step = 0; step < steps; step++) {
      const now = step * stepSeconds
      if (!isTarget(now)) continue
      const page = pageAt(now)
      put(`up{${target}}`, step, page === undefined ? 0 : 1)
      if (page !== undefined)
        for (const [series, value] of samplesOf(page, now, target)) put(series, step, value)
    }
  }
  return Array.from(found, ([series, values]) => ({ series, values: written(values) }))
}

type Samples = readonly (readonly [series: string, value: number | undefined])[]

/** The samples of a page that was scraped at an instant; undefined is no sample. */
export function samplesOf(page: ExporterPage, now: number, target: string): Samples {
  return [
    [`${metric.buildInfo}{${target},version="${page.version}",node_version="v24"}`, 1],
    [`${metric.clock}{${target}}`, now + page.clockAhead],
    [`${metric.pollInterval}{${target}}`, page.pollInterval],
    [`${metric.configReloadSuccessful}{${target}}`, page.configurationRefused ? 0 : 1],
    [`${metric.configReloadSuccess}{${target}}`, 0],
    ...Object.entries(page.flows).flatMap(([flow, it]) => flowSamples(it, `${target},flow="${flow}"`)),
  ]
}

function flowSamples(flow: FlowPage, labels: string): Samples {
  const one = (name: string, value: number | undefined) => [`${name}{${labels}}`, value] as const
  const by = (name: string, label: string, values: Readonly<Record<string, number>> | undefined) =>
    Object.entries(values ?? {}).map(
      ([key, value]) => [`${name}{${labels},${label}="${key}"}`, value] as const,
    )
  return [
    [
      `${metric.flowInfo}{${labels},source_cluster="east",target_cluster="west",replicator="mirrormaker2",policy="default",tier="${flow.tier}"}`,
      1,
    ],
    ...by(metric.flowState, 'state', { [flow.state]: 1 }),
    one(metric.maintenanceUntil, flow.maintenanceUntil),
    one(metric.rpoDeadline, flow.deadline),
    one(metric.recoveryPoint, flow.unproven === 0 ? flow.point : undefined),
    one(metric.knownRecoveryPoint, flow.point),
    one(metric.estimatedRecoveryPoint, flow.estimate),
    one(metric.observedSince, flow.observedSince),
    one(metric.observationTimestamp, flow.observedAt),
    one(metric.recoveryPointRetracted, flow.retractedAt),
    one(metric.unprovenTopics, flow.unproven),
    one(metric.flowRpoBudget, flow.budget),
    one(metric.flowRpoObjective, flow.objective),
    one(metric.flowRpoWindow, flow.window),
    one(metric.provableExposure, flow.provable),
    ...by(metric.flowTopics, 'status', flow.topics),
    ...by(metric.unknownTopics, 'reason', flow.unknown),
    one(metric.flowPartitions, flow.partitions),
    one(metric.flowPartitionsObserved, flow.partitionsObserved),
    one(metric.flowPartitionsAudited, flow.partitionsAudited),
    one(metric.heartbeat, flow.heartbeatAt),
    one(metric.flowLost, flow.lost),
    one(metric.flowPossiblyLost, flow.possiblyLost),
    one(metric.flowMismatched, flow.mismatched),
    ...by(metric.positionAudits, 'outcome', {
      contradicted: flow.contradicted,
      proven: flow.proven,
    }),
    one(metric.flowRetentionDeadline, flow.retentionDeadline),
    one(metric.flowStaleOffsetSyncs, flow.staleSyncs),
  ]
}

/**
 * promtool's notation: `a+bxn` is a and n more, each b higher; `_xn` is n times nothing. A series that ends is marked
 * stale, as Prometheus does it when a scrape fails or lacks it.
 */
function written(values: readonly (number | undefined)[]): string {
  const parts: string[] = []
  for (let at = 0; at < values.length; ) {
    const first = values[at]
    if (first === undefined) {
      let length = 0
      while (at + length < values.length && values[at + length] === undefined) length += 1
      const marked = at > 0 ? 1 : 0
      if (marked === 1) parts.push('stale')
      if (length > marked) parts.push(`_x${length - marked}`)
      at += length
      continue
    }
    const second = values[at + 1]
    if (second === undefined) {
      parts.push(String(first))
      at += 1
      continue
    }
    const step = second - first
    let more = 1
    while (isStep(values[at + more], values[at + more + 1], step)) more += 1
    parts.push(`${first}${step < 0 ? '-' : '+'}${Math.abs(step)}x${more}`)
    at += more + 1
  }
  return parts.join(' ')
}

function isStep(value: number | undefined, next: number | undefined, step: number): boolean {
  // Rounding would pile up in a run of fractions.
  return value !== undefined && next !== undefined && next - value === step && Number.isInteger(step)
}
