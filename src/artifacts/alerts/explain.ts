import { formatDuration } from '../../config/durations.ts'
import { type AlertOptions, type AlertRule, alertRules } from './alerts.ts'
import { windowDays } from './recordings.ts'
import { slowEvaluations } from './ruleGroups.ts'

export interface ExplainedFlow {
  readonly name: string
  readonly objectiveRatio: number
  readonly windowMs: number
}

export interface ExplainOptions extends AlertOptions {
  /** Alertmanager's `group_wait`. */
  readonly groupWaitMs: number
  /** How long Prometheus keeps samples. */
  readonly retentionMs: number
  /** The longest gap between two polls. */
  readonly pollMs: number
  readonly flows: readonly ExplainedFlow[]
}

export interface Explanation {
  readonly lines: readonly string[]
  readonly warnings: readonly string[]
}

/** The longest time from what an alert is about to its page, and what it is made of, in milliseconds. */
export function longestDelay(
  rule: AlertRule,
  { timings, groupWaitMs, pollMs }: Omit<ExplainOptions, 'flows' | 'retentionMs'>,
): { readonly totalMs: number; readonly parts: readonly (readonly [name: string, ms: number])[] } {
  const parts = (
    [
      ['poll', pollMs],
      ['scrape', timings.scrapeMs],
      ['inside', rule.insideMs ?? 0],
      ['evaluation', timings.evaluationMs * (rule.isSlow === true ? slowEvaluations : 1)],
      ['for', rule.forMs ?? 0],
      ['group_wait', groupWaitMs],
    ] as const
  ).filter(([, ms]) => ms > 0)
  return { totalMs: parts.reduce((sum, [, ms]) => sum + ms, 0), parts }
}

/** For people: how long each alert takes, and what of the objectives these intervals cannot do. */
export function explain(options: ExplainOptions): Explanation {
  const rules = alertRules(options).filter(({ severity }) => severity !== 'none')
  const width = Math.max(...rules.map(({ alert }) => alert.length))
  const lines = [
    'The longest time from a breach to its notification. An RPO deadline is announced: it is the instant of the breach',
    'itself, so that no poll has to find it out, but the page of the exporter that says so is at most a poll old.',
    '',
    ...rules.map(rule => {
      const { totalMs, parts } = longestDelay(rule, options)
      const sum = parts.map(([name, ms]) => `${name} ${formatDuration(ms)}`).join(' + ')
      return `${rule.severity.padEnd(6)}  ${rule.alert.padEnd(width)}  ${formatDuration(totalMs).padStart(6)} = ${sum}`
    }),
  ]
  return { lines, warnings: options.flows.flatMap(flow => warningsFor(flow, options)) }
}

function warningsFor(flow: ExplainedFlow, { timings, retentionMs }: ExplainOptions): readonly string[] {
  const { name, objectiveRatio, windowMs } = flow
  const objective = `${Number((objectiveRatio * 100).toFixed(10))} %`
  // What the fast burn lets pass in an hour: 2 % of the error budget of the window.
  const borneMs = Math.max(0.02 * windowMs, 3_600_000) * (1 - objectiveRatio)
  const warnings: string[] = []
  if (borneMs < timings.evaluationMs) {
    warnings.push(
      `${name}: an objective of ${objective} over ${formatDuration(windowMs)} bears ${(borneMs / 1000).toFixed(0)} s an hour, less than the ${formatDuration(timings.evaluationMs)} between two evaluations: one bad sample pages as a fast burn. Evaluate at least every ${Math.max(1, Math.floor(borneMs / 1000))}s, or lower the objective.`,
    )
  }
  if (retentionMs < windowMs) {
    warnings.push(
      `${name}: Prometheus keeps ${formatDuration(retentionMs)}, less than the window of ${formatDuration(windowMs)}: what was spent before is forgotten, and the budget looks better than it is. Keep samples for longer, or shorten rpo.window.`,
    )
  }
  const windows = windowDays.map(days => days * 86_400_000)
  if (!windows.includes(windowMs)) {
    const counted = windows.findLast(ms => ms < windowMs) ?? windows[0] ?? 0
    warnings.push(
      `${name}: a window of ${formatDuration(windowMs)} is counted over ${formatDuration(counted)} only; the windows that are counted whole are ${windowDays.map(days => `${days}d`).join(', ')}.`,
    )
  }
  return warnings
}
