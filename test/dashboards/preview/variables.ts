import type { AnsweredSeries } from './prometheus.ts'
import { type Dashboard, Unsupported, type Variable } from './schema.ts'

/** What a variable stands for: its values, and the text that people see. */
export interface Choice {
  readonly values: readonly string[]
  readonly text: string
  /** Several values may be chosen, so that Grafana writes them as a regular expression. */
  readonly isMulti: boolean
  /** Written as it is. */
  readonly raw?: string
}

export type Choices = ReadonlyMap<string, Choice>

/** The series that a selector finds, for a variable that lists the values of a label. */
export type FindSeries = (selector: string) => Promise<readonly AnsweredSeries[]>

/**
 * Chooses for every variable of a dashboard: what `wanted` says, else everything where the dashboard begins with that,
 * else the first. Throws `Unsupported` for a query that it does not know.
 */
export async function chosen(
  { templating }: Dashboard,
  wanted: Readonly<Record<string, string>>,
  find: FindSeries,
): Promise<Choices> {
  const choices = new Map<string, Choice>()
  for (const variable of templating.list) {
    if (variable.type === 'datasource') continue
    choices.set(
      variable.name,
      await choiceOf(variable, wanted, selector => find(interpolate(selector, choices))),
    )
  }
  return choices
}

async function choiceOf(
  variable: Variable,
  wanted: Readonly<Record<string, string>>,
  find: FindSeries,
): Promise<Choice> {
  const { name, multi = false, includeAll = false, allValue } = variable
  const options = await optionsOf(variable, find)
  const isMulti = multi || includeAll
  const one = (value: string): Choice => ({ values: [value], text: value, isMulti })
  const want = wanted[name]
  if (want !== undefined && options.includes(want)) return one(want)
  if (includeAll && startsWithAll(variable)) {
    const all = { values: options, text: 'All', isMulti }
    return typeof allValue === 'string' && allValue !== '' ? { ...all, raw: allValue } : all
  }
  const [first] = options
  return first === undefined ? { values: [], text: '', isMulti } : one(first)
}

function startsWithAll({ current }: Variable): boolean {
  const value = (current as { readonly value?: unknown } | undefined)?.value
  return value === undefined || value === '$__all' || (Array.isArray(value) && value.includes('$__all'))
}

async function optionsOf(
  { type, name, query, sort }: Variable,
  find: FindSeries,
): Promise<readonly string[]> {
  const text = typeof query === 'string' ? query : (query?.query ?? '')
  if (type === 'custom') return text.split(',').map(option => option.split(':').at(-1)?.trim() ?? '')
  if (type !== 'query') return [text]
  const [, selector, label] = /^label_values\((.+),\s*(\w+)\)$/s.exec(text) ?? []
  if (selector === undefined || label === undefined) {
    throw new Unsupported(
      `variable ${name}: the preview only knows label_values(selector, label), not ${text}`,
    )
  }
  const found = (await find(selector)).flatMap(({ labels }) => labels[label] ?? [])
  const options = [...new Set(found)].sort()
  return sort === 2 ? options.reverse() : options
}

/** A text with the variables in it replaced, each in its format: `$flow`, `${flow}`, `${flow:regex}`. */
export function interpolate(text: string, choices: Choices, purpose: 'query' | 'text' = 'query'): string {
  return text.replaceAll(
    /\$(\w+)|\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)\]\]/g,
    (all, plain?: string, braced?: string, format?: string, old?: string) => {
      const choice = choices.get(plain ?? braced ?? old ?? '')
      if (choice === undefined) return all
      return written(choice, format ?? (purpose === 'query' ? 'promql' : 'text'))
    },
  )
}

function written({ values, text, isMulti, raw }: Choice, format: string): string {
  switch (format) {
    case 'text':
      return text
    case 'raw':
    case 'csv':
      return raw ?? values.join(',')
    case 'queryparam':
    case 'percentencode':
      return values.map(encodeURIComponent).join(',')
    case 'regex':
      return raw ?? group(values.map(escapedForRegex))
    case 'promql':
      if (raw !== undefined) return raw
      return isMulti
        ? group(values.map(value => escapedForRegex(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')))
        : values.map(value => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('')
  }
  throw new Unsupported(`the variable format :${format}`)
}

function group(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `(${values.join('|')})`
}

function escapedForRegex(value: string): string {
  return value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
