import type { ReportedFlow } from '../../present/report/flow.ts'
import type { Origin } from '../../present/report/report.ts'
import { type FlowsView, pageSize, type TopicsView } from '../../present/schema.ts'

/** What is known now of the flows that a report is about, and where from. */
export interface Known {
  readonly origin: Origin
  /** By the clock of who knows it, RFC 3339. */
  readonly knownAt: string
  readonly clusters: FlowsView['clusters']
  readonly flows: readonly ReportedFlow[]
}

/** A name was asked for that no flow has. */
export class UnknownFlow extends Error {
  override readonly name = 'UnknownFlow'

  constructor(flow: string, names: readonly string[]) {
    super(`--flow ${JSON.stringify(flow)}: expected one of ${names.join(', ')}`)
  }
}

/** So many topics of a flow are listed; what is left out is counted. */
export const topicsShown = 2 * pageSize

/**
 * A flow with its worst topics, read a page at a time.
 * @param pageOf reads one page of its topics, from 1
 */
export async function reportedFlow(
  pageOf: (page: number) => TopicsView | Promise<TopicsView>,
): Promise<ReportedFlow> {
  let view = await pageOf(1)
  const topics = new Map(view.topics.map(topic => [topic.topic, topic]))
  while (view.page < view.pages && topics.size < topicsShown) {
    view = await pageOf(view.page + 1)
    // Between two pages a poll may have changed the order.
    for (const topic of view.topics) topics.set(topic.topic, topic)
  }
  const shown = [...topics.values()].slice(0, topicsShown)
  return { view: view.flow, topics: shown, topicsLeftOut: Math.max(0, (view.matching ?? 0) - shown.length) }
}
