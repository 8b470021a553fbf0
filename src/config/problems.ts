/** One thing that is wrong with a configuration, or doubtful in it, for the person who wrote it. */
export interface ConfigProblem {
  readonly file: string
  /** From 1; 0 when the file as a whole is meant. */
  readonly line: number
  /** From 1; 0 when the file as a whole is meant. */
  readonly column: number
  /** Such as `flows[0].rpo.budget`; '' for the whole document. */
  readonly path: string
  readonly expected: string
  readonly found: string
  /** The sentence for people, without the place. */
  readonly message: string
}

/** Thrown when a configuration cannot be used; the message lists all problems, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

/** @returns one line: `tidemark.yaml:12:15 flows[0].rpo.budget: expected a duration ..., found "5 minutes"` */
export function formatProblem({ file, line, column, path, message }: ConfigProblem): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`
  return path === '' ? `${place}: ${message}` : `${place} ${path}: ${message}`
}

export type Path = readonly PropertyKey[]

/** @returns `flows[0].rpo.budget`; keys that are no plain words stand in brackets: `clusters["a.b"]` */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const word = String(key)
    if (!/^[\w-]+$/.test(word)) return `${text}[${quote(word)}]`
    return text === '' ? word : `${text}.${word}`
  }, '')
}

/** @returns a value of the file in the words of a message, short and on one line */
export function describeFound(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping'
}

/** @returns what kind of thing stands there, for places where it may be a secret */
export function describeHidden(value: unknown): string {
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return isScalar
    ? `a ${typeof value === 'string' ? 'text' : typeof value} (not shown)`
    : describeFound(value)
}

const longestQuote = 80

/** @returns the text in quotes, cut when long, control and direction characters escaped for the terminal */
export function quote(text: string): string {
  const cut = text.length > longestQuote ? `${text.slice(0, longestQuote)}...` : text
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** @returns the candidate that the word most likely was meant to be, undefined when none is near */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const furthest = Math.max(1, Math.floor(word.length / 3))
  const [best] = candidates
    .map(candidate => ({ candidate, edits: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= furthest)
    .sort((a, b) => a.edits - b.edits)
  return best?.candidate
}

/** Levenshtein's distance, https://en.wikipedia.org/wiki/Levenshtein_distance, a row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, above] of row.slice(1).entries()) {
      const replaced = (row[j] ?? 0) + (letter === b[j] ? 0 : 1)
      next.push(Math.min(replaced, above + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
