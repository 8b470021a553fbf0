import type { Parsed } from './parsed.ts'

/** A calendar month in UTC, milliseconds since the epoch. */
export interface Month {
  /** `2026-10` */
  readonly name: string
  readonly fromMs: number
  /** Not included. */
  readonly toMs: number
}

/**
 * Reads a month of the calendar, such as `2026-10`.
 * @returns when it begins and ends in UTC; else why not
 */
export function parseMonth(text: string): Parsed<Month> {
  const [, year, month] = /^(\d{4})-(\d{2})$/.exec(text) ?? []
  if (year === undefined || month === undefined) return { why: '' }
  const index = Number(month) - 1
  if (index < 0 || index > 11) return { why: 'no calendar has it' }
  if (Number(year) < 1970) return { why: 'that is before 1970' }
  return {
    value: {
      name: text,
      fromMs: Date.UTC(Number(year), index),
      toMs: Date.UTC(Number(year), index + 1),
    },
  }
}
