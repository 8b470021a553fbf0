import type { Instant } from './time.ts'

/** The exposures of a flow and of its topics in the last hours, so coarse that they fit in memory. Never changed. */
export interface ExposureHistory {
  readonly flow: FlowExposures
  readonly topics: TopicExposures
}

export interface FlowExposures {
  /** Length of a slot in milliseconds; slot n begins at the instant n times that. */
  readonly slotMs: number
  /** Ascending; slots without a poll are missing. */
  readonly slots: readonly FlowSlot[]
  /** What was shown until the next poll. */
  readonly recoveryPoint: Instant | undefined
  readonly deadline: Instant
}

export interface FlowSlot {
  readonly slot: number
  /** The greatest that was shown; undefined as soon as a poll of the slot found no proven point. */
  readonly exposureMs: number | undefined
  /** Whether the budget was shown to be kept all the time, or did not have to be. */
  readonly kept: boolean
}

/** A table with a row a topic and a column a slot. */
export interface TopicExposures {
  readonly slotMs: number
  readonly rowOf: ReadonlyMap<string, number>
  /** Ascending. A column that is shorter than a row's number is from before the topic was seen. */
  readonly columns: readonly {
    readonly slot: number
    /** Encoded exposures: see src/assess/exposures.ts. */
    readonly values: Uint16Array
  }[]
  /** By row, the recovery point that was shown until the next poll; NaN for none. */
  readonly recoveryPoints: Float64Array
}
