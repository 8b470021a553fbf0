import { textOn, theme } from '../colours.ts'
import type { Display } from '../display.ts'
import { type Field, type Frame, lengthOf, namesIn, sortedRows, withRows } from '../frames.ts'
import { type PanelOf, Unsupported } from '../schema.ts'
import { type Box, clipped, cut, rectangle, textAt } from '../svg.ts'
import { displaysOf, nothing, type PanelContent } from './content.ts'

const fontSize = 14
const headerHeight = 34
const rowHeights = { sm: 36, md: 42, lg: 48 }
const padding = 6
const leastWidth = 150
const scrollBarWidth = 8

interface Column {
  readonly field: Field
  readonly name: string
  readonly x: number
  readonly width: number
}

/** A table: the letters are as large as they are, however large the panel is; what does not fit has to be scrolled to. */
export function drawTable(content: PanelContent<PanelOf<'table'>>): string {
  const { panel, frames, box, id } = content
  const { cellHeight = 'sm', showHeader = true, sortBy = [] } = panel.options
  const [frame, ...more] = frames.filter(({ fields }) => fields.length > 0)
  if (more.length > 0) throw new Unsupported('a table of several frames')
  if (frame === undefined || lengthOf(frame) === 0)
    return nothing(content, panel.fieldConfig?.defaults?.noValue)
  const sorted = sortedBy(frame, sortBy[0])
  const columns = columnsOf(sorted, box)
  const rowHeight = rowHeights[cellHeight]
  const top = box.y + (showHeader ? headerHeight : 0)
  const display = displaysOf(content)
  const rows = Math.min(lengthOf(sorted), Math.ceil((box.y + box.height - top) / rowHeight))
  const cells = Array.from({ length: rows }, (_, row) =>
    columns.map(column => {
      const place = { x: column.x, y: top + row * rowHeight, width: column.width, height: rowHeight }
      return drawCell(display(column.field.values[row] ?? null, column.field), column.field, place)
    }),
  )
  const lines = Array.from({ length: rows }, (_, row) =>
    rectangle(
      { x: box.x, y: top + (row + 1) * rowHeight - 1, width: box.width, height: 1 },
      { fill: theme.grid },
    ),
  )
  const header = showHeader ? columns.map(column => headerOf(column, box.y)) : []
  return (
    clipped(id, box, [...header, ...cells.flat(), ...lines].join('')) + scrollBar(sorted, top, rowHeight, box)
  )
}

function sortedBy(
  frame: Frame,
  by: { readonly displayName: string; readonly desc?: boolean | undefined } | undefined,
): Frame {
  const field = frame.fields[namesIn(frame).indexOf(by?.displayName ?? '')]
  return field === undefined ? frame : withRows(frame, sortedRows(field, by?.desc === true))
}

/** Columns without a width of their own share what is left, and have at least 150 pixels. */
function columnsOf(frame: Frame, { x, width }: Box): readonly Column[] {
  const names = namesIn(frame)
  const shown = frame.fields
    .map((field, index) => ({ field, name: names[index] ?? '' }))
    .filter(
      ({ field: { config } }) => config.custom?.hidden !== true && config.custom?.hideFrom?.viz !== true,
    )
  const own = shown.map(({ field }) => field.config.custom?.width)
  const left = width - own.reduce<number>((sum, it) => sum + (it ?? 0), 0)
  const share = left / own.filter(it => it === undefined).length
  let at = x
  return shown.map(({ field, name }, index) => {
    const columnWidth = own[index] ?? Math.max(field.config.custom?.minWidth ?? leastWidth, share)
    const column = { field, name, x: at, width: columnWidth }
    at += columnWidth
    return column
  })
}

function isRight({ config, type }: Field): boolean {
  const { align = 'auto' } = config.custom ?? {}
  return align === 'right' || (align === 'auto' && type === 'number')
}

function headerOf({ field, name, x, width }: Column, y: number): string {
  const [at, anchor] = isRight(field) ? [x + width - padding, 'end' as const] : [x + padding, undefined]
  const style = { size: fontSize, fill: '#6e9fff', weight: 500, ...(anchor === undefined ? {} : { anchor }) }
  return textAt(at, y + headerHeight / 2 + 5, cut(name, width - 2 * padding, fontSize), style)
}

function drawCell(display: Display, field: Field, cell: Box): string {
  const options = field.config.custom?.cellOptions ?? { type: 'auto' as const }
  const { x, y, width, height } = cell
  const text = cut(display.text + display.suffix, width - 2 * padding, fontSize)
  const centred = field.config.custom?.align === 'center'
  const [at, anchor] = centred
    ? [x + width / 2, 'middle' as const]
    : isRight(field)
      ? [x + width - padding, 'end' as const]
      : [x + padding, undefined]
  const write = (fill: string): string =>
    textAt(at, y + height / 2 + 5, text, {
      size: fontSize,
      fill,
      ...(anchor === undefined ? {} : { anchor }),
    })
  switch (options.type) {
    case 'auto':
      return write((field.config.links ?? []).length > 0 ? '#6e9fff' : theme.text)
    case 'color-text':
      return write(display.colour)
    case 'color-background':
      return (
        rectangle({ ...cell, height: height - 1 }, { fill: display.colour }) + write(textOn(display.colour))
      )
    case 'gauge':
      return drawGauge(display, cell, options.valueDisplayMode !== 'hidden', write)
  }
}

const gaugeTextWidth = 70

function drawGauge(
  display: Display,
  { x, y, width, height }: Box,
  showsText: boolean,
  write: (fill: string) => string,
): string {
  const whole = width - 2 * padding - (showsText ? gaugeTextWidth : 0)
  const bar = { x: x + padding, y: y + padding, width: whole, height: height - 2 * padding }
  return (
    rectangle(bar, { fill: theme.unfilled, rx: 2 }) +
    rectangle({ ...bar, width: whole * display.share }, { fill: display.colour, rx: 2 }) +
    (showsText ? write(display.colour) : '')
  )
}

/** Says that there is more than is seen. */
function scrollBar(frame: Frame, top: number, rowHeight: number, box: Box): string {
  const room = box.y + box.height - top
  const whole = lengthOf(frame) * rowHeight
  if (whole <= room + 1) return ''
  const bar = { x: box.x + box.width - scrollBarWidth + 4, y: top, width: 4, height: (room * room) / whole }
  const seen = Math.floor(room / rowHeight)
  const note = `${seen} of ${lengthOf(frame)} rows`
  return (
    rectangle(bar, { fill: theme.weakText, rx: 2 }) +
    textAt(box.x + box.width, box.y - 12, note, { size: 11, fill: theme.weakText, anchor: 'end' })
  )
}
