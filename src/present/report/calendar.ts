import { isBad, type MonthState } from '../../assess/month/states.ts'
import type { Period, Stretch } from '../../assess/month/timeline.ts'
import { type Html, html } from '../html.ts'
import { instantText } from './text.ts'

const dayMs = 86_400_000
const left = 34
const top = 16
const width = 720
const rowHeight = 9
const rowStep = 12
/** So wide that it is seen in print. */
const narrowestBad = 3

/** Where a pixel is of several states, the first of these is shown. */
const precedence: readonly MonthState[] = [
  'breached',
  'unreported',
  'no_data',
  'unjudged',
  'maintenance',
  'failed_over',
  'kept',
]

interface Run {
  readonly from: number
  readonly to: number
  readonly state: MonthState
}

/** A month as a picture: a row a day, from midnight to midnight in UTC, in the colour of what was to be said. */
export function calendar(period: Period, stretches: readonly Stretch[], title: string): Html {
  const days = Math.ceil((period.toMs - period.fromMs) / dayMs)
  const height = top + days * rowStep + 4
  const rows = Array.from({ length: days }, (_, index) => index)
  return html`<svg class="picture" viewBox="0 0 ${left + width + 8} ${height}" role="img" aria-label="${title}">
<title>${title}</title>
${[0, 6, 12, 18, 24].map(hour => hourLine(hour, height))}
${rows.map(row => {
  const fromMs = period.fromMs + row * dayMs
  return dayRow(row, fromMs, runsOf(fromMs, stretches))
})}
</svg>`
}

function hourLine(hour: number, height: number): Html {
  const x = left + (hour / 24) * width
  return html`<line class="grid" x1="${x}" y1="${top - 3}" x2="${x}" y2="${height - 4}"/><text class="axis" x="${x}" y="10" text-anchor="middle">${String(hour).padStart(2, '0')}</text>`
}

function dayRow(row: number, fromMs: number, runs: readonly Run[]): Html {
  const y = top + row * rowStep
  return html`<text class="axis" x="${left - 6}" y="${y + 8}" text-anchor="end">${new Date(fromMs).getUTCDate()}</text>${runs.map(
    ({ from, to, state }) =>
      html`<rect class="${state}" x="${left + from}" y="${y}" width="${to - from}" height="${rowHeight}"/>`,
  )}
`
}

/** What each pixel of a day shows, equal neighbours together, what is bad last so that it lies on top. */
function runsOf(fromMs: number, stretches: readonly Stretch[]): readonly Run[] {
  const pixelMs = dayMs / width
  const pixels = new Array<MonthState | undefined>(width)
  for (const stretch of stretches) {
    if (stretch.toMs <= fromMs || stretch.fromMs >= fromMs + dayMs) continue
    const first = Math.max(0, Math.floor((stretch.fromMs - fromMs) / pixelMs))
    const last = Math.min(width, Math.ceil((stretch.toMs - fromMs) / pixelMs))
    for (let x = first; x < last; x += 1) pixels[x] = worse(pixels[x], stretch.state)
  }
  const runs: Run[] = []
  for (let x = 0; x < width; x += 1) {
    const state = pixels[x]
    if (state === undefined) continue
    const before = runs.at(-1)
    if (before?.state === state && before.to === x) runs[runs.length - 1] = { ...before, to: x + 1 }
    else runs.push({ from: x, to: x + 1, state })
  }
  const widened = runs.map(run =>
    isBad(run.state) ? { ...run, to: Math.min(width, Math.max(run.to, run.from + narrowestBad)) } : run,
  )
  return [...widened.filter(({ state }) => !isBad(state)), ...widened.filter(({ state }) => isBad(state))]
}

function worse(a: MonthState | undefined, b: MonthState): MonthState {
  return a !== undefined && precedence.indexOf(a) <= precedence.indexOf(b) ? a : b
}

/** The picture in a sentence, for those who do not see it. */
export function calendarTitle(flow: string, period: Period, breaches: number): string {
  const times = breaches === 1 ? 'once' : `${breaches} times`
  const bad = breaches === 0 ? 'the budget was not breached' : `the budget was breached ${times}`
  return `${flow} from ${instantText(period.fromMs)} to ${instantText(period.toMs)} UTC, a row a day: ${bad}`
}
