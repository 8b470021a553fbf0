import type { TopicListing, TopicMetadata } from '../model/observation.ts'
import { isKnown, type Reading, valueIfKnown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import type { KafkaCluster } from '../sources/kafka/port.ts'

type Answer = Reading<TopicMetadata> | 'absent'

/** Polls after which a name that was absent or unauthorized is asked for again. */
const keptForPolls = 20

/**
 * Asks one cluster for topics that its listing does not show, and remembers the answers that only a listing can
 * change: absent (whoever may see that will see the topic appear) and unauthorized.
 */
export class AskByName {
  readonly #cluster: KafkaCluster
  #kept = new Map<string, { readonly answer: Answer; readonly untilPoll: number }>()
  #poll = 0

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
  }

  /** Call once a poll: forgets what is old, and what the listing shows now. */
  beginPoll(listing: Reading<TopicListing>): void {
    this.#poll += 1
    const listed = valueIfKnown(listing)
    for (const [name, { untilPoll }] of this.#kept) {
      if (untilPoll < this.#poll || listed?.has(name) === true) this.#kept.delete(name)
    }
  }

  /** Answers for the names given: remembered ones, and one batch for the others. */
  async ask(names: ReadonlySet<string>, deadline: Instant): Promise<ReadonlyMap<string, Answer>> {
    const answers = new Map<string, Answer>()
    const open: string[] = []
    for (const name of names) {
      const kept = this.#kept.get(name)
      if (kept === undefined) open.push(name)
      else answers.set(name, kept.answer)
    }
    if (open.length === 0) return answers
    for (const [name, answer] of await this.#cluster.askTopics(open, deadline)) {
      answers.set(name, answer)
      const lasts = answer === 'absent' || (!isKnown(answer) && answer.unknown.reason === 'unauthorized')
      if (lasts) this.#kept.set(name, { answer, untilPoll: this.#poll + keptForPolls })
    }
    return answers
  }
}
