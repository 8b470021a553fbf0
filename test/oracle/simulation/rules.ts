import { maxRanges } from '../../../src/compare/losses.ts'
import type { TopicAssessment } from '../../../src/model/assessment.ts'
import type { LostRange, PartitionComparison } from '../../../src/model/comparison.ts'
import type { IsolationLevel } from '../../../src/model/flow.ts'
import type { SimulatedTopic } from './cluster.ts'
import type { Entry } from './partitionLog.ts'
import type { PartitionTruth } from './truth.ts'

export const rules = [
  'point newer than the truth',
  'point past losses that were not counted',
  'lag below the truth',
  'covered while something is missing',
  'missing records above the truth',
  'lost, but on the target',
  'lost, but copied later',
  'losses of a former topic not counted',
] as const
export type Rule = (typeof rules)[number]

export interface Violation {
  readonly rule: Rule
  readonly topic: string
  readonly detail: string
}

/** One topic of one poll, and what is needed to hold it against the truth. */
export interface Sample {
  readonly assessment: TopicAssessment
  /** t0 of the source's listing, and the instant at which the poll had ended. */
  readonly t0: number
  readonly endedAt: number
  /** The identity that was assessed. */
  readonly topic: SimulatedTopic
  /** Identities that this exporter saw before, oldest first. */
  readonly formers: readonly SimulatedTopic[]
  readonly isolation: IsolationLevel
  /** What was taken from the target later, this exporter could not know. */
  readonly targetReadAt: number
  /** In how many polls a loss behind the point was not counted yet; added to. */
  readonly uncounted: Map<Entry, number>
  /** Whether an offset lies in a gap between two pairs. */
  readonly isInGap: (partition: number, offset: number) => boolean
  readonly pollMs: number
  /** No records are read, so that a gap may be markers. */
  readonly isBlind: boolean
  /** So many polls may be needed to look at what may be a loss, within the byte budget. */
  readonly latePolls: number
}

export interface Judged {
  readonly violations: readonly Violation[]
  /** Records that the replicator stepped over as it was told to, behind the point and not found yet. */
  readonly steppedOver: number
  /** Losses behind the point that were not counted in this poll, and may be in the next. */
  readonly countedLate: number
  /** Records behind the point that were passed over before this exporter started. */
  readonly unknowable: number
  /** Records behind the point that only reading them would show: gaps that may be markers, copies lost unseen. */
  readonly hidden: number
  /** True number of records that are to come and are not there, at the end of the poll. */
  readonly trulyMissing: number
  /** The newest instant by which everything accepted was there, at the end of the poll. */
  readonly truePoint: number
}

/** Holds one sample against the truth: what may be said, and what may not. */
export function judge(sample: Sample): Judged {
  const violations: Violation[] = []
  const { assessment, topic, t0, endedAt } = sample
  const say = (rule: Rule, detail: string): void => {
    violations.push({ rule, topic: topic.name, detail })
  }
  let [steppedOver, countedLate, unknowable, hidden, trulyMissing, mostMissing] = [0, 0, 0, 0, 0, 0]
  let truePoint = endedAt
  let allMissing = 0
  for (const [number, truth] of topic.truths.entries()) {
    const partition = assessment.facts.partitions.find(it => it.partition === number)
    const name = `${topic.name}-${number}`
    mostMissing += truth.missing.size + truth.copiedInPoll + truth.compactedUncopied
    const ranges = partition?.content?.losses?.ranges ?? []
    const lost = ranges.filter(range => !range.former)
    // Of very many ranges the oldest are counted and told no longer.
    const areSomeUntold = ranges.length >= maxRanges
    let missing = 0
    for (const entry of truth.missing) {
      if (isUnseenLoss(entry, sample)) continue
      // What an unclean election took, is of the log as it was before.
      const isLost = areSomeUntold || isCounted(entry, entry.gone === 'truncated' ? ranges : lost)
      if (entry.gone === undefined && !isLost) {
        trulyMissing += 1
        truePoint = Math.min(truePoint, entry.writtenAt)
      }
      if (entry.offset < truth.unknowableBelow) {
        unknowable += 1
        continue
      }
      if (isLost) continue
      const point = assessment.recoveryPoint
      const isBehindPoint = point !== undefined && entry.writtenAt <= point
      if (sample.isBlind && sample.isInGap(number, entry.offset)) {
        if (isBehindPoint) hidden += 1
        continue
      }
      // Deleted before two polls had seen it, and what else the target got hides the gap.
      const wasShort = entry.gone === 'expired' && entry.goneAt - entry.writtenAt <= 2 * sample.pollMs
      if (wasShort && !sample.isInGap(number, entry.offset)) {
        if (isBehindPoint) hidden += 1
        continue
      }
      if (entry.lostCopyWasUnseen) {
        // The engine's word for it is all there is, unless a pair shows the gap; a lap of the audit finds it as well.
        if (!sample.isInGap(number, entry.offset)) {
          if (isBehindPoint) hidden += 1
          continue
        }
        if (isBehindPoint && isEarly(entry, sample, sample.latePolls)) {
          countedLate += 1
          continue
        }
      }
      // Of a log that was cut off, the engine may still say what it copied before: until it is seen to have gone back.
      const isGivenAgain =
        entry.gone === undefined && entry.offset < (topic.partitions[number]?.givenAgainBelow ?? 0)
      if (isGivenAgain && isEarly(entry, sample, 2)) {
        countedLate += 1
        continue
      }
      if (entry.gone === undefined && !entry.isSteppedOver && entry.writtenAt <= t0) missing += 1
      if (!isBehindPoint) continue
      const what = `${name}: record ${entry.offset}, accepted at ${at(entry.writtenAt)}, is not on the target, the point is ${at(point)}`
      if (entry.isSteppedOver) steppedOver += 1
      else if (entry.gone === 'expired' || entry.gone === 'truncated') {
        if (isEarly(entry, sample, sample.latePolls)) countedLate += 1
        else say('point past losses that were not counted', `${what} (${entry.gone} at ${at(entry.goneAt)})`)
      } else say('point newer than the truth', what)
    }
    allMissing += missing
    if (partition === undefined) continue
    if (partition.lag !== undefined && partition.lag < BigInt(missing)) {
      say('lag below the truth', `${name}: lag ${partition.lag}, but ${missing} records are missing`)
    }
    for (const { rule, detail } of lostOnTarget(truth, lost)) say(rule, `${name}: ${detail}`)
  }
  if (assessment.lag !== undefined && assessment.lag < BigInt(allMissing)) {
    say('lag below the truth', `${topic.name}: lag ${assessment.lag}, but ${allMissing} records are missing`)
  }
  if (assessment.status === 'covered' && allMissing > 0) {
    say('covered while something is missing', `${topic.name}: ${allMissing} records are missing`)
  }
  if (assessment.missingRecords !== undefined && assessment.missingRecords > mostMissing) {
    const said = `${topic.name}: ${assessment.missingRecords} records are said to be missing, at most ${mostMissing} are`
    say('missing records above the truth', said)
  }
  const former = sample.formers.reduce((sum, it) => sum + lostWith(it, sample), 0)
  if (assessment.recoveryPoint !== undefined && assessment.lost + assessment.possiblyLost < BigInt(former)) {
    const counted = `${assessment.lost} and ${assessment.possiblyLost} are counted`
    say(
      'losses of a former topic not counted',
      `${topic.name}: ${former} records were lost with it, ${counted}`,
    )
  }
  return {
    violations: unique(violations),
    steppedOver,
    countedLate,
    unknowable,
    hidden,
    trulyMissing,
    truePoint,
  }
}

/** Whether so many polls have not passed yet since this was first seen to be behind the point, or nearly so. */
function isEarly(entry: Entry, { uncounted }: Sample, polls: number): boolean {
  const before = uncounted.get(entry) ?? 0
  uncounted.set(entry, before + 1)
  return before < polls
}

/** Not to be copied, never seen, or lost where nobody could see it. */
function isUnseenLoss({ transaction, wasUnseen, uncopiedAt, gone, goneAt }: Entry, sample: Sample): boolean {
  if (sample.isolation === 'read_committed' && transaction?.state === 'aborted') return true
  if (wasUnseen) return true
  if (uncopiedAt === undefined) return false
  // What the source had deleted already, it could not copy again.
  return uncopiedAt >= sample.targetReadAt || (gone !== undefined && goneAt <= uncopiedAt)
}

function isCounted({ offset, gone }: Entry, ranges: readonly LostRange[]): boolean {
  const at = BigInt(offset)
  return ranges.some(
    ({ from, to, cause }) => at >= from && at < to && (cause !== 'truncated' || gone === 'truncated'),
  )
}

/** Certain losses of which the target has a copy. */
function lostOnTarget(
  truth: PartitionTruth,
  ranges: readonly LostRange[],
): readonly { readonly rule: Rule; readonly detail: string }[] {
  return ranges
    .filter(({ certain }) => certain)
    .flatMap(({ from, to, cause, foundAt }) => {
      const copied = truth
        .between(Number(from), Number(to))
        .filter(({ copies, gone }) => copies > 0 && (cause === 'truncated') === (gone === 'truncated'))
      const before = copied.filter(({ copiedAt }) => (copiedAt ?? 0) < foundAt)
      const [first] = before.length > 0 ? before : copied
      if (first === undefined) return []
      const range = `offsets ${from} to ${to} are said to be lost (${cause}, found at ${at(foundAt)})`
      return {
        rule: before.length > 0 ? ('lost, but on the target' as const) : ('lost, but copied later' as const),
        detail: `${range}, but ${copied.length} have copies, the first ${first.offset} since ${at(first.copiedAt ?? 0)}`,
      }
    })
}

/** Records of a former identity that were there to be seen and never copied. */
function lostWith(topic: SimulatedTopic, sample: Sample): number {
  let count = 0
  for (const [number, truth] of topic.truths.entries()) {
    const told = topic.partitions[number]?.toldEnd ?? 0
    for (const entry of truth.missing) {
      const isHere = entry.gone === undefined && entry.offset < told && entry.offset >= truth.unknowableBelow
      if (isHere && !entry.isSteppedOver && entry.uncopiedAt === undefined && !isUnseenLoss(entry, sample))
        count += 1
    }
  }
  return count
}

function unique(violations: readonly Violation[]): readonly Violation[] {
  const first = new Map<string, Violation>()
  for (const violation of violations) {
    const key = `${violation.rule}/${violation.topic}`
    if (!first.has(key)) first.set(key, violation)
  }
  return [...first.values()]
}

function at(instant: number): string {
  return `${(instant / 1_000).toFixed(3)} s`
}

/** What a poll knew of one partition, in a line. */
export function partitionLine(topic: string, partition: PartitionComparison): string {
  const { position, highWatermark, recoveryPoint, lag, unknown, content } = partition
  const tail = content?.tail
  const parts = [
    `${topic}-${partition.partition}: high watermark ${highWatermark?.highWatermark}`,
    `proven ${position.proven} (${position.basis})`,
    `durable ${position.durable}`,
    `pair ${position.pair === undefined ? 'none' : `${position.pair.source} -> ${position.pair.target}`}`,
    `target end ${partition.targetEnd}`,
    `point ${recoveryPoint === undefined ? 'none' : at(recoveryPoint)}`,
    `lag ${lag}`,
  ]
  if (unknown !== undefined) parts.push(`unknown: ${unknown.reason}`)
  if (position.discarded !== undefined) parts.push(`discarded: ${position.discarded.reason}`)
  if (tail !== undefined) {
    parts.push(
      `tail ${tail.readFrom}/${tail.from}-${tail.readTo}: ${tail.records} records, ${tail.missing} missing`,
    )
  }
  const audit = content?.audit
  if (audit !== undefined) {
    const goesOn =
      audit.next === undefined ? 'ended' : `goes on at ${audit.next.source} -> ${audit.next.target}`
    parts.push(`audit ${audit.outcome} (${goesOn}, unique down to ${audit.uniqueDownTo}): ${audit.detail}`)
  }
  const gaps = content?.gaps ?? []
  if (gaps.length > 0) parts.push(`${gaps.length} gaps`)
  for (const { from, to, cause, certain, former } of content?.losses?.ranges ?? []) {
    parts.push(`${certain ? 'lost' : 'possibly lost'} ${from}-${to} ${cause}${former ? ' (former)' : ''}`)
  }
  return parts.join(', ')
}
