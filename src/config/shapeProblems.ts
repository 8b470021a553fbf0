import type { z } from 'zod'
import { type ConfigProblem, describeFound, describeHidden, nearest, type Path } from './problems.ts'
import { rawAt } from './relations.ts'
import { knownKeysSeparator } from './schema.ts'
import type { Source } from './yaml.ts'

/** Problems by their place in the file, one a place. */
export function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  // One slip of syntax makes the YAML parser complain several times at one place.
  const places = sorted.map(({ line, column, path }) => `${line}:${column} ${path}`)
  return sorted.filter((_, index) => places.indexOf(places[index] ?? '') === index)
}

/**
 * The schema's messages are what was expected; the rest of a problem comes from the file.
 * @param describe puts into words what stands at a path: a file of secrets does not quote it
 */
export function problemsOf(
  issue: z.core.$ZodIssue,
  source: Source,
  describe: (value: unknown, path: Path) => string = describeUnlessHidden,
): readonly ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(knownKeysSeparator)
    return issue.keys.map(key => {
      const near = nearest(key, known)
      const all = known.length === 1 ? 'the only known one is' : 'the known ones are'
      const hint = near === undefined ? `${all} ${issue.message}` : `did you mean ${near}?`
      // The part behind a comma of a password without quotes is a key to YAML.
      if (near === undefined && isHidden([...issue.path, key]))
        return source.problemAt(issue.path, issue.message, 'a key (not shown)', `unknown key, ${hint}`)
      return source.problemAtKey([...issue.path, key], near ?? issue.message, key, `unknown key, ${hint}`)
    })
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(inner => {
      const found = explained(describeFound(issue.path.at(-1)), inner)
      return source.problemAtKey(issue.path, inner.message, found)
    })
  }
  if (issue.code === 'invalid_union') {
    // The alternative that is meant is the one whose problems lie inside of it.
    const inside = issue.errors.find(errors =>
      errors.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
    )
    if (inside !== undefined) {
      return inside.flatMap(inner =>
        problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, source, describe),
      )
    }
  }
  const found = explained(describe(rawAt(source.value, issue.path), issue.path), issue)
  return [source.problemAt(issue.path, issue.message, found)]
}

const shownKeys: ReadonlySet<unknown> = new Set(['mechanism', 'serverName', 'scope', 'region'])

/** What stands under these may be a secret by mistake: a password in the place of its reference, a key in that of its file. */
function isHidden(path: Path): boolean {
  const [section, , part, key] = path
  return section === 'clusters' && (part === 'tls' || part === 'sasl') && !shownKeys.has(key)
}

function describeUnlessHidden(value: unknown, path: Path): string {
  return isHidden(path) ? describeHidden(value) : describeFound(value)
}

function explained(found: string, issue: z.core.$ZodIssue): string {
  const why: unknown = issue.code === 'custom' ? issue.params?.['why'] : undefined
  return typeof why === 'string' && why !== '' ? `${found}: ${why}` : found
}
