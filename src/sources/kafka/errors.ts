import * as K from '@platformatic/kafka'
import { type Unknown, type UnknownReason, unknown } from '../../model/reading.ts'
import { type Attempt, chain, explainFailure } from './failures.ts'

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

/** A request that failed at one broker of several that were tried. */
export class BrokerError extends Error {
  readonly address: string

  constructor(address: string, cause: unknown) {
    super(`broker at ${address} failed`, { cause })
    this.address = address
  }
}

/** A connection that could not be made, or broke, with what was asked of it. */
export class ConnectionError extends Error {
  readonly attempt: Attempt

  constructor(attempt: Attempt, cause: unknown) {
    super('the connection failed', { cause })
    this.attempt = attempt
  }
}

/** Whether an error says that the cluster refused who we are; trying again would only lock the account. */
export function isAuthenticationError(error: unknown): boolean {
  return explainFailure(error, attemptOf(error))?.reason === 'authentication'
}

/** The reason for an error that failed a whole request; `where` names the cluster or broker. */
export function unknownOfError(error: unknown, where: string): { readonly unknown: Unknown } {
  // Of several brokers the last one tried: reason, words and address belong together.
  const broker = [...chain(error)].findLast(part => part instanceof BrokerError)
  const cause = broker?.cause ?? error
  const failure = explainFailure(cause, attemptOf(cause))
  const address = broker instanceof BrokerError ? broker.address : undefined
  const place = address === undefined || where.includes(address) ? where : `${where} at ${address}`
  if (failure !== undefined) {
    return unknown(failure.reason, `${place}: ${failure.what}; ${failure.advice}`)
  }
  const told = cause instanceof ConnectionError ? cause.cause : cause
  const words = told instanceof Error ? told.message : String(told)
  return unknown('error', `${place}: ${words.replaceAll(/\s+/g, ' ').slice(0, 300)}`)
}

const nothingAsked = { tls: false, certificate: false, serverName: undefined, mechanism: undefined }

function attemptOf(error: unknown): Attempt {
  for (const part of chain(error)) if (part instanceof ConnectionError) return part.attempt
  return { host: 'the broker', security: nothingAsked }
}
