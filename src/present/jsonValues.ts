import type { FlowAssessment } from '../model/assessment.ts'
import type { Unknown } from '../model/reading.ts'
import { type ClockReading, type Instant, wallMsOf } from '../model/time.ts'

// How the JSON writes what there is, and null for what there is not.

/** 9999-12-31T23:59:59.999Z: the last that RFC 3339 can write. */
const latestDateMs = 253_402_300_799_999

interface Recovery extends Pick<FlowAssessment, 'status'> {
  readonly unknown: Unknown | undefined
  readonly recoveryPoint: Instant | undefined
  readonly estimatedRecoveryPoint: Instant | undefined
}

/** What partitions, topics and flows have alike. */
export function recoveryOf(
  { status, unknown, recoveryPoint, estimatedRecoveryPoint }: Recovery,
  clock: ClockReading,
) {
  return {
    status,
    unknown: unknownView(unknown),
    recoveryPoint: timeOrNull(recoveryPoint, clock),
    exposureSeconds: secondsSince(recoveryPoint, clock),
    estimatedRecoveryPoint: timeOrNull(estimatedRecoveryPoint, clock),
    estimatedExposureSeconds: secondsSince(estimatedRecoveryPoint, clock),
  }
}

/** The reason and its words; null where nothing is unknown. */
export function unknownView(unknown: Unknown | undefined): { reason: string; detail: string } | null {
  return unknown === undefined ? null : { reason: unknown.reason, detail: unknown.detail }
}

/** RFC 3339. */
export function timeOf(instant: Instant, clock: ClockReading): string {
  return new Date(wallMsOf(instant, clock)).toISOString()
}

/** Null also for what no calendar has: a timestamp in a record can be any 64-bit number, -1 for none. */
export function wallTimeOrNull(wallMs: number | undefined): string | null {
  const isDate = wallMs !== undefined && wallMs >= 0 && wallMs <= latestDateMs
  return isDate ? new Date(wallMs).toISOString() : null
}

export function timeOrNull(instant: Instant | undefined, clock: ClockReading): string | null {
  return instant === undefined ? null : timeOf(instant, clock)
}

/** To the millisecond. */
export function secondsSince(instant: Instant | undefined, clock: ClockReading): number | null {
  return instant === undefined ? null : Math.round(clock.now - instant) / 1000
}

export function decimal(value: bigint | undefined): string | null {
  return value === undefined ? null : value.toString()
}
