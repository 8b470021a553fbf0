import type { WrittenRule } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { durationMs } from './durations.ts'
import type { TimeRange } from './prometheus.ts'

/**
 * The evaluations at which an alert fires, of those at which its expression gave something: it waits for its `for`, and
 * stays for its `keep_firing_for`.
 */
export function firingAt(
  rule: Pick<WrittenRule, 'for' | 'keep_firing_for'>,
  activeAt: ReadonlySet<number>,
  { fromMs, toMs }: TimeRange,
  stepMs: number,
): readonly number[] {
  const waitsMs = rule.for === undefined ? 0 : durationMs(rule.for)
  const keepsMs = rule.keep_firing_for === undefined ? 0 : durationMs(rule.keep_firing_for)
  const firing: number[] = []
  let since: number | undefined
  let last = Number.NEGATIVE_INFINITY
  for (let atMs = fromMs; atMs <= toMs; atMs += stepMs) {
    const fired = firing.at(-1) === atMs - stepMs
    if (activeAt.has(atMs)) {
      since ??= atMs
      last = atMs
      if (fired || atMs - since >= waitsMs) firing.push(atMs)
    } else {
      since = undefined
      if (fired && atMs - last < keepsMs) firing.push(atMs)
    }
  }
  return firing
}
