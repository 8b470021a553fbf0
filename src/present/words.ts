import type { FlowAssessment, PartitionAssessment, Status, TopicAssessment } from '../model/assessment.ts'
import type { PartitionComparison, Tail } from '../model/comparison.ts'
import { type Flow, stateAt } from '../model/flow.ts'
import type { Unknown } from '../model/reading.ts'
import { type ClockReading, type Instant, wallMsOf } from '../model/time.ts'

const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const

/**
 * `42 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`: two units at most. Rounded up, because it is said with "at most"; time
 * that is left is rounded down.
 */
export function duration(ms: number, rounding: 'up' | 'down' = 'up'): string {
  const round = rounding === 'up' ? Math.ceil : Math.floor
  const seconds = Math.max(0, round(ms / 1000))
  if (seconds === 0) return '0 s'
  const index = units.findIndex(([size]) => seconds >= size)
  const [size, name] = units[index] ?? [1, 's']
  const [smaller, smallerName] = units[index + 1] ?? [size, name]
  const total = round(seconds / smaller) * smaller
  const rest = (total % size) / smaller
  const whole = `${Math.floor(total / size)} ${name}`
  return rest === 0 ? whole : `${whole} ${rest} ${smallerName}`
}

/** `10:31:07 UTC`, with the date when it is not the day of `clock`. */
export function timeOfDay(instant: Instant, clock: ClockReading): string {
  const at = new Date(wallMsOf(instant, clock)).toISOString()
  const today = new Date(clock.wallMs).toISOString().slice(0, 10)
  const time = `${at.slice(11, 19)} UTC`
  return at.startsWith(today) ? time : `${at.slice(0, 10)} ${time}`
}

/** `1,204`, for any size. */
export function count(n: number | bigint): string {
  return n.toString().replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** `1,204 records`, `1 record`. */
export function plural(n: number | bigint, word: string): string {
  return `${count(n)} ${word}${n === 1 || n === 1n ? '' : 's'}`
}

/**
 * What would be lost if the source died now, in one sentence. Says "at most" only of what is proven, and never that
 * all is well when something cannot be seen.
 */
export function lossSentence(assessment: FlowAssessment, clock: ClockReading): string {
  const { flow, facts, recoveryPoint, topics } = assessment
  const ifDied = `If ${flow.source} died now`
  if (facts.scopeUnknown !== undefined) {
    return `${ifDied}, nobody can tell what would be lost: ${facts.scopeUnknown.detail}.`
  }
  if (recoveryPoint === undefined) return withoutPoint(assessment, clock, ifDied)
  const since = `(since ${timeOfDay(recoveryPoint, clock)})`
  const exposure = duration(clock.now - recoveryPoint)
  if (assessment.status === 'covered') {
    return `${ifDied}, nothing that it had accepted by ${timeOfDay(recoveryPoint, clock)} would be lost${neverCopied(topics)}; at most ${exposure} of records ${since}.`
  }
  const worst = topics.find(topic => topic.recoveryPoint === recoveryPoint)?.topic ?? 'records'
  const records = totalLag(topics)
  const lost = records === undefined ? '' : `, at most ${plural(records, 'record')}${inAll(topics)}`
  return `${ifDied}, you would lose at most ${exposure} of ${worst} ${since}${lost}${neverCopied(topics)}.`
}

/** The records are of all topics, of which only the worst was named. */
function inAll(topics: readonly unknown[]): string {
  return topics.length === 1
    ? ' as of the last poll'
    : ` in all ${count(topics.length)} topics as of the last poll`
}

/** What a recovery point counts as settled, because it will not come any more. */
function neverCopied(topics: readonly TopicAssessment[]): string {
  const offsets = topics.reduce((sum, { lost, possiblyLost }) => sum + lost + possiblyLost, 0n)
  return offsets === 0n
    ? ''
    : `, besides ${plural(offsets, 'offset')} that ${offsets === 1n ? 'is' : 'are'} lost already or may be`
}

function withoutPoint(assessment: FlowAssessment, clock: ClockReading, ifDied: string): string {
  const { knownRecoveryPoint, topics, unprovenTopics } = assessment
  const unproven = `${ifDied}, no limit to the loss is proven: ${count(unprovenTopics)} of ${plural(topics.length, 'topic')} ${unprovenTopics === 1 ? 'has' : 'have'} no proven recovery point`
  if (knownRecoveryPoint === undefined) return `${unproven}.`
  return `${unproven}; of the others, at most ${duration(clock.now - knownRecoveryPoint)} (since ${timeOfDay(knownRecoveryPoint, clock)}).`
}

/** All records that may be missing, as of the last poll; undefined as soon as one topic's are not known. */
export function totalLag(topics: readonly TopicAssessment[]): bigint | undefined {
  let total = 0n
  for (const { lag } of topics) {
    if (lag === undefined) return undefined
    total += lag
  }
  return total
}

/** Why nobody is paged for a flow; undefined while it is active. */
export function stateSentence(flow: Flow, clock: ClockReading): string | undefined {
  const state = stateAt(flow, clock.wallMs)
  const outside = 'It is observed as ever, but nobody is paged for it and it spends no error budget.'
  if (state.kind === 'active') return undefined
  if (state.kind === 'failed_over') return `Failed over: ${flow.target} has taken over. ${outside}`
  const until = new Date(state.untilMs).toISOString().replace('T', ' ').slice(0, 19)
  return `In maintenance until ${until} UTC (${state.reason}). ${outside}`
}

/** Whether the budget is shown to be kept, in one sentence. */
export function budgetSentence(assessment: FlowAssessment, clock: ClockReading): string {
  return budgetCannotBeProven(assessment)
    ? `${budgetNow(assessment, clock)} It is too small to be shown to be kept all the time: with this flush interval and poll schedule no less than ${duration(assessment.provableExposureMs)} can be.`
    : budgetNow(assessment, clock)
}

function budgetCannotBeProven({ provableExposureMs, topics, flow }: FlowAssessment): boolean {
  return (topics[0]?.budgetMs ?? flow.rpo.budgetMs) < provableExposureMs
}

function budgetNow(assessment: FlowAssessment, clock: ClockReading): string {
  const { deadline, topics, flow } = assessment
  const worst = topics[0]
  const budget = `${duration(worst?.budgetMs ?? flow.rpo.budgetMs)} budget${worst === undefined ? '' : ` of ${worst.topic}`}`
  // Without a proven point nothing is shown to be kept, the deadline only says how long that is accepted.
  const isProven = worst !== undefined && worst.recoveryPoint !== undefined
  if (!isProven && clock.now <= deadline) {
    return `Whether the ${budget} is kept cannot be shown; from ${timeOfDay(deadline, clock)} on, ${duration(deadline - clock.now, 'down')} from now, it counts as passed.`
  }
  return clock.now > deadline
    ? `The ${budget} has not been shown to be kept since ${timeOfDay(deadline, clock)}, ${duration(clock.now - deadline)} ago.`
    : `The ${budget} is shown to be kept until ${timeOfDay(deadline, clock)}, ${duration(deadline - clock.now, 'down')} from now.`
}

/** What a topic's state means, in a few words. */
export function topicSentence(topic: TopicAssessment, clock: ClockReading): string {
  return stateInWords(topic, topic.facts.partitions, clock)
}

/** The same of one partition. */
export function partitionSentence({ status, facts }: PartitionAssessment, clock: ClockReading): string {
  return stateInWords({ ...facts, status }, [facts], clock)
}

interface Judged {
  readonly status: Status
  readonly recoveryPoint: Instant | undefined
  readonly lag: bigint | undefined
  readonly unknown: Unknown | undefined
}

function stateInWords(
  { status, recoveryPoint, lag, unknown }: Judged,
  partitions: readonly PartitionComparison[],
  clock: ClockReading,
): string {
  const since =
    recoveryPoint === undefined
      ? 'no proven recovery point'
      : `at most ${duration(clock.now - recoveryPoint)} (since ${timeOfDay(recoveryPoint, clock)})`
  const records = lag === undefined ? '' : `, at most ${plural(lag, 'record')}`
  switch (status) {
    case 'covered':
      return recoveryPoint === undefined ? since : `nothing missing as of ${timeOfDay(recoveryPoint, clock)}`
    case 'unknown':
      return `${since}; cannot tell now${unknown === undefined ? '' : `: ${unknown.detail}`}`
    case 'pending':
      return `${since}; a new topic that the replicator has not begun yet${records}`
    case 'behind':
    case 'stalled': {
      const cause = causeOf(partitions)
      const still =
        status === 'stalled' ? `; ${cause ?? 'nothing is moving'}` : cause === undefined ? '' : `; ${cause}`
      return `${since}${records}${still}`
    }
  }
}

function causeOf(partitions: readonly PartitionComparison[]): string | undefined {
  const waiting = partitions.find(({ content }) => content?.openTransaction !== undefined)
  if (waiting === undefined) return undefined
  const id = waiting.content?.openTransaction?.producerId
  return `waits for an open transaction${id === undefined ? '' : ` of producer ${id}`}`
}

/** Why the offsets behind a proven position are records or not, in a few words. */
export function tailSentence(tail: Tail): string {
  const { readFrom, readTo, records, copied, markers, isolationLevel, unexplained } = tail
  if (readTo <= readFrom) return `nothing could be read behind offset ${readFrom}`
  const others = readTo - readFrom - BigInt(records + copied + markers)
  const parts = [
    records === 0 ? 'no record without a copy' : `${plural(records, 'record')} without a proven copy`,
    ...(copied > 0 ? [`${plural(copied, 'record')} with a copy`] : []),
    ...(markers > 0 ? [plural(markers, 'transaction marker')] : []),
    ...(others > 0n
      ? [
          `${plural(others, 'offset')} without a record (compacted${isolationLevel === 'read_committed' ? ' or aborted' : ''})`,
        ]
      : []),
  ]
  const foreign =
    unexplained === undefined || unexplained === 0
      ? ''
      : `; on the target ${plural(unexplained, 'record')} without an original on the source`
  return `offsets ${readFrom} to ${readTo - 1n} hold ${parts.join(', ')}${foreign}`
}

/** What is lost, or wrong on the target, a sentence for each topic that has any. */
export function damages({ topics }: FlowAssessment): readonly string[] {
  const damaged = topics.filter(
    ({ lost, possiblyLost, mismatches }) => lost > 0n || possiblyLost > 0n || mismatches > 0,
  )
  return damaged.flatMap(({ topic, lost, possiblyLost, mismatches, facts }) => {
    const causes = [
      ...new Set(facts.partitions.flatMap(({ content }) => content?.losses?.ranges.map(r => r.cause) ?? [])),
    ]
    const why = causes.length === 0 ? '' : ` (${causes.join(', ')})`
    return [
      ...(lost > 0n ? [`${topic}: ${plural(lost, 'offset')} will never be copied${why}.`] : []),
      ...(possiblyLost > 0n
        ? [`${topic}: of ${plural(possiblyLost, 'offset')} it is not excluded that they are lost${why}.`]
        : []),
      ...(mismatches > 0
        ? [
            `${topic}: ${plural(mismatches, 'record')} of the target ${mismatches === 1 ? 'is' : 'are'} not the copy of the record whose place ${mismatches === 1 ? 'it has' : 'they have'}.`,
          ]
        : []),
    ]
  })
}

/** Whether polls have stopped ending, so that a status is about a time long gone. */
export function isStale({ facts }: FlowAssessment, clock: ClockReading, pollMs: number): boolean {
  return clock.now - facts.at > 3 * pollMs
}

/** A clock that was set is worth a line for an hour. */
const jumpSaidForMs = 3_600_000

/** What this process cannot see of a flow, a line each; empty when it sees everything. */
export function blindSpots(
  assessment: FlowAssessment,
  clock: ClockReading,
  pollMs: number,
): readonly string[] {
  const { facts, unknownTopicsByReason, partitionsExpected, partitionsObserved } = assessment
  const lines: string[] = []
  if (isStale(assessment, clock, pollMs))
    lines.push(`No poll has ended for ${duration(clock.now - facts.at)}: statuses and counts are that old.`)
  if (facts.source.unknown !== undefined)
    lines.push(`The source does not answer: ${facts.source.unknown.detail}.`)
  if (facts.target.unknown !== undefined)
    lines.push(`The target does not answer: ${facts.target.unknown.detail}.`)
  if (partitionsObserved < partitionsExpected) {
    lines.push(
      `${count(partitionsExpected - partitionsObserved)} of ${plural(partitionsExpected, 'partition')} cannot be judged.`,
    )
  }
  for (const [reason, topics] of unknownTopicsByReason) {
    const example = assessment.topics.find(t => t.status === 'unknown' && t.unknown?.reason === reason)
    const detail = example?.unknown === undefined ? '' : `: ${example.unknown.detail}`
    const oneOf = topics === 1 || detail === '' ? '' : ', for one'
    lines.push(`${plural(topics, 'topic')} unknown (${reason})${oneOf}${detail}.`)
  }
  const { durable, pairs } = facts.engineUnknown
  if (durable !== undefined) lines.push(`The replicator's positions cannot be read: ${durable.detail}.`)
  if (pairs !== undefined) lines.push(`The replicator's offset syncs cannot be read: ${pairs.detail}.`)
  for (const topic of facts.absentTopics)
    lines.push(`The configuration names ${topic}, which ${assessment.flow.source} does not have.`)
  if (facts.topicsMayBeHidden) {
    lines.push(
      `${assessment.flow.source} has answered "unauthorized": it may have topics that cannot be seen and do not count here.`,
    )
  }
  const { jump, engineAheadMs } = facts.clocks
  if (jump !== undefined && clock.now - jump.at < jumpSaidForMs) {
    const way = jump.byMs > 0 ? 'forward' : 'back'
    lines.push(
      `The wall clock here was set ${way} by ${duration(Math.abs(jump.byMs))} at ${timeOfDay(jump.at, clock)}: times that were shown before are off by that; what is proven is not.`,
    )
  }
  if (engineAheadMs !== undefined) {
    lines.push(
      engineAheadMs > 0
        ? `The replicator's clock is ${duration(engineAheadMs)} ahead of the one here: times of heartbeats and offset syncs, and estimates from record timestamps, are off by that; what is proven is not.`
        : `The newest heartbeat was ${duration(-engineAheadMs)} old when it came: the replicator's clock is behind, or heartbeats take that long.`,
    )
  }
  if (facts.heartbeatUnknown !== undefined)
    lines.push(`Heartbeats cannot be read: ${facts.heartbeatUnknown.detail}.`)
  return lines
}
