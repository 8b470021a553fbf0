import type {
  Audit,
  AuditOutcome,
  Content,
  FlowComparison,
  LostRange,
  Mismatch,
  OpenGap,
  OpenTransaction,
  PartitionComparison,
  Position,
} from '../model/comparison.ts'
import type { Inspection, InspectionResult, OffsetRange, RecordWindow } from '../model/inspection.ts'
import { isKnown, unknownOf, valueIfKnown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import type { CompareContext } from './context.ts'
import { matchStretch, type StretchMatch } from './copy.ts'
import { isCopy } from './fingerprints.ts'
import { withPartitions } from './flow.ts'
import { headOf } from './head.ts'
import { copyBound } from './history.ts'
import { behindGap, noContent } from './leftBehind.ts'
import { withLoss } from './losses.ts'
import { max, min } from './offsets.ts'
import { withContent } from './partition.ts'
import { adopted, durableWithin, raisedTo } from './position.ts'

const mismatchesKept = 8
/** Target offsets that are searched for the next copy: more than a replicator sends again between two commits. */
const longestSearch = 100_000n

/** The comparison after the records of some partitions were read in the same poll. */
export function withFindings(
  comparison: FlowComparison,
  results: readonly InspectionResult[],
  rotation: number,
  context: CompareContext,
): FlowComparison {
  if (results.length === 0) return comparison.rotation === rotation ? comparison : { ...comparison, rotation }
  const audits = { ...comparison.audits }
  const changed = new Map<string, Map<number, PartitionComparison>>()
  for (const result of results) {
    const { topic, partition: number } = result.inspection
    const partitions = changed.get(topic) ?? new Map<number, PartitionComparison>()
    const before =
      partitions.get(number) ?? comparison.topics.get(topic)?.partitions.find(p => p.partition === number)
    if (before === undefined) continue
    const { partition, outcome } = afterInspection(before, result, comparison.source.t0, context)
    if (outcome !== undefined) audits[outcome] += 1
    partitions.set(number, partition)
    changed.set(topic, partitions)
  }
  return { ...withPartitions(comparison, changed), audits, rotation }
}

interface Inspected {
  readonly partition: PartitionComparison
  readonly outcome: AuditOutcome | undefined
}

function afterInspection(
  before: PartitionComparison,
  result: InspectionResult,
  t0: Instant,
  context: CompareContext,
): Inspected {
  const content = before.content ?? noContent
  if (!isKnown(result.source)) {
    const unreadable = unknownOf(result.source)
    return { partition: { ...before, content: { ...content, unreadable } }, outcome: 'unreadable' }
  }
  return result.inspection.purpose === 'head'
    ? afterHead(before, content, result.source.value, result, t0, context)
    : afterStretch(before, content, result.source.value, result, t0, context)
}

function afterHead(
  before: PartitionComparison,
  content: Content,
  source: RecordWindow,
  result: InspectionResult,
  t0: Instant,
  { flow }: CompareContext,
): Inspected {
  const { position, highWatermark: seen, history } = before
  if (seen === undefined || position.discarded !== undefined) return { partition: before, outcome: undefined }
  const { isolationLevel } = flow.replicator
  const target = valueIfKnown(result.target)
  const isContinued =
    result.inspection.target === undefined && result.inspection.source.from > position.proven
  const head = headOf({
    proven: position.proven,
    highWatermark: seen.highWatermark,
    isolationLevel,
    copies: copyBound(history, position.proven),
    durable: durableWithin(position, seen.highWatermark),
    source,
    target,
    targetEnd: before.targetEnd,
    before: isContinued ? content.tail : undefined,
    at: result.at,
  })
  const raised = raisedTo(position, head.position, 'content')
  const { logStart } = source
  const expired: LostRange = {
    from: position.proven,
    to: logStart < seen.highWatermark ? logStart : seen.highWatermark,
    cause: 'expired',
    // What the engine fetched before it was deleted it may copy yet.
    certain: false,
    foundAt: result.at,
    former: false,
  }
  const next: Content = {
    ...content,
    tail: head.tail,
    losses: expired.from < expired.to ? withLoss(content.losses, expired) : content.losses,
    hasPhantoms: content.hasPhantoms || head.tail.markers > 0,
    openTransaction:
      isolationLevel === 'read_committed' ? openTransactionOf(source, seen.highWatermark, result) : undefined,
    unreadable: result.target === undefined ? undefined : unknownOf(result.target),
  }
  return {
    partition: withContent({ ...before, logStart }, raised, next, t0),
    outcome:
      result.target === undefined
        ? undefined
        : target === undefined
          ? 'unreadable'
          : head.pair === undefined && head.tail.records > 0
            ? 'inconclusive'
            : 'proven',
  }
}

function highest(offsets: readonly bigint[]): bigint | undefined {
  return offsets.reduce<bigint | undefined>(
    (top, it) => (top === undefined || it > top ? it : top),
    undefined,
  )
}

function openTransactionOf(
  { lastStableOffset }: RecordWindow,
  highWatermark: bigint,
  { inspection, producers }: InspectionResult,
): OpenTransaction | undefined {
  if (lastStableOffset >= highWatermark) return undefined
  const name = `${inspection.topic}-${inspection.partition}`
  const producer = valueIfKnown(producers)?.find(p => p.openTransactionFrom !== undefined)
  const why = producers === undefined ? undefined : unknownOf(producers)
  const waits = `${name}: an open transaction begins at offset ${lastStableOffset}, and the replicator reads committed records only`
  return {
    lastStableOffset,
    producerId: producer?.producerId,
    wroteAtMs: producer?.lastTimestampMs,
    detail: why === undefined ? waits : `${waits} (its producer is not known: ${why.detail})`,
  }
}

function afterStretch(
  before: PartitionComparison,
  content: Content,
  source: RecordWindow,
  result: InspectionResult,
  t0: Instant,
  { pollMs }: CompareContext,
): Inspected {
  const read = valueIfKnown(result.target)
  if (read === undefined) {
    const unreadable = result.target === undefined ? undefined : unknownOf(result.target)
    return { partition: { ...before, content: { ...content, unreadable } }, outcome: 'unreadable' }
  }
  const target = fromOffset(read, before.position.discarded?.copiesFrom)
  const { inspection } = result
  const name = `${inspection.topic}-${inspection.partition}`
  const isGap = inspection.purpose === 'gap'
  if (!isReadToItsEnd(source, inspection.source) || !isReadToItsEnd(target, inspection.target)) {
    // Their ends belong together, and one of them is not in sight: smaller stretches next time.
    const sized = { ...content, audit: withSize(content.audit, source, t0) }
    const next = isGap
      ? withoutGapsThatAreTooLarge(sized, source, result, t0 - gapPatiencePolls * pollMs)
      : sized
    return { partition: { ...before, content: next }, outcome: 'inconclusive' }
  }
  const wantsUnique = before.position.discarded !== undefined
  const found = matchStretch(source, target, { wantsUnique, endsTogether: inspection.top?.isEnds === true })
  // Records that look alike may have been taken for one another: what seems to be missing between them is no finding.
  const match =
    found.isTelling || wantsUnique ? found : { ...found, skipped: isGap ? found.skipped : [], mismatches: [] }
  const isCertain = found.isTelling && !mayHaveOtherCopies(source, target)
  const {
    audit,
    losses: seen,
    boundary,
  } = auditAfter(content.audit, match, { source, target, result, before, name, isCertain })
  const isLookedAt = ({ before: end }: OpenGap): boolean => end.source < (inspection.source.to ?? 0n)
  const looked = isGap ? content.gaps.filter(isLookedAt) : []
  const gapLosses = lostInGaps({ ...content, gaps: looked }, match, source, target, result.at)
  const losses = [...seen, ...gapLosses].reduce(withLoss, content.losses)
  const next: Content = {
    ...content,
    // A look at a gap is not a step of the rotation.
    audit: isGap ? withMismatches(content.audit, audit) : audit,
    losses,
    gaps: content.gaps.filter(gap => !looked.includes(gap)),
    hasPhantoms: content.hasPhantoms || (isGap && match.skipped.length === 0 && gapLosses.length === 0),
    unreadable: undefined,
  }
  const adoption =
    before.position.discarded === undefined ? undefined : adoptionOf(before, boundary, audit, source)
  const { logStart } = source
  if (adoption === undefined) {
    return { partition: { ...before, logStart, content: next }, outcome: audit.outcome }
  }
  const adoptedContent = { ...next, losses: adoption.losses.reduce(withLoss, losses) }
  return {
    partition: withContent({ ...before, logStart }, adoption.position, adoptedContent, t0),
    outcome: audit.outcome,
  }
}

/** The window without what lies below an offset, as if the log began there. */
function fromOffset(window: RecordWindow, offset: bigint | undefined): RecordWindow {
  if (offset === undefined) return window
  const { from, logStart, readTo } = window
  return {
    ...window,
    records: window.records.filter(record => record.offset >= offset),
    from: max(from, min(offset, readTo)),
    logStart: max(logStart, offset),
  }
}

/** Polls for which it is tried to read around a gap. */
const gapPatiencePolls = 5

/** Gaps that could not be read to their end in many polls are no longer waited for: all of them may be lost. */
function withoutGapsThatAreTooLarge(
  content: Content,
  source: RecordWindow,
  { inspection, at }: InspectionResult,
  since: Instant,
): Content {
  const given = content.gaps.filter(
    gap => gap.since < since && gap.before.source < (inspection.source.to ?? 0n),
  )
  if (given.length === 0) return content
  const losses = given.flatMap((gap): LostRange[] => {
    const [from, to] = [behindGap(gap), gap.before.source]
    const cause = to <= source.logStart ? ('expired' as const) : ('skipped' as const)
    return from < to ? [{ from, to, cause, certain: false, foundAt: at, former: false }] : []
  })
  return {
    ...content,
    gaps: content.gaps.filter(gap => !given.includes(gap)),
    losses: losses.reduce<Content['losses']>(withLoss, content.losses),
  }
}

interface StretchFacts {
  readonly source: RecordWindow
  readonly target: RecordWindow
  readonly result: InspectionResult
  readonly before: PartitionComparison
  readonly name: string
  /** Whether what has no copy in its place has none anywhere. */
  readonly isCertain: boolean
}

/** More offsets on the target than on the source: records were sent again, so that a copy may lie further down. */
function mayHaveOtherCopies(source: RecordWindow, target: RecordWindow): boolean {
  return target.readTo > source.readTo
}

/**
 * What the engine skipped because the source had deleted it: behind what lies on the target between the two pairs, up
 * to where it went on. Certain where offsets count records; else markers may stand among what was copied.
 */
function lostInGaps(
  { gaps, hasPhantoms }: Content,
  { lowest, unplaced, isTelling, skipped: steppedOver }: StretchMatch,
  source: RecordWindow,
  target: RecordWindow,
  at: Instant,
): readonly LostRange[] {
  const expired = (from: bigint, to: bigint, certain: boolean): LostRange[] =>
    from < to ? [{ from, to, cause: 'expired', certain, foundAt: at, former: false }] : []
  const skipped = (from: bigint, to: bigint): LostRange[] =>
    source.records.some(({ offset }) => offset >= from && offset < to)
      ? [{ from, to, cause: 'skipped', certain: false, foundAt: at, former: false }]
      : []
  return gaps.flatMap(gap => {
    const { after, before } = gap
    const open = behindGap(gap)
    if (before.source < source.logStart) return expired(open, before.source, false)
    const notFound = unplaced
      .filter(it => it >= open && it < before.source)
      .flatMap(it => skipped(it, it + 1n))
    if (after.source + 1n >= source.logStart) {
      // Records that look alike cannot be told apart, but counted.
      const named = [...unplaced, ...steppedOver].filter(it => it >= open && it < before.source).length
      const short = copiesShort(gap, source, target)
      return short > (isTelling ? named : 0) ? skipped(open, before.source) : notFound
    }
    if (lowest === undefined) return expired(open, source.logStart, false)
    const copied = target.records.filter(
      ({ offset }) => offset > after.target && offset < lowest.target,
    ).length
    const to = source.logStart < lowest.source ? source.logStart : lowest.source
    const isExact = !hasPhantoms && gaps.length === 1 && target.from <= after.target
    // What lies between on the target was copied from there, unless it is foreign.
    const from = after.source + 1n + (isExact ? BigInt(copied) : 0n)
    return [
      ...expired(open, from < to ? from : to, false),
      ...expired(from > open ? from : open, to, isExact),
      ...notFound,
      // What the source still has of the gap lies below all that was found on the target.
      ...skipped(open > source.logStart ? open : source.logStart, lowest.source),
    ]
  })
}

/** How many records fewer the target has between the two pairs than the source, as far as both were read. */
function copiesShort({ after, before }: OpenGap, source: RecordWindow, target: RecordWindow): number {
  if (source.from > after.source + 1n || target.from > after.target + 1n) return 0
  const between = ({ records }: RecordWindow, from: bigint, to: bigint): number =>
    records.filter(({ offset }) => offset > from && offset < to).length
  return between(source, after.source, before.source) - between(target, after.target, before.target)
}

/** Where, downwards, the matches of a lap ended. */
interface Boundary {
  readonly offset: bigint
  /** One of the logs begins there; else the search was given up. */
  readonly isCertain: boolean
}

/** The audit after one more stretch, what it showed to be lost, and where the copy begins once that is found. */
function auditAfter(
  before: Audit | undefined,
  match: StretchMatch,
  { source, target, result, before: partition, name, isCertain }: StretchFacts,
): { readonly audit: Audit; readonly losses: readonly LostRange[]; readonly boundary: Boundary | undefined } {
  const { at, inspection } = result
  const isLapStart = before?.next === undefined
  const lapStartedAt = isLapStart || before === undefined ? at : before.lapStartedAt
  const lapMatched = match.matched > 0 || (!isLapStart && before?.lapMatched === true)
  const searchedFrom =
    match.matched > 0 ? undefined : ((isLapStart ? undefined : before?.searchedFrom) ?? inspection.target?.to)
  const isSourceDone = match.next.source <= source.logStart || match.next.source <= 0n
  const isTargetDone = match.next.target <= target.logStart || match.next.target <= 0n
  const isSearchedEnough = searchedFrom !== undefined && searchedFrom - match.next.target > longestSearch
  const isStuck =
    match.next.source >= (inspection.source.to ?? 0n) && match.next.target >= (inspection.target?.to ?? 0n)
  const isEnd = isSourceDone || isTargetDone || isSearchedEnough || isStuck
  const isDiscarded = partition.position.discarded !== undefined
  const skipped = (offset: bigint, certain: boolean): LostRange => {
    return { from: offset, to: offset + 1n, cause: 'skipped', certain, foundAt: at, former: false }
  }
  const lapTop = isLapStart
    ? isDiscarded
      ? lapTopOf(inspection, source, target)
      : undefined
    : before?.lapTop
  const unplaced = [...match.skipped, ...match.unplaced]
  const without = unplaced.length === 0 ? [] : [...unplaced, ...straysOf(match, lapTop)]
  const losses = [
    // What a former identity left between proves nothing: there they are only not excluded.
    ...match.skipped.map(offset => skipped(offset, isCertain && !isDiscarded)),
    ...(isDiscarded ? match.unplaced.map(offset => skipped(offset, false)) : []),
  ]
  const isLost =
    !isDiscarded &&
    lapMatched &&
    !isSourceDone &&
    (isSearchedEnough || (isTargetDone && (searchedFrom !== undefined || match.isForeignBelow))) &&
    hasNoHoles(source) &&
    hasNoHoles(target)
  if (isLost) {
    losses.push({
      from: source.from,
      to: match.next.source,
      cause: 'skipped',
      certain: false,
      foundAt: at,
      former: false,
    })
  }
  const outcome = outcomeOf(match, { lapMatched, isLost, isEmpty: source.records.length === 0 })
  const audit: Audit = {
    outcome,
    detail: detailOf(outcome, match, name, source),
    at,
    next: isEnd ? undefined : match.next,
    searchedFrom: isEnd ? undefined : searchedFrom,
    lapTop,
    lapMatched,
    uniqueDownTo: match.lowestUnique?.source ?? (isLapStart ? undefined : before?.uniqueDownTo),
    brokenAt: (isLapStart ? undefined : before?.brokenAt) ?? (isDiscarded ? highest(without) : undefined),
    mismatches: mismatchesAfter(before, match, { at, lapStartedAt, isEnd }),
    lapStartedAt,
    completedAt: isEnd && lapMatched ? at : before?.completedAt,
    bytesPerOffset: bytesPerOffsetOf(source),
  }
  return {
    audit,
    losses,
    boundary: isEnd && lapMatched ? { offset: match.next.source, isCertain: !isSearchedEnough } : undefined,
  }
}

/** The pair at the top of a stretch, where its two records are there and the same. */
function lapTopOf({ top }: Inspection, source: RecordWindow, target: RecordWindow): Audit['lapTop'] {
  const [original, copy] = [source.records.at(-1), target.records.at(-1)]
  if (top === undefined || original === undefined || copy === undefined) return undefined
  const areOfThePair = original.offset === top.source - 1n && copy.offset === top.target - 1n
  if (!areOfThePair || !isCopy(original, copy, !target.logAppendTime)) return undefined
  return { source: original.offset, target: copy.offset }
}

/** Source records whose copies are not where they would be if nothing lay between them and the top: by chance, maybe. */
function straysOf({ matches }: StretchMatch, top: Audit['lapTop']): readonly bigint[] {
  if (top === undefined) return []
  return matches
    .filter(({ source, target }) => source - target !== top.source - top.target)
    .map(({ source }) => source)
}

function mismatchesAfter(
  before: Audit | undefined,
  match: StretchMatch,
  {
    at,
    lapStartedAt,
    isEnd,
  }: { readonly at: Instant; readonly lapStartedAt: Instant; readonly isEnd: boolean },
): readonly Mismatch[] {
  const found = new Set(match.mismatches.map(({ source }) => source))
  // What this lap did not find again is right again.
  const kept = (before?.mismatches ?? []).filter(
    ({ source, foundAt }) => !found.has(source) && (!isEnd || foundAt >= lapStartedAt),
  )
  return [...kept, ...match.mismatches.map(mismatch => ({ ...mismatch, foundAt: at }))].slice(-mismatchesKept)
}

/** Whether every offset of the window holds a record: then nothing was compacted away or is a marker. */
function hasNoHoles({ records, from, readTo }: RecordWindow): boolean {
  return BigInt(records.length) === readTo - from
}

function bytesPerOffsetOf({ bytes, offsets }: RecordWindow): number {
  return Math.max(16, Math.ceil(bytes / Math.max(1, offsets)))
}

interface OutcomeFacts {
  readonly lapMatched: boolean
  readonly isLost: boolean
  readonly isEmpty: boolean
}

function outcomeOf(match: StretchMatch, { lapMatched, isLost, isEmpty }: OutcomeFacts): AuditOutcome {
  if (match.mismatches.length > 0 || match.skipped.length > 0 || isLost) return 'contradicted'
  if (match.matched > 0) return 'proven'
  return isEmpty && lapMatched ? 'proven' : 'inconclusive'
}

function detailOf(outcome: AuditOutcome, match: StretchMatch, name: string, source: RecordWindow): string {
  const stretch = `${name}: source offsets ${source.from} to ${source.readTo - 1n}`
  if (outcome === 'proven') return `${stretch}: ${match.matched} records have their copies`
  if (outcome === 'inconclusive') {
    return `${stretch}: none of the records has its copy in its place (sent again, transformed on the way, or of another topic)`
  }
  const [mismatch] = match.mismatches
  if (mismatch !== undefined) {
    return `${name}: target offset ${mismatch.target} holds another record than source offset ${mismatch.source}`
  }
  const [skipped] = match.skipped
  return skipped === undefined
    ? `${stretch}: the records have no copies, although later ones have`
    : `${name}: source offset ${skipped} has no copy, although its neighbours have`
}

function isReadToItsEnd({ readTo }: RecordWindow, range: OffsetRange | undefined): boolean {
  return range?.to === undefined || readTo >= range.to
}

function withSize(audit: Audit | undefined, source: RecordWindow, at: Instant): Audit {
  const bytesPerOffset = Math.max(bytesPerOffsetOf(source), 2 * (audit?.bytesPerOffset ?? 0))
  return { ...(audit ?? { ...noAudit, at, lapStartedAt: at }), bytesPerOffset }
}

const noAudit: Omit<Audit, 'at' | 'lapStartedAt'> = {
  outcome: 'inconclusive',
  detail: 'the records are larger than expected: smaller stretches next time',
  next: undefined,
  searchedFrom: undefined,
  lapTop: undefined,
  lapMatched: false,
  uniqueDownTo: undefined,
  brokenAt: undefined,
  mismatches: [],
  completedAt: undefined,
  bytesPerOffset: 0,
}

function withMismatches(rotation: Audit | undefined, found: Audit): Audit {
  if (rotation === undefined) return { ...found, next: undefined, searchedFrom: undefined }
  const { outcome, detail, at, mismatches } = found
  return { ...rotation, outcome, detail, at, mismatches }
}

/**
 * The position under a new identity, once it is found where its copy begins: everything from there up to the pair has
 * its copy, and below it the target holds nothing of the source. What the source has below was never copied.
 */
function adoptionOf(
  { position, highWatermark }: PartitionComparison,
  boundary: Boundary | undefined,
  audit: Audit,
  source: RecordWindow,
): { readonly position: Position; readonly losses: readonly LostRange[] } | undefined {
  const { discarded } = position
  const top = audit.lapTop
  if (discarded?.adoptable !== true || !discarded.settled || top === undefined) return undefined
  if (discarded.since === undefined || highWatermark === undefined) return undefined
  if (discarded.since.source >= highWatermark.highWatermark) return undefined
  // The engine may have gone on since the lap began there; what it said since counts from the next poll on.
  const pair = { ...top, writtenAtMs: discarded.since.writtenAtMs }
  const { uniqueDownTo } = audit
  const { brokenAt = -1n } = audit
  if (boundary === undefined || uniqueDownTo === undefined || uniqueDownTo > pair.source) return undefined
  const start = source.logStart > 0n ? source.logStart : 0n
  const range = (from: bigint, to: bigint, certain: boolean): LostRange[] =>
    from < to ? [{ from, to, cause: 'recreated', certain, foundAt: audit.at, former: false }] : []
  // A target that was cut off still has what was copied before; the source has no such place.
  const isCertain = boundary.isCertain && discarded.reason === 'recreated'
  // What it went back to since is copied; and until it has committed behind it, a restart would go back again.
  const untouched = min(boundary.offset, discarded.lowestSince ?? boundary.offset)
  const resumesAt = min(position.durable ?? -1n, discarded.durable ?? -1n) + 1n
  const isKept = isCertain && untouched > start
  const certainTo = isKept ? min(untouched, resumesAt > start ? resumesAt : start) : start
  return {
    position: adopted(position, pair),
    losses: [
      // Deleted while the new copy did not have it.
      ...range(min(discarded.logStart ?? start, discarded.proven), start, false),
      ...range(start, certainTo, true),
      ...(isKept ? range(certainTo, untouched, false).map(it => ({ ...it, awaitsCommit: true })) : []),
      // Records that look alike match the old content as well as their own copies; and a new copy has everything from
      // where it begins, one that was cut off everything but what lay behind the cut.
      ...range(isKept ? untouched : start, uniqueDownTo, false),
      ...range(discarded.reason === 'recreated' ? certainTo : discarded.proven, brokenAt + 1n, false),
    ],
  }
}
