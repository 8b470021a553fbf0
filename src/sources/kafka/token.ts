import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { OAuthLogin } from '../../config/credentials.ts'
import { Secret } from '../../model/secret.ts'

/** A token is used for this share of its life, so that no login begins with one that ends on the way. */
const usedShare = 0.8
const longestAnswer = 256 * 1024

/** The codes of RFC 6749 section 5.2; anything else that an endpoint answers is not repeated. */
const knownCodes: ReadonlySet<unknown> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
])

/** What a token endpoint did instead of giving a token. Holds nothing that it was sent or that it answered. */
export class TokenError extends Error {
  readonly endpoint: string
  /** Undefined when there was no answer; then the cause says why. */
  readonly status: number | undefined
  /** A code of RFC 6749 section 5.2, if it gave one. */
  readonly oauthCode: string | undefined

  constructor(
    endpoint: string,
    what: string,
    details: { status?: number | undefined; oauthCode?: string | undefined; cause?: unknown } = {},
  ) {
    super(what, details.cause === undefined ? {} : { cause: details.cause })
    this.endpoint = endpoint
    this.status = details.status
    this.oauthCode = details.oauthCode
  }
}

/** Where the tokens of a cluster's logins come from. */
export interface Tokens {
  /** A token to log in with. Rejects when there is none to have. */
  token(): Promise<Secret>
  /** The broker did not take it: the next login gets another. */
  forget(): void
}

/** RFC 6750 section 2.1; anything else would break out of the SASL message. */
export function isBearerToken(token: unknown): token is string {
  return typeof token === 'string' && /^[A-Za-z0-9\-._~+/]+=*$/.test(token)
}

interface Held {
  readonly token: Secret
  readonly useUntil: number
}

/** Tokens of one cluster, by client credentials (RFC 6749 section 4.4); one is asked for when the last is used up. */
export class EndpointTokens implements Tokens {
  readonly #login: OAuthLogin
  readonly #timeoutMs: number
  #held: Held | undefined
  #asking: Promise<Held> | undefined

  constructor(login: OAuthLogin, timeoutMs: number) {
    this.#login = login
    this.#timeoutMs = timeoutMs
  }

  /** Rejects with a TokenError. */
  async token(): Promise<Secret> {
    if (this.#held !== undefined && performance.now() < this.#held.useUntil) return this.#held.token
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    this.#held = await this.#asking
    return this.#held.token
  }

  forget(): void {
    this.#held = undefined
  }

  async #ask(): Promise<Held> {
    const askedAt = performance.now()
    const { endpoint, status, body } = await this.#post()
    const answer = parsed(body)
    if (status !== 200) {
      const code = answer?.['error']
      const oauthCode = typeof code === 'string' && knownCodes.has(code) ? code : undefined
      throw new TokenError(endpoint, `status ${status}`, { status, oauthCode })
    }
    const token = answer?.['access_token']
    if (!isBearerToken(token)) throw new TokenError(endpoint, 'an answer without a token', { status })
    const lifeSeconds = Number(answer?.['expires_in'])
    const useUntil = Number.isFinite(lifeSeconds) ? askedAt + lifeSeconds * 1000 * usedShare : askedAt
    return { token: new Secret(token), useUntil }
  }

  #post(): Promise<{ endpoint: string; status: number; body: string }> {
    const { tokenEndpoint, tokenEndpointCa: ca, clientId, clientSecret, scope } = this.#login
    const url = new URL(tokenEndpoint)
    const endpoint = url.host + url.pathname
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      ...(scope === undefined ? {} : { scope }),
    }).toString()
    // RFC 6749 section 2.3.1: both parts are encoded as in a form first.
    const user = [clientId, clientSecret].map(part => formEncoded(part.reveal())).join(':')
    const options = {
      method: 'POST',
      agent: false,
      signal: AbortSignal.timeout(this.#timeoutMs),
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(user).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(form),
      },
    }
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void =>
        reject(new TokenError(endpoint, 'no answer', { cause: withoutRequest(cause) }))
      const onResponse = (response: IncomingMessage): void => {
        readAll(response).then(body => resolve({ endpoint, status: response.statusCode ?? 0, body }), fail)
      }
      const sent =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, ...(ca === undefined ? {} : { ca }) }, onResponse)
          : httpRequest(url, options, onResponse)
      sent.on('error', fail)
      sent.end(form)
    })
  }
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

/** What went wrong, without what was sent: only the code and the message of the error. */
function withoutRequest(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('unknown')
  const code = 'code' in error ? error.code : undefined
  const timedOut = error.name === 'AbortError' || error.name === 'TimeoutError'
  return Object.assign(new Error(error.message), { code: timedOut ? 'ETIMEDOUT' : code })
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestAnswer) throw new Error('an answer of more than 256 KiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
