/**
 * What can be said of a flow's budget at an instant of the past. Kept: it was. Breached: its deadline had passed.
 * Unreported: no exporter told a deadline for longer than a restart takes. Maintenance, failed over: outside of the SLO.
 * Unjudged: the rules ran, and no exporter could tell yet. No data: nothing was recorded.
 */
export const monthStates = [
  'kept',
  'breached',
  'unreported',
  'maintenance',
  'failed_over',
  'unjudged',
  'no_data',
] as const
export type MonthState = (typeof monthStates)[number]

/** The time that spends the error budget. */
export function isBad(state: MonthState): boolean {
  return state === 'breached' || state === 'unreported'
}

/** The time of which nobody knows whether it was good or bad. */
export function isUntold(state: MonthState): boolean {
  return state === 'unjudged' || state === 'no_data'
}

/** The time that the SLO is about. */
export function isCounted(state: MonthState): boolean {
  return state === 'kept' || isBad(state)
}
