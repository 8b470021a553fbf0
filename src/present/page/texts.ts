import type { ClockReading } from '../../model/time.ts'
import { count, duration, timeOfDay } from '../words.ts'

// Values of the JSON as people read them. What is null there is said in words by whoever shows it.

/** `10:31:07 UTC`, with the date when it is not the day of `now`. Both RFC 3339. */
export function timeText(instant: string, now: string): string {
  return timeOfDay(Date.parse(instant), clockOf(now))
}

/** `2026-03-01 10:31:07 UTC`. */
export function dateText(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 19)} UTC`
}

/** `12 s ago`. */
export function agoText(instant: string, now: string): string {
  return `${duration(Date.parse(now) - Date.parse(instant))} ago`
}

/** `4 min 12 s`. */
export function secondsText(seconds: number): string {
  return duration(seconds * 1000)
}

/** `1,204`, of a decimal as the JSON has it. */
export function offsetText(decimal: string): string {
  return count(BigInt(decimal))
}

export function flowHref(flow: string): string {
  return `/flows/${encodeURIComponent(flow)}`
}

export function topicHref(flow: string, topic: string): string {
  return `${flowHref(flow)}/topics/${encodeURIComponent(topic)}`
}

function clockOf(now: string): ClockReading {
  const wallMs = Date.parse(now)
  return { now: wallMs, wallMs }
}
