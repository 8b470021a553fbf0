/** Why something is not known, as a label value: few, stable, and each with one meaning. */
export type UnknownReason =
  | 'unreachable' // no connection could be made
  | 'timeout' // connected, but no answer in time
  | 'authentication' // the cluster refused who we are
  | 'unauthorized' // code 29: the same answer for "not allowed" and, without DESCRIBE, for "does not exist"
  | 'missing' // a topic that has to be there is not
  | 'leaderless' // a partition without a leader
  | 'fenced' // the answer came from a leader of another epoch than the newest seen
  | 'stale_metadata' // the listing shows an identity that was replaced already
  | 'reading' // an internal topic has not been read to its end yet
  | 'recreated' // source or target topic has another id than its positions
  | 'diverged' // positions contradict the logs they point into
  | 'empty_scope' // no topic is in scope
  | 'error' // anything else; the detail says what

/** Something that could not be read or judged, with the reason as data and in words. */
export interface Unknown {
  readonly reason: UnknownReason
  /** One line for people: where, what was expected, what was found. */
  readonly detail: string
}

/** A value or the reason why there is none: what one read gives for one item. */
export type Reading<T> = { readonly value: T } | { readonly unknown: Unknown }

export function known<T>(value: T): Reading<T> {
  return { value }
}

export function unknown(reason: UnknownReason, detail: string): { readonly unknown: Unknown } {
  return { unknown: { reason, detail } }
}

export function isKnown<T>(reading: Reading<T>): reading is { readonly value: T } {
  return 'value' in reading
}

/** The value of a reading, or undefined where it is unknown. */
export function valueIfKnown<T>(reading: Reading<T> | undefined): T | undefined {
  return reading !== undefined && isKnown(reading) ? reading.value : undefined
}

/** The reason why a reading is unknown, or undefined where it is known. */
export function unknownOf(reading: Reading<unknown>): Unknown | undefined {
  return isKnown(reading) ? undefined : reading.unknown
}
