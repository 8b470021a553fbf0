/**
 * An instant on the process's monotonic clock, in milliseconds. All arithmetic of the product uses these, so
 * that a wall clock that jumps changes nothing; they become wall time only where they are shown.
 */
export type Instant = number

/** Both clocks, read together. */
export interface ClockReading {
  readonly now: Instant
  /** Milliseconds since the Unix epoch that belong to `now`. */
  readonly wallMs: number
}

/** The wall time, in milliseconds since the Unix epoch, of an instant. */
export function wallMsOf(instant: Instant, clock: ClockReading): number {
  return clock.wallMs + (instant - clock.now)
}

/** The instant of a wall time in milliseconds since the Unix epoch. */
export function instantOf(wallMs: number, clock: ClockReading): Instant {
  return clock.now + (wallMs - clock.wallMs)
}
