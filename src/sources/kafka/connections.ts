import { isIP } from 'node:net'
import * as K from '@platformatic/kafka'
import type { TlsCredentials } from '../../config/credentials.ts'
import type { Login } from './sasl.ts'

export interface Broker {
  readonly host: string
  readonly port: number
}

/** How connections are made; the same for all brokers of a cluster. */
export interface Security {
  readonly tls: TlsCredentials | undefined
  readonly login: Login | undefined
}

export interface ConnectionSettings {
  /** Bounds one connect, logging in included, and one request, in milliseconds. */
  readonly requestTimeoutMs: number
  readonly context: unknown
}

/** A session is used for this share of its life, so that no request is sent at its end. */
const usedShare = 0.8

interface Entry {
  readonly connection: K.Connection
  readonly ready: Promise<unknown>
  useUntil: number
}

/**
 * One connection to each broker. A connection that failed, whose session comes to its end or whose credentials were
 * replaced is used no more; the next request gets another, and what is in flight on the old one may end.
 */
export class Connections {
  readonly #settings: ConnectionSettings
  readonly #entries = new Map<string, Entry>()
  readonly #retired = new Map<K.Connection, NodeJS.Timeout>()
  readonly #failures = new WeakMap<K.Connection, Error>()
  #security: Security
  #closed = false

  constructor(settings: ConnectionSettings, security: Security) {
    this.#settings = settings
    this.#security = security
  }

  get security(): Security {
    return this.#security
  }

  /** A connection that is logged in. Rejects with what kept it from being made. */
  async get(broker: Broker): Promise<K.Connection> {
    if (this.#closed) throw new K.NetworkError('Connection closed')
    const key = `${broker.host}:${broker.port}`
    let entry = this.#entries.get(key)
    if (entry !== undefined && performance.now() >= entry.useUntil) {
      this.#retire(key, entry)
      entry = undefined
    }
    entry ??= this.#connect(key, broker)
    await entry.ready
    return entry.connection
  }

  /** Why a connection broke, if it said so: a request on it only learns that it was closed. */
  failureOf(connection: K.Connection): Error | undefined {
    return this.#failures.get(connection)
  }

  /** From now on connections are made with these. */
  renew(security: Security): void {
    this.#security = security
    for (const [key, entry] of this.#entries) this.#retire(key, entry)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#retired.values()) clearTimeout(timer)
    const open = [...this.#retired.keys(), ...Array.from(this.#entries.values(), it => it.connection)]
    this.#entries.clear()
    this.#retired.clear()
    await Promise.allSettled(open.map(connection => connection.close()))
  }

  #connect(key: string, broker: Broker): Entry {
    const { tls, login } = this.#security
    const { requestTimeoutMs, context } = this.#settings
    const connection = new K.Connection('tidemark', {
      connectTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxInflights: 8,
      context,
      ...(tls === undefined ? {} : { tls: tlsOptions(tls, broker.host) }),
      ...(login === undefined
        ? {}
        : {
            sasl: login.options(lifetimeMs => {
              if (lifetimeMs > 0) entry.useUntil = performance.now() + lifetimeMs * usedShare
            }),
          }),
    })
    const forget = (): void => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    }
    // An error event that nobody listens to would end the process.
    connection.on('error', error => {
      this.#failures.set(connection, error)
      forget()
    })
    connection.on('close', forget)
    const connected = Promise.resolve(connection.connect(broker.host, broker.port))
    connection.socket.on('error', () => {})
    const ready = connected.catch((error: unknown) => {
      forget()
      connection.socket.destroy()
      throw error
    })
    ready.catch(() => {})
    const entry: Entry = { connection, ready, useUntil: Number.POSITIVE_INFINITY }
    this.#entries.set(key, entry)
    return entry
  }

  /** Requests in flight have ended after their time-out, one way or the other. */
  #retire(key: string, { connection }: Entry): void {
    this.#entries.delete(key)
    const timer = setTimeout(() => {
      this.#retired.delete(connection)
      connection.close().catch(() => {})
    }, this.#settings.requestTimeoutMs)
    timer.unref()
    this.#retired.set(connection, timer)
  }
}

function tlsOptions(tls: TlsCredentials, host: string): NonNullable<K.ConnectionOptions['tls']> {
  const { ca, certificate: cert, key, keyPassphrase, serverName } = tls
  // An address is no server name (RFC 6066 section 3); certificates are held against it all the same.
  const servername = serverName ?? (isIP(host) === 0 ? host : undefined)
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: key.reveal() }),
    ...(keyPassphrase === undefined ? {} : { passphrase: keyPassphrase.reveal() }),
    ...(servername === undefined ? {} : { servername }),
  }
}
