import { Unsupported } from './schema.ts'

/** A number as Grafana writes it: the figure, and the unit that stands behind it in smaller letters. */
export interface Formatted {
  readonly text: string
  readonly suffix: string
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const week = 7 * day

/** What Grafana shows of a number in a unit. Throws `Unsupported` for a unit that the dashboards have not used yet. */
export function format(value: number, unit: string, decimals: number | undefined, nowMs: number): Formatted {
  if (!Number.isFinite(value) && unit !== 'none') return { text: infinite(value), suffix: '' }
  switch (unit) {
    case 'none':
    case '':
      return { text: fixed(value, decimals), suffix: '' }
    case 'short':
      return scaled(value, 1000, ['', ' K', ' Mil', ' Bil', ' Tri'], decimals)
    case 'locale':
      return { text: value.toLocaleString('en-US', maximum(decimals)), suffix: '' }
    case 'percent':
      return { text: fixed(value, decimals), suffix: '%' }
    case 'percentunit':
      return { text: fixed(value * 100, decimals), suffix: '%' }
    case 'bytes':
      return scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB'], decimals)
    case 's':
      return seconds(value, decimals)
    case 'dtdurations':
      return { text: duration(value, decimals ?? 0), suffix: '' }
    case 'dthms':
      return { text: clock(value), suffix: '' }
    case 'reqps':
      return scaled(value, 1000, [' req/s', 'K req/s', 'M req/s', 'B req/s'], decimals)
    case 'ops':
      return scaled(value, 1000, [' ops/s', 'K ops/s', 'M ops/s', 'B ops/s'], decimals)
    case 'cps':
      return scaled(value, 1000, [' c/s', 'K c/s', 'M c/s', 'B c/s'], decimals)
    case 'dateTimeAsIso':
      return { text: isoTime(value), suffix: '' }
    case 'dateTimeAsIsoNoDateIfToday':
      return { text: isoTimeToday(value, nowMs), suffix: '' }
    case 'dateTimeFromNow':
      return { text: fromNow(value, nowMs), suffix: '' }
  }
  if (unit.startsWith('suffix:')) return { text: fixed(value, decimals), suffix: ` ${unit.slice(7)}` }
  if (unit === 'time:HH:mm:ss') return { text: isoTime(value).slice(11), suffix: '' }
  // Grafana writes a unit that it does not know behind the figure.
  if (unit === 'records' || unit === 'topics' || unit === 'partitions')
    return { text: fixed(value, decimals), suffix: ` ${unit}` }
  throw new Unsupported(`the unit ${unit}`)
}

/** Like Grafana: as many decimals as make three digits, unless told. */
export function fixed(value: number, decimals: number = decimalsFor(value)): string {
  if (!Number.isFinite(value)) return infinite(value)
  const factor = 10 ** decimals
  return (Math.round(value * factor) / factor).toFixed(decimals)
}

function decimalsFor(value: number): number {
  if (value % 1 === 0) return 0
  const magnitude = Math.floor(Math.log10(Math.abs(value)))
  return Math.max(0, 2 - magnitude)
}

function infinite(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return value < 0 ? '-∞' : '∞'
}

function maximum(decimals: number | undefined): Intl.NumberFormatOptions {
  return decimals === undefined ? {} : { maximumFractionDigits: decimals }
}

function scaled(
  value: number,
  factor: number,
  suffixes: readonly string[],
  decimals: number | undefined,
): Formatted {
  const steps = value === 0 ? 0 : Math.floor(Math.log(Math.abs(value)) / Math.log(factor) + 1e-12)
  const step = Math.min(Math.max(steps, 0), suffixes.length - 1)
  return { text: fixed(value / factor ** step, decimals), suffix: suffixes[step] ?? '' }
}

function seconds(value: number, decimals: number | undefined): Formatted {
  const size = Math.abs(value)
  const counted = (unit: number, name: string, more = name): Formatted => ({
    text: fixed(value / unit, decimals),
    suffix: ` ${size > unit ? more : name}`,
  })
  if (size === 0) return { text: '0', suffix: ' s' }
  if (size < 1e-3) return counted(1e-6, 'µs')
  if (size < 1) return counted(1e-3, 'ms')
  if (size < minute) return counted(1, 's')
  if (size < hour) return counted(minute, 'min', 'mins')
  if (size < day) return counted(hour, 'hour', 'hours')
  if (size < week) return counted(day, 'day', 'days')
  if (size < 365 * day) return counted(week, 'week', 'weeks')
  return counted(31_556_900, 'year', 'years')
}

const durationUnits: readonly (readonly [name: string, seconds: number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', week],
  ['day', day],
  ['hour', hour],
  ['minute', minute],
  ['second', 1],
  ['millisecond', 0.001],
]

/** `1 minute, 4 seconds`: after the first unit as many more as there are decimals. */
function duration(value: number, decimals: number): string {
  if (value === 0) return '0 seconds'
  if (value < 0) return `${duration(-value, decimals)} ago`
  const parts: string[] = []
  let rest = value
  for (const [name, unit] of durationUnits) {
    if (parts.length > decimals) break
    const count = Math.floor(rest / unit + 1e-9)
    if (count < 1 && parts.length === 0) continue
    parts.push(`${count} ${name}${count === 1 ? '' : 's'}`)
    rest -= count * unit
  }
  return parts.join(', ')
}

function clock(value: number): string {
  if (value < 0) return `${clock(-value)} ago`
  const two = (part: number): string => String(Math.floor(part)).padStart(2, '0')
  return [value / hour, (value % hour) / minute, value % minute].map(two).join(':')
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

function isoTimeToday(ms: number, nowMs: number): string {
  const [then, now] = [isoTime(ms), isoTime(nowMs)]
  return then.slice(0, 10) === now.slice(0, 10) ? then.slice(11) : then
}

/** As moment.js says it. */
function fromNow(ms: number, nowMs: number): string {
  const ago = Math.abs(nowMs - ms) / 1000
  const some = (count: number, one: string, more: string): string =>
    Math.round(count) <= 1 ? one : `${Math.round(count)} ${more}`
  const text =
    ago < 44.5
      ? 'a few seconds'
      : ago < 45 * minute - 30
        ? some(ago / minute, 'a minute', 'minutes')
        : ago < 22 * hour - 30 * minute
          ? some(ago / hour, 'an hour', 'hours')
          : ago < 26 * day - 12 * hour
            ? some(ago / day, 'a day', 'days')
            : ago < 320 * day
              ? some(ago / (30.4375 * day), 'a month', 'months')
              : some(ago / (365 * day), 'a year', 'years')
  return ms > nowMs ? `in ${text}` : `${text} ago`
}
