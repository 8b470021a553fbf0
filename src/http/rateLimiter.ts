import type { RateLimit } from '../config/web/webConfig.ts'

/** A token bucket: `burst` requests at once, then one an interval. */
export class RateLimiter {
  readonly #limit: RateLimit
  #tokens: number
  #at: number

  constructor(limit: RateLimit, now: number) {
    this.#limit = limit
    this.#tokens = limit.burst
    this.#at = now
  }

  /** @param now of a monotonic clock, in milliseconds */
  allows(now: number): boolean {
    const { intervalMs, burst } = this.#limit
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#at) / intervalMs)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
