import type { Extent } from './display.ts'
import { type Field, type Frame, nameOf, namesIn } from './frames.ts'
import { type DrawnPanel, type FieldConfig, type Override, parseFieldConfig } from './schema.ts'
import { patternOf } from './transformations.ts'

/** What a panel takes where its JSON names no colour mode. */
const defaultColours: Readonly<Partial<Record<DrawnPanel['type'], FieldConfig['color']>>> = {
  stat: { mode: 'thresholds' },
  table: { mode: 'thresholds' },
  timeseries: { mode: 'palette-classic' },
}

/** Frames whose fields have the panel's defaults and what its overrides say of them. */
export function configured(
  frames: readonly Frame[],
  { type, fieldConfig }: Pick<DrawnPanel, 'type' | 'fieldConfig'>,
): readonly Frame[] {
  const { overrides = [] } = fieldConfig ?? {}
  const color = defaultColours[type]
  const defaults = { ...(color === undefined ? {} : { color }), ...fieldConfig?.defaults }
  return frames.map(frame => {
    const names = namesIn(frame)
    return {
      ...frame,
      fields: frame.fields.map((field, index) => {
        const own = { ...field, config: { ...defaults, ...field.config } }
        const name = names[index] ?? nameOf(field)
        return overrides.filter(override => matches(override, field, name, frame)).reduce(overridden, own)
      }),
    }
  })
}

function matches({ matcher: { id, options } }: Override, field: Field, name: string, frame: Frame): boolean {
  switch (id) {
    case 'byName':
      return name === options || field.name === options
    case 'byRegexp':
      return patternOf(options).test(name)
    case 'byType':
      return field.type === options
    case 'byFrameRefID':
      return frame.refId === options
  }
}

function overridden(field: Field, { properties, matcher }: Override): Field {
  let config: FieldConfig = field.config
  for (const { id, value } of properties) {
    const where = `override of ${matcher.options}`
    const [key = '', inner, ...more] = id.split('.')
    if (more.length > 0 || (inner !== undefined && key !== 'custom')) parseFieldConfig({ [id]: value }, where)
    const said = parseFieldConfig(
      inner === undefined ? { [key]: value } : { custom: { [inner]: value } },
      where,
    )
    config = { ...config, ...said, custom: { ...config.custom, ...said.custom } }
  }
  return { ...field, config }
}

/** The least and greatest number of all fields; 0 to 100 where there is none, as in Grafana. */
export function extentOf(frames: readonly Frame[]): Extent {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { type, values } of frames.flatMap(({ fields }) => fields)) {
    if (type !== 'number') continue
    for (const value of values) {
      if (typeof value !== 'number' || !Number.isFinite(value)) continue
      min = Math.min(min, value)
      max = Math.max(max, value)
    }
  }
  return min > max ? { min: 0, max: 100 } : { min, max }
}
