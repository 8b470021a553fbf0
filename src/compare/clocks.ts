import type { Clocks, FlowComparison } from '../model/comparison.ts'
import type { FlowObservation } from '../model/observation.ts'
import { valueIfKnown } from '../model/reading.ts'

/** A wall clock that moved further than this against the monotonic one was set. */
const jumpMs = 1_000
/** A sign of life from the future by more than this is a clock that is wrong; NTP keeps clocks closer. */
const futureMs = 2_000
/** A sign of life that has just come and is older than this is late, or of a clock that is wrong. */
const pastMs = 60_000

/**
 * What this poll shows of the clocks: whether ours was set since the last one, and whether the replicator's disagrees
 * with it, by the newest heartbeat that came with this poll.
 */
export function clocksOf(
  previous: Pick<FlowComparison, 'clocks' | 'heartbeatAtMs'> | undefined,
  { at, clock, engine }: Pick<FlowObservation, 'at' | 'clock' | 'engine'>,
): Clocks {
  const offsetMs = clock.wallMs - clock.now
  const before = previous?.clocks
  const byMs = before === undefined ? 0 : offsetMs - before.offsetMs
  const jump = Math.abs(byMs) >= jumpMs ? { byMs, at } : before?.jump
  const heartbeatAtMs = valueIfKnown(engine.heartbeatAtMs)
  // One that was there before says how long it is since, not what time it is.
  const isNew =
    previous !== undefined && heartbeatAtMs !== undefined && heartbeatAtMs !== previous.heartbeatAtMs
  if (!isNew) return { offsetMs, jump, engineAheadMs: before?.engineAheadMs }
  const aheadMs = heartbeatAtMs - clock.wallMs
  const disagrees = aheadMs > futureMs || aheadMs < -pastMs
  return { offsetMs, jump, engineAheadMs: disagrees ? aheadMs : undefined }
}
