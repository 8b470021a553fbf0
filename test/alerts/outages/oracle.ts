import { evaluateEvery } from './firing.ts'
import { heardUntil, type Look, lookAt } from './look.ts'
import type { World } from './world.ts'

/** What has to fire, may fire and must not, of one flow at one evaluation. */
export interface Demand {
  readonly at: number
  readonly look: Look
  /** Why the page of the deadline has to fire; undefined: it does not have to. */
  readonly rpoMust: 'breached' | 'held' | 'not shown to be kept' | undefined
  readonly rpoMay: boolean
  readonly burnMay: boolean
  /** One of the pages that say that nobody reports has to fire, or may. */
  readonly goneMust: boolean
  readonly goneMay: boolean
  /** When the deadline passed of which the page begins here. */
  readonly breachBegins: number | undefined
}

const restart = 120
const goneFor = 60
const keepFiring = 300
const slack = 60
/** What a replica said counts for as long as its restart may take. */
const wordCounts = restart

/** Goes through the evaluations of a flow in their order and tells of each what it demands. */
export function demandsOf(world: World, flowIndex: number): readonly Demand[] {
  const flow = world.flows[flowIndex]
  if (flow === undefined) throw new Error(`no flow ${flowIndex}`)
  const memory = new Memory(flow.plan.budget, flow.plan.maintenance?.to)
  const demands: Demand[] = []
  for (let at = 0; at <= world.plan.until; at += evaluateEvery) {
    const lookWith = (wordCounts: number): Look =>
      lookAt(at, flow.plan, heardUntil(at, world.replicas, wordCounts), memory.retractedAt)
    const [look, doubtful] = [lookWith(wordCounts + evaluateEvery), lookWith(wordCounts - evaluateEvery)]
    demands.push(memory.after(look, doubtful, flow.truth[at] ?? 0))
  }
  return demands
}

/** What has to be remembered from evaluation to evaluation. */
class Memory {
  readonly #budget: number
  readonly #maintenanceEnds: number | undefined
  #deadline: number | undefined
  #retractedAt: number | undefined
  #isExpected = false
  #expectedSince = 0
  #wasShown = false
  #isHeld = false
  #lateSince: number | undefined
  #breachedAt = Number.NEGATIVE_INFINITY
  #heldAt = Number.NEGATIVE_INFINITY
  #usableAt = Number.NEGATIVE_INFINITY
  #goneAt = Number.NEGATIVE_INFINITY
  #answered: { readonly recently: boolean; readonly since: number } = { recently: false, since: 0 }
  #answeredAt = Number.NEGATIVE_INFINITY

  constructor(budget: number, maintenanceEnds: number | undefined) {
    this.#budget = budget
    this.#maintenanceEnds = maintenanceEnds
  }

  /** When a point was last taken back. */
  get retractedAt(): number | undefined {
    return this.#retractedAt
  }

  /** `doubtful` is what is seen when words count for a little shorter. */
  after(look: Look, doubtful: Look, truth: number): Demand {
    const { at, verdict, isActive, isInformed } = look
    this.#learn(look)
    const isLate = truth + this.#budget < at
    const isBreached = verdict === 'breached' && isActive === true
    // Nothing has shown since that the budget is kept again, and either it is not or nobody can tell.
    const isNotKept = (this.#deadline === undefined ? isLate : this.#deadline < at) && (isLate || !isInformed)
    const wasShown = this.#wasShown
    this.#wasShown = this.#isExpected && isActive !== false && (isBreached || (wasShown && isNotKept))
    if (verdict !== 'nothing' && isActive !== undefined) this.#isHeld = isBreached
    // An exporter whose clock is behind says for longer that a maintenance goes on.
    const mayBeExpected = this.#isExpected || this.#hasEnded(at)
    // Of all that was exported nothing shows that the budget is kept.
    const isUnshown = mayBeExpected && this.#deadline !== undefined && this.#deadline < at
    const mayBeBreached = this.#isExpected && isActive === true && doubtful.verdict === 'breached'
    if (mayBeBreached || (isUnshown && isActive === true)) this.#breachedAt = at
    if (isUnshown || mayBeBreached || (this.#isExpected && this.#isHeld)) this.#heldAt = at
    const isSilent = isNotKept && this.#isExpected && isActive === true && verdict !== 'nothing'
    this.#lateSince = isSilent ? (this.#lateSince ?? at) : undefined
    return {
      at,
      look,
      rpoMust: this.#rpoMust(at, isBreached),
      rpoMay: this.#heldAt >= at - keepFiring - slack,
      burnMay: this.#breachedAt >= at - keepFiring - 1_800 - slack,
      ...this.#gone(look),
      breachBegins: this.#wasShown && !wasShown ? this.#begin(at) : undefined,
    }
  }

  #learn({ at, isActive, groundedDeadline, retractedAt }: Look): void {
    if (retractedAt !== undefined && retractedAt > (this.#retractedAt ?? Number.NEGATIVE_INFINITY)) {
      this.#retractedAt = retractedAt
      this.#deadline = undefined
    }
    if (groundedDeadline !== undefined)
      this.#deadline = Math.max(groundedDeadline, this.#deadline ?? Number.NEGATIVE_INFINITY)
    const isExpected = isActive ?? (this.#hasEnded(at) || this.#isExpected)
    if (isExpected !== this.#isExpected) this.#expectedSince = at
    this.#isExpected = isExpected
  }

  #hasEnded(at: number): boolean {
    return this.#maintenanceEnds !== undefined && this.#maintenanceEnds < at
  }

  #rpoMust(at: number, isBreached: boolean): Demand['rpoMust'] {
    if (!this.#isExpected) return undefined
    if (isBreached) return 'breached'
    if (this.#wasShown) return 'held'
    return this.#lateSince !== undefined && at - this.#lateSince > keepFiring
      ? 'not shown to be kept'
      : undefined
  }

  #gone({ at, verdict, answers }: Look): Pick<Demand, 'goneMust' | 'goneMay'> {
    if (verdict !== 'nothing') this.#usableAt = at
    if (answers) this.#answeredAt = at
    const recently = this.#answeredAt >= at - restart
    // Another alert is due then, which waits anew.
    if (recently !== this.#answered.recently) this.#answered = { recently, since: at }
    const isGone = this.#usableAt < at - restart
    if (this.#usableAt <= at - restart) this.#goneAt = at
    const since = Math.max(
      this.#usableAt + restart + evaluateEvery,
      this.#answered.since,
      recently ? this.#expectedSince + restart : 0,
    )
    return {
      goneMust: isGone && (this.#isExpected || !recently) && at >= since + goneFor,
      goneMay: this.#goneAt >= at - keepFiring - slack,
    }
  }

  #begin(at: number): number {
    const passed = Math.min(this.#deadline ?? at, at)
    const ended = this.#maintenanceEnds ?? 0
    return ended <= at ? Math.max(passed, ended) : passed
  }
}
