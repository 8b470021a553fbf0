import type { Parsed } from '../config/parsed.ts'
import { type Status, statuses } from '../model/assessment.ts'
import type { TopicsQuery } from '../present/json.ts'

/** Kafka's longest topic name. */
const longestName = 249
const mostPages = 1_000_000

/** Query parameters as they came: a list where one was given twice. */
export type RawQuery = Readonly<Record<string, unknown>>

/** Which topics are asked for by `filter`, `status` and `page`; else what was expected of the first that is wrong. */
export function parseTopicsQuery(raw: RawQuery): Parsed<TopicsQuery> {
  const texts = textsOf(raw, ['filter', 'status', 'page'])
  if ('why' in texts) return texts
  const { filter, status } = texts.value
  if (filter !== undefined && filter.length > longestName) {
    return {
      why: `filter: expected a part of a topic's name, at most ${longestName} characters, found ${filter.length}`,
    }
  }
  if (status !== undefined && !isStatus(status)) {
    return { why: `status: expected one of ${statuses.join(', ')}, found "${shortened(status)}"` }
  }
  const page = pageOf(texts.value.page)
  return 'why' in page ? page : { value: { filter, status, page: page.value } }
}

/** Which page is asked for; else what was expected. */
export function parsePage(raw: RawQuery): Parsed<number> {
  const texts = textsOf(raw, ['page'])
  return 'why' in texts ? texts : pageOf(texts.value.page)
}

/** Each parameter as one text; what is left empty in a form counts as not given. */
function textsOf<Name extends string>(
  raw: RawQuery,
  names: readonly Name[],
): Parsed<Partial<Record<Name, string>>> {
  const found: Partial<Record<Name, string>> = {}
  for (const [given, value] of Object.entries(raw)) {
    const name = names.find(candidate => candidate === given)
    if (name === undefined)
      return { why: `expected no parameter but ${names.join(', ')}, found "${shortened(given)}"` }
    if (typeof value !== 'string') return { why: `${name}: expected one value, found several` }
    if (value !== '') found[name] = value
  }
  return { value: found }
}

function pageOf(text: string | undefined): Parsed<number> {
  if (text === undefined) return { value: 1 }
  const page = /^\d{1,7}$/.test(text) ? Number(text) : 0
  return page >= 1 && page <= mostPages
    ? { value: page }
    : { why: `page: expected a whole number from 1, found "${shortened(text)}"` }
}

function isStatus(text: string): text is Status {
  return statuses.some(status => status === text)
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
