import { readFile } from 'node:fs/promises'
import { parseConfig, type ValidatedConfig } from './config.ts'
import { readCredentials } from './credentials.ts'
import { ConfigError, type ConfigProblem } from './problems.ts'
import type { Environment } from './secrets.ts'
import { fileReason } from './unreadable.ts'
import { readYaml } from './yaml.ts'

/**
 * Reads a configuration file and, with an environment, all the secrets and certificates that it names.
 * @param running what runs by now, when it is read again: what cannot change without a restart has to be the same
 * @returns the configuration, with its warnings
 * @throws ConfigError whose message lists all problems, a line each; also when a file cannot be read
 */
export async function loadConfig(
  path: string,
  environment?: Environment,
  running?: ValidatedConfig,
): Promise<ValidatedConfig> {
  const text = await readText(path)
  const result = parseConfig(text, path, running)
  if ('problems' in result) throw new ConfigError(result.problems)
  const problems =
    environment === undefined ? [] : await unreadableCredentials(result.config, text, path, environment)
  if (problems.length > 0) throw new ConfigError(problems)
  return result.config
}

async function unreadableCredentials(
  { clusters }: ValidatedConfig,
  text: string,
  path: string,
  environment: Environment,
): Promise<readonly ConfigProblem[]> {
  const source = readYaml(text, path)
  const results = await Promise.all(
    clusters.map(async cluster => ({ cluster, read: await readCredentials(cluster, environment) })),
  )
  return results.flatMap(({ cluster, read }) =>
    'problems' in read
      ? read.problems.map(({ path: below, expected, found }) =>
          source.problemAt(['clusters', cluster.name, ...below], expected, found),
        )
      : [],
  )
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw unreadable(path, fileReason(error))
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unreadable(path, 'bytes that are not UTF-8')
  }
}

function unreadable(file: string, found: string): ConfigError {
  const expected = 'a readable file'
  const message = `expected ${expected}, found ${found}`
  return new ConfigError([{ file, line: 0, column: 0, path: '', expected, found, message }])
}
