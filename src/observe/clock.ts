import type { ClockReading } from '../model/time.ts'

/** Wall and monotonic clock drift apart by slewing; below this an instant keeps the wall time it was first shown with. */
const reanchorAboveMs = 500

/**
 * Both clocks read together. The wall time that belongs to an instant stays the same while the wall clock is merely
 * slewed, so that exported timestamps do not wobble; a wall clock that is set is followed.
 */
export function createClock(
  monotonic: () => number = () => performance.now(),
  wall: () => number = Date.now,
): () => ClockReading {
  let offsetMs = wall() - monotonic()
  return () => {
    const now = monotonic()
    const wallMs = wall()
    if (Math.abs(wallMs - (now + offsetMs)) > reanchorAboveMs) offsetMs = wallMs - now
    return { now, wallMs: now + offsetMs }
  }
}
