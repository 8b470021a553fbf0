import type { Retention } from '../model/observation.ts'
import { isKnown, known, type Reading } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import type { KafkaCluster } from '../sources/kafka/port.ts'

/** Settings of topics change rarely. */
const keptForMs = 300_000
/** What could not be read may be granted at any time. */
const unknownKeptForMs = 30_000
/** Asked for in one poll; the others wait for the next. */
const mostPerPoll = 200
const settings = ['retention.ms', 'retention.bytes', 'cleanup.policy'] as const

/** How long the source keeps the records of topics that wait to be copied; asked for in batches, and remembered. */
export class RetentionReader {
  readonly #now: () => Instant
  #kept = new Map<string, { readonly answer: Reading<Retention>; readonly until: Instant }>()

  constructor(now: () => Instant) {
    this.#now = now
  }

  /** Retention of the topics given, as far as it is known by now. Forgets the others. */
  async read(
    cluster: KafkaCluster,
    topics: readonly string[],
    deadline: Instant,
  ): Promise<ReadonlyMap<string, Reading<Retention>>> {
    const now = this.#now()
    const wanted = new Set(topics)
    for (const name of this.#kept.keys()) if (!wanted.has(name)) this.#kept.delete(name)
    const due = topics.filter(name => (this.#kept.get(name)?.until ?? now) <= now).slice(0, mostPerPoll)
    if (due.length > 0) {
      for (const [name, answer] of await cluster.topicConfigs(due, settings, deadline)) {
        this.#kept.set(name, {
          answer: isKnown(answer) ? known(retentionOf(answer.value)) : answer,
          until: now + (isKnown(answer) ? keptForMs : unknownKeptForMs),
        })
      }
    }
    return new Map(Array.from(this.#kept, ([name, { answer }]) => [name, answer]))
  }
}

/** `-1` is for ever; a topic that is only compacted deletes nothing by age or size. */
function retentionOf(config: ReadonlyMap<string, string | null>): Retention {
  const policy = config.get('cleanup.policy')
  if (policy !== undefined && policy !== null && !policy.split(',').some(word => word.trim() === 'delete')) {
    return { timeMs: undefined, bytes: undefined }
  }
  return { timeMs: limitOf(config.get('retention.ms')), bytes: limitOf(config.get('retention.bytes')) }
}

function limitOf(text: string | null | undefined): number | undefined {
  if (text === undefined || text === null || !/^\d+$/.test(text)) return undefined
  return Number(text)
}
