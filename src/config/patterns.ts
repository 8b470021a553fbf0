import { RE2JS, RE2JSException } from 're2js'
import type { NameFilter } from '../model/flow.ts'
import type { Parsed } from './parsed.ts'

const globPrefix = 'glob:'

/** One pattern of a list of names. */
export interface NamePattern {
  /** As it is written. */
  readonly text: string
  /** True when the pattern matches the whole name; time is linear in the name. */
  matches(name: string): boolean
  /** The one name that it can mean, undefined when it can mean several. */
  readonly literal: string | undefined
  /** What every name begins with that it can match, as far as that is told easily. */
  readonly prefix: string
}

/**
 * Reads a pattern: RE2 that must match the whole name, or, after `glob:`, a glob with `*` and `?`.
 * @returns the pattern; else why it is none
 */
export function parsePattern(text: string): Parsed<NamePattern> {
  const glob = text.startsWith(globPrefix) ? text.slice(globPrefix.length) : undefined
  if (text === '' || glob === '') return { why: 'it would match nothing' }
  try {
    const expression = RE2JS.compile(glob === undefined ? text : globToRe2(glob))
    const literal = glob === undefined ? literalOfRe2(text) : literalOfGlob(glob)
    const prefix = literal ?? (glob === undefined ? prefixOfRe2(text) : prefixOfGlob(glob))
    return { value: { text, matches: name => expression.testExact(name), literal, prefix } }
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return { why: reasonFor(text, error) }
  }
}

/** The names that at least one of `include` matches and none of `exclude`. */
export function nameFilter(include: readonly NamePattern[], exclude: readonly NamePattern[]): NameFilter {
  const includes = (name: string): boolean =>
    include.some(pattern => pattern.matches(name)) && !exclude.some(pattern => pattern.matches(name))
  const named = include.flatMap(({ literal }) => (literal === undefined ? [] : [literal]))
  const begins = include.flatMap(({ literal, prefix }) => (literal === undefined ? [prefix] : []))
  return { includes, literals: [...new Set(named)].filter(includes), prefixes: [...new Set(begins)] }
}

function globToRe2(glob: string): string {
  return glob.replace(/[*?]|[^*?]+/g, part => {
    if (part === '*') return '.*'
    return part === '?' ? '.' : RE2JS.quote(part)
  })
}

/** A dot is a wildcard to RE2, yet who writes `orders.v1` means that topic; only dots mean any name of that length. */
function literalOfRe2(text: string): string | undefined {
  return /^(?:[\w.-]|\\[.-])+$/.test(text) && /\w|-|\\/.test(text) ? text.replaceAll('\\', '') : undefined
}

function literalOfGlob(glob: string): string | undefined {
  return /^[\w.-]+$/.test(glob) ? glob : undefined
}

/** The characters that stand for themselves, but for the last when it need not be there. */
function prefixOfRe2(text: string): string {
  if (text.includes('|')) return ''
  const [plain = ''] = /^(?:[\w-]|\\[.-])*/.exec(text.replace(/^\^/, '')) ?? []
  const rest = text.replace(/^\^/, '').slice(plain.length)
  const sure = /^[*?{]/.test(rest) ? plain.replace(/(?:\\.|.)$/, '') : plain
  return sure.replaceAll('\\', '')
}

function prefixOfGlob(glob: string): string {
  return /^[\w.-]*/.exec(glob)?.[0] ?? ''
}

function reasonFor(text: string, error: RE2JSException): string {
  if (/^[*?]/.test(text)) return `as a glob it is written "${globPrefix}${text}"`
  if (/\(\?<?[=!]/.test(text)) return 'RE2 has no look-ahead and no look-behind, use exclude'
  if (/\\[1-9]/.test(text)) return 'RE2 has no backreferences'
  return error.message.replace(/^error parsing regexp: /, '')
}
