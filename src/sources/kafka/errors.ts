import * as K from '@platformatic/kafka'
import { type Unknown, type UnknownReason, unknown } from '../../model/reading.ts'

const reasonOfCode: Readonly<Record<number, UnknownReason>> = {
  3: 'missing',
  5: 'leaderless',
  6: 'leaderless',
  7: 'timeout',
  9: 'leaderless',
  29: 'unauthorized',
  30: 'unauthorized',
  31: 'unauthorized',
  56: 'unreachable',
  72: 'leaderless',
  74: 'fenced',
  75: 'fenced',
  78: 'leaderless',
  100: 'missing',
  103: 'missing',
}

const adviceOfCode: Readonly<Record<number, string>> = {
  29: 'unauthorized or deleted: grant DESCRIBE on the topic, or exclude it',
}

/** The reason for a Kafka error code of one item (Kafka protocol, "Error Codes"); `where` names the item. */
export function unknownOfCode(code: number, where: string): { readonly unknown: Unknown } {
  const name = K.protocolErrorsCodesById[code] ?? `code ${code}`
  const advice = adviceOfCode[code]
  return unknown(
    reasonOfCode[code] ?? 'error',
    `${where}: ${name}${advice === undefined ? '' : ` (${advice})`}`,
  )
}

/** An error and everything it was caused by or made of, outermost first. */
function* chain(error: unknown, depth = 0): Generator<Error & { code?: unknown }> {
  if (!(error instanceof Error) || depth > 8) return
  yield error
  yield* chain(error.cause, depth + 1)
  if (error instanceof AggregateError) {
    for (const part of error.errors.slice(0, 8)) yield* chain(part, depth + 1)
  }
}

const reasonOfSystemCode: Readonly<Record<string, UnknownReason>> = {
  ECONNREFUSED: 'unreachable',
  ECONNRESET: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EPIPE: 'unreachable',
  ETIMEDOUT: 'timeout',
}

/** Whether an error says that the cluster refused who we are; trying again would only lock the account. */
export function isAuthenticationError(error: unknown): boolean {
  for (const part of chain(error)) if (part instanceof K.AuthenticationError) return true
  return false
}

/** A request that failed at one broker of several that were tried. */
export class BrokerError extends Error {
  readonly address: string

  constructor(address: string, cause: unknown) {
    super(`broker at ${address} failed`, { cause })
    this.address = address
  }
}

/** The reason for an error that failed a whole request; `where` names the cluster or broker. */
export function unknownOfError(error: unknown, where: string): { readonly unknown: Unknown } {
  let reason: UnknownReason | undefined
  let words = error instanceof Error ? error.message : String(error)
  let address: string | undefined
  for (const part of chain(error)) {
    if (part instanceof BrokerError) {
      // Of several brokers the last one tried: reason, words and address belong together.
      address = part.address
      words = part.cause instanceof Error ? part.cause.message : String(part.cause)
      continue
    }
    if (part instanceof K.AuthenticationError) {
      reason = 'authentication'
      words = part.message
      break
    }
    // A time-out carries the code of a network error: the class decides.
    if (part instanceof K.TimeoutError) {
      reason = 'timeout'
      words = part.message
    } else if (typeof part.code === 'string' && reasonOfSystemCode[part.code] !== undefined) {
      reason = reasonOfSystemCode[part.code]
      words = part.message === '' ? part.code : part.message
    } else if (part.message === 'Connection closed' && reason === undefined) {
      reason = 'unreachable'
      words = 'the connection was closed'
    }
  }
  const place = address === undefined || words.includes(address) ? where : `${where} at ${address}`
  return unknown(reason ?? 'error', `${place}: ${words.replaceAll(/\s+/g, ' ').slice(0, 300)}`)
}
