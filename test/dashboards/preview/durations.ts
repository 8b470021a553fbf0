import { parseDuration } from '../../../src/config/durations.ts'
import { Unsupported } from './schema.ts'

/** Milliseconds of a duration such as `30s` in rules and dashboards. */
export function durationMs(text: string): number {
  const parsed = parseDuration(text)
  if ('value' in parsed) return parsed.value
  throw new Unsupported(`the duration ${text}`)
}
