import type { Parsed } from './parsed.ts'

const millisecondsIn = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof millisecondsIn

const longestMs = 3_650 * millisecondsIn.d

/**
 * Reads `500ms`, `30s`, `5m`, `2h` or `28d`.
 * @returns milliseconds, more than 0 and at most ten years; else why not
 */
export function parseDuration(text: string): Parsed<number> {
  const [, digits, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  if (digits === undefined || unit === undefined) return { why: '' }
  const value = Number(digits) * millisecondsIn[unit as Unit]
  if (value === 0) return { why: 'it must be more than 0' }
  if (value > longestMs) return { why: 'it must be at most 3650d' }
  return { value }
}

/** @returns the duration as configuration writes it, in the largest unit that needs no fraction: 90000 is `90s`. */
export function formatDuration(ms: number): string {
  const units: readonly Unit[] = ['d', 'h', 'm', 's']
  const unit = units.find(candidate => ms % millisecondsIn[candidate] === 0) ?? 'ms'
  return `${ms / millisecondsIn[unit]}${unit}`
}
