import { type AlertOptions, type AlertRule, alertRules } from './alerts.ts'
import { type RecordingRule, recordingRules, spentRule } from './recordings.ts'
import { promDuration } from './timings.ts'

export interface LinkOptions {
  /** Where the runbooks are, without a slash at the end: one Markdown file an alert. */
  readonly runbooksUrl: string
  /** A dashboard for `dashboard_url`; without one a graph of Prometheus itself. `$flow` stands for the flow's name. */
  readonly dashboardUrl?: string
}

export interface RuleGroupOptions extends AlertOptions, LinkOptions {}

/** A rule as Prometheus' rule files have it. */
export interface WrittenRule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly keep_firing_for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface WrittenGroup {
  readonly name: string
  readonly interval: string
  readonly rules: readonly WrittenRule[]
}

/** In the order in which a test has to evaluate them. */
export const groupNames = { main: 'tidemark', window: 'tidemark-window' } as const

/** Evaluations of the main group for one of the other. */
export const slowEvaluations = 10

/**
 * All rules as groups of a Prometheus rule file. The records of the SLO and their alerts are one group: rules of a group
 * are evaluated one after the other, at one instant, so that no alert sees half of an evaluation. Only what sums up the
 * whole window has a group of its own, because that is many samples and changes slowly.
 */
export function ruleGroups(options: RuleGroupOptions): readonly WrittenGroup[] {
  const alerts = alertRules(options)
  return [
    {
      name: groupNames.main,
      interval: promDuration(options.timings.evaluationMs),
      rules: [
        ...recordingRules(options.timings).map(writtenRecord),
        ...alerts.filter(({ isSlow }) => isSlow !== true).map(rule => writtenAlert(rule, options)),
      ],
    },
    {
      name: groupNames.window,
      interval: promDuration(slowEvaluations * options.timings.evaluationMs),
      rules: [
        writtenRecord(spentRule),
        ...alerts.filter(({ isSlow }) => isSlow === true).map(rule => writtenAlert(rule, options)),
      ],
    },
  ]
}

function writtenRecord({ record, expr }: RecordingRule): WrittenRule {
  return { record, expr }
}

function writtenAlert(rule: AlertRule, links: LinkOptions): WrittenRule {
  const { alert, expr, forMs, keepFiringMs, severity, summary, description } = rule
  return {
    alert,
    expr,
    ...(forMs === undefined ? {} : { for: promDuration(forMs) }),
    ...(keepFiringMs === undefined ? {} : { keep_firing_for: promDuration(keepFiringMs) }),
    labels: { severity },
    annotations: {
      summary,
      description,
      runbook_url: `${links.runbooksUrl}/${alert}.md`,
      dashboard_url: dashboardUrl(rule, links),
    },
  }
}

/** Prometheus knows its own address: a link that works where no dashboard was named. */
function dashboardUrl({ graph }: AlertRule, { dashboardUrl: dashboard }: LinkOptions): string {
  if (dashboard !== undefined) return dashboard.replaceAll('$flow', '{{ $labels.flow | urlquery }}')
  return `{{ externalURL }}/graph?g0.expr=${queryEscaped(graph)}&g0.tab=0`
}

/** Percent-encodes what is no template; a flow's name in it is encoded when the alert fires. */
function queryEscaped(graph: string): string {
  return graph
    .split(/(\{\{.*?\}\})/)
    .map(part => (part.startsWith('{{') ? part.replace(' }}', ' | urlquery }}') : encodeURIComponent(part)))
    .join('')
}
