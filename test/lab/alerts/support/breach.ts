import { expect } from 'vitest'
import type { Truth } from '../../../../lab/writer.ts'
import type { Exposition } from '../../../support/exposition.ts'
import type { ConfigObject, Exporter } from '../../support/exporter.ts'
import { flowDeadline, flowKnownPoint } from '../../support/truth.ts'
import type { Monitoring } from './monitoring.ts'
import type { PagerDutyEvent } from './pagerDuty.ts'
import { promisedMs } from './timings.ts'

/** Twice what this pair can prove at its best, so that only a real stall uses it up. */
export const budgetMs = 15_000
export const budget = '15s'

/** With an objective that no hour can burn: then the deadline alone decides when an incident opens and ends. */
export function rpo(parts: ConfigObject = {}): ConfigObject {
  return { budget, objective: '10%', ...parts }
}

/** For the HTTP requests on the way, on a machine of two cores. */
const allowanceMs = 1_000

/** When the budget of a flow is used up, as the exporter announces it, in milliseconds since the epoch. */
export function deadlineOf(page: Exposition, flow: string): number {
  const seconds = page.value(flowDeadline, { flow })
  if (seconds === undefined) throw new Error(`there is no deadline of ${flow}`)
  return seconds * 1000
}

/** When the budget of a topic is really used up, of which so many records of each partition were copied. */
export function trueDeadline(truth: Truth, topic: string, copied: readonly bigint[]): number {
  const missing = copied.map((count, partition) => truth.firstAcceptedAfter(topic, partition, count - 1n))
  return Math.min(...missing.map(record => (record?.acknowledgedAt ?? Infinity) + budgetMs))
}

/** Resolves when all topics of a flow that have a proven point are well within the budget. */
export function untilWell(exporter: Exporter, flow: string): Promise<Exposition> {
  const isWell = (page: Exposition): boolean => {
    const point = page.value(flowKnownPoint, { flow })
    return point !== undefined && point * 1000 > Date.now() - budgetMs / 2
  }
  return exporter.until(`${flow} is well within its budget`, isWell, 60_000)
}

/** Fails unless a page came when it had to: not before the instant, and as soon after it as is promised. */
export function expectInTime(page: PagerDutyEvent, instant: number, { alertmanager }: Monitoring): void {
  const promised = promisedMs('TidemarkRpoDeadlinePassed', alertmanager.groupWaitMs)
  const tookMs = page.at - instant
  expect(tookMs, 'paged early').toBeGreaterThanOrEqual(0)
  expect(tookMs, `paged later than ${promised} ms`).toBeLessThanOrEqual(promised + allowanceMs)
}

/** Fails unless the flow has had so many incidents in all, each with one trigger and all but the last resolved. */
export function expectIncidents(
  { pagerDuty }: Monitoring,
  flow: string,
  { resolved, open }: { readonly resolved: number; readonly open: 0 | 1 },
): void {
  const events = pagerDuty.events.filter(({ payload }) => payload.component === flow)
  const pairs = Array.from({ length: resolved }, () => ['trigger', 'resolve'])
  expect(events.map(({ event_action }) => event_action)).toEqual([
    ...pairs.flat(),
    ...(open === 1 ? ['trigger'] : []),
  ])
  expect(new Set(events.map(({ dedup_key }) => dedup_key)).size, 'one key').toBe(1)
}
