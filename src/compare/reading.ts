import type { PartitionProgress } from '../model/observation.ts'
import type { Reading, Unknown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'

/** What one poll found of one partition, and the circumstances that decide what it means. */
export interface PartitionReading {
  readonly name: string
  readonly partition: number
  /** t0 of the source's listing. */
  readonly t0: Instant
  readonly highWatermark: Reading<bigint>
  /** Whether the positions in hand were read before the high watermark was asked for. */
  readonly positionsReadFirst: boolean
  /** 'absent' where the target has no such topic or partition. */
  readonly targetEnd: Reading<bigint> | 'absent'
  /** Where an election cut the log off since the last poll; it may have grown past its old end again. */
  readonly sourceCut: bigint | undefined
  readonly targetCut: bigint | undefined
  readonly progress: PartitionProgress | undefined
  /** Set where the engine's positions as a whole cannot be told. */
  readonly engineUnknown: Unknown | undefined
  readonly pairsKnown: boolean
  /** All that the engine had said of its positions before this poll has been read. */
  readonly allSaid: boolean
  /** Whether records are read at all. */
  readonly recordsAreRead: boolean
  readonly tasksChangedAtMs: number | undefined
  /** Set when the topic was found to be another one: the reason for giving up the old positions. */
  readonly recreated: string | undefined
  /** Whether it is the source's topic that is another one. */
  readonly recreatedSource: boolean
  readonly recreatedTarget: boolean
  /** t0 of the last complete listing that did not have this partition; undefined where that proves nothing. */
  readonly absentUntil: Instant | undefined
  readonly logStart: Reading<bigint> | undefined
  /** The engine goes on in a way that may hide what it skipped. */
  readonly mayHaveSkipped: boolean
  /** How old a high watermark must be before a pair has to translate it. */
  readonly pairGraceMs: number
  /** The engine writes a pair at the latest after so many records (`offset.lag.max`). */
  readonly pairSpacing: bigint
}
