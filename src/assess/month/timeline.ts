import { type Evaluation, stateOf } from './evaluations.ts'
import type { MonthState } from './states.ts'

/** A stretch of time, in milliseconds since the epoch, in which one thing was to be said. */
export interface Stretch {
  readonly fromMs: number
  /** Not included. */
  readonly toMs: number
  readonly state: MonthState
  /** The share of time in which the budget was to be kept; undefined where it was never exported. */
  readonly objectiveRatio: number | undefined
  /** How far the deadline had passed at worst, in milliseconds; undefined where it had not, or nobody knows. */
  readonly worstMs: number | undefined
}

export interface Period {
  readonly fromMs: number
  /** Not included. */
  readonly toMs: number
}

/** Two distances between evaluations that differ by less than this share are the same. */
const jitter = 0.1
/** Evaluations that are further apart are no interval of rules. */
const longestIntervalMs = 3_600_000 * (1 + jitter)

/**
 * What evaluations say of a period. One stands until the next one, if that comes at the distance at which others come;
 * else for one interval, and what is left is a time without data. The interval is read from the evaluations
 * themselves: the last distance that came twice in a row.
 */
export class Timeline {
  readonly #period: Period
  readonly #stretches: Stretch[] = []
  #intervalMs: number
  #isIntervalSeen = false
  #objectiveRatio: number | undefined
  #windowSeconds: number | undefined
  #coveredToMs: number
  /** The evaluation before the newest, and its distances: how long it stands is known when two more have come. */
  #waiting:
    | { readonly evaluation: Evaluation; readonly gap: number; readonly gapBefore: number | undefined }
    | undefined
  #newest: Evaluation | undefined

  /** @param usualIntervalMs at which the rules are evaluated until the evaluations themselves say so */
  constructor(period: Period, usualIntervalMs: number) {
    this.#period = period
    this.#intervalMs = usualIntervalMs
    this.#coveredToMs = period.fromMs
  }

  /** Undefined until it was seen. */
  get intervalMs(): number | undefined {
    return this.#isIntervalSeen ? this.#intervalMs : undefined
  }

  /** The window of the objective that was exported last. */
  get windowSeconds(): number | undefined {
    return this.#windowSeconds
  }

  /** Takes the next evaluation. Those before the period help to tell what its first moments were. */
  add(evaluation: Evaluation): void {
    const newest = this.#newest
    const gap = newest === undefined ? 0 : evaluation.atMs - newest.atMs
    if (newest !== undefined && gap <= 0) return
    this.#newest = evaluation
    if (newest === undefined) return
    const waiting = this.#waiting
    if (waiting !== undefined) this.#place(waiting.evaluation, waiting.gap, [waiting.gapBefore, gap])
    this.#waiting = { evaluation: newest, gap, gapBefore: waiting?.gap }
  }

  /** The stretches of the whole period, in order and without holes. Call it once, after the last evaluation. */
  end(): readonly Stretch[] {
    const waiting = this.#waiting
    if (waiting !== undefined) this.#place(waiting.evaluation, waiting.gap, [waiting.gapBefore])
    if (this.#newest !== undefined) this.#place(this.#newest, Number.POSITIVE_INFINITY, [])
    this.#fillTo(this.#period.toMs)
    return this.#stretches
  }

  #place({ atMs, facts }: Evaluation, gap: number, neighbours: readonly (number | undefined)[]): void {
    if (gap <= longestIntervalMs && neighbours.some(other => other !== undefined && isSame(gap, other))) {
      this.#intervalMs = gap
      this.#isIntervalSeen = true
    }
    const standsMs = isSame(gap, this.#intervalMs) ? gap : Math.min(gap, this.#intervalMs)
    this.#objectiveRatio = facts.objective ?? this.#objectiveRatio
    this.#windowSeconds = facts.window ?? this.#windowSeconds
    const fromMs = Math.max(atMs, this.#period.fromMs)
    const toMs = Math.min(atMs + standsMs, this.#period.toMs)
    const state = stateOf(facts)
    if (toMs <= fromMs || state === 'no_data') return
    this.#fillTo(fromMs)
    const isPast = state === 'breached' && facts.slack !== undefined && facts.slack < 0
    this.#push({
      fromMs,
      toMs,
      state,
      objectiveRatio: this.#objectiveRatio,
      worstMs: isPast && facts.slack !== undefined ? -facts.slack * 1000 : undefined,
    })
  }

  #fillTo(toMs: number): void {
    if (toMs <= this.#coveredToMs) return
    this.#push({
      fromMs: this.#coveredToMs,
      toMs,
      state: 'no_data',
      objectiveRatio: this.#objectiveRatio,
      worstMs: undefined,
    })
  }

  #push(stretch: Stretch): void {
    this.#coveredToMs = stretch.toMs
    const last = this.#stretches.at(-1)
    if (last?.state === stretch.state && last.objectiveRatio === stretch.objectiveRatio) {
      this.#stretches[this.#stretches.length - 1] = {
        ...last,
        toMs: stretch.toMs,
        worstMs: largest(last.worstMs, stretch.worstMs),
      }
    } else this.#stretches.push(stretch)
  }
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= jitter * b
}

/** The larger of two numbers of which either may be missing. */
export function largest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.max(a, b)
}
