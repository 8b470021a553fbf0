import type { ClusterStatus, FlowAssessment, Snapshot } from '../../src/model/assessment.ts'
import type { Flow } from '../../src/model/flow.ts'
import type { ClockReading, Instant } from '../../src/model/time.ts'
import { pollMs, World } from './world.ts'

/** The wall time that the world's first instant has in snapshots. */
export const worldBeganAtMs = Date.UTC(2026, 2, 1, 10, 30, 0)
const worldBeganAt: Instant = new World().now

/** Both clocks at an instant of the world. */
export function clockAt(now: Instant): ClockReading {
  return { now, wallMs: worldBeganAtMs + (now - worldBeganAt) }
}

/** A world in which MirrorMaker has copied all of `orders` (two partitions, 500 and 300 records). */
export function coveredWorld(parts?: ConstructorParameters<typeof World>[0]): World {
  const world = new World(parts)
  world.source.set('orders', { ends: [500n, 300n] })
  world.target.set('east.orders', { ends: [500n, 300n] })
  world.commits('orders', 499n, 0)
  world.commits('orders', 299n, 1)
  return world
}

export function clustersOf(
  { source, target }: Pick<Flow, 'source' | 'target'>,
  answeredAt?: Instant,
): ClusterStatus[] {
  return [source, target].map(name => ({
    name,
    up: answeredAt !== undefined,
    unknown: undefined,
    answeredAt,
  }))
}

/** A snapshot of one flow, taken right after its poll; before the first poll without an assessment. */
export function snapshotOf(
  flow: Flow,
  assessment: FlowAssessment | undefined,
  parts: Partial<Snapshot> = {},
): Snapshot {
  return {
    clock: clockAt(assessment?.facts.at ?? worldBeganAt),
    pollMs,
    clusters: clustersOf(flow, assessment?.facts.observedAt),
    flows: [{ flow, assessment }],
    ...parts,
  }
}
