import type { FlowComparison } from '../model/comparison.ts'
import type { EngineNaming } from '../model/engine.ts'
import type { Flow } from '../model/flow.ts'
import type { SideObservation, TopicListing, TopicMetadata } from '../model/observation.ts'
import { isKnown, type Reading, unknown, valueIfKnown } from '../model/reading.ts'

/** Whether a flow is to copy a source topic of this name. */
export function isInScope(flow: Flow, naming: EngineNaming, topic: string): boolean {
  return flow.topics.includes(topic) && !naming.isLeftOut(topic)
}

/**
 * Source topics to ask for by name, because something says that they exist and the listing does not show them
 * (design rule 1): they were in scope before, the filter names them, the target has a copy, or the engine committed
 * a position for them. Empty while the source cannot be listed.
 */
export function sourceNamesToAsk(
  previous: FlowComparison | undefined,
  flow: Flow,
  naming: EngineNaming,
  source: Reading<TopicListing>,
  target: Reading<TopicListing>,
): string[] {
  const listed = valueIfKnown(source)
  if (listed === undefined) return []
  const names = new Set<string>(flow.topics.literals)
  for (const topic of previous?.topics.keys() ?? []) names.add(topic)
  for (const topic of previous?.outOfScope.keys() ?? []) names.add(topic)
  for (const topic of valueIfKnown(target)?.keys() ?? []) {
    const original = naming.sourceTopicOf(topic)
    if (original !== undefined) names.add(original)
  }
  return [...names].filter(name => !listed.has(name) && isInScope(flow, naming, name))
}

/** Copies that the target's listing does not show, to be asked for by name. */
export function targetNamesToAsk(
  sourceTopics: Iterable<string>,
  naming: EngineNaming,
  target: Reading<TopicListing>,
): string[] {
  const listed = valueIfKnown(target)
  if (listed === undefined) return []
  return Array.from(sourceTopics, topic => naming.targetTopicOf(topic)).filter(name => !listed.has(name))
}

/** What one side knows of one topic, from its listing or from asking by name. */
export function topicOn(
  side: Pick<SideObservation, 'topics' | 'asked'>,
  topic: string,
): Reading<TopicMetadata> | 'absent' {
  if (!isKnown(side.topics)) return side.topics
  const found = side.topics.value.get(topic) ?? side.asked.get(topic)
  return (
    found ?? unknown('timeout', `topic ${topic} is not listed, and there was no time to ask for it by name`)
  )
}

export interface Scope {
  /** Every topic in scope, sorted, with what the source says of it now. */
  readonly topics: ReadonlyMap<string, Reading<TopicMetadata>>
  /** Topics that the source says do not exist. */
  readonly absent: ReadonlySet<string>
}

/**
 * The topics that the flow is to copy. Never shrinks in silence: a topic leaves only when the source says that it
 * does not exist.
 */
export function scopeOf(
  previous: FlowComparison | undefined,
  flow: Flow,
  naming: EngineNaming,
  source: Pick<SideObservation, 'topics' | 'asked'>,
): Scope {
  const absent = new Set<string>()
  const found = new Map<string, Reading<TopicMetadata>>()
  const listed = valueIfKnown(source.topics)
  for (const [topic, reading] of listed ?? []) {
    if (isInScope(flow, naming, topic)) found.set(topic, reading)
  }
  for (const [topic, reading] of source.asked) {
    if (found.has(topic) || !isInScope(flow, naming, topic)) continue
    if (reading === 'absent') absent.add(topic)
    else found.set(topic, reading)
  }
  for (const topic of previous?.topics.keys() ?? []) {
    if (found.has(topic) || absent.has(topic)) continue
    const now = topicOn(source, topic)
    if (now !== 'absent') found.set(topic, now)
  }
  return { topics: new Map([...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))), absent }
}
