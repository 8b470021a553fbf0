import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ConfigError, type ConfigProblem, describeFound } from '../problems.ts'
import { inOrder, problemsOf } from '../shapeProblems.ts'
import { fileReason } from '../unreadable.ts'
import { readYaml, type Source } from '../yaml.ts'
import { isSecret, type ShapedWebConfig, userName, webConfigSchema } from './schema.ts'
import { resolveWebConfig, type TlsFiles, type WebConfig, webRelationProblems } from './webConfig.ts'

/** What reading a web configuration gave: it, or all that is wrong. */
export type WebConfigResult = {
  /** The file itself and those that it names: when one of them changes, it is to be read again. */
  readonly files: readonly string[]
  /** The same for the same bytes. */
  readonly fingerprint: string
} & ({ readonly config: WebConfig } | { readonly problems: readonly ConfigProblem[] })

/**
 * Reads a web configuration and the certificates that it names, relative to its folder.
 * @throws ConfigError whose message lists all problems, a line each, none with a secret
 */
export async function loadWebConfig(path: string): Promise<WebConfig> {
  const result = await readWebConfig(path)
  if ('problems' in result) throw new ConfigError(result.problems)
  return result.config
}

/** The same without throwing. */
export async function readWebConfig(path: string): Promise<WebConfigResult> {
  const hash = createHash('sha256')
  const files = [path]
  const read = async (file: string): Promise<{ text: string } | { why: string }> => {
    try {
      const bytes = await readFile(file)
      hash.update(`${file}\0${bytes.length}\0`).update(bytes)
      return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
    } catch (error) {
      const why = error instanceof TypeError ? 'bytes that are not UTF-8' : fileReason(error)
      hash.update(`${file}\0${why}\0`)
      return { why }
    }
  }
  const done = (
    outcome: { config: WebConfig } | { problems: readonly ConfigProblem[] },
  ): WebConfigResult => ({
    files,
    fingerprint: hash.digest('hex'),
    ...outcome,
  })

  const content = await read(path)
  if ('why' in content) return done({ problems: [unreadable(path, content.why)] })
  const source = readYaml(content.text, path, { quoted: false })
  const shaped = shapeOf(source)
  if ('problems' in shaped) return done(shaped)

  const found: Record<string, string> = {}
  const problems: ConfigProblem[] = []
  for (const [key, file] of tlsFilesOf(shaped.value)) {
    const full = resolve(dirname(path), file)
    files.push(full)
    const part = await read(full)
    if ('text' in part) found[key] = part.text
    else {
      problems.push(source.problemAt(['tls_server_config', key], 'a readable file', `${full}: ${part.why}`))
    }
  }
  if (problems.length > 0) return done({ problems })
  return done(resolveWebConfig(shaped.value, found satisfies TlsFiles, source))
}

function shapeOf(source: Source): { value: ShapedWebConfig } | { problems: readonly ConfigProblem[] } {
  if (source.value === undefined) return { problems: inOrder(source.problems) }
  const shaped = webConfigSchema.safeParse(source.value)
  const problems = [
    ...source.problems,
    ...(shaped.success
      ? webRelationProblems(shaped.data, source)
      : shaped.error.issues.flatMap(issue => {
          // What was taken for a name may hold a password.
          if (issue.code === 'invalid_key') {
            return [source.problemAt(['basic_auth_users'], userName.expected, 'another name')]
          }
          return problemsOf(issue, source, (value, path) =>
            isSecret(path) ? hidden(value) : describeFound(value),
          )
        })),
  ]
  if (!shaped.success || problems.length > 0) return { problems: inOrder(problems) }
  return { value: shaped.data }
}

/** What kind of thing stands where a secret should: a number may be a password, too. */
function hidden(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'nothing' : 'a text that is none'
  return typeof value === 'object' ? describeFound(value) : 'something else'
}

function tlsFilesOf({ tls_server_config: tls }: ShapedWebConfig): readonly (readonly [string, string])[] {
  return (['cert_file', 'key_file', 'client_ca_file'] as const).flatMap(key => {
    const file = tls?.[key]
    return file === undefined ? [] : [[key, file] as const]
  })
}

function unreadable(file: string, found: string): ConfigProblem {
  const expected = 'a readable file'
  const message = `expected ${expected}, found ${found}`
  return { file, line: 0, column: 0, path: '', expected, found, message }
}
