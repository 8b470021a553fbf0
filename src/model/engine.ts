/** How an engine names its copies and which topics it never copies: what comparing two listings needs to know. */
export interface EngineNaming {
  /** The copy's name on the target. */
  targetTopicOf(sourceTopic: string): string
  /** The source topic whose copy a target topic must be, judged by its name alone; undefined where the name does not tell. */
  sourceTopicOf(targetTopic: string): string | undefined
  /** Topics that the engine never copies as data: its own, Kafka's own, and what came from the target. */
  isLeftOut(sourceTopic: string): boolean
}

/** What an engine promises about the offset pairs that it writes. */
export interface EnginePacing {
  /** How often it commits its position, in milliseconds. */
  readonly commitIntervalMs: number
  /** A pair comes at the latest after so many records. */
  readonly pairSpacing: bigint
}

/**
 * The smallest exposure, in milliseconds, that commits alone can prove: the engine's commit interval with a quarter for
 * its own delays, and three polls. A smaller budget cannot be shown to be kept.
 */
export function provableExposureMs(commitIntervalMs: number, pollMs: number): number {
  return 1.25 * commitIntervalMs + 3 * pollMs
}
