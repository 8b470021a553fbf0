import type { Parsed } from './parsed.ts'

/**
 * Reads an instant of RFC 3339 with its offset from UTC, such as `2026-12-01T06:00:00Z`.
 * @returns milliseconds since the epoch; else why not
 */
export function parseInstant(text: string): Parsed<number> {
  const [, date, offset] =
    /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,3})?(Z|[+-]\d{2}:\d{2})?$/.exec(text) ?? []
  if (date === undefined) return { why: '' }
  if (offset === undefined) return { why: 'it does not say its offset from UTC: put Z behind it' }
  const value = Date.parse(text)
  // Date.parse takes the 31st of February for the 3rd of March.
  const isDate = !Number.isNaN(value) && new Date(`${date}Z`).toISOString().startsWith(date)
  return isDate ? { value } : { why: 'no calendar has it' }
}
