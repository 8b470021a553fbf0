import { evaluateEvery, type Fired } from './firing.ts'
import { type Demand, demandsOf } from './oracle.ts'
import type { World } from './world.ts'

export type ViolationKind = 'lost page' | 'false page' | 'orphaned incident' | 'wrong labels'

export interface Violation {
  readonly kind: ViolationKind
  readonly at: number
  readonly flow: string
  readonly what: string
}

/** A breach that began a page. */
export interface Breach {
  readonly flow: string
  /** When the deadline passed. */
  readonly began: number
  /** From then to the page, in seconds; undefined where a page fired already. */
  readonly delay: number | undefined
  /** Scrapes failed, a process was new, a point was taken back or a maintenance ended just then. */
  readonly isDisturbed: boolean
}

export interface Judgement {
  readonly violations: readonly Violation[]
  readonly breaches: readonly Breach[]
}

/** Alerts about the last days, which outlast what they are about. */
const longAlerts = ['TidemarkRpoBudgetBurnsSlowly', 'TidemarkRpoBudgetExhausted']
const goneAlerts = ['TidemarkFlowUnreported', 'TidemarkExporterDown']
/** So long after everything became well nothing fires any more: the window of the fast burn, and as long as pages stay. */
const settled = 1_800 + 300 + 2 * evaluateEvery

/** Compares what fired in a world with what had to. */
export function judged(world: World, fired: readonly Fired[]): Judgement {
  const violations: Violation[] = []
  const breaches: Breach[] = []
  for (const [index, { plan }] of world.flows.entries()) {
    const demands = demandsOf(world, index)
    const ofFlow = fired.filter(({ labels }) => (labels.get('flow') ?? plan.name) === plan.name)
    violations.push(...violationsOf(plan.name, demands, ofFlow))
    breaches.push(...breachesOf(plan.name, demands, ofFlow))
  }
  return { violations, breaches }
}

function firesAt(fired: readonly Fired[], names: readonly string[]): (at: number) => boolean {
  const chosen = fired.filter(({ labels }) => names.includes(labels.get('alertname') ?? ''))
  return at => chosen.some(one => one.at.has(at))
}

function violationsOf(
  flow: string,
  demands: readonly Demand[],
  fired: readonly Fired[],
): readonly Violation[] {
  const rpo = firesAt(fired, ['TidemarkRpoDeadlinePassed'])
  const burn = firesAt(fired, ['TidemarkRpoBudgetBurnsFast'])
  const gone = firesAt(fired, goneAlerts)
  const violations = new Map<string, Violation>()
  const tell = (kind: ViolationKind, at: number, what: string): void => {
    // Once for each reason: the first instant tells where to look.
    if (!violations.has(kind + what)) violations.set(kind + what, { kind, at, flow, what })
  }
  for (const { at, rpoMust, rpoMay, burnMay, goneMust, goneMay } of demands) {
    if (rpoMust !== undefined && !rpo(at)) tell('lost page', at, `no page of a deadline that is ${rpoMust}`)
    if (goneMust && !gone(at)) tell('lost page', at, 'no page although nobody reports')
    if (!rpoMay && rpo(at)) tell('false page', at, 'a page of a deadline that did not pass')
    if (!burnMay && burn(at)) tell('false page', at, 'a page of a burn without a breach')
    if (!goneMay && gone(at)) tell('false page', at, 'a page that nobody reports')
  }
  for (const violation of [...orphansOf(flow, demands, fired), ...strangersOf(flow, fired)])
    tell(violation.kind, violation.at, violation.what)
  return [...violations.values()]
}

function orphansOf(flow: string, demands: readonly Demand[], fired: readonly Fired[]): readonly Violation[] {
  const end = demands.at(-1)?.at ?? 0
  const unwell = demands.findLast(
    ({ look }) => !look.isWell || look.verdict !== 'kept' || look.isActive !== true,
  )
  if (end - (unwell?.at ?? 0) < settled)
    return [{ kind: 'orphaned incident', at: end, flow, what: 'the world ends before it is well' }]
  return fired
    .filter(({ labels, at }) => at.has(end) && !longAlerts.includes(labels.get('alertname') ?? ''))
    .map(({ labels }) => ({
      kind: 'orphaned incident',
      at: end,
      flow,
      what: `${labels.get('alertname')} fires`,
    }))
}

/** An incident is told from others by its labels: they never change. */
function strangersOf(flow: string, fired: readonly Fired[]): readonly Violation[] {
  return fired
    .filter(({ labels }) => labels.get('flow') === flow && labels.get('tier') !== 'gold')
    .map(({ labels, at }) => ({
      kind: 'wrong labels',
      at: Math.min(...at),
      flow,
      what: `${labels.get('alertname')} without its tier`,
    }))
}

function breachesOf(flow: string, demands: readonly Demand[], fired: readonly Fired[]): readonly Breach[] {
  const rpo = firesAt(fired, ['TidemarkRpoDeadlinePassed'])
  return demands.flatMap(
    ({ at, look: { retractedAt = Number.NEGATIVE_INFINITY }, breachBegins: began }, index) => {
      if (began === undefined) return []
      const page = demands.slice(index).find(later => rpo(later.at))
      const before = demands.slice(Math.max(0, index - 3), index)
      const isDisturbed =
        at - retractedAt < 4 * evaluateEvery ||
        !before.every(({ look }) => look.verdict === 'kept' && look.isActive === true && look.isWell)
      const delay = page === undefined || rpo(at - evaluateEvery) ? undefined : page.at - began
      return [{ flow, began, delay, isDisturbed }]
    },
  )
}
