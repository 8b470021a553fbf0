import { createHmac, randomBytes } from 'node:crypto'
import type { Secret } from '../model/secret.ts'

/** Who says to be whom. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

export type Verdict = 'right' | 'wrong' | 'busy'

export interface PasswordsOptions {
  /** Compares a password with a bcrypt hash; slow. */
  readonly compare: (password: string, hash: string) => Promise<boolean>
  /** How many comparisons may wait. */
  readonly mostWaiting?: number
  /** How many answers of each kind are kept. */
  readonly mostKept?: number
}

/**
 * Judges users and passwords. What bcrypt answered is kept, under a keyed hash of what was asked, so that a scrape
 * costs no bcrypt; right and wrong ones apart, so that guessing pushes no right one out.
 */
export class Passwords {
  readonly #options: Required<PasswordsOptions>
  readonly #key = randomBytes(32)
  readonly #right = new Set<string>()
  readonly #wrong = new Set<string>()
  readonly #asked = new Map<string, Promise<boolean>>()

  constructor(options: PasswordsOptions) {
    this.#options = { mostWaiting: 32, mostKept: 100, ...options }
  }

  /**
   * An unknown user costs what a known one does: the password is compared with the hash of somebody else, and
   * whatever comes of it is wrong.
   * @returns 'busy' when too many comparisons wait
   */
  async judge(users: ReadonlyMap<string, Secret>, { user, password }: Credentials): Promise<Verdict> {
    const own = users.get(user)
    const hash = (own ?? this.#standIn(users, user))?.reveal()
    if (hash === undefined) return 'wrong'
    const key = this.#keyed([own === undefined ? 'unknown' : 'known', user, hash, password])
    if (this.#right.has(key)) return 'right'
    if (this.#wrong.has(key)) return 'wrong'

    let answer = this.#asked.get(key)
    if (answer === undefined) {
      if (this.#asked.size >= this.#options.mostWaiting) return 'busy'
      answer = this.#options.compare(password, hash).finally(() => this.#asked.delete(key))
      this.#asked.set(key, answer)
    }
    const right = (await answer) && own !== undefined
    this.#keep(right ? this.#right : this.#wrong, key)
    return right ? 'right' : 'wrong'
  }

  /** Always the same for one name, so that its cost tells nothing where users have hashes of several costs. */
  #standIn(users: ReadonlyMap<string, Secret>, user: string): Secret | undefined {
    const hashes = [...users.values()]
    return hashes[Number.parseInt(this.#keyed([user]).slice(0, 8), 16) % hashes.length]
  }

  #keyed(parts: readonly string[]): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest('hex')
  }

  #keep(kept: Set<string>, key: string): void {
    const [oldest] = kept
    if (oldest !== undefined && kept.size >= this.#options.mostKept) kept.delete(oldest)
    kept.add(key)
  }
}

/** Reads `Authorization: Basic ...` (RFC 7617); undefined where there is none that can be understood. */
export function parseBasic(header: string | undefined): Credentials | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
