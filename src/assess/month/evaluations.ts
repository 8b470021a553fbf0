import type { MonthState } from './states.ts'

/** What the rules record of a flow, as far as a month is judged by it. */
export const factNames = [
  'bad',
  'unreported',
  'active',
  'expected',
  'maintenanceUntil',
  'objective',
  'window',
  'slack',
] as const
export type FactName = (typeof factNames)[number]

/** The values of one evaluation of the rules; absent is what it recorded nothing of. */
export type Facts = Readonly<Partial<Record<FactName, number>>>

export interface RecordedSample {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly value: number
}

export interface Evaluation {
  readonly atMs: number
  readonly facts: Facts
}

/** Of an interval: a sample that is that old is not yet of the evaluation before. */
const sameEvaluation = 0.9

/**
 * Puts the samples of a flow's series together again by evaluation, a piece of time after the other. Rules of one
 * group have one timestamp; where two Prometheus servers took turns they may be some seconds apart, so that a sample
 * counts for all evaluations less than an interval after it.
 */
export class Evaluations {
  readonly #last = new Map<FactName, RecordedSample>()

  /**
   * The evaluations of one piece of time, in order.
   * @param samples in order, later than those of the piece before
   * @param intervalMs what is known of the rules' interval; undefined: only samples of the same millisecond go together
   */
  next(
    samples: ReadonlyMap<FactName, readonly RecordedSample[]>,
    intervalMs: number | undefined,
  ): readonly Evaluation[] {
    const instants = [...new Set([...samples.values()].flatMap(list => list.map(({ atMs }) => atMs)))]
    const oldestMs = intervalMs === undefined ? 0 : intervalMs * sameEvaluation
    const positions = new Map<FactName, number>()
    return instants
      .sort((a, b) => a - b)
      .map(atMs => {
        const facts: Partial<Record<FactName, number>> = {}
        for (const name of factNames) {
          const value = this.#valueAt(name, samples.get(name), positions, atMs, oldestMs)
          if (value !== undefined) facts[name] = value
        }
        return { atMs, facts }
      })
  }

  #valueAt(
    name: FactName,
    samples: readonly RecordedSample[] | undefined,
    positions: Map<FactName, number>,
    atMs: number,
    oldestMs: number,
  ): number | undefined {
    let position = positions.get(name) ?? 0
    for (
      let next = samples?.[position];
      next !== undefined && next.atMs <= atMs;
      next = samples?.[position]
    ) {
      this.#last.set(name, next)
      position += 1
    }
    positions.set(name, position)
    const last = this.#last.get(name)
    return last !== undefined && last.atMs >= atMs - oldestMs ? last.value : undefined
  }
}

/** What an evaluation says of a flow. The words are those of docs/report.md. */
export function stateOf({ bad, unreported, active, expected, maintenanceUntil }: Facts): MonthState {
  if (bad !== undefined && bad > 0) return unreported === undefined ? 'breached' : 'unreported'
  // What is outside of the SLO is recorded as not bad, or by older rules as nothing.
  if (active === 0) {
    return maintenanceUntil !== undefined && maintenanceUntil > 0 ? 'maintenance' : 'failed_over'
  }
  if (bad !== undefined) return 'kept'
  return active === undefined && expected === undefined ? 'no_data' : 'unjudged'
}
