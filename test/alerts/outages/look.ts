import type { FlowSight, Scrape } from './exporter.ts'
import type { FlowPlan } from './plan.ts'
import { deadlineOf, isGrounded, type View } from './view.ts'

/** What Prometheus has of a flow at an instant, and what follows from that by docs/adr/0009-alerts-from-replicas.md. */
export interface Look {
  readonly at: number
  /** Of the deadline of the replicas that count; nothing: there is none. */
  readonly verdict: 'breached' | 'kept' | 'nothing'
  /** Undefined while nobody says. */
  readonly isActive: boolean | undefined
  /** A replica answered, whatever it said. */
  readonly answers: boolean
  /** A replica whose clock is right knows how far the replication is. */
  readonly isInformed: boolean
  /** The newest deadline that rests on the replication, and not only on the start of a process. */
  readonly groundedDeadline: number | undefined
  readonly retractedAt: number | undefined
  /** All replicas answer, see both clusters and have the right time. */
  readonly isWell: boolean
}

/** Clocks that differ by so much make timestamps useless; an observation that much older is an old view. */
const clockTolerance = 5
const oldView = 60
/** A sample counts for so long when no other follows. */
const lookback = 300

interface Witness {
  readonly scrapedAt: number
  readonly ahead: number
  readonly view: View
}

/** What a replica gave: its last scrape, and the older ones of which the word still counts. */
interface Heard {
  readonly latest: Scrape | undefined
  readonly recent: readonly Scrape[]
}

/** What the replicas gave until an instant, with what is at most `wordCounts` seconds old. */
export function heardUntil(
  at: number,
  replicas: readonly { readonly scrapes: readonly Scrape[] }[],
  wordCounts: number,
): readonly Heard[] {
  return replicas.map(({ scrapes }) => {
    const count = countUntil(scrapes, at)
    const latest = scrapes[count - 1]
    return {
      latest: latest === undefined || latest.at <= at - lookback ? undefined : latest,
      recent: scrapes.slice(countUntil(scrapes, at - wordCounts), count),
    }
  })
}

/** How many of these scrapes were made until an instant. */
function countUntil(scrapes: readonly Scrape[], at: number): number {
  let [low, high] = [0, scrapes.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((scrapes[middle]?.at ?? Number.POSITIVE_INFINITY) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** `retractedBefore`: when a point was last taken back as far as anything was exported until then. */
export function lookAt(
  at: number,
  flow: FlowPlan,
  heard: readonly Heard[],
  retractedBefore: number | undefined,
): Look {
  const answered = heard.flatMap(({ latest }) => (typeof latest?.found === 'object' ? [latest.found] : []))
  const witnesses = heard.flatMap(({ latest }) => witnessOf(latest, flow.name))
  const retractedAt = largest([
    retractedBefore,
    ...witnesses.map(({ view, ahead }) => shifted(view.retractedAt, ahead)),
  ])
  const isUpToDate = (witness: Witness): boolean => !isBefore(observed(witness), retractedAt)
  const upToDate = witnesses.filter(isUpToDate)
  const counts = countedBy(upToDate)
  const counted = upToDate.filter(counts)
  const words = heard
    .flatMap(({ recent }) => recent.flatMap(scrape => witnessOf(scrape, flow.name)))
    .filter(witness => isUpToDate(witness) && counts(witness) && isGrounded(witness.view))
  const slack =
    counted.length === 0
      ? undefined
      : largest([
          ...counted.map(witness => deadline(witness, flow) - witness.scrapedAt),
          ...words.map(witness => deadline(witness, flow) - at),
        ])
  return {
    at,
    verdict: slack === undefined ? 'nothing' : slack < 0 ? 'breached' : 'kept',
    isActive: activeIn(answered.map(({ flows }) => flows.get(flow.name))),
    answers: answered.length > 0,
    isInformed: witnesses.some(
      witness => witness.view.isInformed && (observed(witness) ?? 0) > at - oldView - 2 * 15,
    ),
    groundedDeadline: largest(
      counted.filter(({ view }) => isGrounded(view)).map(witness => deadline(witness, flow)),
    ),
    retractedAt,
    isWell: heard.length === witnesses.length && witnesses.every(({ view }) => view.isInformed),
  }
}

function witnessOf(scrape: Scrape | undefined, flow: string): readonly Witness[] {
  if (typeof scrape?.found !== 'object') return []
  const { ahead, flows } = scrape.found
  const view = flows.get(flow)?.view
  return view === undefined || Math.abs(ahead) >= clockTolerance
    ? []
    : [{ scrapedAt: scrape.at, ahead, view }]
}

function observed({ view, ahead }: Witness): number | undefined {
  return shifted(view.observedAt, ahead)
}

/** Not those that have more topics without a proven point than another one which sees as much. */
function countedBy(witnesses: readonly Witness[]): (witness: Witness) => boolean {
  const newest = largest(witnesses.map(observed))
  const seeing = witnesses.filter(
    witness => newest === undefined || !isBefore(observed(witness), newest - oldView),
  )
  const knows = seeing.some(({ view }) => view.point !== undefined)
  return ({ view }) => !knows || view.point !== undefined
}

function activeIn(sights: readonly (FlowSight | undefined)[]): boolean | undefined {
  return sights.length === 0 ? undefined : sights.some(sight => sight?.isInMaintenance === false)
}

function deadline({ view, ahead }: Witness, { budget }: FlowPlan): number {
  return deadlineOf(view, budget) + ahead
}

function shifted(instant: number | undefined, by: number): number | undefined {
  return instant === undefined ? undefined : instant + by
}

function isBefore(instant: number | undefined, other: number | undefined): boolean {
  return instant !== undefined && other !== undefined && instant < other
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter(value => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
