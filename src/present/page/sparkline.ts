import { type Html, html, nothing } from '../html.ts'
import type { ExposureHistoryView } from '../schema.ts'
import { secondsText, timeText } from './texts.ts'

export interface Sparkline {
  /** Unique in the page. */
  readonly id: string
  /** What it is the exposure of. */
  readonly of: string
  readonly history: ExposureHistoryView & { readonly budgetKept?: readonly (boolean | null)[] }
  readonly budgetSeconds: number
  readonly now: string
}

const height = 100
const strip = 7
const margin = 3

/**
 * The exposure of the last hours as an inline SVG in a figure: steps, one a slot; the budget as a dashed line; where
 * nothing was proven or nobody looked no line but a coloured area; at the bottom a strip where the budget was not
 * shown to be kept. All of it also in words, as the picture's description.
 */
export function sparkline({ id, of, history, budgetSeconds, now }: Sparkline): Html {
  const { exposureSeconds, slotSeconds, from } = history
  const slots = exposureSeconds.length
  const known = exposureSeconds.filter(seconds => seconds !== null)
  const top = Math.max(budgetSeconds * 1.25, ...known)
  const y = (seconds: number): number =>
    Math.round(10 * (margin + (height - strip - 2 * margin) * (1 - seconds / top))) / 10
  const kept = history.budgetKept ?? exposureSeconds.map(s => (s === null ? null : s <= budgetSeconds))
  const gaps = runs(exposureSeconds.map(seconds => seconds === null))
  const overs = runs(kept.map(isKept => isKept === false))
  const begin = timeText(from, now)
  // The newest slot has not ended yet.
  const slotTime = (slot: number): string =>
    timeText(
      new Date(Math.min(Date.parse(now), Date.parse(from) + slot * slotSeconds * 1000)).toISOString(),
      now,
    )
  const worst = known.length === 0 ? undefined : Math.max(...known)
  const words = [
    worst === undefined
      ? 'Nothing was proven in all that time.'
      : `The greatest was ${secondsText(worst)}, at ${slotTime(exposureSeconds.indexOf(worst))}.`,
    ...overs.map(
      ({ first, end }) => `The budget was not shown to be kept from ${slotTime(first)} to ${slotTime(end)}.`,
    ),
    ...gaps.map(({ first, end }) => `No exposure is known from ${slotTime(first)} to ${slotTime(end)}.`),
  ]
  return html`<figure>
<svg class="spark" viewBox="0 0 ${slots} ${height}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title ${id}-words">
<title id="${id}-title">Exposure of ${of} since ${begin}, budget ${secondsText(budgetSeconds)}</title>
<desc id="${id}-words">${words.slice(0, 12).join(' ')}</desc>
${gaps.map(({ first, end }) => html`<rect class="gap" x="${first}" y="0" width="${end - first}" height="${height}"/>`)}${overs.map(({ first, end }) => html`<rect class="over" x="${first}" y="${height - strip}" width="${end - first}" height="${strip}"/>`)}<line x1="0" x2="${slots}" y1="${y(budgetSeconds)}" y2="${y(budgetSeconds)}"/>
<path d="${steps(exposureSeconds, y)}"/>
</svg>
<figcaption>Since ${begin}: ${worst === undefined ? 'nothing was proven' : `at most ${secondsText(worst)}`}. Dashed: the budget of ${secondsText(budgetSeconds)}.${overs.length === 0 ? nothing : ' Red strip: not shown to be kept.'}${gaps.length === 0 ? nothing : ' Purple: not known.'}</figcaption>
</figure>
`
}

function steps(values: readonly (number | null)[], y: (seconds: number) => number): string {
  const parts: string[] = []
  let drawn: number | undefined
  values.forEach((value, slot) => {
    if (value === null) {
      if (drawn !== undefined) parts.push(`H${slot}`)
      drawn = undefined
      return
    }
    const at = y(value)
    if (drawn === undefined) parts.push(`M${slot} ${at}`)
    else if (at !== drawn) parts.push(`H${slot}V${at}`)
    drawn = at
  })
  if (drawn !== undefined) parts.push(`H${values.length}`)
  return parts.join('')
}

interface Run {
  readonly first: number
  /** Not included. */
  readonly end: number
}

function runs(flags: readonly boolean[]): readonly Run[] {
  const found: { first: number; end: number }[] = []
  flags.forEach((flag, index) => {
    const last = found.at(-1)
    if (!flag) return
    if (last?.end === index) last.end = index + 1
    else found.push({ first: index, end: index + 1 })
  })
  return found
}
