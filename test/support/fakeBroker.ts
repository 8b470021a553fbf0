import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** How the broker behaves; it may change while it runs. */
export interface FakeBrokerState {
  users: Readonly<Record<string, string>>
  /** Makes something else of a reply to SaslAuthenticate; the step counts from 1 in each login. */
  corrupt?: (reply: Buffer, step: number) => Buffer
  /** Tokens that are taken. */
  takesToken: (token: string) => boolean
  sessionLifetimeMs: bigint
}

const largestRequest = 100 * 1024 * 1024
const apiVersionsKey = 18
const saslHandshake = 17
const saslAuthenticate = 36
const metadata = 3

/**
 * A broker of no topics that knows ApiVersions, SaslHandshake, SaslAuthenticate and Metadata, made from the message
 * definitions of Apache Kafka (clients/src/main/resources/common/message), RFC 4616 (PLAIN), RFC 5802 (SCRAM) and
 * RFC 7628 (OAUTHBEARER). It says nothing before a login when there are users or tokens.
 */
export class FakeBroker {
  readonly state: FakeBrokerState
  readonly logins: { readonly mechanism: string; readonly user: string }[] = []
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #asksLogin: boolean

  private constructor(state: Partial<FakeBrokerState>, tls: TlsOptions | undefined) {
    this.state = { users: {}, takesToken: () => false, sessionLifetimeMs: 0n, ...state }
    this.#asksLogin = state.users !== undefined || state.takesToken !== undefined
    const onSocket = (socket: Socket): void => this.#serve(socket)
    this.#server = tls === undefined ? createServer(onSocket) : createTlsServer(tls, onSocket)
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket))
    this.#server.on('tlsClientError', () => {})
  }

  static async start(state: Partial<FakeBrokerState> = {}, tls?: TlsOptions): Promise<FakeBroker> {
    const broker = new FakeBroker(state, tls)
    await new Promise<void>(resolve => broker.#server.listen(0, '127.0.0.1', resolve))
    return broker
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #serve(socket: Socket): void {
    this.connections += 1
    const session = new Session(this.state, login => this.logins.push(login))
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      // socket.request.max.bytes: the beginning of TLS looks like the length of a very long request.
      if (received.length >= 4 && received.readInt32BE() > largestRequest) return void socket.destroy()
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE()) {
        const request = received.subarray(4, 4 + received.readInt32BE())
        received = received.subarray(4 + request.length)
        const body = this.#answer(session, request)
        if (body === undefined) return void socket.destroy()
        const answer = Buffer.concat([request.subarray(4, 8), body])
        socket.write(Buffer.concat([int32(answer.length), answer]))
      }
    })
  }

  /** Undefined: closes the connection, as a broker does when it is spoken to in the wrong way. */
  #answer(session: Session, request: Buffer): Buffer | undefined {
    const [key, version] = [request.readInt16BE(0), request.readInt16BE(2)]
    const afterClientId = 10 + Math.max(0, request.readInt16BE(8))
    if (key === apiVersionsKey) return apiVersions(version)
    if (key === saslHandshake) return session.handshake(stringAt(request, afterClientId))
    if (key === saslAuthenticate) {
      return session.authenticate(request.subarray(afterClientId + 4))
    }
    if (key !== metadata || (this.#asksLogin && !session.isLoggedIn)) return undefined
    const { port } = this
    const broker = Buffer.concat([int32(1), string('127.0.0.1'), int32(port), int16(-1)])
    return Buffer.concat([int32(1), broker, int32(1), int32(0)])
  }
}

class Session {
  isLoggedIn = false
  readonly #state: FakeBrokerState
  readonly #onLogin: (login: { mechanism: string; user: string }) => void
  #mechanism = ''
  #step = 0
  #scram: { user: string; bare: string; first: string; salted: Buffer } | undefined

  constructor(state: FakeBrokerState, onLogin: (login: { mechanism: string; user: string }) => void) {
    this.#state = state
    this.#onLogin = onLogin
  }

  handshake(mechanism: string): Buffer {
    this.#mechanism = mechanism
    const offered = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']
    const code = offered.includes(mechanism) ? 0 : 33
    return Buffer.concat([int16(code), int32(offered.length), ...offered.map(string)])
  }

  authenticate(bytes: Buffer): Buffer {
    this.#step += 1
    const reply = this.#reply(bytes)
    if (reply === undefined) return result(58, Buffer.alloc(0), 0n)
    const sent = this.#state.corrupt?.(reply, this.#step) ?? reply
    return result(0, sent, this.#state.sessionLifetimeMs)
  }

  #reply(bytes: Buffer): Buffer | undefined {
    const text = bytes.toString()
    if (this.#mechanism === 'PLAIN') {
      const [, user = '', password] = text.split('\0')
      return this.#state.users[user] === password ? this.#welcome(user) : undefined
    }
    if (this.#mechanism === 'OAUTHBEARER') {
      const [, token = ''] = /auth=Bearer (.*)/.exec(text.split('\u0001')[1] ?? '') ?? []
      return this.#state.takesToken(token)
        ? this.#welcome('token')
        : Buffer.from('{"status":"invalid_token"}')
    }
    return this.#step === 1 ? this.#scramFirst(text) : this.#scramFinal(text)
  }

  #scramFirst(text: string): Buffer | undefined {
    const bare = text.slice('n,,'.length)
    const [, user = '', nonce = ''] = /^n=([^,]*),r=(.*)$/.exec(bare) ?? []
    const password = this.#state.users[user]
    if (password === undefined) return undefined
    const salt = Buffer.from('salt of the fake')
    const first = `r=${nonce}server,s=${salt.toString('base64')},i=4096`
    const length = this.#hash === 'sha256' ? 32 : 64
    this.#scram = { user, bare, first, salted: pbkdf2Sync(password, salt, 4096, length, this.#hash) }
    return Buffer.from(first)
  }

  #scramFinal(text: string): Buffer | undefined {
    if (this.#scram === undefined) return undefined
    const { user, bare, first, salted } = this.#scram
    const [, withoutProof = '', proof = ''] = /^(.*),p=(.*)$/.exec(text) ?? []
    const message = `${bare},${first},${withoutProof}`
    const mac = (key: Buffer, data: string): Buffer => createHmac(this.#hash, key).update(data).digest()
    const clientKey = mac(salted, 'Client Key')
    const signature = mac(createHash(this.#hash).update(clientKey).digest(), message)
    const expected = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)))
    if (expected.toString('base64') !== proof) return undefined
    this.#welcome(user)
    return Buffer.from(`v=${mac(mac(salted, 'Server Key'), message).toString('base64')}`)
  }

  get #hash(): 'sha256' | 'sha512' {
    return this.#mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'
  }

  #welcome(user: string): Buffer {
    this.isLoggedIn = true
    this.#onLogin({ mechanism: this.#mechanism, user })
    return Buffer.alloc(0)
  }
}

function apiVersions(version: number): Buffer {
  const known = [
    [apiVersionsKey, 0, 3],
    [saslHandshake, 1, 1],
    [saslAuthenticate, 1, 1],
    [metadata, 1, 1],
  ]
  const entries = known.map(numbers => Buffer.concat(numbers.map(int16)))
  if (version < 3) return Buffer.concat([int16(0), int32(known.length), ...entries, int32(0)])
  const tag = Buffer.of(0)
  const items = entries.flatMap(entry => [entry, tag])
  return Buffer.concat([int16(0), Buffer.of(known.length + 1), ...items, int32(0), tag])
}

/** SaslAuthenticate's answer, version 1. */
function result(code: number, bytes: Buffer, sessionLifetimeMs: bigint): Buffer {
  const lifetime = Buffer.alloc(8)
  lifetime.writeBigInt64BE(sessionLifetimeMs)
  return Buffer.concat([int16(code), int16(-1), int32(bytes.length), bytes, lifetime])
}

function stringAt(buffer: Buffer, at: number): string {
  return buffer.toString('utf8', at + 2, at + 2 + buffer.readInt16BE(at))
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([int16(bytes.length), bytes])
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
