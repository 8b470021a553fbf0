import { isBad, isCounted, isUntold, type MonthState, monthStates } from './states.ts'
import { largest, type Period, type Stretch } from './timeline.ts'

/** A time in which the budget was not shown to be kept, until somebody showed that it was. */
export interface Breach {
  /** Of the first and the end of the last bad moment, milliseconds since the epoch; also outside of the period. */
  readonly fromMs: number
  readonly toMs: number
  /** What was said first after it; undefined: nothing was, as far as was looked. */
  readonly ended: { readonly atMs: number; readonly state: MonthState } | undefined
  /** Until when something else was said before it; undefined: nothing was, as far as was looked. */
  readonly toldUntilMs: number | undefined
  /** Bad time of the whole breach, and the part of it that lies in the period. */
  readonly badMs: number
  readonly badInPeriodMs: number
  /** Bad time in which no exporter told. */
  readonly unreportedMs: number
  /** Time between bad moments of which nobody knows. */
  readonly untoldMs: number
  /** How far the deadline had passed at worst; undefined where nobody told. */
  readonly worstMs: number | undefined
}

export type Verdict = 'kept' | 'not_kept' | 'cannot_tell' | 'not_expected'

/** The SLO of a flow over a period; durations in milliseconds, shares of 1. */
export interface Account {
  readonly period: Period
  readonly time: Readonly<Record<MonthState, number>>
  /** Kept and bad time: what the SLO is about, as far as it was told. */
  readonly countedMs: number
  readonly badMs: number
  readonly untoldMs: number
  /** Of the counted time; undefined where there is none. */
  readonly keptRatio: number | undefined
  /** If all the time of which nobody knows was bad, and if all of it was good. */
  readonly atLeastRatio: number | undefined
  readonly atMostRatio: number | undefined
  /** The objective, weighted by time where it changed; undefined where none was exported. */
  readonly objectiveRatio: number | undefined
  /** Each objective with when it came into force; one unless it changed. */
  readonly objectives: readonly { readonly fromMs: number; readonly ratio: number }[]
  /** The bad time that the objective bears in the counted time. */
  readonly errorBudgetMs: number | undefined
  readonly verdict: Verdict
  /** In order; those that have bad time in the period. */
  readonly breaches: readonly Breach[]
}

/** The month of one flow, as one set of recorded series tells it. */
export interface MonthOfFlow {
  readonly flow: string
  /** What else tells its series apart, such as the job that scrapes the exporter. */
  readonly labels: Readonly<Record<string, string>>
  readonly account: Account
  /** Of the period, in order and without holes. */
  readonly stretches: readonly Stretch[]
  /** Between two evaluations of the rules; undefined where too few were found. */
  readonly intervalMs: number | undefined
  /** Over which the objective is configured. */
  readonly windowSeconds: number | undefined
}

/**
 * Sums up what was to be said of a flow.
 * @param stretches of the period, in order and without holes
 * @param around what was looked at before and after the period, to know where breaches began and ended
 */
export function accountOf(
  period: Period,
  stretches: readonly Stretch[],
  around: { readonly before: readonly Stretch[]; readonly after: readonly Stretch[] },
): Account {
  const time = Object.fromEntries(monthStates.map(state => [state, 0])) as Record<MonthState, number>
  for (const { state, fromMs, toMs } of stretches) time[state] += toMs - fromMs
  const badMs = time.breached + time.unreported
  const countedMs = time.kept + badMs
  const untoldMs = time.unjudged + time.no_data
  const objectiveRatio = weightedObjective(stretches)
  const ratios = {
    keptRatio: share(time.kept, countedMs),
    atLeastRatio: share(time.kept, countedMs + untoldMs),
    atMostRatio: share(time.kept + untoldMs, countedMs + untoldMs),
  }
  return {
    period,
    time,
    countedMs,
    badMs,
    untoldMs,
    ...ratios,
    objectiveRatio,
    objectives: objectivesOf(stretches),
    errorBudgetMs: objectiveRatio === undefined ? undefined : (1 - objectiveRatio) * countedMs,
    verdict: verdictOf(ratios, objectiveRatio),
    breaches: breachesOf([...around.before, ...stretches, ...around.after], period).filter(
      ({ badInPeriodMs }) => badInPeriodMs > 0,
    ),
  }
}

/** All breaches, in order. Only something that was told ends one: silence does not. */
function breachesOf(all: readonly Stretch[], period: Period): readonly Breach[] {
  const breaches: Breach[] = []
  let open: Breach | undefined
  let untoldMs = 0
  let toldUntilMs: number | undefined
  for (const stretch of all) {
    if (isUntold(stretch.state)) untoldMs += stretch.toMs - stretch.fromMs
    else if (isBad(stretch.state)) {
      open = grown(open, stretch, { untoldMs, toldUntilMs, period })
      untoldMs = 0
    } else {
      if (open !== undefined) {
        breaches.push({ ...open, ended: { atMs: stretch.fromMs, state: stretch.state } })
      }
      open = undefined
      untoldMs = 0
      toldUntilMs = stretch.toMs
    }
  }
  return open === undefined ? breaches : [...breaches, open]
}

/** A breach with one more bad stretch; the time between that nobody told of belongs to it. */
function grown(
  open: Breach | undefined,
  { fromMs, toMs, state, worstMs }: Stretch,
  before: { readonly untoldMs: number; readonly toldUntilMs: number | undefined; readonly period: Period },
): Breach {
  const ms = toMs - fromMs
  const isInPeriod = fromMs >= before.period.fromMs && toMs <= before.period.toMs
  return {
    fromMs: open?.fromMs ?? fromMs,
    toMs,
    ended: undefined,
    toldUntilMs: open === undefined ? before.toldUntilMs : open.toldUntilMs,
    badMs: (open?.badMs ?? 0) + ms,
    badInPeriodMs: (open?.badInPeriodMs ?? 0) + (isInPeriod ? ms : 0),
    unreportedMs: (open?.unreportedMs ?? 0) + (state === 'unreported' ? ms : 0),
    untoldMs: open === undefined ? 0 : open.untoldMs + before.untoldMs,
    worstMs: largest(open?.worstMs, worstMs),
  }
}

/** Nobody knows of a part of the time: the verdict stands only where that part does not matter. */
function verdictOf(
  { atLeastRatio, atMostRatio }: Pick<Account, 'atLeastRatio' | 'atMostRatio'>,
  objectiveRatio: number | undefined,
): Verdict {
  if (atLeastRatio === undefined || atMostRatio === undefined) return 'not_expected'
  if (objectiveRatio === undefined) return 'cannot_tell'
  if (atLeastRatio >= objectiveRatio) return 'kept'
  return atMostRatio < objectiveRatio ? 'not_kept' : 'cannot_tell'
}

function weightedObjective(stretches: readonly Stretch[]): number | undefined {
  let ms = 0
  let weighted = 0
  for (const { state, fromMs, toMs, objectiveRatio } of stretches) {
    if (!isCounted(state) || objectiveRatio === undefined) continue
    ms += toMs - fromMs
    weighted += (toMs - fromMs) * objectiveRatio
  }
  const [only, ...others] = objectivesOf(stretches)
  if (others.length === 0) return only?.ratio
  return ms === 0 ? others.at(-1)?.ratio : weighted / ms
}

function objectivesOf(stretches: readonly Stretch[]): Account['objectives'] {
  const changes: { fromMs: number; ratio: number }[] = []
  for (const { fromMs, objectiveRatio } of stretches) {
    if (objectiveRatio === undefined || changes.at(-1)?.ratio === objectiveRatio) continue
    changes.push({ fromMs, ratio: objectiveRatio })
  }
  return changes
}

function share(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole
}
