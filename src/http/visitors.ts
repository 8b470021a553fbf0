import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface VisitorLimits {
  /** Connections at once. */
  readonly connections: number
  /** Answers at once: each may hold a whole page in memory until its reader has taken it. */
  readonly answers: number
  /** Answers at once to one connection: more than a client that does not wait for one before it asks again gets. */
  readonly answersEach: number
  /** An answer that has gone on for longer, in milliseconds, makes room for another. */
  readonly slowAnswerMs: number
}

/** More than the scrapers and people that look at one exporter, and little enough memory for slow ones. */
export const usualLimits: VisitorLimits = {
  connections: 512,
  answers: 64,
  answersEach: 4,
  slowAnswerMs: 1_000,
}

interface Visitor {
  readonly socket: Socket
  /** Whether it ever sent a whole request. */
  known: boolean
  /** What it is being given: several when it asks without waiting. */
  readonly answers: Set<ServerResponse>
}

/**
 * Who is connected, in order of arrival. At the limit the newcomer comes in and somebody goes: the one that has been
 * silent, or sending its request, for longest; then the one that rests between two requests. So clients that only
 * hold connections push each other out, and a scraper that sends its request at once is served.
 */
export class Visitors {
  readonly #limits: VisitorLimits
  readonly #now: () => number
  readonly #visitors = new Map<string, Visitor>()
  /** In the order in which they began. */
  readonly #answers = new Map<ServerResponse, { readonly visitor: Visitor; readonly sinceMs: number }>()

  constructor(limits: VisitorLimits = usualLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /** A new connection, before TLS. */
  arrived(socket: Socket): void {
    const key = keyOf(socket)
    if (key === undefined) return void socket.destroy()
    if (this.#visitors.size >= this.#limits.connections && !this.#makeRoom()) {
      socket.destroy()
      return
    }
    const visitor: Visitor = { socket, known: false, answers: new Set() }
    this.#visitors.set(key, visitor)
    socket.once('close', () => {
      if (this.#visitors.get(key) === visitor) this.#visitors.delete(key)
    })
  }

  /** The same listener, which answers 503 when too many answers are under way and none of them is slow. */
  served(listener: RequestListener): RequestListener {
    return (request: IncomingMessage, response: ServerResponse) => {
      const visitor = this.#visitors.get(keyOf(request.socket) ?? '')
      // Somebody else was let in for it.
      if (visitor === undefined) return void request.socket.destroy()
      visitor.known = true
      if (visitor.answers.size >= this.#limits.answersEach) return void request.socket.destroy()
      if (this.#answers.size >= this.#limits.answers && !this.#endSlowestAnswer()) {
        response.writeHead(503, { ...bareHeaders, 'retry-after': '1', 'content-length': 0 }).end()
        return
      }
      visitor.answers.add(response)
      this.#answers.set(response, { visitor, sinceMs: this.#now() })
      response.once('close', () => {
        visitor.answers.delete(response)
        this.#answers.delete(response)
      })
      listener(request, response)
    }
  }

  #makeRoom(): boolean {
    const all = [...this.#visitors]
    const [key, visitor] =
      all.find(([, { known }]) => !known) ?? all.find(([, { answers }]) => answers.size === 0) ?? []
    if (key === undefined || visitor === undefined) return this.#endSlowestAnswer()
    this.#visitors.delete(key)
    visitor.socket.destroy()
    return true
  }

  #endSlowestAnswer(): boolean {
    const [slowest] = this.#answers
    if (slowest === undefined) return false
    const [response, { visitor, sinceMs }] = slowest
    if (this.#now() - sinceMs < this.#limits.slowAnswerMs) return false
    this.#answers.delete(response)
    const key = keyOf(visitor.socket)
    if (key !== undefined) this.#visitors.delete(key)
    visitor.socket.destroy()
    return true
  }
}

/** Headers of answers that no route gives. */
export const bareHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/** A TLS socket and the TCP socket below it have the same. */
function keyOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort}`
}
