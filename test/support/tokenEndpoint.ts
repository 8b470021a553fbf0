import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

/** What a test wants of the endpoint; it may change while it runs. */
export interface TokenEndpointState {
  readonly clientId: string
  readonly clientSecret: string
  /** Gives tokens with this life; a negative one has ended already. */
  lifeSeconds: number
  /** Who the token is for. */
  subject: string
  /** Answers with this instead. */
  instead?: { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  /** `expires_in` says what it should, unless told. */
  expiresIn?: unknown
}

/**
 * A token endpoint made from RFC 6749, section 4.4 (client credentials), 2.3.1 (how a client says who it is), 5.1 and
 * 5.2 (its answers). Its tokens are unsecured JWTs (RFC 7519, section 6), as Apache Kafka's own unsecured handler takes.
 */
export class FakeTokenEndpoint {
  readonly state: TokenEndpointState
  readonly requests: { readonly authorization: string; readonly form: URLSearchParams }[] = []
  readonly #server: Server
  readonly #scheme: string

  private constructor(state: TokenEndpointState, certificate?: { key: string; cert: string }) {
    this.state = state
    this.#scheme = certificate === undefined ? 'http' : 'https'
    const listener = async (request: IncomingMessage, response: import('node:http').ServerResponse) => {
      const form = new URLSearchParams(await textOf(request))
      const { status, body, headers = {} } = this.#answer(request, form)
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    }
    this.#server =
      certificate === undefined ? createServer(listener) : createTlsServer({ ...certificate }, listener)
  }

  static async start(
    state: Partial<TokenEndpointState> = {},
    certificate?: { key: string; cert: string },
  ): Promise<FakeTokenEndpoint> {
    const endpoint = new FakeTokenEndpoint(
      { clientId: 'tidemark', clientSecret: 'client-secret', lifeSeconds: 60, subject: 'tidemark', ...state },
      certificate,
    )
    await new Promise<void>(resolve => endpoint.#server.listen(0, '127.0.0.1', resolve))
    return endpoint
  }

  get host(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the endpoint does not listen')
    return `127.0.0.1:${address.port}`
  }

  get url(): string {
    return `${this.#scheme}://${this.host}/token`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #answer(request: IncomingMessage, form: URLSearchParams) {
    const { clientId, clientSecret, lifeSeconds, subject, instead } = this.state
    const authorization = request.headers.authorization ?? ''
    this.requests.push({ authorization, form })
    if (instead !== undefined) return instead
    const error = (status: number, code: string) => ({
      status,
      body: JSON.stringify({ error: code }),
      headers: {},
    })
    if (request.method !== 'POST') return error(405, 'invalid_request')
    const [, basic = ''] = /^Basic (.+)$/.exec(authorization) ?? []
    const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':').map(formDecoded)
    if (id !== clientId || secret !== clientSecret) return error(401, 'invalid_client')
    if (form.get('grant_type') !== 'client_credentials') return error(400, 'unsupported_grant_type')
    const body = {
      access_token: unsecuredToken(subject, lifeSeconds),
      token_type: 'Bearer',
      expires_in: this.state.expiresIn === undefined ? lifeSeconds : this.state.expiresIn,
    }
    return { status: 200, body: JSON.stringify(body), headers: {} }
  }
}

/** A JWT without a signature that begins a minute ago, or a minute before its end. */
export function unsecuredToken(subject: string, lifeSeconds: number): string {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const ends = nowSeconds + lifeSeconds
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: Math.min(nowSeconds, ends) - 60, exp: ends })}.`
}

function formDecoded(text: string): string {
  return new URLSearchParams(`x=${text}`).get('x') ?? ''
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
