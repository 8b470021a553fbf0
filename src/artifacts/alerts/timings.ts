import { formatDuration } from '../../config/durations.ts'

/** How fast the monitoring around the exporter is; every window and every `for` of the rules follows from it. */
export interface AlertTimings {
  /** The longest interval at which Prometheus scrapes the exporter. */
  readonly scrapeMs: number
  /** How often the rules are evaluated: the groups say so themselves. */
  readonly evaluationMs: number
  /** What a restart of the exporter may take before nobody counts as watching. */
  readonly restartMs: number
  /** For how long a page stays after its reason has gone, so that flapping is one incident. */
  readonly keepFiringMs: number
  /** How much earlier than its retention people want to know. */
  readonly reactionMs: number
}

export const defaultTimings: AlertTimings = {
  scrapeMs: 30_000,
  evaluationMs: 30_000,
  restartMs: 120_000,
  keepFiringMs: 300_000,
  reactionMs: 4 * 3_600_000,
}

/** Over this long a failed scrape is bridged: two intervals, and some, because ranges of Prometheus 3 are left-open. */
export function bridgeMs({ scrapeMs, evaluationMs }: AlertTimings): number {
  return 3 * Math.max(scrapeMs, evaluationMs)
}

/** A duration as PromQL and rule files write it. */
export function promDuration(ms: number): string {
  return formatDuration(ms)
}
