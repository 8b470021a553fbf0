import { validate, validateDetailed } from 'node-cron'
import type { Parsed } from './parsed.ts'

export interface Schedule {
  readonly expression: string
  /** The longest time between two runs, in milliseconds. */
  readonly longestGapMs: number
}

const daySeconds = 86_400
/** The Gregorian calendar, weekdays included, repeats after 400 years: 20871 weeks exactly. */
const cycleDays = 146_097

/**
 * Reads a cron expression with seconds (second minute hour day-of-month month day-of-week), in UTC, with
 * node-cron's meaning: a day must match the day of the month AND the day of the week.
 * @returns the expression as written and its longest gap; else why it is none
 */
export function parseSchedule(text: string): Parsed<Schedule> {
  const fields = text.trim().split(/\s+/).length
  if (fields !== 6) return { why: `it has ${fields} ${fields === 1 ? 'field' : 'fields'}` }
  const detailed = validateDetailed(text)
  if (!validate(text) || detailed.fields === undefined) {
    return { why: detailed.errors.map(error => error.message).join('; ') }
  }
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = detailed.fields
  const daysOfMonth = numbers(dayOfMonth)
  const daysOfWeek = numbers(dayOfWeek)
  if (daysOfMonth === undefined || daysOfWeek === undefined) return { why: 'L, W and # are not supported' }

  const longestDays = longestDayGap(daysOfMonth, new Set(month), daysOfWeek)
  if (longestDays === undefined) return { why: 'it never runs' }
  const times = timesOfDay(sorted(hour), sorted(minute), sorted(second))
  const first = Math.min(...times.slice(0, 1))
  const last = Math.max(...times.slice(-1))
  const overnight = longestDays * daySeconds - last + first
  return { value: { expression: text, longestGapMs: 1_000 * Math.max(overnight, longestStep(times)) } }
}

function numbers(field: readonly (number | string)[]): ReadonlySet<number> | undefined {
  const values = field.filter(value => typeof value === 'number')
  return values.length === field.length ? new Set(values) : undefined
}

function sorted(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b)
}

/** Seconds since midnight, ascending. */
function timesOfDay(
  hours: readonly number[],
  minutes: readonly number[],
  seconds: readonly number[],
): readonly number[] {
  return hours.flatMap(h => minutes.flatMap(m => seconds.map(s => h * 3_600 + m * 60 + s)))
}

function longestStep(ascending: readonly number[]): number {
  let longest = 0
  let previous: number | undefined
  for (const value of ascending) {
    if (previous !== undefined) longest = Math.max(longest, value - previous)
    previous = value
  }
  return longest
}

/** Days between two days on which the schedule runs, at most; undefined when there is none. */
function longestDayGap(
  daysOfMonth: ReadonlySet<number>,
  months: ReadonlySet<number>,
  daysOfWeek: ReadonlySet<number>,
): number | undefined {
  if (daysOfMonth.size === 31 && months.size === 12 && daysOfWeek.size === 7) return 1
  const days: number[] = []
  const date = new Date(0)
  for (let day = 0; day < cycleDays; day += 1) {
    date.setTime(day * daySeconds * 1_000)
    const runs =
      months.has(date.getUTCMonth() + 1) &&
      daysOfMonth.has(date.getUTCDate()) &&
      daysOfWeek.has(date.getUTCDay())
    if (runs) days.push(day)
  }
  const [first] = days
  return first === undefined ? undefined : longestStep([...days, first + cycleDays])
}
