import { describe, expect, test } from 'vitest'
import { withFindings } from '../../src/compare/findings.ts'
import type { Audit, LostRange, PartitionComparison, Position } from '../../src/model/comparison.ts'
import type { ActiveProducer, InspectionResult, RecordWindow } from '../../src/model/inspection.ts'
import type { OffsetPair } from '../../src/model/observation.ts'
import { known, type Reading, unknown } from '../../src/model/reading.ts'
import {
  aComparison,
  aContent,
  aContext,
  aPartition,
  aPosition,
  aSample,
  aTail,
  partitionIn,
} from '../support/comparisons.ts'
import { aWindow } from '../support/windows.ts'
import type { FlowParts } from '../support/world.ts'
import { pollMs } from '../support/world.ts'

const t0 = 1_000_000
const at = t0 + 50

interface Read {
  readonly source: RecordWindow | Reading<RecordWindow>
  readonly target?: RecordWindow | Reading<RecordWindow>
  readonly producers?: Reading<readonly ActiveProducer[]>
  /** What was asked for, where it is not what was read. */
  readonly sourceTo?: bigint
  readonly targetTo?: bigint
}

/** What was read for a purpose; around a gap up to offset 9, whatever lies there. */
function looked(
  purpose: 'head' | 'copy' | 'gap',
  { source: found, target, ...read }: Read,
): InspectionResult {
  const source =
    purpose === 'gap' && 'records' in found
      ? { ...found, readTo: found.readTo > 10n ? found.readTo : 10n }
      : found
  const reading = (window: Read['source']) => ('records' in window ? known(window) : window)
  const range = (window: Read['source'], to: bigint | undefined) =>
    'records' in window ? { from: window.from, to: to ?? window.readTo } : { from: 0n, to: 9n }
  return {
    inspection: {
      topic: 'orders',
      targetTopic: 'east.orders',
      partition: 0,
      purpose,
      ...('records' in source && target !== undefined && 'records' in target
        ? { top: { source: source.readTo, target: target.readTo, isEnds: false } }
        : {}),
      source: range(source, read.sourceTo),
      target: target === undefined ? undefined : range(target, read.targetTo),
      maxBytes: 1_000,
    },
    source: reading(source),
    target: target === undefined ? undefined : reading(target),
    producers: read.producers,
    at,
  }
}

function after(partition: PartitionComparison, result: InspectionResult, flow: FlowParts = {}) {
  const comparison = withFindings(aComparison({ orders: [partition] }, t0), [result], 0, aContext(flow))
  const { audits } = comparison
  const outcomes = (['proven', 'contradicted', 'inconclusive', 'unreadable'] as const).filter(
    it => audits[it] > 0,
  )
  return { ...partitionIn(comparison), outcome: outcomes[0] }
}

/** Three records were committed, of as many as there are. */
const partition = (parts: Partial<PartitionComparison> = {}): PartitionComparison =>
  aPartition({
    position: aPosition(3n),
    highWatermark: aSample(5n, t0),
    history: [aSample(3n, t0 - 1, { copies: { target: 0n, source: 0n } }), aSample(5n, t0)],
    targetEnd: 3n,
    ...parts,
  })
const audit = (parts: Partial<Audit> = {}): Audit => ({
  outcome: 'proven',
  detail: 'as before',
  at: 1,
  next: undefined,
  searchedFrom: undefined,
  lapMatched: true,
  uniqueDownTo: undefined,
  lapTop: undefined,
  brokenAt: undefined,
  mismatches: [],
  lapStartedAt: 1,
  completedAt: undefined,
  bytesPerOffset: 20,
  ...parts,
})
const audited = (parts: Partial<Audit>): PartitionComparison =>
  partition({ content: aContent({ audit: audit(parts) }) })
const pair = (source: bigint, target = source): OffsetPair => ({ source, target, writtenAtMs: 1 })
const lostIn = ({ content }: PartitionComparison): string[] =>
  content?.losses?.ranges.map(
    ({ from, to, cause, certain, former }: LostRange) =>
      `${from}-${to} ${cause}${certain ? '' : ' perhaps'}${former ? ' formerly' : ''}`,
  ) ?? []
const unreadable = unknown('unauthorized', 'no READ')

describe('findings of a poll', () => {
  const comparison = aComparison({ orders: [partition()] }, t0)

  test('are none where nothing was read, but the rotation goes on', () => {
    expect(withFindings(comparison, [], 0, aContext())).toBe(comparison)
    expect(withFindings(comparison, [], 7, aContext())).toEqual({ ...comparison, rotation: 7 })
  })

  test('of one partition add up, and are counted', () => {
    const head = looked('head', { source: aWindow(0, 'a b c d e'), target: aWindow(0, 'a b c d e') })
    const copy = looked('copy', { source: aWindow(0, 'a b c'), target: aWindow(0, 'a b c') })
    const found = withFindings(comparison, [head, copy], 7, aContext())
    expect(partitionIn(found)).toMatchObject({
      position: { proven: 5n, basis: 'content' },
      content: { tail: { from: 5n }, audit: { outcome: 'proven' } },
    })
    expect(found).toMatchObject({ rotation: 7, audits: { proven: 2, contradicted: 0 } })
  })

  test.each([
    ['topic', { topic: 'gone' }],
    ['partition', { partition: 1 }],
  ])('of a %s that is not there any more count for nothing', (_, parts) => {
    const { inspection, ...read } = looked('head', { source: aWindow(0, 'a b c d e') })
    const results = [{ ...read, inspection: { ...inspection, ...parts } }]
    expect(withFindings(comparison, results, 0, aContext())).toEqual(comparison)
  })

  test.each([
    ['the source', 'head', { source: unreadable, target: aWindow(0, 'a') }],
    ['the source', 'copy', { source: unreadable, target: aWindow(0, 'a') }],
    ['the target', 'head', { source: aWindow(0, 'a b c d e'), target: unreadable }],
    ['the target', 'copy', { source: aWindow(0, 'a b c'), target: unreadable }],
  ] as const)('without READ of %s (%s): the reason, and what was known before', (_, purpose, read) => {
    const found = after(audited({}), looked(purpose, read))
    expect(found.outcome).toBe('unreadable')
    expect(found.content).toMatchObject({ unreadable: unreadable.unknown, audit: audit() })
  })

  test.each([
    ['head', { source: aWindow(0, 'a b c d e'), target: aWindow(0, 'a b c') }],
    ['copy', { source: aWindow(0, 'a b c'), target: aWindow(0, 'a b c') }],
  ] as const)('of a %s that can be read again forget why it could not', (purpose, read) => {
    const before = partition({ content: aContent({ unreadable: unreadable.unknown }) })
    expect(after(before, looked(purpose, read)).content?.unreadable).toBeUndefined()
  })
})

describe('the records behind the position', () => {
  test.each([
    ['held against their copies', aWindow(0, 'a b c d e'), aWindow(0, 'a b c d'), 'proven'],
    ['that are markers', aWindow(3, '| |'), aWindow(3, 'x y'), 'proven'],
    ['with nothing that belongs together', aWindow(0, 'a b c d e'), aWindow(3, 'x y'), 'inconclusive'],
    ['without a look at the target', aWindow(3, 'd e'), undefined, undefined],
  ] as const)('%s: %s', (_, source, target, outcome) => {
    const read = target === undefined ? { source } : { source, target }
    expect(after(partition(), looked('head', read)).outcome).toBe(outcome)
  })

  const source = aWindow(3, 'd e')
  const discarded = aPosition(0n, {
    discarded: {
      reason: 'recreated',
      detail: '',
      at: 1,
      adoptable: true,
      logStart: undefined,
      proven: 3n,
      since: undefined,
      settled: true,
      lastPair: undefined,
      lowestSince: undefined,
      durable: 4n,
      sourceCut: undefined,
      wentBack: undefined,
      copiesFrom: undefined,
      beganAnewAtOrBelow: 2n,
    },
  })
  test.each([
    ['the high watermark was never seen', partition({ highWatermark: undefined })],
    ['the position is of a former identity', partition({ position: discarded })],
  ])('say nothing where %s', (_, before) => {
    expect(after(before, looked('head', { source }))).toEqual({ ...before, outcome: undefined })
  })

  test.each([
    ['from the position on', 0, '| |', 5n],
    ['from where the last look ended', 4, '|', 3n],
  ])('are read %s', (_, from, words, proven) => {
    const tail = aTail({ readTo: 4n, records: 1, firstRecord: { offset: 3n, timestampMs: 7 } })
    const before = partition({ content: aContent({ tail }) })
    const window = aWindow(from === 0 ? 3 : from, words)
    expect(after(before, looked('head', { source: window })).position.proven).toBe(proven)
  })

  test.each([
    ['markers', '| d', true],
    ['records', 'd e', false],
  ])('%s are remembered as offsets that count no records', (_, words, hasPhantoms) => {
    expect(after(partition(), looked('head', { source: aWindow(3, words) })).content?.hasPhantoms).toBe(
      hasPhantoms,
    )
  })

  const exact = aContent({ tail: aTail({ readTo: 5n, records: 2, missing: 2, targetEnd: 3n }) })
  test.each([
    ['nothing', 3n, undefined, []],
    ['possibly', 4n, undefined, ['3-4 expired perhaps']],
    ['possibly, because the engine may have fetched it before', 4n, exact, ['3-4 expired perhaps']],
    ['no more than there was', 9n, exact, ['3-5 expired perhaps']],
  ])('that were deleted before they were copied are lost: %s', (_, logStart, content, lost) => {
    const from = logStart < 5n ? logStart : 5n
    const window = aWindow(Number(from), 'd e'.slice(0, Math.max(0, (5 - Number(from)) * 2 - 1)), {
      logStart,
    })
    const found = after(partition({ content }), looked('head', { source: window }))
    expect(lostIn(found)).toEqual(lost)
    expect(found.logStart).toBe(logStart)
  })
})

describe('an open transaction', () => {
  const committed: FlowParts = { replicator: { isolationLevel: 'read_committed' } }
  const producer = { producerId: 7n, producerEpoch: 0, lastTimestampMs: 99, openTransactionFrom: 4n }
  const idle = { ...producer, producerId: 6n, openTransactionFrom: undefined }
  const opened = (producers: Read['producers'], lastStableOffset = 4n, flow = committed) => {
    const source = aWindow(3, 'd e', { lastStableOffset })
    const read = producers === undefined ? { source } : { source, producers }
    return after(partition(), looked('head', read), flow).content?.openTransaction
  }

  test('names its producer', () => {
    expect(opened(known([idle, producer]))).toMatchObject({
      lastStableOffset: 4n,
      producerId: 7n,
      wroteAtMs: 99,
    })
  })

  test.each([
    ['has none', known([idle])],
    ['was not asked for', undefined],
    ['may not be asked for', unreadable],
  ])('is there as well where a producer %s', (_, producers) => {
    expect(opened(producers)).toMatchObject({
      lastStableOffset: 4n,
      producerId: undefined,
      wroteAtMs: undefined,
    })
  })

  test('says why its producer is not known', () => {
    expect(opened(unreadable)?.detail).toContain('no READ')
    expect(opened(undefined)?.detail).not.toContain('not known')
  })

  test.each([
    ['everything is stable', 5n, committed],
    ['the engine does not wait for it', 4n, {}],
  ])('is none where %s', (_, lastStableOffset, flow) => {
    expect(opened(known([producer]), lastStableOffset, flow)).toBeUndefined()
  })
})

describe('a stretch of the copy', () => {
  const same = { source: aWindow(10, 'a b c'), target: aWindow(20, 'a b c') }
  const other = { source: aWindow(10, 'a b c'), target: aWindow(20, 'x y z') }

  test('that is the same moves the rotation down', () => {
    const found = after(partition(), looked('copy', same))
    expect(found.outcome).toBe('proven')
    expect(found.content?.audit).toMatchObject({
      next: { source: 10n, target: 20n },
      searchedFrom: undefined,
      lapMatched: true,
      lapStartedAt: at,
      completedAt: undefined,
      bytesPerOffset: 100,
    })
  })

  test.each([
    ['offset 0 of the source', { ...same, source: aWindow(0, 'a b c', { logStart: -1n }) }],
    ['offset 0 of the target', { ...same, target: aWindow(0, 'a b c', { logStart: -1n }) }],
    ["the source's log start", { ...same, source: aWindow(10, 'a b c', { logStart: 10n }) }],
    ["the target's log start", { ...same, target: aWindow(20, 'a b c', { logStart: 20n }) }],
  ])('down to %s completes a lap', (_, read) => {
    const before = audited({ next: { source: 13n, target: 23n }, lapStartedAt: 5 })
    expect(after(before, looked('copy', read)).content?.audit).toMatchObject({
      next: undefined,
      lapStartedAt: 5,
      completedAt: at,
    })
  })

  test('completes no lap in which nothing matched', () => {
    const read = { ...other, target: aWindow(20, 'x y z', { logStart: 20n }) }
    const { content, outcome } = after(partition(), looked('copy', read))
    expect(outcome).toBe('inconclusive')
    expect(content?.audit).toMatchObject({ next: undefined, completedAt: undefined, lapMatched: false })
  })

  test.each([
    ['from its end', undefined, 23n],
    ['from where it began', audit({ next: { source: 13n, target: 23n }, searchedFrom: 90n }), 90n],
    ['anew in a new lap', audit({ searchedFrom: 90n }), 23n],
  ])('that is another one is searched for further down: %s', (_, before, searchedFrom) => {
    const found = after(partition({ content: aContent({ audit: before }) }), looked('copy', other))
    expect(found.outcome).toBe('inconclusive')
    expect(found.content?.audit).toMatchObject({ next: { source: 13n, target: 20n }, searchedFrom })
  })

  test('found ends the search', () => {
    const before = audited({ next: { source: 13n, target: 23n }, searchedFrom: 90n })
    expect(after(before, looked('copy', same)).content?.audit?.searchedFrom).toBeUndefined()
  })

  test.each([
    ['goes on', 100_020n, { source: 13n, target: 20n }],
    ['ends', 100_021n, undefined],
  ])('that is not found for so long: the search %s', (_, searchedFrom, next) => {
    const before = audited({ next: { source: 13n, target: 23n }, searchedFrom })
    expect(after(before, looked('copy', other)).content?.audit?.next).toEqual(next)
  })

  test('of which nothing is left on either side ends the lap', () => {
    const read = { source: aWindow(13, ''), target: aWindow(23, '') }
    const before = audited({ next: { source: 13n, target: 23n } })
    expect(after(before, looked('copy', read)).content?.audit?.next).toBeUndefined()
  })

  test.each([
    ['is proven where the lap has matched', true, 'proven'],
    ['proves nothing where it has not', false, 'inconclusive'],
  ])('without records of the source %s', (_, lapMatched, outcome) => {
    const before = audited({ next: { source: 13n, target: 23n }, lapMatched })
    expect(after(before, looked('copy', { ...other, source: aWindow(10, '- - -') })).outcome).toBe(outcome)
  })

  test.each([
    ['source', { ...same, sourceTo: 14n }],
    ['target', { ...same, targetTo: 24n }],
  ])('whose %s was not read to its end proves nothing, and the next one is smaller', (_, read) => {
    const first = after(partition(), looked('copy', read))
    expect(first.outcome).toBe('inconclusive')
    expect(first.content?.audit).toMatchObject({ next: undefined, lapMatched: false, bytesPerOffset: 100 })
    const before = audit({ next: { source: 14n, target: 24n }, bytesPerOffset: 80 })
    const later = after(partition({ content: aContent({ audit: before }) }), looked('copy', read))
    expect(later.content?.audit).toEqual({ ...before, bytesPerOffset: 160 })
  })

  test('tells the size of records by all that was fetched, also beyond its end', () => {
    const read = { ...same, source: aWindow(10, 'a b c', { bytes: 3_000, offsets: 60 }) }
    expect(after(partition(), looked('copy', read)).content?.audit?.bytesPerOffset).toBe(50)
  })

  test('with small records is longer, up to a bound', () => {
    const read = { ...same, source: aWindow(10, 'a b c', { bytes: 7 }) }
    expect(after(partition(), looked('copy', read)).content?.audit?.bytesPerOffset).toBe(16)
  })
})

describe('a contradiction', () => {
  test.each([
    [
      'another record in its place',
      aWindow(20, 'a x c'),
      { mismatches: [{ source: 11n, target: 21n, foundAt: at }] },
      [],
    ],
    ['a record that was stepped over', aWindow(10, 'a c'), { mismatches: [] }, ['11-12 skipped']],
    [
      'one of which another copy may lie further down, because records were sent again',
      aWindow(20, 'a c'),
      { mismatches: [] },
      ['11-12 skipped perhaps'],
    ],
  ])('is %s', (_, target, found, lost) => {
    const result = after(partition(), looked('copy', { source: aWindow(10, 'a b c'), target }))
    expect(result.outcome).toBe('contradicted')
    expect(result.content?.audit).toMatchObject(found)
    expect(lostIn(result)).toEqual(lost)
  })

  const searching = { next: { source: 13n, target: 23n }, searchedFrom: 23n, lapMatched: true }
  const gone = { source: aWindow(10, 'a b c'), target: aWindow(20, 'x y z', { logStart: 20n }) }
  test.each([
    ['the target has been searched down to its beginning', searching, gone],
    [
      'the search was given up',
      { ...searching, searchedFrom: 200_000n },
      { ...gone, target: aWindow(20, 'x y z') },
    ],
  ])('is, possibly, a stretch without copies below one that has them, once %s', (_, before, read) => {
    const result = after(audited(before), looked('copy', read))
    expect(result.outcome).toBe('contradicted')
    expect(lostIn(result)).toEqual(['10-13 skipped perhaps'])
  })

  const below = (words: string, from = 20) => ({
    source: aWindow(10, 'a b c d'),
    target: aWindow(from, words, { logStart: BigInt(from) }),
  })

  test('is, possibly, what lies below the lowest copy where the target begins with something else', () => {
    const result = after(partition(), looked('copy', below('x y c d')))
    expect(result.outcome).toBe('contradicted')
    expect(lostIn(result)).toEqual(['10-12 skipped perhaps'])
  })

  test.each([
    ['begins with the lowest copy', below('c d')],
    ['begins with a copy of a later record', below('d y c d')],
    ['has more below', { ...below('x y c d'), target: aWindow(20, 'x y c d') }],
  ])('is nothing below the lowest copy where the target %s', (_, read) => {
    expect(lostIn(after(partition(), looked('copy', read)))).toEqual([])
  })

  test.each([
    ['nothing has matched in this lap', { ...searching, lapMatched: false }, gone],
    ['the search goes on', searching, { ...gone, target: aWindow(20, 'x y z') }],
    ['something matches', searching, { ...gone, target: aWindow(20, 'c y c', { logStart: 20n }) }],
    [
      "the source's log begins there",
      searching,
      { ...gone, source: aWindow(10, '- - -', { logStart: 10n }) },
    ],
    ['the source has offsets without records', searching, { ...gone, source: aWindow(10, 'a - c') }],
    [
      'the target has offsets without records',
      searching,
      { ...gone, target: aWindow(20, 'x - z', { logStart: 20n }) },
    ],
  ])('is no such stretch while %s', (_, before, read) => {
    expect(lostIn(after(audited(before), looked('copy', read)))).toEqual([])
  })

  const mismatch = (source: bigint, foundAt: number) => ({ source, target: source, foundAt })
  const lower = { source: aWindow(0, 'a b c'), target: aWindow(0, 'a b c') }
  test.each([
    [
      'stays while the lap goes on',
      { source: aWindow(10, 'a b c'), target: aWindow(20, 'a b c') },
      [40n, 50n],
    ],
    ['that was not found again in a whole lap is right again', lower, [50n]],
    [
      'that was found again is one',
      { source: aWindow(49, 'a b c'), target: aWindow(49, 'a x c') },
      [40n, 50n],
    ],
  ])('%s', (_, read, kept) => {
    const before = audited({
      next: { source: 60n, target: 60n },
      lapStartedAt: 5,
      mismatches: [mismatch(40n, 4), mismatch(50n, 5)],
    })
    const found = after(before, looked('copy', read)).content?.audit?.mismatches
    expect(found?.map(({ source }) => source)).toEqual(kept)
  })

  test('is kept in the newest eight', () => {
    const mismatches = Array.from({ length: 8 }, (_, i) => mismatch(BigInt(50 + i), 5))
    const before = audited({ next: { source: 60n, target: 60n }, lapStartedAt: 5, mismatches })
    const read = { source: aWindow(10, 'a b c'), target: aWindow(20, 'a x c') }
    const found = after(before, looked('copy', read)).content?.audit?.mismatches
    expect(found?.map(({ source }) => source)).toEqual([51n, 52n, 53n, 54n, 55n, 56n, 57n, 11n])
  })
})

describe('the line for people', () => {
  const stretch = (target: RecordWindow) =>
    after(partition(), looked('copy', { source: aWindow(10, 'a b c'), target })).content?.audit?.detail
  const searching = { next: { source: 13n, target: 23n }, searchedFrom: 23n }
  const gone = { source: aWindow(10, 'a b c'), target: aWindow(20, 'x y z', { logStart: 20n }) }

  test.each([
    [
      'has copies',
      stretch(aWindow(20, 'a b c')),
      'orders-0: source offsets 10 to 12: 3 records have their copies',
    ],
    [
      'is another one',
      stretch(aWindow(20, 'x y z')),
      /^orders-0: source offsets 10 to 12: none of the records/,
    ],
    [
      'holds another record',
      stretch(aWindow(20, 'a x c')),
      /^orders-0: target offset 21 .* source offset 11$/,
    ],
    ['was stepped over', stretch(aWindow(20, 'a c')), /^orders-0: source offset 11 has no copy/],
    [
      'has no copies',
      after(audited(searching), looked('copy', gone)).content?.audit?.detail,
      /10 to 12: the records have no copies/,
    ],
  ])('says where what %s', (_, detail, words) => {
    expect(detail).toMatch(words)
  })
})

describe('a gap between two pairs', () => {
  /** Of a to g the engine had copied a and b; then the source deleted up to e, and it went on there. */
  const gap = { after: pair(1n), before: pair(6n, 4n), proven: 2n, since: 0 }
  const read = { source: aWindow(4, 'e f g', { logStart: 4n }), target: aWindow(1, 'b e f g') }
  const open = (parts: object = {}, gaps = [gap]): PartitionComparison =>
    partition({ content: aContent({ gaps, ...parts }) })

  test.each([
    ['for certain', open(), read, ['2-4 expired']],
    [
      'but for what was copied before',
      open(),
      { ...read, target: aWindow(1, 'b c e f g') },
      ['2-3 expired perhaps', '3-4 expired'],
    ],
    ['but for what is proven', open({}, [{ ...gap, proven: 3n }]), read, ['3-4 expired']],
    ['possibly, where offsets count no records', open({ hasPhantoms: true }), read, ['2-4 expired perhaps']],
    [
      'possibly, where the target was not read from its beginning',
      open(),
      { ...read, target: aWindow(2, 'e f g') },
      ['2-4 expired perhaps'],
    ],
    [
      'possibly, where nothing matches',
      open(),
      { ...read, target: aWindow(1, 'b x y z') },
      ['2-4 expired perhaps'],
    ],
    [
      'possibly, where all of it has gone since',
      open(),
      { ...read, source: aWindow(7, 'h', { logStart: 7n }) },
      ['2-6 expired perhaps'],
    ],
    [
      'not, where nothing was deleted',
      open(),
      { source: aWindow(2, '| | e f g', { logStart: 2n }), target: aWindow(1, 'b e f g') },
      [],
    ],
  ])('is lost %s', (_, before, look, lost) => {
    const found = after(before, looked('gap', look))
    expect(lostIn(found)).toEqual(lost)
    expect(found.content?.gaps).toEqual([])
  })

  const wide = { after: pair(1n), before: pair(9n, 5n), proven: 2n, since: 0 }
  test.each([
    [
      'up to where the log begins, in a stretch that was read from before it',
      { source: aWindow(3, '- e f g', { logStart: 4n }), target: aWindow(1, 'b e f g') },
      ['2-4 expired'],
    ],
    [
      'up to where it went on, above the log start',
      { source: aWindow(4, '- e f g', { logStart: 5n }), target: aWindow(1, 'b e f g') },
      ['2-5 expired'],
    ],
    [
      'not further than the log start, although what follows has no copy',
      { source: aWindow(4, 'x e f g', { logStart: 4n }), target: aWindow(1, 'b e f g') },
      ['2-4 expired', '4-5 skipped perhaps'],
    ],
    [
      'not below what it went on with, where that has gone since',
      { source: aWindow(4, 'e f g', { logStart: 6n }), target: aWindow(1, 'b e f g') },
      ['2-4 expired'],
    ],
    [
      'up to more copies than there were offsets: only possibly',
      { source: aWindow(4, 'e f g', { logStart: 4n }), target: aWindow(1, 'b c x x e f g') },
      ['2-4 expired perhaps'],
    ],
    [
      'not, where the log begins right behind the first pair',
      { source: aWindow(3, 'd e', { logStart: 2n }), target: aWindow(1, 'b d e') },
      [],
    ],
  ])('is lost %s', (_, look, lost) => {
    const found = after(open({}, [wide]), looked('gap', look))
    expect(lostIn(found).toSorted()).toEqual(lost.toSorted())
    expect(found.content?.losses?.ranges.some(({ former }) => former) ?? false).toBe(false)
  })

  /** Behind the first pair five records, of which the target has three before the second. */
  const narrow = { after: pair(1n), before: pair(7n, 5n), proven: 2n, since: 0 }
  test.each([
    ['as many copies as there are records: markers', 'b c d e | | h', 'b c d e h', []],
    ['records that look alike: possibly any of them', 'b x x x x x h', 'b x x x h', ['2-7 skipped perhaps']],
    ['records of which two are told', 'b c d e f g h', 'b c d g h', ['4-6 skipped']],
    [
      'records of which some only are told',
      'b x x x f g h',
      'b x g y h',
      ['5-7 skipped perhaps', '2-5 skipped perhaps'],
    ],
  ])('with %s', (_, source, target, lost) => {
    const look = { source: aWindow(1, source), target: aWindow(1, target) }
    expect(lostIn(after(open({}, [narrow]), looked('gap', look)))).toEqual(lost)
  })

  describe('amid much else', () => {
    const letters = 'a b c d e f g h i j k l m n o p q r s t'
    const middle = { after: pair(4n, 3n), before: pair(8n, 6n), proven: 2n, since: 0 }
    const lost = (source: string, target: string, from: readonly [number, number] = [0, 0], gap = middle) => {
      const [s, t] = from
      const words = (all: string, first: number) => all.split(' ').slice(first).join(' ')
      const look = { source: aWindow(s, words(source, s)), target: aWindow(t, words(target, t)) }
      return lostIn(after(open({}, [gap]), looked('gap', look))).toSorted()
    }

    test('counts only what lies in it', () => {
      const twins = letters.replace('a b', 'y y')
      expect(lost(twins, twins.replace('y ', '').replace('g ', ''))).toEqual(['6-7 skipped'])
      expect(lost(letters, letters.replace('b ', '').replace('g ', ''))).toEqual([
        '1-2 skipped',
        '6-7 skipped',
      ])
    })

    test('names twins in it, one of which has no copy', () => {
      const twins = letters.replace('f g h', 'x x h')
      expect(lost(twins, twins.replace('a ', '').replace('x ', ''))).toEqual(['5-6 skipped perhaps'])
    })

    const alike = 'b b b b b x x x b b b b'
    const fewer = 'b b b b x x b b b b'
    test.each([
      ['from before its beginning', [0, 0], ['5-8 skipped perhaps']],
      ['from where it begins', [5, 4], ['5-8 skipped perhaps']],
      ['not from its beginning on the source', [6, 0], []],
      ['not from its beginning on the target', [0, 5], []],
    ] as const)('records that look alike are counted, read %s', (_, from, expected) => {
      expect(lost(alike, fewer, from)).toEqual(expected)
    })

    test.each([
      ['as many', 'b b b b x x x b b b b', { ...middle, before: pair(8n, 7n) }, []],
      [
        'one more before it',
        'b b b b b x x b b b b',
        { ...middle, after: pair(4n, 4n), before: pair(8n, 7n) },
        ['5-8 skipped perhaps'],
      ],
    ] as const)('and none is missing where the target has %s', (_, target, gap, expected) => {
      expect(lost(alike, target, [0, 0], gap)).toEqual(expected)
    })

    test('begins behind what was proven', () => {
      const proven = { ...middle, before: pair(8n, 7n), proven: 7n }
      expect(lost(alike, 'b b b b x x b b b b', [0, 0], proven)).toEqual([])
      expect(lost(alike, 'b b b b x - - b b b b', [0, 0], proven)).toEqual(['7-8 skipped perhaps'])
    })
  })

  test('behind a log start with nothing but holes is lost up to there', () => {
    const holes = { source: aWindow(4, '- e f g', { logStart: 4n }), target: aWindow(1, 'b e f g') }
    expect(lostIn(after(open({}, [{ ...gap, before: pair(7n, 4n) }]), looked('gap', holes)))).toEqual([
      '2-4 expired',
    ])
  })

  describe('that cannot be read to its end', () => {
    const partly = { source: aWindow(1, 'b c d'), target: aWindow(1, 'b c d'), sourceTo: 20n }
    const gapAt = (since: number, to = 7n) => ({ after: pair(1n), before: pair(to, 5n), proven: 2n, since })

    test.each([
      ['waits for another look', gapAt(t0 - 5 * pollMs), [], 1],
      [
        'is possibly lost as a whole after many of them',
        gapAt(t0 - 5 * pollMs - 1),
        ['2-7 skipped perhaps'],
        0,
      ],
      ['waits where it was not part of the look', gapAt(0, 20n), [], 1],
    ])('%s', (_, gap, lost, left) => {
      const found = after(open({}, [gap]), looked('gap', partly))
      expect(found.outcome).toBe('inconclusive')
      expect(lostIn(found)).toEqual(lost)
      expect(found.content?.gaps).toHaveLength(left)
    })

    test('is expired where the source has it no longer', () => {
      const expired = { ...partly, source: aWindow(8, 'i j', { logStart: 7n }) }
      expect(lostIn(after(open({}, [gapAt(0)]), looked('gap', expired)))).toEqual(['2-7 expired perhaps'])
    })

    test('is nothing where it was proven before', () => {
      const proven = { ...gapAt(0), before: pair(7n, 7n), proven: 9n }
      const found = after(open({}, [proven]), looked('gap', partly))
      expect(lostIn(found)).toEqual([])
      expect(found.content?.gaps).toEqual([])
    })
  })

  test('that lies behind the look stays open', () => {
    const later = { after: pair(12n, 10n), before: pair(20n, 15n), proven: 2n, since: 0 }
    expect(after(open({}, [gap, later]), looked('gap', read)).content?.gaps).toEqual([later])
  })

  test('of several gaps none is certain', () => {
    const later = { after: pair(6n, 4n), before: pair(9n, 5n), proven: 7n, since: 0 }
    expect(lostIn(after(open({}, [gap, later]), looked('gap', read)))).toEqual(['2-4 expired perhaps'])
  })

  test.each([
    [
      'that holds nothing shows offsets without records',
      { source: aWindow(1, 'b - - e'), target: aWindow(1, 'b e') },
      true,
    ],
    [
      'in which a record was stepped over does not',
      { source: aWindow(1, 'b c e'), target: aWindow(1, 'b e') },
      false,
    ],
    ['of what expired does not', read, false],
  ])('%s', (_, look, hasPhantoms) => {
    expect(after(open(), looked('gap', look)).content?.hasPhantoms).toBe(hasPhantoms)
  })

  test('is no step of the rotation', () => {
    const before = audit({
      next: { source: 900n, target: 800n },
      searchedFrom: 850n,
      lapStartedAt: 3,
      completedAt: 2,
    })
    const found = after(open({ audit: before }), looked('gap', read))
    expect(found.content?.audit).toMatchObject({
      next: { source: 900n, target: 800n },
      searchedFrom: 850n,
      lapStartedAt: 3,
      completedAt: 2,
      at,
    })
    expect(after(open(), looked('gap', read)).content?.audit).toMatchObject({
      next: undefined,
      searchedFrom: undefined,
    })
  })

  test('a stretch of the rotation leaves it open', () => {
    expect(after(open(), looked('copy', { ...read, source: aWindow(4, 'e f g') })).content?.gaps).toEqual([
      gap,
    ])
  })
})

describe('a position of a former identity', () => {
  /** Of p to t the engine has copied s and t, behind what it had copied of the topic before. */
  const read = { source: aWindow(0, 'p q r s t'), target: aWindow(0, 'a b c s t') }
  const discarded = (parts: Partial<NonNullable<Position['discarded']>> = {}): PartitionComparison =>
    partition({
      position: aPosition(0n, {
        durable: 4n,
        discarded: {
          reason: 'recreated',
          detail: 'why',
          at: 1,
          adoptable: true,
          logStart: 0n,
          proven: 3n,
          since: pair(4n),
          settled: true,
          lastPair: undefined,
          lowestSince: undefined,
          durable: 4n,
          sourceCut: undefined,
          wentBack: undefined,
          copiesFrom: undefined,
          beganAnewAtOrBelow: 2n,
          ...parts,
        },
      }),
      unknown: { reason: 'recreated', detail: 'why' },
    })

  test('is adopted where content shows where the copy begins, and what lies below is lost', () => {
    const found = after(discarded(), looked('copy', read))
    expect(found).toMatchObject({
      position: { proven: 5n, basis: 'content', pair: pair(4n), discarded: undefined },
      unknown: undefined,
      lag: 0n,
    })
    expect(lostIn(found)).toEqual(['0-3 recreated'])
  })

  test('a copy that was there before the source was recreated is none of the new one', () => {
    // The former topic had an r as well.
    const twin = { ...read, target: aWindow(0, 'a b r s t') }
    expect(lostIn(after(discarded(), looked('copy', twin)))).toEqual(['0-2 recreated'])
    expect(lostIn(after(discarded({ copiesFrom: 3n }), looked('copy', twin)))).toEqual(['0-3 recreated'])
  })

  test('loses, possibly, what was deleted behind where it stood', () => {
    const look = { ...read, source: aWindow(3, 's t', { logStart: 3n }) }
    expect(lostIn(after(discarded({ logStart: 2n, proven: 1n }), looked('copy', look)))).toEqual([
      '1-3 recreated perhaps',
    ])
    expect(lostIn(after(discarded({ logStart: undefined }), looked('copy', look)))).toEqual([])
  })

  const grown = { source: aWindow(0, 'p q r s t'), target: aWindow(9, 'c s t') }
  test.each([
    [
      'possibly, where the target was cut off',
      discarded({ reason: 'diverged' }),
      read,
      ['0-3 recreated perhaps'],
    ],
    [
      'but for what the source had deleted when it was found',
      discarded({ logStart: 2n }),
      { ...read, source: aWindow(2, 'r s t', { logStart: 2n }) },
      ['2-3 recreated'],
    ],
    [
      'and possibly what it deleted since',
      discarded(),
      { ...read, source: aWindow(2, 'r s t', { logStart: 2n }) },
      ['0-2 recreated perhaps', '2-3 recreated'],
    ],
    ['nothing, where the copy has everything', discarded(), { ...read, target: aWindow(0, 'p q r s t') }, []],
    [
      'possibly up to the first that no other looks like',
      discarded({ since: pair(10n) }),
      { source: aWindow(0, 'p q r s p t u v w x y'), target: aWindow(0, 'a b c s p t u v w x y') },
      ['0-3 recreated'],
    ],
  ])('loses what lies below: %s', (_, before, look, lost) => {
    const at11 = { ...before, highWatermark: aSample(11n, t0) }
    expect(lostIn(after(at11, looked('copy', look)))).toEqual(lost)
  })

  test('never loses for certain what has no copy amid those that have: another identity may lie between', () => {
    const look = { source: aWindow(0, 'p q r s t'), target: aWindow(0, 'p q s t') }
    const cut = discarded({ reason: 'diverged', proven: 5n })
    expect(lostIn(after(cut, looked('copy', look)))).toEqual(['2-3 skipped perhaps'])
    // A new copy has everything from where it begins, so that it begins behind that.
    expect(lostIn(after(discarded(), looked('copy', look)))).toEqual([
      '2-3 skipped perhaps',
      '0-2 recreated perhaps',
    ])
  })

  test('loses, possibly, the ones that look alike at the beginning of the copy', () => {
    const words = 'd e f g h i j k l m n o'
    const look = {
      source: aWindow(0, `p a a ${words}`),
      target: aWindow(0, `x a a ${words}`),
    }
    const before = { ...discarded({ since: pair(14n), proven: 0n }), highWatermark: aSample(15n, t0) }
    expect(lostIn(after(before, looked('copy', look)))).toEqual(['0-1 recreated', '1-3 recreated perhaps'])
  })

  test('what awaits a commit is told apart from what a restart would not copy again', () => {
    const lost = (parts: Parameters<typeof discarded>[0], durable = 4n) => {
      const before = discarded(parts)
      const found = after({ ...before, position: { ...before.position, durable } }, looked('copy', read))
      return found.content?.losses?.ranges.map(
        ({ from, to, certain, awaitsCommit }) =>
          `${from}-${to}${certain ? '' : awaitsCommit === true ? ' until it commits' : ' perhaps'}`,
      )
    }
    expect(lost({ durable: 1n })).toEqual(['0-2', '2-3 until it commits'])
    expect(lost({}, 1n)).toEqual(['0-2', '2-3 until it commits'])
    expect(lost({ durable: undefined })).toEqual(['0-3 until it commits'])
    expect(lost({ lowestSince: 2n })).toEqual(['0-2', '2-3 perhaps'])
    expect(lost({ lowestSince: 4n })).toEqual(['0-3'])
    expect(lost({ lowestSince: 0n })).toEqual(['0-3 perhaps'])
    expect(lost({ reason: 'diverged' })).toEqual(['0-3 perhaps'])
  })

  test('a record that stands elsewhere than the others is there by chance, where some have no copy', () => {
    const strays = { source: aWindow(0, 'p q r s t'), target: aWindow(0, 'p r y s t') }
    expect(lostIn(after(discarded(), looked('copy', strays))).toSorted()).toEqual([
      '0-1 recreated perhaps',
      '1-2 skipped perhaps',
      '2-3 recreated perhaps',
    ])
    const shifted = { source: aWindow(0, 'p q r s t'), target: aWindow(0, 'p q r y s t') }
    const before = discarded({ since: pair(4n, 5n) })
    expect(lostIn(after(before, looked('copy', shifted)))).toEqual([])
  })

  test('is adopted where the broker of the copy stamps records itself', () => {
    const target = aWindow(0, 'a b c s t', { logAppendTime: true })
    const stamped = { ...target, records: target.records.map(record => ({ ...record, timestampMs: 5 })) }
    expect(after(discarded(), looked('copy', { ...read, target: stamped })).position.proven).toBe(5n)
  })

  test('what was found to be unique before counts for the lap', () => {
    const before = {
      ...discarded(),
      content: aContent({
        audit: audit({
          next: { source: 3n, target: 3n },
          uniqueDownTo: 3n,
          lapTop: { source: 4n, target: 4n },
        }),
      }),
    }
    const look = { source: aWindow(0, 'p q r'), target: aWindow(0, 'a b c') }
    expect(after(before, looked('copy', look)).position.proven).toBe(5n)
    const anew = { ...discarded(), content: aContent({ audit: audit({ uniqueDownTo: 3n }) }) }
    expect(after(anew, looked('copy', look)).position.proven).toBe(0n)
  })

  test.each([
    ["the source's log fell", discarded({ adoptable: false }), read],
    ['not all that the engine said before was read', discarded({ settled: false }), read],
    ["the pair's records are not the same", discarded(), { ...read, target: aWindow(0, 'a b c s x') }],
    ["the pair's record is not there", discarded(), { ...read, target: aWindow(0, 'a b s t -') }],
    ["the pair's original is not there", discarded(), { ...read, source: aWindow(0, 'q r s t -') }],
    ['the engine has written no pair since', discarded({ since: undefined }), read],
    ['the source cannot be read', { ...discarded(), highWatermark: undefined }, read],
    ['the pair lies beyond the source', discarded({ since: pair(5n) }), read],
    ['the copy goes on further down', discarded(), grown],
    [
      'contents do not tell records apart',
      discarded(),
      { source: aWindow(0, 'p p p s t'), target: aWindow(0, 'a b c s t') },
    ],
    ['nothing matches', discarded(), { ...read, target: aWindow(0, 'a b c d e') }],
  ])('stays so where %s', (_, before, look) => {
    const found = after(before, looked('copy', look))
    expect(found.position).toEqual(before.position)
    expect(found.unknown?.reason).toBe('recreated')
  })
})
