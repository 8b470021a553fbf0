import { colourOf, paletteColour, paletteColourByName, shadeOf, theme } from './colours.ts'
import type { Cell, Field } from './frames.ts'
import { nameOf } from './frames.ts'
import type { Mapping, Thresholds } from './schema.ts'
import { Unsupported } from './schema.ts'
import { patternOf } from './transformations.ts'
import { format } from './units.ts'

/** How a value looks. */
export interface Display {
  readonly text: string
  readonly suffix: string
  readonly colour: string
  /** NaN where there is no number. */
  readonly numeric: number
  /** Where it lies between the field's least and greatest value, 0 to 1. */
  readonly share: number
}

/** The least and greatest value of a scale. */
export interface Extent {
  readonly min: number
  readonly max: number
}

/** What a field is shown with besides its own configuration. */
export interface DisplayContext {
  readonly nowMs: number
  /** Of all numbers of the panel, for fields that say none themselves. */
  readonly extent: Extent
  /** The place of the field among the panel's series. */
  readonly seriesIndex: number
}

/** The text and the colour of a value: its mapping first, then unit and thresholds, and `noValue` where there is none. */
export function displayOf(value: Cell, field: Field, context: DisplayContext): Display {
  const { config, type } = field
  const mapped = mappingFor(value, config.mappings ?? [])
  const numeric = typeof value === 'number' ? value : Number.NaN
  const { min, max } = { min: config.min ?? context.extent.min, max: config.max ?? context.extent.max }
  const share = max > min && !Number.isNaN(numeric) ? (numeric - min) / (max - min) : 0
  const written = textOf(value, type, config, context)
  const text = mapped?.text ?? written.text
  return {
    text: text === '' ? (config.noValue ?? '') : text,
    suffix: mapped?.text === undefined ? written.suffix : '',
    colour:
      mapped?.color !== undefined ? colourOf(mapped.color) : fieldColour(field, numeric, share, context),
    numeric,
    share: Math.min(1, Math.max(0, share)),
  }
}

function textOf(
  value: Cell,
  type: Field['type'],
  { unit, decimals }: Field['config'],
  { nowMs }: DisplayContext,
): { readonly text: string; readonly suffix: string } {
  if (value === null) return { text: '', suffix: '' }
  if (typeof value === 'string') return { text: value, suffix: '' }
  if (type === 'time' && unit === undefined) return format(value, 'dateTimeAsIso', undefined, nowMs)
  return format(value, unit ?? 'none', decimals, nowMs)
}

function fieldColour(field: Field, numeric: number, share: number, { seriesIndex }: DisplayContext): string {
  const { color, thresholds } = field.config
  switch (color?.mode) {
    case undefined:
      throw new Unsupported(`${nameOf(field)}: a colour mode that is left to the panel's default`)
    case 'fixed':
      return colourOf(color?.fixedColor ?? 'text')
    case 'shades':
      return shadeOf(colourOf(color?.fixedColor ?? 'text'), seriesIndex)
    case 'palette-classic':
      return paletteColour(seriesIndex)
    case 'palette-classic-by-name':
      return paletteColourByName(nameOf(field))
    case 'thresholds':
      return thresholds === undefined ? theme.text : thresholdColour(numeric, share, thresholds)
  }
}

/** The colour of the highest step that is not above the value; the lowest step's where there is no number. */
export function thresholdColour(value: number, share: number, { mode, steps }: Thresholds): string {
  const compared = mode === 'percentage' ? share * 100 : value
  const reached = steps.filter(step => step.value === null || compared >= step.value)
  const step = reached.at(-1) ?? steps[0]
  return step === undefined ? theme.text : colourOf(step.color)
}

type MappingResult = Mapping extends infer M
  ? M extends { options: { result: infer R } }
    ? R
    : never
  : never

/** What the first mapping that fits says of a value. */
export function mappingFor(value: Cell, mappings: readonly Mapping[]): MappingResult | undefined {
  for (const mapping of mappings) {
    const result = resultOf(value, mapping)
    if (result !== undefined) return result
  }
  return undefined
}

function resultOf(value: Cell, mapping: Mapping): MappingResult | undefined {
  switch (mapping.type) {
    case 'value':
      return value === null ? undefined : mapping.options[String(value)]
    case 'range': {
      const { from, to, result } = mapping.options
      const number = typeof value === 'string' ? Number.parseFloat(value) : (value ?? Number.NaN)
      const isIn = number >= (from ?? Number.NEGATIVE_INFINITY) && number <= (to ?? Number.POSITIVE_INFINITY)
      return isIn ? result : undefined
    }
    case 'regex': {
      const { pattern, result } = mapping.options
      if (typeof value !== 'string' || !patternOf(pattern).test(value)) return undefined
      return result.text === undefined
        ? result
        : { ...result, text: value.replace(patternOf(pattern), result.text) }
    }
    case 'special':
      return isSpecial(value, mapping.options.match) ? mapping.options.result : undefined
  }
}

function isSpecial(value: Cell, match: string): boolean {
  switch (match) {
    case 'null':
      return value === null
    case 'nan':
      return Number.isNaN(value)
    case 'null+nan':
      return value === null || Number.isNaN(value)
    case 'empty':
      return value === ''
    default:
      return value === match
  }
}
