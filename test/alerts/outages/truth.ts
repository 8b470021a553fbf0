import type { FlowPlan, Span } from './plan.ts'

/**
 * The truth of a flow, which nobody reads directly: by the second, the instant up to which everything the source
 * accepted is on the target and committed.
 */
export function replicatedBy(flow: FlowPlan, until: number): Float64Array {
  const points = new Float64Array(until + 1)
  let point = -flow.latency
  for (let now = 0; now <= until; now++) {
    const newest = now - flow.latency
    const flapping = current(flow.flapping, now)
    if (flapping !== undefined) {
      if (now - point >= flapping.late) point = now - flapping.early
    } else if (now % flow.commitEvery === 0) {
      const speed = current(flow.slowdowns, now)?.speed ?? flow.catchUp
      point = Math.max(point, Math.min(newest, point + speed * flow.commitEvery))
    }
    for (const { at, by } of flow.retractions) if (at === now) point -= by
    points[now] = point
  }
  return points
}

/** The first of these spans that holds an instant. */
export function current<T extends Span>(spans: readonly T[], now: number): T | undefined {
  return spans.find(({ from, to }) => now >= from && now < to)
}
