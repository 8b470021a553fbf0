import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { RateLimit, WebConfig } from '../config/web/webConfig.ts'
import { type Passwords, parseBasic } from './passwords.ts'
import { RateLimiter } from './rateLimiter.ts'

export interface DoorOptions {
  /** What holds now; it may change from one request to the next. */
  readonly config: () => WebConfig
  readonly passwords: Passwords
  /** /healthz and /readyz need no password. */
  readonly openProbes: boolean
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number
}

/** Answers of those who showed no password say less. */
export const isStranger = (response: Response): boolean => response.locals['stranger'] === true

const probes: readonly string[] = ['/healthz', '/readyz']

/** Lets in, before any route, whom the web configuration lets in. */
export function createDoor({
  config,
  passwords,
  openProbes,
  now = () => performance.now(),
}: DoorOptions): RequestHandler {
  let limited: { readonly limit: RateLimit; readonly limiter: RateLimiter } | undefined
  const tooMany = (limit: RateLimit | undefined): boolean => {
    if (limit === undefined) return false
    if (limited?.limit.intervalMs !== limit.intervalMs || limited.limit.burst !== limit.burst) {
      limited = { limit, limiter: new RateLimiter(limit, now()) }
    }
    return !limited.limiter.allows(now())
  }

  return async (request: Request, response: Response, next: NextFunction) => {
    const { headers, users, rateLimit } = config()
    withHeaders(response, headers)
    if (tooMany(rateLimit)) {
      response.status(429).json({ error: 'too many requests' })
      return
    }
    if (users.size === 0) return next()
    const credentials = parseBasic(request.headers.authorization)
    const verdict = credentials === undefined ? 'wrong' : await passwords.judge(users, credentials)
    if (verdict === 'right') return next()
    if (openProbes && credentials === undefined && probes.includes(request.path)) {
      response.locals['stranger'] = true
      return next()
    }
    if (verdict === 'busy') {
      response.status(503).set('retry-after', '1').json({ error: 'too many passwords wait to be checked' })
      return
    }
    response
      .status(401)
      .set('www-authenticate', 'Basic realm="tidemark", charset="UTF-8"')
      .json({ error: 'a user and a password are needed' })
  }
}

/** Sets headers as the last thing before they are sent: what the operator wrote goes before what a route sets. */
function withHeaders(response: Response, headers: ReadonlyMap<string, string>): void {
  if (headers.size === 0) return
  const { writeHead } = response
  response.writeHead = ((...args: Parameters<typeof writeHead>) => {
    for (const [name, value] of headers) {
      if (value === '') response.removeHeader(name)
      else response.setHeader(name, value)
    }
    return writeHead.apply(response, args)
  }) as typeof writeHead
}
