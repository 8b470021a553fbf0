import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

export interface WaitOptions {
  /** 30 s unless told. */
  readonly timeoutMs?: number
  /** Pause between two looks; 100 ms unless told. */
  readonly everyMs?: number
  /** Asked before each look: an error that is returned ends the waiting at once. */
  readonly giveUp?: () => Error | undefined
}

export type Truthy<T> = Exclude<T, undefined | null | false | 0 | 0n | ''>

const TOO_LATE = Symbol('too late')

/**
 * Calls the condition until it returns something truthy, and returns that. An error that it throws counts as
 * "not yet". When time is up it throws an Error with the description and the value or error last seen.
 */
export async function waitUntil<T>(
  description: string,
  condition: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 100, giveUp }: WaitOptions = {},
): Promise<Truthy<T>> {
  const deadline = performance.now() + timeoutMs
  let lastSeen = 'nothing: the first look did not finish'
  for (;;) {
    const reason = giveUp?.()
    if (reason !== undefined) throw reason
    try {
      const value = await withinTime(condition, deadline)
      if (value === TOO_LATE) break
      if (value) return value as Truthy<T>
      lastSeen = inspect(value, { depth: 4, breakLength: 110 })
    } catch (error) {
      lastSeen = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)
    }
    if (performance.now() + everyMs > deadline) break
    await sleep(everyMs)
  }
  throw new Error(`Waited ${timeoutMs} ms in vain until ${description}; last seen: ${lastSeen}`)
}

async function withinTime<T>(
  condition: () => T | Promise<T>,
  deadline: number,
): Promise<T | typeof TOO_LATE> {
  const timer = new AbortController()
  const late = sleep(Math.max(0, deadline - performance.now()), TOO_LATE, { signal: timer.signal })
  late.catch(() => undefined)
  try {
    return await Promise.race([condition(), late])
  } finally {
    timer.abort()
  }
}
