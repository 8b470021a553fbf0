import { theme } from '../colours.ts'
import { type Display, displayOf } from '../display.ts'
import { extentOf } from '../fields.ts'
import { type Cell, type Field, type Frame, nameOf } from '../frames.ts'
import type { TimeRange } from '../prometheus.ts'
import type { ReduceOptions } from '../schema.ts'
import { type Box, textAt } from '../svg.ts'

/** Everything that a panel is drawn from, inside its frame. */
export interface PanelContent<Panel> {
  readonly panel: Panel
  /** Transformed, with the configuration of their fields. */
  readonly frames: readonly Frame[]
  readonly box: Box
  readonly range: TimeRange
  /** Unique in the picture; what has an id begins with it. */
  readonly id: string
}

/** How to show the values of a panel's fields. */
export function displaysOf({ frames, range }: Pick<PanelContent<unknown>, 'frames' | 'range'>) {
  const extent = extentOf(frames)
  const series = frames.flatMap(({ fields }) => fields).filter(({ type }) => type === 'number')
  return (value: Cell, field: Field, seriesIndex = Math.max(0, series.indexOf(field))): Display =>
    displayOf(value, field, { nowMs: range.toMs, extent, seriesIndex })
}

/** A value that a stat or a bar gauge shows, with its name. */
export interface NamedDisplay extends Display {
  readonly title: string
  readonly field: Field
}

/** What `reduceOptions` choose: each row of the fields they name, or one figure of each field. */
export function chosenValues(
  content: Pick<PanelContent<unknown>, 'frames' | 'range'>,
  { calcs = [], fields = '', values = false, limit }: ReduceOptions = {},
): readonly NamedDisplay[] {
  const display = displaysOf(content)
  const pattern = fields === '' ? undefined : patternOfFields(fields)
  const found: NamedDisplay[] = []
  for (const frame of content.frames) {
    for (const field of frame.fields) {
      if (pattern === undefined ? field.type !== 'number' : !pattern.test(nameOf(field))) continue
      if (values) {
        for (const [row, value] of field.values.entries())
          found.push({ ...display(value, field), title: rowTitle(frame, field, row), field })
      } else {
        const [calc = 'last'] = calcs
        found.push({ ...display(reduced(field.values, calc), field), title: nameOf(field), field })
      }
    }
  }
  return values && limit !== undefined ? found.slice(0, limit) : found
}

function patternOfFields(fields: string): RegExp {
  const [, body] = /^\/(.*)\/$/.exec(fields) ?? []
  return body === undefined
    ? new RegExp(`^${fields.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`)
    : new RegExp(body)
}

/** Like Grafana: the texts of the row, and the name of the field when there are other numbers in it. */
function rowTitle({ fields }: Frame, field: Field, row: number): string {
  if (field.config.displayName !== undefined) return field.config.displayName
  const others = fields.filter(other => other !== field)
  const texts = others
    .filter(({ type }) => type === 'string')
    .map(({ values }) => String(values[row] ?? ''))
    .filter(text => text !== '')
  const hasNumbers = others.some(({ type }) => type === 'number')
  return [...texts, ...(hasNumbers || texts.length === 0 ? [nameOf(field)] : [])].join(' ')
}

/** One figure for the values of a field; null where there is none. */
export function reduced(values: readonly Cell[], calc: string): Cell {
  if (calc === 'last') return values.at(-1) ?? null
  const numbers = values.filter(value => typeof value === 'number' && !Number.isNaN(value)) as number[]
  if (numbers.length === 0) return values.findLast(value => value !== null) ?? null
  if (calc === 'max') return numbers.reduce((a, b) => Math.max(a, b))
  if (calc === 'min') return numbers.reduce((a, b) => Math.min(a, b))
  if (calc === 'mean') return numbers.reduce((a, b) => a + b) / numbers.length
  return values.findLast(value => value !== null) ?? null
}

/** What Grafana writes into a panel that has nothing to show. */
export function nothing({ box }: Pick<PanelContent<unknown>, 'box'>, noValue = 'No data'): string {
  const { x, y, width, height } = box
  return textAt(x + width / 2, y + height / 2 + 5, noValue, {
    size: 18,
    fill: theme.weakText,
    anchor: 'middle',
  })
}
