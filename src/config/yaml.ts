import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from 'yaml'
import { type ConfigProblem, formatPath, type Path, quote } from './problems.ts'

/** A YAML file with the place of everything in it. */
export interface Source {
  /** Plain objects, arrays and scalars; undefined when the file cannot be read as one document. */
  readonly value: unknown
  /** What is wrong with the file as YAML. */
  readonly problems: readonly ConfigProblem[]
  /** A problem at the value of `path`, or at its nearest parent that is there. */
  problemAt(path: Path, expected: string, found: string, message?: string): ConfigProblem
  /** A problem at the key that `path` ends with. */
  problemAtKey(path: Path, expected: string, found: string, message?: string): ConfigProblem
}

/**
 * Reads one YAML 1.2 document without custom tags. Never throws: what is wrong comes as problems.
 * @param quoted false for a file of secrets: an unquoted password may read as a tag, an alias or a key
 */
export function readYaml(text: string, file: string, { quoted = true } = {}): Source {
  const shown = (found: string, otherwise: string, offset?: number) =>
    quoted && !(offset !== undefined && isSecretAt(text, offset)) ? quote(found) : otherwise
  const lines = new LineCounter()
  let document: Document.Parsed | undefined
  const problem = (offset: number, path: Path, expected: string, found: string, message?: string) => {
    const { line, col } = lines.linePos(offset)
    const sentence = message ?? `expected ${expected}, found ${found}`
    // An empty file has no lines to count.
    const place = { line: Math.max(1, line), column: Math.max(1, col) }
    return { file, ...place, path: formatPath(path), expected, found, message: sentence }
  }
  const source = (value: unknown, problems: readonly ConfigProblem[]): Source => ({
    value,
    problems,
    problemAt: (path, ...words) => problem(offsetOf(document, path, 'value'), path, ...words),
    problemAtKey: (path, ...words) => problem(offsetOf(document, path, 'key'), path, ...words),
  })

  try {
    const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
    const [first, second] = [...documents]
    if (first === undefined) return source(undefined, [problem(0, [], 'a configuration', 'an empty file')])
    document = first
    const problems = [...documents].flatMap(({ errors, warnings }) =>
      [...errors, ...warnings].map(error => {
        const [start, end] = error.pos
        if (error.code === 'DUPLICATE_KEY') {
          return problem(start, [], 'every key once', `${shown(keyText(text.slice(start)), 'a key')} again`)
        }
        if (error.code === 'TAG_RESOLVE_FAILED') {
          return problem(start, [], 'no tags', shown(text.slice(start, end), 'one (not shown)', start))
        }
        return problem(
          start,
          [],
          'YAML',
          quoted ? `a syntax error: ${error.message.split('\n')[0]}` : `a syntax error (${error.code})`,
        )
      }),
    )
    if (second !== undefined) {
      problems.push(problem(second.range[0], [], 'one document', `${documents.length} documents`))
    }
    visit(first, {
      Alias: (_, alias) => {
        if (alias.resolve(first) !== undefined) return
        problems.push(
          problem(
            startOf(alias),
            [],
            'an alias of an anchor above it',
            shown(`*${alias.source}`, 'one (not shown)', startOf(alias)),
          ),
        )
      },
      Pair: (_, { key }) => {
        if (!isNode(key) || (isScalar(key) && key.value !== null && key.value !== '__proto__')) return
        problems.push(
          problem(
            startOf(key),
            [],
            'a word as key',
            shown(keyText(text.slice(startOf(key))), 'something else'),
          ),
        )
      },
    })
    // A key given twice, a stray tag: the rest can be judged all the same.
    const harmless = new Set(['every key once', 'no tags'])
    const judged = problems.every(({ expected }) => harmless.has(expected))
    return source(judged ? first.toJS() : undefined, problems)
  } catch (error) {
    // Too many aliases or too deep a nesting: the library throws, without a place.
    const reason = error instanceof Error ? error.message : String(error)
    return source(undefined, [problem(0, [], 'YAML of reasonable size', reason)])
  }
}

/** A password that begins with `!` or `*` and stands without quotes is a tag or an alias to YAML. */
function isSecretAt(text: string, offset: number): boolean {
  return /(?:password|secret|passphrase)["']?\s*:\s*$/i.test(text.slice(0, offset))
}

function keyText(rest: string): string {
  return rest
    .split(/[:\r\n]/, 1)
    .join('')
    .trim()
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0
}

/** The nearest node on the way to `path`, aliases followed; for a key, the key's own. */
function offsetOf(document: Document.Parsed | undefined, path: Path, what: 'key' | 'value'): number {
  let node: unknown = document?.contents
  let offset = isNode(node) ? startOf(node) : 0
  for (const [depth, part] of path.entries()) {
    if (document !== undefined && isAlias(node)) node = node.resolve(document)
    if (isSeq(node)) {
      node = node.items[Number(part)]
    } else if (isMap(node)) {
      // The last of several: it is the one whose value counts.
      const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === part)
      if (pair === undefined) return offset
      if (what === 'key' && depth === path.length - 1 && isNode(pair.key)) return startOf(pair.key)
      node = pair.value
    } else return offset
    if (!isNode(node)) return offset
    offset = startOf(node)
  }
  return offset
}
