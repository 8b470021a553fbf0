import type { Unreachable } from './plan.ts'

/** What one process of an exporter knows of a flow. Immutable; instants in seconds of the true time. */
export interface View {
  /** Of its first poll. */
  readonly firstAt: number
  /** Of the last poll in which both clusters answered. */
  readonly observedAt: number | undefined
  /** Whether it could list the topics. */
  readonly isListed: boolean
  /** Of the polls whose high watermarks are kept: the newest that is proven, and all after it. */
  readonly history: readonly number[]
  readonly point: number | undefined
  readonly estimate: number | undefined
  readonly unprovenSince: number | undefined
  readonly retractedAt: number | undefined
  /** It knew the position in its last poll. */
  readonly isInformed: boolean
}

export interface Poll {
  readonly at: number
  readonly unreachable: Unreachable | undefined
  /** Up to which instant everything is on the target; undefined while internal topics are being read. */
  readonly replicated: number | undefined
  readonly budget: number
  readonly estimate: 'exact' | 'probe'
}

/** What is known after a poll, by the rules of docs/design.md. */
export function polled(before: View | undefined, poll: Poll): View {
  const start = before ?? begun(poll.at)
  if (poll.unreachable !== undefined) {
    const lists = poll.unreachable === 'target' && !start.isListed
    return {
      ...start,
      ...(lists ? { isListed: true, unprovenSince: poll.at } : {}),
      isInformed: false,
    }
  }
  const seen: View = { ...start, isListed: true, observedAt: poll.at, history: [...start.history, poll.at] }
  const { replicated } = poll
  if (replicated === undefined)
    return { ...seen, unprovenSince: seen.unprovenSince ?? poll.at, isInformed: false }
  const newest = seen.history.findLastIndex(at => at <= replicated)
  return newest < 0
    ? unproven(seen, poll, replicated)
    : proven({ ...seen, history: seen.history.slice(newest) }, poll.at)
}

function begun(firstAt: number): View {
  return {
    firstAt,
    observedAt: undefined,
    isListed: false,
    history: [],
    point: undefined,
    estimate: undefined,
    unprovenSince: undefined,
    retractedAt: undefined,
    isInformed: false,
  }
}

function proven(view: View, at: number): View {
  const point = view.history[0]
  const isBack = view.point !== undefined && point !== undefined && point < view.point
  return {
    ...view,
    point,
    estimate: point,
    unprovenSince: undefined,
    retractedAt: isBack ? at : view.retractedAt,
    isInformed: true,
  }
}

function unproven(view: View, { at, budget, estimate }: Poll, replicated: number): View {
  const isLate = replicated < at - budget
  return {
    ...view,
    point: undefined,
    estimate: estimate === 'exact' ? Math.floor(replicated) : isLate ? at - budget : undefined,
    unprovenSince: view.unprovenSince ?? view.point ?? at,
    retractedAt: view.point === undefined ? view.retractedAt : at,
    isInformed: true,
  }
}

/** The instant after which the budget is no longer shown to be kept. */
export function deadlineOf(view: View, budget: number): number {
  if (view.point !== undefined) return view.point + budget
  return Math.min(view.estimate ?? Number.POSITIVE_INFINITY, view.unprovenSince ?? view.firstAt) + budget
}

/** Whether the deadline says something of the replication, and not only when the process began to look. */
export function isGrounded(view: View): boolean {
  return view.point !== undefined || view.estimate !== undefined
}
