import type { TopicListing, TopicMetadata } from '../model/observation.ts'
import { isKnown, type Reading, type Unknown, unknownOf } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import { type KafkaCluster, outOfRange } from '../sources/kafka/port.ts'

/** What came of trying an operation on some topics, all names in order. */
export interface Trial {
  readonly allowed: readonly string[]
  readonly refused: readonly string[]
  /** Not there, so that there was nothing to try. */
  readonly absent: readonly string[]
  /** Why others could not be tried. */
  readonly failed: Unknown | undefined
}

type Outcome = 'allowed' | 'refused' | 'absent' | { readonly failed: Unknown }

/** Tries on one cluster what a principal may do with topics, by doing it. */
export class PermissionTrials {
  readonly cluster: KafkaCluster
  readonly #listing: TopicListing
  readonly #deadline: () => Instant

  private constructor(cluster: KafkaCluster, listing: TopicListing, deadline: () => Instant) {
    this.cluster = cluster
    this.#listing = listing
    this.#deadline = deadline
  }

  /** @returns what tries on this cluster; unknown where it cannot be asked at all */
  static async on(cluster: KafkaCluster, deadline: () => Instant): Promise<Reading<PermissionTrials>> {
    const { topics } = await cluster.listTopics(deadline())
    return isKnown(topics) ? { value: new PermissionTrials(cluster, topics.value, deadline) } : topics
  }

  /** The topics that the principal may see. */
  get listing(): TopicListing {
    return this.#listing
  }

  /** Asks for those by name that are not listed. */
  async describe(names: readonly string[]): Promise<Trial> {
    return trialOf(names, await this.#described(names))
  }

  /** Fetches from a partition of each; what it would get is left there. */
  async read(names: readonly string[]): Promise<Trial> {
    const outcomes = await this.#described(names)
    const topics = names.flatMap(name => outcomes.found.get(name) ?? [])
    const requests = topics.map(topic => {
      const { partition = 0 } = topic.partitions.find(({ leader }) => leader !== undefined) ?? {}
      return { topic, partition, offset: 0n, maxBytes: 1 }
    })
    const answers =
      requests.length === 0 ? [] : await this.cluster.fetch(requests, 'read_uncommitted', 1, this.#deadline())
    for (const [index, { topic }] of requests.entries()) {
      const answer = answers[index]
      if (answer === undefined) continue
      outcomes.byName.set(topic.name, answer === outOfRange ? 'allowed' : outcomeOf(answer))
    }
    return trialOf(names, outcomes)
  }

  /** Asks for one setting of each. */
  async describeConfigs(names: readonly string[]): Promise<Trial> {
    const byName = new Map<string, Outcome>()
    if (names.length > 0) {
      const answers = await this.cluster.topicConfigs(names, ['retention.ms'], this.#deadline())
      for (const [name, answer] of answers) byName.set(name, outcomeOf(answer))
    }
    return trialOf(names, { byName })
  }

  async #described(names: readonly string[]) {
    const byName = new Map<string, Outcome>()
    const found = new Map<string, TopicMetadata>()
    const hear = (name: string, answer: Reading<TopicMetadata> | 'absent'): void => {
      byName.set(name, answer === 'absent' ? 'absent' : outcomeOf(answer))
      if (answer !== 'absent' && isKnown(answer)) found.set(name, answer.value)
    }
    const hidden: string[] = []
    for (const name of names) {
      const listed = this.#listing.get(name)
      if (listed === undefined) hidden.push(name)
      else hear(name, listed)
    }
    if (hidden.length > 0) {
      const answers = await this.cluster.askTopics(hidden, this.#deadline())
      for (const [name, answer] of answers) hear(name, answer)
    }
    return { byName, found }
  }
}

function outcomeOf(answer: Reading<unknown>): Outcome {
  const failed = unknownOf(answer)
  if (failed === undefined) return 'allowed'
  return failed.reason === 'unauthorized' ? 'refused' : { failed }
}

function trialOf(
  names: readonly string[],
  { byName }: { readonly byName: ReadonlyMap<string, Outcome> },
): Trial {
  const those = (outcome: Outcome): readonly string[] =>
    names.filter(name => byName.get(name) === outcome).toSorted()
  const failures = [...byName.values()].flatMap(outcome =>
    typeof outcome === 'object' ? [outcome.failed] : [],
  )
  return {
    allowed: those('allowed'),
    refused: those('refused'),
    absent: those('absent'),
    failed: failures[0],
  }
}
