import { stat } from 'node:fs/promises'
import type { ClusterConfig } from '../../config/config.ts'
import { type Credentials, credentialFiles, readCredentials } from '../../config/credentials.ts'
import type { Environment } from '../../config/secrets.ts'

/** Credentials that could not be read; the message holds none. */
export class CredentialsError extends Error {}

export interface CredentialsSource {
  /**
   * The credentials as they are now: the same object as long as no file changed. Rejects with a CredentialsError
   * when they never could be read.
   */
  current(): Promise<Credentials>
}

/**
 * Reads a cluster's credentials again when one of their files changes. Files that cannot be read or do not fit
 * together, as between the two steps of a rotation, change nothing: the last good ones stay, and `onKept` is told.
 */
export class CredentialsWatch implements CredentialsSource {
  readonly #cluster: ClusterConfig
  readonly #environment: Environment
  readonly #onKept: (problem: string) => void
  #seen: string | undefined
  #kept: string | undefined
  #current: Credentials | undefined

  constructor(cluster: ClusterConfig, environment: Environment, onKept: (problem: string) => void) {
    this.#cluster = cluster
    this.#environment = environment
    this.#onKept = onKept
  }

  async current(): Promise<Credentials> {
    // What a file is before it is read: a change while it is read is seen the next time.
    const seen = await fingerprint(credentialFiles(this.#cluster))
    if (this.#current !== undefined && seen === this.#seen) return this.#current
    const read = await readCredentials(this.#cluster, this.#environment)
    if ('credentials' in read) {
      this.#seen = seen
      this.#kept = undefined
      this.#current = read.credentials
      return this.#current
    }
    const problem = read.problems
      .map(({ path, expected, found }) => `${path.join('.')}: expected ${expected}, found ${found}`)
      .join('; ')
    if (this.#current === undefined) throw new CredentialsError(problem)
    if (problem !== this.#kept) this.#onKept(problem)
    this.#kept = problem
    return this.#current
  }
}

/** Changes when one of the files is written, replaced or gone. Mounted secrets are links that are put elsewhere: stat follows. */
async function fingerprint(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map(async file => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
        return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
      } catch {
        return 'unreadable'
      }
    }),
  )
  return parts.join('\n')
}
