const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** `2026-10-03 23:58:30`, UTC; the column or the sentence says so. */
export function instantText(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').slice(0, 19)
}

/** The same of an instant of the API; a dash where there is none. */
export function viewedInstant(iso: string | null): string {
  return iso === null ? '–' : instantText(Date.parse(iso))
}

/** A past time in all its units, such as `1 d 2 h 4 min 30 s`, to the second. */
export function exactDuration(ms: number): string {
  const units = [
    [day, 'd'],
    [hour, 'h'],
    [minute, 'min'],
    [second, 's'],
  ] as const
  let rest = Math.round(ms / second) * second
  const parts: string[] = []
  for (const [size, name] of units) {
    const whole = Math.floor(rest / size)
    rest -= whole * size
    if (whole > 0) parts.push(`${whole} ${name}`)
  }
  if (parts.length > 0) return parts.join(' ')
  return ms > 0 ? 'less than 1 s' : '0 s'
}

/** Rounded down to a thousandth of a percent, so that only the whole is `100 %`. */
export function shareText(ratio: number): string {
  return `${trimmed(Math.floor(ratio * 100_000 + 1e-6) / 1000, 3)} %`
}

/** Rounded up to a tenth of a percent, for what is spent. */
export function spentText(ratio: number): string {
  return `${trimmed(Math.ceil(ratio * 1000 - 1e-6) / 10, 1)} %`
}

/** A ratio of the configuration as people wrote it: 0.9995 is `99.95 %`. */
export function configuredShare(ratio: number): string {
  return `${Number((ratio * 100).toFixed(10))} %`
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** `October 2026` */
export function monthText(fromMs: number): string {
  const date = new Date(fromMs)
  return `${monthNames[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}
