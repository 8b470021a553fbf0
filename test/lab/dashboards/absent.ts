/** In which part of the story a query may find nothing, and why: what the catalog says of the metric. */
export interface MayBeEmpty {
  /** uid of the dashboard, title of the panel and name of the query; or of an annotation. */
  readonly query: string
  readonly reason: string
}

const wholeHours = 'it is counted at whole hours, and this Prometheus may have seen none'
const nothingUnknown = 'a reason has no series while no topic is unknown for it'

export const mayBeEmpty: readonly MayBeEmpty[] = [
  { query: 'tidemark-flow: How much error budget is left? A', reason: wholeHours },
  { query: 'tidemark-flow: How much of it was left? A', reason: wholeHours },
  { query: 'tidemark-flow: How fast is it spent? C', reason: wholeHours },
  { query: 'tidemark-flow: What cannot be seen? A', reason: nothingUnknown },
  {
    query: 'tidemark-flow: How long until the source deletes what waits? A',
    reason: 'there is no deadline while nothing waits for long',
  },
  {
    query: 'tidemark-topic: How long until the source deletes what waits? A',
    reason: 'there is no deadline while nothing waits for long',
  },
  {
    query: 'tidemark-topic: How many records waited? C',
    reason: 'records that are certainly missing are counted only where the tail was read',
  },
  {
    query: 'tidemark-flow: How much would have been lost? B',
    reason: 'the known point is shown only where the flow has none of its own',
  },
  { query: 'tidemark-flow: RPO budget passed', reason: 'nothing is breached before the breach' },
  { query: 'tidemark-flow: Nobody reports', reason: 'the exporter reports all the time' },
]
