import { readFileSync } from 'node:fs'
import { type AlertRule, alertRules } from '../../../../src/artifacts/alerts/alerts.ts'
import { longestDelay } from '../../../../src/artifacts/alerts/explain.ts'
import { type AlertTimings, defaultTimings } from '../../../../src/artifacts/alerts/timings.ts'
import { pollMs } from '../../support/exporter.ts'

/** For stories of a minute; a restart of the exporter takes three seconds here. */
export const timings: AlertTimings = {
  ...defaultTimings,
  scrapeMs: 1_000,
  evaluationMs: 1_000,
  restartMs: 8_000,
  keepFiringMs: 10_000,
}

/** Alertmanager's intervals are this many times shorter than in the example, as those of the rules are. */
export const hurry = defaultTimings.evaluationMs / timings.evaluationMs

const manifest = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')
/** The version that the rules are for and the exporter is of. */
export const { version } = JSON.parse(manifest) as { readonly version: string }

/** The longest time that is promised from what an alert is about to its page, in milliseconds. */
export function promisedMs(alert: string, groupWaitMs: number): number {
  return longestDelay(ruleOf(alert), { timings, version, groupWaitMs, pollMs }).totalMs
}

function ruleOf(name: string): AlertRule {
  const rule = alertRules({ timings, version }).find(({ alert }) => alert === name)
  if (rule === undefined) throw new Error(`there is no rule ${name}`)
  return rule
}
