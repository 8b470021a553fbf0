import { type Cell, type Field, type Frame, lengthOf, namesIn, sortedRows, withRows } from './frames.ts'
import { type Transformation, Unsupported } from './schema.ts'

/** Frames after the transformations of a panel, in their order, as Grafana does them. */
export function transformed(
  frames: readonly Frame[],
  transformations: readonly Transformation[],
): readonly Frame[] {
  return transformations.reduce(applied, frames)
}

function applied(frames: readonly Frame[], transformation: Transformation): readonly Frame[] {
  switch (transformation.id) {
    case 'merge':
      return merged(frames)
    case 'joinByField':
      return joined(frames, transformation.options.byField)
    case 'organize':
      return frames.map(frame => organized(frame, transformation.options))
    case 'sortBy':
      return frames.map(frame => sorted(frame, transformation.options.sort[0]))
    case 'limit': {
      const { limitField } = transformation.options
      return frames.map(frame => withRows(frame, rowsOf(frame).slice(0, limitField)))
    }
    case 'filterFieldsByName':
      return frames.map(frame => filtered(frame, transformation.options))
    case 'renameByRegex': {
      const { regex, renamePattern } = transformation.options
      return frames.map(frame => renamed(frame, name => name.replace(new RegExp(regex), renamePattern)))
    }
  }
}

function rowsOf(frame: Frame): readonly number[] {
  return Array.from({ length: lengthOf(frame) }, (_, row) => row)
}

/** Rows of all frames in one table; those that agree in the fields that every frame has become one row. */
function merged(frames: readonly Frame[]): readonly Frame[] {
  const filled = frames.filter(({ fields }) => fields.length > 0)
  if (filled.length < 2) return filled
  const columns = columnsOf(filled)
  const keys = columns.filter(({ name }) => filled.every(({ fields }) => fields.some(it => it.name === name)))
  const rows: Map<string, Cell>[] = []
  const byKey = new Map<string, Map<string, Cell>[]>()
  for (const { fields } of filled) {
    for (let at = 0; at < (fields[0]?.values.length ?? 0); at++) {
      const row = new Map(fields.map(({ name, values }) => [name, values[at] ?? null]))
      const key = JSON.stringify(keys.map(({ name }) => row.get(name)))
      const same = byKey.get(key) ?? []
      const found = same.filter(other => agree(other, row))
      for (const other of found) for (const [name, value] of row) other.set(name, value)
      if (found.length === 0) {
        rows.push(row)
        byKey.set(key, [...same, row])
      }
    }
  }
  const fields = columns.map(field => ({ ...field, values: rows.map(row => row.get(field.name) ?? null) }))
  return [{ refId: filled.map(({ refId }) => refId).join('-'), fields }]
}

function columnsOf(frames: readonly Frame[]): readonly Field[] {
  const columns = new Map<string, Field>()
  for (const field of frames.flatMap(({ fields }) => fields))
    if (!columns.has(field.name)) columns.set(field.name, field)
  return [...columns.values()]
}

function agree(row: ReadonlyMap<string, Cell>, other: ReadonlyMap<string, Cell>): boolean {
  return [...other].every(([name, value]) => {
    const own = row.get(name)
    return own === undefined || own === null || own === value
  })
}

/** One row for each value of a field; fields that several frames have stay several. */
function joined(frames: readonly Frame[], byField: string): readonly Frame[] {
  const having = frames.filter(frame => namesIn(frame).includes(byField))
  const [first] = having
  if (first === undefined || having.length === 1) return having
  const keyOf = (frame: Frame): Field => {
    const field = frame.fields[namesIn(frame).indexOf(byField)]
    if (field === undefined) throw new Error(`no field ${byField}`)
    if (new Set(field.values).size !== field.values.length)
      throw new Unsupported(`joinByField: ${byField} is not unique in query ${frame.refId}`)
    return field
  }
  const key = keyOf(first)
  const values = [...new Set(having.flatMap(frame => keyOf(frame).values))]
  const fields = having.flatMap(frame => {
    const own = keyOf(frame)
    const rows = new Map(own.values.map((value, row) => [value, row]))
    return frame.fields
      .filter(field => field !== own)
      .map(field => ({ ...field, values: values.map(value => field.values[rows.get(value) ?? -1] ?? null) }))
  })
  return [{ refId: having.map(({ refId }) => refId).join('-'), fields: [{ ...key, values }, ...fields] }]
}

type OrganizeOptions = Extract<Transformation, { id: 'organize' }>['options']

function organized(
  frame: Frame,
  { excludeByName = {}, indexByName = {}, renameByName = {} }: OrganizeOptions,
): Frame {
  const named = frame.fields.map((field, index) => ({ field, name: namesIn(frame)[index] ?? '' }))
  const shown = named.filter(({ name }) => excludeByName[name] !== true)
  const place = ({ name }: { name: string }): number => indexByName[name] ?? Number.MAX_SAFE_INTEGER
  const ordered =
    Object.keys(indexByName).length === 0 ? shown : shown.toSorted((a, b) => place(a) - place(b))
  return {
    ...frame,
    fields: ordered.map(({ field, name }) => {
      const rename = renameByName[name]
      return rename === undefined || rename === '' ? field : withName(field, rename)
    }),
  }
}

function withName(field: Field, displayName: string): Field {
  return { ...field, config: { ...field.config, displayName } }
}

function renamed(frame: Frame, rename: (name: string) => string): Frame {
  const names = namesIn(frame)
  return {
    ...frame,
    fields: frame.fields.map((field, index) => {
      const name = names[index] ?? ''
      return field.type === 'time' || rename(name) === name ? field : withName(field, rename(name))
    }),
  }
}

function sorted(
  frame: Frame,
  by: { readonly field: string; readonly desc?: boolean | undefined } | undefined,
): Frame {
  const field = frame.fields[namesIn(frame).indexOf(by?.field ?? '')]
  // Grafana leaves the order where the field is not there.
  return field === undefined ? frame : withRows(frame, sortedRows(field, by?.desc === true))
}

type FilterOptions = Extract<Transformation, { id: 'filterFieldsByName' }>['options']

function filtered(frame: Frame, { include, exclude }: FilterOptions): Frame {
  const names = namesIn(frame)
  const matches = (list: FilterOptions['include'], name: string): boolean =>
    list?.names?.includes(name) === true ||
    (list?.pattern !== undefined && patternOf(list.pattern).test(name))
  return {
    ...frame,
    fields: frame.fields.filter((_, index) => {
      const name = names[index] ?? ''
      return (include === undefined || matches(include, name)) && !matches(exclude, name)
    }),
  }
}

/** A pattern as Grafana writes it: with or without slashes around it. */
export function patternOf(text: string): RegExp {
  const [, body, flags] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? []
  return body === undefined ? new RegExp(text) : new RegExp(body, flags)
}
