import { readFile } from 'node:fs/promises'
import { Secret } from '../model/secret.ts'
import type { Parsed } from './parsed.ts'
import { fileReason } from './unreadable.ts'

/** Where a secret is: a file, which may be changed while Tidemark runs, or an environment variable, which cannot. */
export type SecretReference = { readonly env: string } | { readonly file: string }

export type Environment = Readonly<Record<string, string | undefined>>

/** What a setting that holds a secret expects; its value is never shown. */
export const secretExpected = `\${env:NAME} or \${file:path}`

/** Files of secrets are short: more is another file by mistake. */
const largestBytes = 1024 * 1024

/**
 * Reads `${env:NAME}` or `${file:path}`.
 * @returns where the secret is; else why not, in words that do not repeat the text, which may be the secret itself
 */
export function parseSecretReference(text: string): Parsed<SecretReference> {
  const [, kind, place] = /^\$\{([a-z]+):([^{}]*)\}$/.exec(text) ?? []
  if (kind === undefined || place === undefined) return { why: 'a secret does not stand in this file' }
  if (place.trim() === '') return { why: 'nothing stands behind the colon' }
  if (kind === 'file') return { value: { file: place } }
  if (kind !== 'env') return { why: 'only env and file are known' }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(place)) return { why: 'that is not the name of a variable' }
  return { value: { env: place } }
}

/** @returns the reference as it is written: it tells where the secret is, and nothing of it */
export function formatSecretReference(reference: SecretReference): string {
  return 'env' in reference ? `\${env:${reference.env}}` : `\${file:${reference.file}}`
}

/**
 * Reads a secret. The newline at the end of a file, which editors put there, is no part of it.
 * @returns the secret; else what was found in its place, such as `a variable that is not set`
 */
export async function readSecret(
  reference: SecretReference,
  environment: Environment,
): Promise<Parsed<Secret>> {
  if ('env' in reference) {
    const text = environment[reference.env]
    if (text === undefined) return { why: 'a variable that is not set' }
    return text === '' ? { why: 'a variable that is empty' } : { value: new Secret(text) }
  }
  let bytes: Buffer
  try {
    bytes = await readFile(reference.file)
  } catch (error) {
    return { why: fileReason(error) }
  }
  if (bytes.length > largestBytes) return { why: 'a file of more than 1 MiB' }
  const text = bytes.toString('utf8').replace(/\r?\n$/, '')
  return text === '' ? { why: 'a file that is empty' } : { value: new Secret(text) }
}
