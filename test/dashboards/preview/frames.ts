import type { Labels } from './prometheus.ts'
import type { FieldConfig } from './schema.ts'

export type Cell = number | string | null

/** A column of a frame as Grafana has it. */
export interface Field {
  readonly name: string
  readonly type: 'time' | 'number' | 'string'
  readonly values: readonly Cell[]
  readonly labels: Labels
  /** What the data source calls it: the legend. */
  readonly legend?: string
  readonly config: FieldConfig
}

/** What one query, or a transformation, gives: columns of one length. */
export interface Frame {
  readonly refId: string
  readonly fields: readonly Field[]
}

export function lengthOf(frame: Frame): number {
  return frame.fields[0]?.values.length ?? 0
}

/** The name by which people, overrides and transformations know a field. */
export function nameOf({ config, legend, name }: Field): string {
  return config.displayName ?? legend ?? name
}

/** The names of a frame's fields; those that several have get a number, as Grafana does it. */
export function namesIn(frame: Frame): readonly string[] {
  const names = frame.fields.map(nameOf)
  return names.map((name, index) => {
    if (names.filter(other => other === name).length === 1) return name
    return `${name} ${names.slice(0, index + 1).filter(other => other === name).length}`
  })
}

/** The same frame with its rows in another order, or fewer of them. */
export function withRows(frame: Frame, rows: readonly number[]): Frame {
  return {
    ...frame,
    fields: frame.fields.map(field => ({ ...field, values: rows.map(row => field.values[row] ?? null) })),
  }
}

/** Sorts row numbers by a field: missing values are the smallest; equal ones stay in their order. */
export function sortedRows(field: Field, desc: boolean): readonly number[] {
  const rows = field.values.map((_, row) => row)
  const sign = desc ? -1 : 1
  return rows.sort((a, b) => sign * compared(field.values[a] ?? null, field.values[b] ?? null))
}

function compared(a: Cell, b: Cell): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
