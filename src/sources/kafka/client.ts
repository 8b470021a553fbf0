import { tracingChannel } from 'node:diagnostics_channel'
import * as K from '@platformatic/kafka'
import type { Credentials } from '../../config/credentials.ts'
import type { Instant } from '../../model/time.ts'
import { type Broker, Connections, type Security } from './connections.ts'
import type { CredentialsSource } from './credentialsWatch.ts'
import { BrokerError, ConnectionError, isAuthenticationError } from './errors.ts'
import { attemptAt } from './failures.ts'
import { Login } from './sasl.ts'
import type {
  DescribeConfigsResponse,
  DescribeProducersResponse,
  FetchResponse,
  ListOffsetsResponse,
  MetadataResponse,
  OffsetForLeaderEpochResponse,
} from './wire.ts'

export type { Broker }

/** The APIs that Tidemark may send, with the versions that the library has; nothing else can be called. */
const apis = {
  metadata: versionsOf<MetadataResponse>('metadata', 0),
  listOffsets: versionsOf<ListOffsetsResponse>('listOffsets', 1),
  offsetForLeaderEpoch: versionsOf<OffsetForLeaderEpochResponse>('offsetForLeaderEpoch', 3),
  fetch: versionsOf<FetchResponse>('fetch', 4),
  describeConfigs: versionsOf<DescribeConfigsResponse>('describeConfigs', 1),
  describeProducers: versionsOf<DescribeProducersResponse>('describeProducers', 0),
}

interface VersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

interface ApiVersion<Response> {
  readonly version: number
  readonly key: number
  readonly send: (connection: K.Connection, ...args: unknown[]) => Promise<Response>
}

/** The library's codecs of one API from `oldest` on, newest first. Argument lists are the same in every version. */
function versionsOf<Response>(name: string, oldest: number): readonly ApiVersion<Response>[] {
  const found: ApiVersion<Response>[] = []
  for (const [exported, value] of Object.entries(K)) {
    const match = new RegExp(`^${name}V(\\d+)$`).exec(exported)
    if (match === null) continue
    const { api } = value as unknown as { api: { key: number; async: ApiVersion<Response>['send'] } }
    const version = Number(match[1])
    if (version >= oldest) found.push({ version, key: api.key, send: api.async })
  }
  if (found.length === 0) throw new Error(`the Kafka client has no API named ${name}`)
  return found.sort((a, b) => b.version - a.version)
}

export interface ClientOptions {
  readonly cluster: string
  readonly bootstrap: readonly Broker[]
  /** Bounds one connect and one request, in milliseconds. */
  readonly requestTimeoutMs: number
  /** Undefined: plaintext, without a login. */
  readonly credentials?: CredentialsSource
}

const plaintext: Security = { tls: undefined, login: undefined }

/** An API that broker and library share no version of. */
export class UnsupportedVersionError extends Error {}

/**
 * Connections to the brokers of one cluster over the library's low-level calls: no retries, no metadata cache, no
 * background work. A request that times out destroys its connection and with it the others in flight there, so
 * Fetches, which may be slow, have connections of their own.
 */
export class KafkaClient {
  readonly #options: ClientOptions
  readonly #pools: Readonly<Record<'control' | 'fetch', Connections>>
  readonly #versions = new WeakMap<K.Connection, Promise<ReadonlyMap<number, VersionRange>>>()
  #candidates: readonly Broker[]
  #credentials: Credentials | undefined

  constructor(options: ClientOptions) {
    this.#options = options
    this.#candidates = options.bootstrap
    const settings = {
      requestTimeoutMs: options.requestTimeoutMs,
      context: { kafkaCluster: options.cluster } satisfies RequestContext,
    }
    this.#pools = {
      control: new Connections(settings, plaintext),
      fetch: new Connections(settings, plaintext),
    }
  }

  /** Makes connections anew from now on if the credentials have changed. Rejects when there are none to read. */
  async renew(deadline: Instant): Promise<void> {
    const { credentials: source, requestTimeoutMs } = this.#options
    if (source === undefined) return
    const credentials = await within(deadline, source.current())
    if (credentials === this.#credentials) return
    this.#credentials = credentials
    const { tls, sasl } = credentials
    const security = { tls, login: sasl && new Login(sasl, requestTimeoutMs) }
    for (const pool of Object.values(this.#pools)) pool.renew(security)
  }

  /**
   * Sends to one broker, at the highest version that it and the library share; arguments may depend on the version.
   * Returns the whole answer, also when items in it carry error codes.
   */
  async call<Name extends keyof typeof apis>(
    name: Name,
    broker: Broker,
    deadline: Instant,
    argumentsFor: (version: number) => unknown[],
  ): Promise<Response<Name>> {
    const { version, send, explained } = await this.#prepare(name, broker, deadline)
    try {
      return await within(deadline, send(...argumentsFor(version)))
    } catch (error) {
      // The library throws as soon as one item failed; the error carries the answer with all the good ones.
      if (error instanceof K.ResponseError) return error['response'] as Response<Name>
      throw explained(error)
    }
  }

  /**
   * Sends to the first broker that answers, starting with the one that answered last, so that a broker that hangs
   * costs one time-out and not one a poll.
   */
  async callAny<Name extends keyof typeof apis>(
    name: Name,
    deadline: Instant,
    argumentsFor: (version: number) => unknown[],
  ): Promise<Response<Name>> {
    const errors: unknown[] = []
    for (const broker of this.#candidates) {
      if (performance.now() >= deadline) break
      try {
        const response = await this.call(name, broker, deadline, argumentsFor)
        this.#prefer(broker)
        return response
      } catch (error) {
        errors.push(new BrokerError(addressOf(broker), error))
        this.#defer(broker)
        // A wrong password is wrong on every broker, and each try counts towards a lock-out.
        if (isAuthenticationError(error)) break
      }
    }
    if (errors.length === 0) throw new K.TimeoutError('no time left in this poll')
    throw errors.length === 1 ? errors[0] : new AggregateError(errors, describeAll(errors))
  }

  /** The brokers that the cluster itself named; the bootstrap list stays as a fallback. */
  knowBrokers(brokers: readonly Broker[]): void {
    const named = new Map([...brokers, ...this.#options.bootstrap].map(broker => [addressOf(broker), broker]))
    const ordered = this.#candidates.filter(broker => named.delete(addressOf(broker)))
    this.#candidates = [...ordered, ...named.values()]
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#pools.control.close(), this.#pools.fetch.close()])
  }

  async #prepare<Name extends keyof typeof apis>(name: Name, broker: Broker, deadline: Instant) {
    const pool = this.#pools[name === 'fetch' ? 'fetch' : 'control']
    const { connection, supported, explained } = await this.#connected(pool, broker, deadline)
    const candidates = apis[name] as readonly ApiVersion<Response<Name>>[]
    const shared = candidates.find(({ key, version }) => {
      const range = supported.get(key)
      return range !== undefined && version >= range.minVersion && version <= range.maxVersion
    })
    if (shared === undefined) {
      throw new UnsupportedVersionError(`${addressOf(broker)} and this client share no version of ${name}`)
    }
    const send = (...args: unknown[]) => shared.send(connection, ...args)
    return { version: shared.version, send, explained }
  }

  /** A connection that answers, with what makes of its errors those that say how it was made. */
  async #connected(pool: Connections, broker: Broker, deadline: Instant) {
    const attempt = attemptAt(broker.host, pool.security)
    let connection: K.Connection | undefined
    // What a broker wants besides shows at a first request, if not before: all that it learns is that it was closed.
    const explained = (error: unknown): ConnectionError =>
      new ConnectionError(attempt, (connection && pool.failureOf(connection)) ?? error)
    try {
      connection = await within(deadline, pool.get(broker))
      return { connection, supported: await within(deadline, this.#versionsOf(connection)), explained }
    } catch (error) {
      throw explained(error)
    }
  }

  #versionsOf(connection: K.Connection): Promise<ReadonlyMap<number, VersionRange>> {
    const cached = this.#versions.get(connection)
    if (cached !== undefined) return cached
    const asked = askVersions(connection)
    this.#versions.set(connection, asked)
    asked.catch(() => this.#versions.delete(connection))
    return asked
  }

  #prefer(broker: Broker): void {
    if (this.#candidates[0] === broker) return
    this.#candidates = [broker, ...this.#candidates.filter(other => other !== broker)]
  }

  #defer(broker: Broker): void {
    this.#candidates = [...this.#candidates.filter(other => other !== broker), broker]
  }
}

type Response<Name extends keyof typeof apis> = (typeof apis)[Name] extends readonly ApiVersion<infer R>[]
  ? R
  : never

/** The versions that a broker supports, by API key. Brokers before 2.4 know ApiVersions only up to 2 and answer code 35. */
async function askVersions(connection: K.Connection): Promise<ReadonlyMap<number, VersionRange>> {
  const software = ['tidemark', '0'] as const
  const response = await K.apiVersionsV3.api.async(connection, ...software).catch((error: unknown) => {
    const unsupported = error instanceof K.ResponseError && error.errors[0]?.apiCode === 35
    if (!unsupported) throw error
    return K.apiVersionsV0.api.async(connection, ...software)
  })
  return new Map(response.apiKeys.map(api => [api.apiKey, api]))
}

/** The promise's outcome, or a TimeoutError at the deadline; the promise itself goes on unheard. */
export async function within<T>(deadline: Instant, promise: Promise<T>): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new K.TimeoutError('no answer within the time of this poll')),
    Math.max(0, deadline - performance.now()),
  )
  promise.catch(() => {})
  try {
    return await Promise.race([promise, expired])
  } finally {
    clearTimeout(timer)
  }
}

export function addressOf(broker: Broker): string {
  return broker.host.includes(':') ? `[${broker.host}]:${broker.port}` : `${broker.host}:${broker.port}`
}

function describeAll(errors: readonly unknown[]): string {
  return errors.map(error => (error instanceof Error ? error.message : String(error))).join('; ')
}

interface RequestContext {
  readonly kafkaCluster: string
}

/**
 * Calls back for every request that the process sends to any broker, handshakes included.
 * Returns a function that ends it.
 */
export function onRequestSent(
  listener: (request: { kafkaCluster: string; apiKey: number; api: string; apiVersion: number }) => void,
): () => void {
  const channel = tracingChannel<unknown, { connection: K.Connection; apiKey: number; apiVersion: number }>(
    K.connectionsApiChannel.name,
  )
  const subscriber = {
    start(message: { connection: K.Connection; apiKey: number; apiVersion: number }): void {
      const context = message.connection.context as RequestContext | undefined
      const api = K.protocolAPIsById[message.apiKey] ?? `api_${message.apiKey}`
      const { apiKey, apiVersion } = message
      listener({ kafkaCluster: context?.kafkaCluster ?? 'none', apiKey, api, apiVersion })
    },
  }
  channel.start.subscribe(subscriber.start as never)
  return () => channel.start.unsubscribe(subscriber.start as never)
}
