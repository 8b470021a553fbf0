import { readFile } from 'node:fs/promises'
import { parseConfig, type ValidatedConfig } from './config.ts'
import { ConfigError } from './problems.ts'
import { fileReason } from './unreadable.ts'

/**
 * Reads a configuration file.
 * @returns the configuration, with its warnings
 * @throws ConfigError whose message lists all problems, a line each; also when the file cannot be read
 */
export async function loadConfig(path: string): Promise<ValidatedConfig> {
  const result = parseConfig(await readText(path), path)
  if ('problems' in result) throw new ConfigError(result.problems)
  return result.config
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
