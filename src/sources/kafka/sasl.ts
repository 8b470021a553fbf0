import * as K from '@platformatic/kafka'
import type { Login as AnyLogin } from '../../config/credentials.ts'
import type { Secret } from '../../model/secret.ts'
import { MskTokens } from './mskIam.ts'
import { EndpointTokens, type Tokens } from './token.ts'

type Authenticator = NonNullable<K.SASLOptions['authenticate']>
type Send = Parameters<Authenticator>[2]
type Done = Parameters<Authenticator>[6]
type Response = NonNullable<Parameters<Done>[1]>

export type Mechanism = AnyLogin['mechanism']

const saslNames: Readonly<Record<Mechanism, K.SASLMechanismValue>> = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
  'aws-msk-iam': 'OAUTHBEARER',
}

/** A reply to a login that cannot be read. What it held is not repeated: it may be a part of the exchange. */
export class CorruptReplyError extends Error {}

/** The broker answered that it does not take the token (RFC 7628 section 3.2.2). */
export class TokenRefusedError extends Error {
  /** When the token ended by its own words (milliseconds since the epoch), where it is a JWT that says so. */
  readonly endedAtMs: number | undefined

  constructor(endedAtMs: number | undefined) {
    super('the token was refused')
    this.endedAtMs = endedAtMs
  }
}

/** Logs connections of one cluster in. */
export class Login {
  readonly mechanism: Mechanism
  readonly #login: AnyLogin
  readonly #tokens: Tokens | undefined

  constructor(login: AnyLogin, timeoutMs: number) {
    this.mechanism = login.mechanism
    this.#login = login
    this.#tokens = tokensOf(login, timeoutMs)
  }

  /**
   * How one connection logs in. The library's own re-authentication lets other requests slip in between its steps,
   * which brokers answer by closing the connection: it is kept from it by a session without an end, and
   * `onSession` gets the real one (KIP-368, milliseconds; 0 without an end), within which the connection has to be
   * replaced by another.
   */
  options(onSession: (lifetimeMs: number) => void): K.SASLOptions {
    return {
      mechanism: saslNames[this.mechanism],
      authenticate: (_mechanism, connection, send, _username, _password, _token, callback) => {
        this.#authenticate(connection, send).then(
          response => {
            onSession(Number(response.sessionLifetimeMs))
            callback(null, { ...response, sessionLifetimeMs: 0n })
          },
          (error: unknown) => callback(cause(error)),
        )
      },
    }
  }

  async #authenticate(connection: K.Connection, send: Send): Promise<Response> {
    const login = this.#login
    if (login.mechanism === 'oauthbearer') return this.#withToken(login.extensions, connection, send)
    if (login.mechanism === 'aws-msk-iam') return this.#withToken({}, connection, send)
    const username = login.username.reveal()
    const password = login.password.reveal()
    return exchange(send, (guarded, callback) => {
      if (login.mechanism === 'plain') {
        K.saslPlain.authenticate(guarded, connection, username, password, callback)
      } else {
        const hash = login.mechanism === 'scram-sha-256' ? 'SHA-256' : 'SHA-512'
        const { authenticate, defaultCrypto } = K.saslScramSha
        authenticate(guarded, connection, hash, username, password, defaultCrypto, callback)
      }
    })
  }

  async #withToken(
    extensions: Readonly<Record<string, string>>,
    connection: K.Connection,
    send: Send,
  ): Promise<Response> {
    if (this.#tokens === undefined) throw new Error('there are no tokens')
    const token = await this.#tokens.token()
    try {
      const response = await exchange(send, (guarded, callback) =>
        K.saslOAuthBearer.authenticate(guarded, connection, token.reveal(), { ...extensions }, callback),
      )
      // A broker that does not take the token says so in an answer without an error code.
      if (response.authBytes.length > 0) throw new TokenRefusedError(endOf(token))
      return response
    } catch (error) {
      this.#tokens.forget()
      throw isRefusal(error) ? new TokenRefusedError(endOf(token)) : error
    }
  }
}

function tokensOf(login: AnyLogin, timeoutMs: number): Tokens | undefined {
  if (login.mechanism === 'oauthbearer') return new EndpointTokens(login, timeoutMs)
  return login.mechanism === 'aws-msk-iam' ? new MskTokens(login.region) : undefined
}

/** Runs the library's side of a mechanism; what it throws at a corrupt reply fails this login and nothing else. */
function exchange(send: Send, run: (guarded: Send, callback: Done) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const guarded = ((connection: K.Connection, bytes: Buffer, callback: K.Callback<Response>) =>
      send(connection, bytes, (error, response) => {
        try {
          callback(error, response)
        } catch {
          reject(new CorruptReplyError('the reply to the login cannot be read'))
        }
      })) as Send
    run(guarded, (error, response) =>
      response !== undefined && error === null ? resolve(response) : reject(error),
    )
  })
}

/** The library calls every failure of a SCRAM login one of authentication; a connection that broke is none. */
function cause(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('unknown')
  const inner = error instanceof K.AuthenticationError ? error.cause : undefined
  return inner instanceof K.NetworkError || inner instanceof K.TimeoutError ? inner : error
}

/** SASL_AUTHENTICATION_FAILED of the Kafka protocol. */
const authenticationFailed = 58

export function isRefusal(error: unknown): boolean {
  return error instanceof K.ResponseError && error.errors.some(it => it['apiCode'] === authenticationFailed)
}

/** The end of a JWT (RFC 7519 section 4.1.4); undefined for any other token. */
function endOf(token: Secret): number | undefined {
  try {
    const [, payload = ''] = token.reveal().split('.')
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}
