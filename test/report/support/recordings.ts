import { recorded } from '../../../src/artifacts/alerts/recordings.ts'
import type { FactName } from '../../../src/assess/month/evaluations.ts'

const minuteMs = 60_000

/** How a flow is in a time: what the recording rules of alerts/ write then. */
export type Situation =
  | { readonly kind: 'kept' | 'unreported' | 'silent' | 'nothing' | 'failed_over' }
  /** The deadline passed half a minute before the first evaluation of it. */
  | { readonly kind: 'breached' }
  | { readonly kind: 'maintenance'; readonly untilMs: number }

export interface FlowStory {
  readonly flow: string
  readonly labels?: Readonly<Record<string, string>>
  readonly tier?: string
  readonly objective: number
  readonly windowSeconds: number
  /** How long after a full minute its rules are evaluated. */
  readonly offsetSeconds?: number
  /** Other than kept; in order. Times are minutes in ISO 8601. */
  readonly times: readonly (Situation & { readonly from: string; readonly to: string })[]
}

/** What the rules record of one evaluation; nothing where they are silent. */
export function recordedOf(
  { objective, windowSeconds }: FlowStory,
  situation: Situation,
  sinceMs: number,
): Partial<Record<FactName, number>> {
  const configured = { objective, window: windowSeconds }
  switch (situation.kind) {
    case 'kept':
      return { ...configured, slack: 240, active: 1, expected: 1, maintenanceUntil: 0, bad: 0 }
    case 'breached':
      return {
        ...configured,
        slack: -30 - sinceMs / 1000,
        active: 1,
        expected: 1,
        maintenanceUntil: 0,
        bad: 1,
      }
    // No exporter answers: what it said last is remembered, and for two minutes nothing follows from it.
    case 'silent':
      return { expected: 1 }
    case 'unreported':
      return { expected: 1, unreported: 1, bad: 1 }
    case 'maintenance':
      return { ...configured, slack: 240, active: 0, maintenanceUntil: situation.untilMs / 1000, bad: 0 }
    case 'failed_over':
      return { ...configured, slack: -5_000, active: 0, maintenanceUntil: 0, bad: 0 }
    case 'nothing':
      return {}
  }
}

/** The recorded series of some flows, an evaluation a minute, as promtool reads them. */
export function openMetricsOf(stories: readonly FlowStory[], from: string, to: string): string {
  const lines = new Map<FactName, string[]>()
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
  for (const story of stories) {
    const times = story.times.map(time => ({
      ...time,
      fromMs: Date.parse(time.from),
      toMs: Date.parse(time.to),
    }))
    const labels = { flow: story.flow, job: 'tidemark', ...story.labels }
    for (let atMs = fromMs + (story.offsetSeconds ?? 0) * 1000; atMs < toMs; atMs += minuteMs) {
      const time = times.find(candidate => candidate.fromMs <= atMs && atMs < candidate.toMs)
      const facts = recordedOf(story, time ?? { kind: 'kept' }, atMs - (time?.fromMs ?? 0))
      for (const [fact, value] of Object.entries(facts) as [FactName, number][]) {
        const tier = fact === 'expected' && story.tier !== undefined ? { tier: story.tier } : {}
        const pairs = Object.entries({ ...labels, ...tier }).map(([name, text]) => `${name}="${text}"`)
        const list = lines.get(fact) ?? []
        list.push(`${recorded[fact]}{${pairs.join(',')}} ${value} ${atMs / 1000}`)
        lines.set(fact, list)
      }
    }
  }
  const families = [...lines].map(([fact, list]) => `# TYPE ${recorded[fact]} gauge\n${list.join('\n')}\n`)
  return `${families.join('')}# EOF\n`
}
