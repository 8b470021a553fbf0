import { readFile } from 'node:fs/promises'

/** A secret, or why there is none; the reason never has the secret in it. */
export type Secret = { readonly value: string } | { readonly why: string }

/**
 * Reads a secret that an option names: `${env:NAME}` or `${file:PATH}`, of a file without the line end at its end.
 * One that stands in the option itself is refused: everybody on the machine can see the arguments of a process.
 */
export async function readSecret(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Secret> {
  const [, kind, name] = /^\$\{(env|file):([^}]+)\}$/.exec(text) ?? []
  if (kind === undefined || name === undefined) {
    return { why: `expected '\${env:NAME}' or '\${file:PATH}' (in single quotes), found something else` }
  }
  return kind === 'env' ? fromEnvironment(name, environment[name]) : fromFile(name)
}

function fromEnvironment(name: string, value: string | undefined): Secret {
  if (value === undefined)
    return { why: `expected a secret in the environment as ${name}, found no such variable` }
  return value === ''
    ? { why: `expected a secret in the environment as ${name}, found nothing in it` }
    : checked(value, name)
}

async function fromFile(path: string): Promise<Secret> {
  try {
    const value = (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
    return value === ''
      ? { why: `expected a secret in the file ${path}, found it empty` }
      : checked(value, path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    return {
      why: `expected a secret in the file ${path}, found ${code === 'ENOENT' ? 'no such file' : code}`,
    }
  }
}

/** It goes into a header: what cannot be there would make an error that repeats it. */
function checked(value: string, place: string): Secret {
  return /^[\u0020-\u007e\u00a0-\u00ff]+$/.test(value)
    ? { value }
    : {
        why: `expected a secret on one line in ${place}, found line ends or other characters that no header can have`,
      }
}
