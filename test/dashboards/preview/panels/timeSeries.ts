import { colourOf, theme } from '../colours.ts'
import type { Extent } from '../display.ts'
import { type Cell, type Field, nameOf } from '../frames.ts'
import { type PanelOf, type Thresholds, Unsupported } from '../schema.ts'
import { type Box, clipped, element, number, rectangle, textAt, widthOf } from '../svg.ts'
import { format } from '../units.ts'
import { line, ticksBetween, timeAxis, timeScale } from './axes.ts'
import { displaysOf, nothing, type PanelContent, reduced } from './content.ts'
import { drawLegend } from './legend.ts'

type TimeSeries = PanelOf<'timeseries'>

/** An event, or a time from one instant to another, that is drawn over graphs. */
export interface Mark {
  readonly fromMs: number
  readonly toMs: number
  readonly colour: string
}

interface Line {
  readonly field: Field
  readonly times: readonly number[]
  readonly values: readonly (number | null)[]
  /** What it stands on where it is stacked. */
  readonly base: readonly number[] | undefined
  readonly colour: string
}

/** Lines over time. A value that is missing is a gap. */
export function drawTimeSeries(content: PanelContent<TimeSeries>, marks: readonly Mark[] = []): string {
  const { panel, box, id, range } = content
  const lines = linesOf(content)
  if (lines.every(({ values }) => values.every(value => value === null)))
    return nothing(content, panel.fieldConfig?.defaults?.noValue)
  const display = displaysOf(content)
  const { legend = {} } = panel.options
  const items = lines.map(({ field, colour }) => ({
    name: nameOf(field),
    colour,
    values: (legend.calcs ?? []).map(calc => {
      const { text, suffix } = display(reduced(field.values, calc), field)
      return text + suffix
    }),
  }))
  const shown = items.filter((_, index) => lines[index]?.field.config.custom?.hideFrom?.legend !== true)
  const { plot: room, drawn } = drawLegend(legend, shown, box, id)
  const config = lines[0]?.field.config ?? {}
  const extent = extentOfLines(lines)
  const { ticks, labels } = valueAxis(extent, config, room.height, range.toMs)
  const isHidden = config.custom?.axisPlacement === 'hidden'
  const axisWidth = isHidden ? 0 : Math.max(...labels.map(label => widthOf(label, 12)), 10) + 12
  const plot = {
    x: room.x + axisWidth,
    y: room.y + 6,
    width: room.width - axisWidth - 8,
    height: room.height - 30,
  }
  const y = valueScale(plot, extent)
  const grid = ticks.map(
    (tick, index) =>
      line(plot.x, y(tick), plot.x + plot.width, y(tick)) +
      (isHidden
        ? ''
        : textAt(plot.x - 8, y(tick) + 4, labels[index] ?? '', {
            size: 12,
            fill: theme.text,
            anchor: 'end',
          })),
  )
  const inner = [
    ...marks.map(mark => drawMark(mark, plot, content)),
    ...thresholdMarks(config.thresholds, config.custom?.thresholdsStyle?.mode ?? 'off', plot, extent),
    ...lines.map(it => drawLine(it, plot, y, content)),
  ]
  return [...grid, timeAxis(plot, range), clipped(`${id}-plot`, plot, inner.join('')), drawn].join('')
}

function linesOf(content: PanelContent<TimeSeries>): readonly Line[] {
  const display = displaysOf(content)
  const lines: Line[] = []
  const sums = new Map<number, number>()
  for (const { fields } of content.frames) {
    const time = fields.find(({ type }) => type === 'time')
    for (const field of fields) {
      if (field.type !== 'number') continue
      if (time === undefined) throw new Unsupported(`${nameOf(field)}: no time on a graph`)
      const custom = field.config.custom ?? {}
      if (custom.hideFrom?.viz === true) continue
      const times = time.values as readonly number[]
      const values = field.values.map(finite)
      const isStacked = custom.stacking?.mode === 'normal'
      const base = isStacked ? times.map(ms => sums.get(ms) ?? 0) : undefined
      const tops = values.map((value, index) => (value === null ? null : value + (base?.[index] ?? 0)))
      if (isStacked)
        for (const [index, ms] of times.entries()) sums.set(ms, tops[index] ?? base?.[index] ?? 0)
      const last = reduced(field.values, 'lastNotNull')
      lines.push({ field, times, values: tops, base, colour: display(last, field).colour })
    }
  }
  const units = new Set(lines.map(({ field }) => field.config.unit))
  if (units.size > 1) throw new Unsupported(`a graph with several units: ${[...units].join(', ')}`)
  return lines
}

function finite(value: Cell): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** From the least to the greatest value, but for the ends that the configuration says. */
function extentOfLines(lines: readonly Line[]): Extent {
  const { min, max, custom = {} } = lines[0]?.field.config ?? {}
  const all = lines.flatMap(({ values }) => values.filter(value => value !== null))
  let low = Math.min(
    ...(custom.axisSoftMin === undefined ? [] : [custom.axisSoftMin]),
    ...ends(all, Math.min),
  )
  let high = Math.max(
    ...(custom.axisSoftMax === undefined ? [] : [custom.axisSoftMax]),
    ...ends(all, Math.max),
  )
  if (low === high) [low, high] = [Math.min(low, 0), high === 0 ? 100 : Math.max(high, high * 2)]
  const margin = (high - low) * 0.05
  const step = stepFor(high - low)
  return {
    min: min ?? (low >= 0 && low - margin < 0 ? 0 : Math.floor((low - margin) / step) * step),
    max: max ?? Math.ceil((high + margin) / step) * step,
  }
}

function ends(values: readonly number[], of: (a: number, b: number) => number): readonly number[] {
  return values.length === 0 ? [] : [values.reduce((a, b) => of(a, b))]
}

function stepFor(size: number): number {
  const [first = 0, second = 0] = ticksBetween(0, size, 4)
  return second - first || 1
}

function valueAxis(
  extent: Extent,
  { unit = 'none', decimals }: Field['config'],
  height: number,
  nowMs: number,
) {
  const ticks = ticksBetween(extent.min, extent.max, Math.max(2, Math.floor(height / 50)), unit)
  const step = (ticks[1] ?? 1) - (ticks[0] ?? 0)
  const labels = ticks.map(tick => axisLabel(Number(tick.toPrecision(12)), step, unit, decimals, nowMs))
  return { ticks, labels }
}

/** With the decimals that a fractional step needs, and no zeros behind them. */
function axisLabel(
  tick: number,
  step: number,
  unit: string,
  decimals: number | undefined,
  nowMs: number,
): string {
  const needed = String(Number(step.toPrecision(6))).split('.')[1]?.length
  const { text, suffix } = format(tick, unit, decimals ?? needed, nowMs)
  const trimmed = decimals === undefined && needed !== undefined ? String(Number(text)) : text
  return (trimmed === 'NaN' ? text : trimmed) + suffix
}

function valueScale({ y, height }: Box, { min, max }: Extent): (value: number) => number {
  return value => y + height - ((value - min) / (max - min)) * height
}

function drawMark({ fromMs, toMs, colour }: Mark, plot: Box, { range }: PanelContent<TimeSeries>): string {
  const at = timeScale(plot, range)
  const [from, to] = [Math.max(plot.x, at(fromMs)), at(toMs)]
  const region = { x: from, y: plot.y, width: Math.max(1, to - from), height: plot.height }
  const edge = {
    stroke: colour,
    'stroke-dasharray': '4 4',
    fill: 'none',
    d: `M${number(from)} ${plot.y}v${number(plot.height)}`,
  }
  return rectangle(region, { fill: colour, opacity: 0.12 }) + element('path', edge)
}

function thresholdMarks(
  thresholds: Thresholds | undefined,
  mode: string,
  plot: Box,
  extent: Extent,
): readonly string[] {
  if (thresholds === undefined || mode === 'off') return []
  if (thresholds.mode === 'percentage') throw new Unsupported('thresholds in percent on a graph')
  const y = valueScale(plot, extent)
  const [hasLine, hasArea] = [mode !== 'area', mode.includes('area')]
  return thresholds.steps.flatMap(({ value, color }, index) => {
    const from = Math.max(value ?? extent.min, extent.min)
    const to = Math.min(thresholds.steps[index + 1]?.value ?? extent.max, extent.max)
    if (from > extent.max) return []
    const area = { x: plot.x, y: y(to), width: plot.width, height: y(from) - y(to) }
    const path = `M${number(plot.x)} ${number(y(from))}h${number(plot.width)}`
    const dashes = mode === 'dashed' ? '10 10' : undefined
    return [
      ...(hasArea && to > from ? [rectangle(area, { fill: colourOf(color), opacity: 0.1 })] : []),
      ...(hasLine && value !== null
        ? [
            element('path', {
              d: path,
              stroke: colourOf(color),
              'stroke-width': 2,
              'stroke-dasharray': dashes,
            }),
          ]
        : []),
    ]
  })
}

function drawLine(
  { field, times, values, base, colour }: Line,
  plot: Box,
  y: (value: number) => number,
  { range }: PanelContent<TimeSeries>,
): string {
  const custom = field.config.custom ?? {}
  const { lineWidth = 1, fillOpacity = 0, lineInterpolation = 'linear', lineStyle } = custom
  const at = timeScale(plot, range)
  const runs = runsOf(times, values, custom.spanNulls ?? false)
  const isStep = lineInterpolation === 'stepAfter'
  const path = (run: readonly number[], of: (index: number) => number): readonly Point[] =>
    run.flatMap((index, place) => {
      const point = [at(times[index] ?? 0), of(index)] as const
      const before = run[place - 1]
      return isStep && before !== undefined ? [[point[0], of(before)] as const, point] : [point]
    })
  const top = (index: number): number => y(values[index] ?? 0)
  const bottom = (index: number): number => y(base?.[index] ?? 0)
  const areas = runs.map(run => pathOf([...path(run, top), ...path(run, bottom).toReversed()]))
  const dots = runs
    .filter(run => run.length === 1 && custom.showPoints !== 'never')
    .map(([index = 0]) =>
      element('circle', { cx: at(times[index] ?? 0), cy: top(index), r: 2.5, fill: colour }),
    )
  const dashes =
    lineStyle?.fill === 'dash'
      ? (lineStyle.dash ?? [10, 10]).join(' ')
      : lineStyle?.fill === 'dot'
        ? '1 4'
        : undefined
  const stroke = {
    stroke: colour,
    'stroke-width': lineWidth,
    'stroke-dasharray': dashes,
    'stroke-linejoin': 'round',
  }
  return [
    fillOpacity > 0 && areas.length > 0
      ? element('path', { d: areas.join(''), fill: colour, opacity: fillOpacity / 100 })
      : '',
    lineWidth > 0
      ? element('path', { d: runs.map(run => pathOf(path(run, top))).join(''), fill: 'none', ...stroke })
      : '',
    ...dots,
  ].join('')
}

/** Places of values that a line connects: a gap ends a run, unless it is spanned. */
function runsOf(
  times: readonly number[],
  values: readonly (number | null)[],
  spanNulls: boolean | number,
): readonly (readonly number[])[] {
  const runs: number[][] = []
  let last: number | undefined
  for (const [index, value] of values.entries()) {
    if (value === null) continue
    const gapMs = (times[index] ?? 0) - (times[last ?? index] ?? 0)
    const isJoined =
      last === index - 1 || spanNulls === true || (typeof spanNulls === 'number' && gapMs <= spanNulls)
    const run = runs.at(-1)
    if (run !== undefined && isJoined) run.push(index)
    else runs.push([index])
    last = index
  }
  return runs
}

type Point = readonly [x: number, y: number]

/** The points as a path, without those that lie on the line between their neighbours. */
function pathOf(points: readonly Point[]): string {
  const kept: Point[] = []
  for (const point of points) {
    while (kept.length > 1 && isBetween(kept.at(-2) as Point, kept.at(-1) as Point, point)) kept.pop()
    kept.push(point)
  }
  return relative(kept)
}

/** Steps from point to point, which are shorter to write than the points. */
function relative(points: readonly Point[]): string {
  let [atX, atY] = [0, 0]
  return points
    .map(([x, y], index) => {
      const [stepX, stepY] = [Math.round((x - atX) * 10) / 10, Math.round((y - atY) * 10) / 10]
      atX += stepX
      atY += stepY
      const second = stepY < 0 ? number(stepY) : ` ${number(stepY)}`
      return `${index === 0 ? 'M' : 'l'}${number(stepX)}${second}`
    })
    .join('')
}

/** A quarter of a pixel is not seen. */
function isBetween([x1, y1]: Point, [x2, y2]: Point, [x3, y3]: Point): boolean {
  if (x3 === x1) return x2 === x1 && (y2 - y1) * (y3 - y2) >= 0
  return Math.abs(y1 + ((y3 - y1) * (x2 - x1)) / (x3 - x1) - y2) < 0.25
}
