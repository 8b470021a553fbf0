/** How to say who asks. */
export type Credentials =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }

/** Where an HTTP source is: the address without anything secret, for messages, and what it takes to be let in. */
export interface HttpAddress {
  /** Without user, password, query and trailing slash. */
  readonly url: string
  readonly credentials: Credentials | undefined
}

/** Something that could not be read over HTTP: where, what was expected, what was found, what to try. No secrets. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  /** The HTTP status that was answered; undefined where there was no answer. */
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

export interface HttpSourceOptions {
  readonly address: HttpAddress
  /** For messages, such as "Prometheus". */
  readonly title: string
  /** For messages: how a right address looks. */
  readonly example: string
  /** Of one request with its whole answer. */
  readonly timeoutMs: number
  /** An answer that is larger is given up. */
  readonly maxBytes: number
}

/**
 * Reads an address of http or https, with user and password in it or without.
 * @returns the address; else why not, without repeating what may be a secret
 */
export function parseHttpAddress(text: string): { readonly value: HttpAddress } | { readonly why: string } {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return { why: text.includes('@') ? 'something else' : JSON.stringify(text.slice(0, 80)) }
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { why: `one of ${url.protocol}` }
  if (url.search !== '' || url.hash !== '') return { why: 'one with a query or a fragment' }
  let credentials: Credentials | undefined
  if (url.username !== '' || url.password !== '') {
    try {
      credentials = {
        kind: 'basic',
        user: decodeURIComponent(url.username),
        password: decodeURIComponent(url.password),
      }
    } catch {
      return { why: 'one whose user or password is not percent-encoded' }
    }
  }
  return { value: { url: `${url.origin}${url.pathname}`.replace(/\/+$/, ''), credentials } }
}

/** Reads JSON with GET, or with POST where parameters are long. */
export class HttpSource {
  readonly #options: HttpSourceOptions

  constructor(options: HttpSourceOptions) {
    this.#options = options
  }

  /** The address for people. */
  get url(): string {
    return this.#options.address.url
  }

  /**
   * What a path below the address answers, as JSON of any shape.
   * @param form parameters; with them it is a POST, as Prometheus takes queries that are too long for an address
   * @param acceptedStatuses statuses besides 200 whose JSON is an answer
   * @throws SourceError where there is no answer, none in time, or something else than JSON
   */
  async json(
    path: string,
    form?: Readonly<Record<string, string>>,
    acceptedStatuses: readonly number[] = [],
  ): Promise<unknown> {
    const text = await this.#text(path, form, acceptedStatuses)
    try {
      return JSON.parse(text) as unknown
    } catch {
      throw this.error(`${path} answers something that is no JSON. ${this.#expected()}`)
    }
  }

  /** An error of this source: says where. */
  error(what: string, status?: number): SourceError {
    return new SourceError(`${this.#options.title} at ${this.url}: ${what}`, status)
  }

  async #text(
    path: string,
    form: Readonly<Record<string, string>> | undefined,
    acceptedStatuses: readonly number[],
  ): Promise<string> {
    const { timeoutMs, maxBytes } = this.#options
    try {
      const response = await fetch(`${this.url}${path}`, {
        headers: { accept: 'application/json', ...this.#authorization() },
        signal: AbortSignal.timeout(timeoutMs),
        ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
      })
      const text = await textOf(response, maxBytes)
      if (text === undefined) {
        throw this.error(`${path} answers more than ${maxBytes / 1_048_576} MiB, which is not read`)
      }
      if (!response.ok && !acceptedStatuses.includes(response.status)) {
        throw this.error(this.#refusal(path, response.status), response.status)
      }
      return text
    } catch (error) {
      if (error instanceof SourceError) throw error
      throw this.error(this.#failure(error))
    }
  }

  #authorization(): Readonly<Record<string, string>> {
    const { credentials } = this.#options.address
    if (credentials === undefined) return {}
    return {
      authorization:
        credentials.kind === 'bearer'
          ? `Bearer ${credentials.token}`
          : `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`,
    }
  }

  #refusal(path: string, status: number): string {
    if (status === 401 || status === 403) {
      const who = this.#options.address.credentials === undefined ? 'nobody in particular' : 'this user'
      return `it does not let ${who} in (status ${status} for ${path})`
    }
    return `${path} answers status ${status}. ${this.#expected()}`
  }

  #failure(error: unknown): string {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      return `no answer within ${this.#options.timeoutMs / 1000} s`
    }
    const cause = error instanceof Error ? error.cause : undefined
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
    return `not reachable: ${reasons[code ?? ''] ?? code ?? 'the connection failed'}. ${this.#expected()}`
  }

  #expected(): string {
    return `Expected the address of ${this.#options.title}, such as ${this.#options.example}`
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was broken off',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  EHOSTUNREACH: 'no way to the host',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_SOCKET: 'the connection was broken off',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is its own (NODE_EXTRA_CA_CERTS=file makes one trusted)',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is of an authority that is not known here (NODE_EXTRA_CA_CERTS=file makes one trusted)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is of an authority that is not known here (NODE_EXTRA_CA_CERTS=file makes one trusted)',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: try http',
}

/** The body as text; undefined where it is larger than allowed. */
async function textOf(response: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    // Leaving the loop closes the connection.
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
