import { textOn, theme } from '../colours.ts'
import type { Display } from '../display.ts'
import { type Field, nameOf } from '../frames.ts'
import { type PanelOf, Unsupported } from '../schema.ts'
import { type Box, clipped, cut, rectangle, textAt, widthOf } from '../svg.ts'
import { timeAxis, timeScale } from './axes.ts'
import { displaysOf, nothing, type PanelContent } from './content.ts'
import { drawLegend } from './legend.ts'

type StateTimeline = PanelOf<'state-timeline'>

interface Segment {
  readonly fromMs: number
  readonly toMs: number
  readonly display: Display
}

/** A bar a series, in the colours of what held when; a gap where nobody said anything. */
export function drawStateTimeline(content: PanelContent<StateTimeline>): string {
  const { panel, frames, box, id, range } = content
  const { legend = {}, rowHeight = 0.9 } = panel.options
  const rows = frames.flatMap(({ fields }) => {
    const time = fields.find(({ type }) => type === 'time')
    return fields
      .filter(({ type }) => type !== 'time')
      .map(field => ({ field, times: (time?.values ?? []) as number[] }))
  })
  if (rows.length === 0) return nothing(content, panel.fieldConfig?.defaults?.noValue)
  const bars = rows.map(({ field, times }) => ({
    name: nameOf(field),
    segments: segmentsOf(field, times, content),
  }))
  const states = new Map(
    bars.flatMap(({ segments }) => segments.map(({ display }) => [display.text, display.colour])),
  )
  const items = Array.from(states, ([name, colour]) => ({ name, colour, values: [] }))
  const { plot: room, drawn } = drawLegend(legend, items, box, id)
  const nameWidth = Math.min(Math.max(...bars.map(({ name }) => widthOf(name, 12))), room.width * 0.3) + 16
  const plot = {
    x: room.x + nameWidth,
    y: room.y,
    width: room.width - nameWidth - 8,
    height: room.height - 24,
  }
  const height = plot.height / bars.length
  const inner = bars.map(({ segments }, index) => {
    const bar = {
      ...plot,
      y: plot.y + index * height + (height * (1 - rowHeight)) / 2,
      height: height * rowHeight,
    }
    return segments.map(segment => drawSegment(segment, bar, content)).join('')
  })
  const names = bars.map(({ name }, index) =>
    textAt(plot.x - 8, plot.y + (index + 0.5) * height + 4, cut(name, nameWidth - 16, 12), {
      size: 12,
      fill: theme.text,
      anchor: 'end',
    }),
  )
  return [timeAxis(plot, range), clipped(`${id}-plot`, plot, inner.join('')), ...names, drawn].join('')
}

function segmentsOf(
  field: Field,
  times: readonly number[],
  content: PanelContent<StateTimeline>,
): readonly Segment[] {
  const { mergeValues = true } = content.panel.options
  if (mergeValues && field.config.color?.mode === 'thresholds')
    // Grafana then shows the steps ("< 1", "1+") in place of what the mappings say.
    throw new Unsupported(`${nameOf(field)}: merged values with the colour mode "thresholds"`)
  const display = displaysOf(content)
  const stepMs = (times[1] ?? 0) - (times[0] ?? 0)
  const segments: Segment[] = []
  for (const [index, fromMs] of times.entries()) {
    const value = field.values[index] ?? null
    if (value === null) continue
    const shown = display(value, field)
    const toMs = Math.min(fromMs + stepMs, content.range.toMs)
    const last = segments.at(-1)
    const isSame =
      last?.toMs === fromMs && last.display.text === shown.text && last.display.colour === shown.colour
    if (last !== undefined && isSame && mergeValues) segments[segments.length - 1] = { ...last, toMs }
    else segments.push({ fromMs, toMs, display: shown })
  }
  return segments
}

function drawSegment(
  { fromMs, toMs, display }: Segment,
  bar: Box,
  { panel, range, frames }: PanelContent<StateTimeline>,
): string {
  const at = timeScale(bar, range)
  const { fillOpacity = 80, lineWidth = 0 } = frames[0]?.fields.at(-1)?.config.custom ?? {}
  const { showValue = 'auto', alignValue = 'left' } = panel.options
  const place = { ...bar, x: at(fromMs), width: at(toMs) - at(fromMs) }
  const edge = lineWidth > 0 ? { stroke: display.colour, 'stroke-width': lineWidth } : {}
  const drawn = rectangle(place, { fill: display.colour, 'fill-opacity': fillOpacity / 100, ...edge })
  const text = display.text + display.suffix
  const size = 12
  const fits = widthOf(text, size) + 12 <= place.width && bar.height >= size + 2
  if (showValue === 'never' || (showValue === 'auto' && !fits)) return drawn
  const x = { left: place.x + 6, center: place.x + place.width / 2, right: place.x + place.width - 6 }[
    alignValue
  ]
  const anchor = { left: undefined, center: 'middle' as const, right: 'end' as const }[alignValue]
  const style = { size, fill: textOn(display.colour), ...(anchor === undefined ? {} : { anchor }) }
  return drawn + textAt(x, bar.y + bar.height / 2 + 4, text, style)
}
