import type { TopicMetadata } from '../model/observation.ts'
import { isKnown, known, type Reading, unknown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import { ProgressFold } from '../replicators/mirrormaker2/progress.ts'
import { LogFollower, type LogOptions } from '../sources/kafka/log.ts'
import type { KafkaCluster, LogRecord } from '../sources/kafka/port.ts'

/** A log of positions: followed record by record, and silent until it has been read to its end once. */
export class PositionsLog {
  readonly #follower: LogFollower
  readonly #maxBytes: number
  readonly #onRecord: (record: LogRecord, fold: ProgressFold, topic: string) => void
  #fold = new ProgressFold()
  #caughtUp = false

  constructor(
    cluster: KafkaCluster,
    options: LogOptions,
    maxBytesPerPoll: number,
    onRecord: (record: LogRecord, fold: ProgressFold, topic: string) => void,
  ) {
    this.#follower = new LogFollower(cluster, options)
    this.#maxBytes = maxBytesPerPoll
    this.#onRecord = onRecord
  }

  /** Reads on; known once the end has been reached, until the log is begun anew. */
  async read(topic: TopicMetadata, deadline: Instant): Promise<Reading<true>> {
    const begin = (): void => {
      this.#fold = new ProgressFold()
      this.#caughtUp = false
    }
    const read = await this.#follower.read(topic, this.#maxBytes, deadline, begin, record =>
      this.#onRecord(record, this.#fold, topic.name),
    )
    if (!isKnown(read)) return read
    if (!this.#caughtUp && read.value.caughtUp) {
      this.#fold.keepNewest()
      this.#caughtUp = true
    }
    return this.#caughtUp ? known(true) : unknown('reading', `${topic.name} has not been read to its end yet`)
  }

  /** What was folded since the last call; nothing before the end was reached, because what follows may overrule it. */
  take(): ReturnType<ProgressFold['take']> {
    return this.#caughtUp ? this.#fold.take() : new Map()
  }
}
