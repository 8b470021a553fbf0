import { theme } from './colours.ts'
import { configured } from './fields.ts'
import type { Frame } from './frames.ts'
import { drawMarks } from './marks.ts'
import { drawBarGauge } from './panels/barGauge.ts'
import type { PanelContent } from './panels/content.ts'
import { drawStat } from './panels/stat.ts'
import { drawStateTimeline } from './panels/stateTimeline.ts'
import { drawTable } from './panels/table.ts'
import { drawText } from './panels/text.ts'
import { drawTimeSeries, type Mark } from './panels/timeSeries.ts'
import { framesOf, type QueryContext } from './queries.ts'
import { type Dashboard, type DrawnPanel, type GridPos, type RowPanel, Unsupported } from './schema.ts'
import { type Box, cut, element, inset, rectangle, textAt, widthOf } from './svg.ts'
import { transformed } from './transformations.ts'
import { type Choices, interpolate } from './variables.ts'

/** Grafana's grid: 24 columns, rows of 30 pixels, 8 pixels between. */
const pictureWidth = 1920
const margin = 16
const gap = 8
const rowHeight = 30
const columnWidth = (pictureWidth - 2 * margin - 23 * gap) / 24
/** Grafana's bar and the dashboard's controls, of which the picture has the title, the variables and the times. */
const headHeight = 96
const panelHead = 34
const padding = 8

/** What every picture says of itself. */
export const label = 'Preview, drawn by Tidemark from the same JSON; not Grafana.'

/**
 * A dashboard as one SVG picture, with what Prometheus answers now. Throws `Unsupported`, with the panel, for whatever
 * the preview cannot draw.
 */
export async function drawDashboard(
  dashboard: Dashboard,
  about: string,
  context: QueryContext,
): Promise<string> {
  const marks = await drawMarks(dashboard, context)
  const drawn: string[] = []
  for (const panel of dashboard.panels) drawn.push(await drawPanel(panel, marks, context))
  const rows = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h))
  const height = headHeight + rows * (rowHeight + gap) - gap + margin
  const size = { width: pictureWidth, height }
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${size.width} ${size.height}`,
      ...size,
      'font-family': 'Inter, Helvetica, Arial, sans-serif',
    },
    [
      element('title', {}, `${dashboard.title}: ${label}`.replaceAll('&', '&amp;').replaceAll('<', '&lt;')),
      rectangle({ x: 0, y: 0, ...size }, { fill: theme.canvas }),
      head(dashboard, about, context),
      ...drawn,
    ].join('\n'),
  ).concat('\n')
}

function head({ title, time }: Dashboard, about: string, { choices, range }: QueryContext): string {
  const utc = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
  const span = `${time.from} to now: ${utc(range.fromMs)} to ${utc(range.toMs)} UTC`
  const labelWidth = widthOf(label, 15) + 24
  const chip = { x: pictureWidth - margin - labelWidth, y: 12, width: labelWidth, height: 30 }
  return [
    textAt(margin, 34, title, { size: 20, fill: theme.text, weight: 500 }),
    textAt(chip.x - 20, 34, span, { size: 14, fill: theme.weakText, anchor: 'end' }),
    rectangle(chip, { fill: '#3d3420', stroke: '#f2cc0c', rx: 4 }),
    textAt(chip.x + 12, 32, label, { size: 15, fill: '#ffee52' }),
    textAt(margin, 62, cut(about, pictureWidth - 2 * margin, 14), { size: 14, fill: theme.weakText }),
    ...chips(choices),
  ].join('')
}

function chips(choices: Choices): readonly string[] {
  let x = margin
  return Array.from(choices, ([name, { text }]) => {
    const words = `${name}: ${text}`
    const drawn = textAt(x, 84, words, { size: 14, fill: theme.text })
    x += widthOf(words, 14) + 24
    return drawn
  })
}

/** Where a panel of the grid is, in pixels. */
export function boxOf({ x, y, w, h }: GridPos): Box {
  return {
    x: margin + x * (columnWidth + gap),
    y: headHeight + y * (rowHeight + gap),
    width: w * (columnWidth + gap) - gap,
    height: h * (rowHeight + gap) - gap,
  }
}

async function drawPanel(
  panel: DrawnPanel | RowPanel,
  marks: readonly Mark[],
  context: QueryContext,
): Promise<string> {
  const box = boxOf(panel.gridPos)
  const title = interpolate(panel.title ?? '', context.choices, 'text')
  if (panel.type === 'row') {
    const more = panel.collapsed === true ? ` (${panel.panels?.length ?? 0} panels)` : ''
    const sign = panel.collapsed === true ? '›' : '⌄'
    return textAt(box.x + 8, box.y + 21, `${sign} ${title}${more}`, {
      size: 16,
      fill: theme.text,
      weight: 500,
    })
  }
  try {
    const inner = innerOf(box, title)
    const frames = await shownFrames(panel, inner.width, context)
    const id = `p${panel.id}`
    const content = drawContent({ panel, frames, box: inner, range: context.range, id }, marks, context)
    return frameOf(panel, box, title) + content
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Unsupported(`panel ${panel.id} "${title}" (${panel.type}): ${message}`, { cause: error })
  }
}

/** What a panel's queries give, with its transformations, units and overrides. */
export async function shownFrames(
  panel: DrawnPanel,
  width: number,
  context: QueryContext,
): Promise<readonly Frame[]> {
  const frames = await framesOf(panel, Math.round(width), context)
  return configured(transformed(frames, panel.transformations ?? []), panel)
}

function innerOf(box: Box, title: string): Box {
  const inner = inset(box, padding)
  const top = title === '' ? 0 : panelHead - padding
  return { ...inner, y: inner.y + top, height: inner.height - top }
}

function frameOf({ transparent }: DrawnPanel, box: Box, title: string): string {
  const background =
    transparent === true ? '' : rectangle(box, { fill: theme.panel, stroke: theme.border, rx: 3 })
  if (title === '') return background
  const style = { size: 14, fill: theme.text, weight: 500 }
  return background + textAt(box.x + padding, box.y + 21, cut(title, box.width - 2 * padding, 14), style)
}

function drawContent(
  content: PanelContent<DrawnPanel>,
  marks: readonly Mark[],
  { choices }: QueryContext,
): string {
  const { panel } = content
  switch (panel.type) {
    case 'stat':
      return drawStat({ ...content, panel })
    case 'table':
      return drawTable({ ...content, panel })
    case 'timeseries':
      return drawTimeSeries({ ...content, panel }, marks)
    case 'state-timeline':
      return drawStateTimeline({ ...content, panel })
    case 'bargauge':
      return drawBarGauge({ ...content, panel })
    case 'text':
      return drawText({ ...content, panel }, interpolate(panel.options.content, choices, 'text'))
  }
}
