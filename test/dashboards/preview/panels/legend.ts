import { theme } from '../colours.ts'
import type { Legend } from '../schema.ts'
import { type Box, clipped, cut, rectangle, textAt, widthOf } from '../svg.ts'

export interface LegendItem {
  readonly name: string
  readonly colour: string
  /** What its calculations give, in their order. */
  readonly values: readonly string[]
}

const size = 12
const lineHeight = 22

/** A legend, and the room that it leaves for the plot. */
export function drawLegend(
  { showLegend = true, displayMode = 'list', placement = 'bottom', calcs = [], width }: Legend,
  items: readonly LegendItem[],
  box: Box,
  id: string,
): { readonly plot: Box; readonly drawn: string } {
  if (!showLegend || displayMode === 'hidden' || items.length === 0) return { plot: box, drawn: '' }
  if (placement === 'right' || displayMode === 'table') {
    const own = placement === 'right' ? (width ?? Math.min(box.width * 0.35, 320)) : box.width
    const lines = items.length + (calcs.length > 0 ? 1 : 0)
    const height = placement === 'right' ? box.height : Math.min(box.height * 0.35, lines * lineHeight)
    const place =
      placement === 'right'
        ? { x: box.x + box.width - own, y: box.y, width: own, height }
        : { x: box.x, y: box.y + box.height - height, width: own, height }
    const plot =
      placement === 'right'
        ? { ...box, width: box.width - own - 12 }
        : { ...box, height: box.height - height - 8 }
    return { plot, drawn: clipped(`${id}-legend`, place, listed(items, calcs, place)) }
  }
  const rows = flowed(items, box.width)
  const height = Math.min(box.height * 0.35, rows.length * lineHeight)
  const place = { ...box, y: box.y + box.height - height, height }
  const drawn = rows.flatMap((row, line) =>
    row.map(({ item, x, text }) => marked(item, text, place.x + x, place.y + line * lineHeight)),
  )
  return {
    plot: { ...box, height: box.height - height - 4 },
    drawn: clipped(`${id}-legend`, place, drawn.join('')),
  }
}

function marked({ colour }: LegendItem, text: string, x: number, y: number): string {
  return (
    rectangle({ x, y: y + 9, width: 14, height: 4 }, { fill: colour, rx: 2 }) +
    textAt(x + 20, y + 15, text, { size, fill: theme.text })
  )
}

/** Items one behind the other, in as many lines as they need. */
function flowed(items: readonly LegendItem[], width: number) {
  const rows: { item: LegendItem; text: string; x: number }[][] = [[]]
  let x = 0
  for (const item of items) {
    const text = cut([item.name, ...item.values].join('  '), width - 30, size)
    const needs = 20 + widthOf(text, size) + 14
    if (x > 0 && x + needs > width) {
      rows.push([])
      x = 0
    }
    rows.at(-1)?.push({ item, text, x })
    x += needs
  }
  return rows
}

const valueWidth = 90

function listed(items: readonly LegendItem[], calcs: readonly string[], { x, y, width }: Box): string {
  const columns = calcs.map((calc, index) => ({
    calc,
    end: x + width - (calcs.length - 1 - index) * valueWidth,
  }))
  const room = width - 20 - calcs.length * valueWidth
  const names: Readonly<Record<string, string>> = {
    lastNotNull: 'Last *',
    last: 'Last',
    max: 'Max',
    min: 'Min',
    mean: 'Mean',
  }
  const header = columns.map(({ calc, end }) =>
    textAt(end, y + 15, names[calc] ?? calc, { size, fill: '#6e9fff', anchor: 'end' }),
  )
  const first = calcs.length > 0 ? y + lineHeight : y
  const rows = items.map((item, index) => {
    const at = first + index * lineHeight
    const values = columns.map(({ end }, column) =>
      textAt(end, at + 15, item.values[column] ?? '', { size, fill: theme.text, anchor: 'end' }),
    )
    return marked(item, cut(item.name, room, size), x, at) + values.join('')
  })
  return [...header, ...rows].join('')
}
