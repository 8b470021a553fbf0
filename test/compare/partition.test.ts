import { describe, expect, test } from 'vitest'
import { comparePartition, withContent } from '../../src/compare/partition.ts'
import { noPosition } from '../../src/compare/position.ts'
import type { PartitionReading } from '../../src/compare/reading.ts'
import type { Audit, Content, LostRange, PartitionComparison, Position } from '../../src/model/comparison.ts'
import type { OffsetPair, PartitionProgress } from '../../src/model/observation.ts'
import { known, unknown } from '../../src/model/reading.ts'
import { aContent, aPartition, aPosition, aSample, aTail } from '../support/comparisons.ts'
import { pollMs } from '../support/world.ts'

const t0 = 1_000_000
const pair = (source: bigint, target = source): OffsetPair => ({ source, target, writtenAtMs: 1 })

/** Ten records on both sides, read in an orderly way, unless told. */
function aReading(parts: Partial<PartitionReading> = {}): PartitionReading {
  return {
    name: 'orders-0',
    partition: 0,
    t0,
    highWatermark: known(10n),
    positionsReadFirst: true,
    targetEnd: known(10n),
    sourceCut: undefined,
    targetCut: undefined,
    progress: undefined,
    engineUnknown: undefined,
    pairsKnown: true,
    allSaid: true,
    recordsAreRead: true,
    tasksChangedAtMs: undefined,
    recreated: undefined,
    recreatedSource: false,
    recreatedTarget: false,
    absentUntil: undefined,
    logStart: undefined,
    mayHaveSkipped: false,
    pairGraceMs: 60_000,
    pairSpacing: 100n,
    ...parts,
  }
}

/** The poll before saw ten records, of which the engine had committed six. */
function before(parts: Partial<PartitionComparison> = {}): PartitionComparison {
  return aPartition({
    position: aPosition(6n),
    highWatermark: aSample(10n, t0 - pollMs),
    history: [aSample(6n, t0 - 2 * pollMs), aSample(10n, t0 - pollMs)],
    targetEnd: 6n,
    knownSince: t0 - 2 * pollMs,
    missingSince: t0 - pollMs,
    ...parts,
  })
}
const after = (reading: Partial<PartitionReading>, previous: PartitionComparison | undefined = before()) =>
  comparePartition(previous, aReading(reading), undefined)

const committed = (offset: bigint): PartitionProgress => ({
  durable: { lowest: offset, highest: offset, newest: offset },
})
const paired = (newest: OffsetPair, lowest = newest.source): PartitionProgress => ({
  pairs: { lowest: lowest === newest.source ? newest : pair(lowest), highest: newest.source, newest },
})

const aDiscard = (parts: Partial<NonNullable<Position['discarded']>> = {}): Position => ({
  ...noPosition,
  durable: 5n,
  discarded: {
    reason: 'recreated',
    detail: 'why',
    at: 5,
    adoptable: true,
    logStart: undefined,
    proven: 6n,
    since: undefined,
    settled: true,
    lastPair: undefined,
    lowestSince: undefined,
    durable: 4n,
    sourceCut: undefined,
    wentBack: undefined,
    copiesFrom: undefined,
    beganAnewAtOrBelow: 5n,
    ...parts,
  },
})

/** Four records wait, all of them were read, and the target has not got any of them. */
const exactTail = aTail({
  readFrom: 6n,
  from: 6n,
  readTo: 10n,
  records: 4,
  missing: 4,
  targetEnd: 6n,
})
const lostIn = (content: Content | undefined): string[] =>
  content?.losses?.ranges.map(
    ({ from, to, cause, certain, former }: LostRange) =>
      `${from}-${to} ${cause}${certain ? '' : ' perhaps'}${former ? ' formerly' : ''}`,
  ) ?? []

describe('when a partition', () => {
  test.each([
    ['moved: now', { durable: { lowest: 7n, highest: 7n, newest: 7n } }, t0],
    ['did not move: when it last did', undefined, 7],
    ['repeated its commit: when it last did', { durable: { lowest: 5n, highest: 5n, newest: 5n } }, 7],
  ])('%s', (_, progress, movedAt) => {
    expect(after({ progress }, before({ movedAt: 7 })).movedAt).toBe(movedAt)
  })

  test('is seen for the first time it has not moved', () => {
    const progress = { durable: { lowest: 5n, highest: 5n, newest: 5n } }
    expect(comparePartition(undefined, aReading({ progress }), undefined).movedAt).toBeUndefined()
  })

  test.each([
    ['goes on missing something', before(), { highWatermark: known(12n) }, t0 - pollMs],
    ['begins to miss something', before({ missingSince: undefined }), {}, t0],
    ['cannot be read', before(), { highWatermark: unknown('timeout', '') }, t0 - pollMs],
    ['misses nothing', before({ position: aPosition(10n) }), {}, undefined],
    ['was never seen', aPartition(), { highWatermark: unknown('timeout', '') }, undefined],
  ] as const)('%s, it has been missing something since then', (_, previous, reading, since) => {
    expect(after(reading, previous).missingSince).toBe(since)
  })

  test.each([
    ['stays known', before(), {}, t0 - 2 * pollMs],
    ['becomes known', before({ knownSince: undefined }), {}, t0],
    ['becomes unknown', before(), { targetEnd: unknown('timeout', '') }, undefined],
  ] as const)('%s, it has been known since then', (_, previous, reading, since) => {
    expect(after(reading, previous).knownSince).toBe(since)
  })
})

test('a position that is newer than the end beside it lags by nothing', () => {
  expect(after({ positionsReadFirst: false, progress: committed(10n) })).toMatchObject({
    position: { proven: 11n },
    lag: 0n,
    estimatedLag: 0n,
  })
})

describe('why a partition is unknown', () => {
  const engineUnknown = { reason: 'reading', detail: 'not at its end yet' } as const
  test.each([
    ['its high watermark', before(), { highWatermark: unknown('leaderless', '') }, 'leaderless'],
    ["the target's end", before(), { targetEnd: unknown('timeout', '') }, 'timeout'],
    ['the engine, where something is missing', before(), { engineUnknown }, 'reading'],
    ['its identity', before({ position: aDiscard() }), {}, 'recreated'],
    [
      'its identity, although nothing is in it',
      before({ position: aDiscard({ reason: 'diverged' }), highWatermark: undefined, history: [] }),
      { highWatermark: known(0n) },
      'diverged',
    ],
    [
      'a copy that does not show yet',
      before({ position: noPosition }),
      { targetEnd: 'absent', progress: { durable: { lowest: 5n, highest: 5n, newest: 5n } } },
      'reading',
    ],
  ] as const)('%s', (_, previous, reading, reason) => {
    expect(after(reading, previous)).toMatchObject({
      unknown: { reason },
      lag: undefined,
      estimatedLag: undefined,
    })
  })

  test.each([
    ['a proof stays one without the engine', before({ position: aPosition(10n) }), { engineUnknown }],
    [
      'nothing was ever written',
      aPartition(),
      { highWatermark: known(0n), targetEnd: unknown('timeout', '') },
    ],
    [
      'recreated and empty',
      before({ position: aDiscard(), highWatermark: undefined, history: [] }),
      { highWatermark: known(0n) },
    ],
  ] as const)('not at all: %s', (_, previous, reading) => {
    expect(after(reading, previous)).toMatchObject({ unknown: undefined, lag: 0n })
  })

  test('while a copy does not show yet, recovery points stay as they were', () => {
    const previous = before({ position: noPosition, recoveryPoint: 11, estimatedRecoveryPoint: 12 })
    const progress = { durable: { lowest: 9n, highest: 9n, newest: 9n } }
    const found = after({ targetEnd: 'absent', progress }, previous)
    expect(found).toMatchObject({ recoveryPoint: 11, estimatedRecoveryPoint: 12 })
    expect(found.history).toHaveLength(2)
    expect(after({ progress }, previous).history).toHaveLength(1)
  })

  test.each([
    ['at its offset', 5n, 'reading'],
    ['behind its offset', 6n, undefined],
  ])('the first pair, with a target that ends %s', (_, end, reason) => {
    const progress = { pairs: { lowest: pair(5n), highest: 5n, newest: pair(5n) } }
    const found = comparePartition(undefined, aReading({ progress, targetEnd: known(end) }), undefined)
    expect(found.unknown?.reason).toBe(reason)
  })
})

describe('where the copies of what comes later lie', () => {
  const boundIn = ({ history }: PartitionComparison) => history.at(-1)?.copies
  test.each([
    [
      "at the target's end, and behind what was committed before it",
      before(),
      {},
      { target: 10n, source: 6n },
    ],
    [
      'not behind what this poll committed',
      before(),
      { progress: committed(8n) },
      { target: 10n, source: 6n },
    ],
    [
      'anywhere, where nothing was committed',
      before({ position: noPosition }),
      {},
      { target: 10n, source: 0n },
    ],
    [
      'anywhere, where the log is shorter than what was committed of another one',
      before({ position: aPosition(6n, { durable: 10n }), highWatermark: undefined }),
      {},
      { target: 10n, source: 0n },
    ],
    ['unknown without the target', before(), { targetEnd: unknown('timeout', '') }, undefined],
    ['unknown of a former identity', before({ position: aDiscard() }), {}, undefined],
  ] as const)('%s', (_, previous, reading, bound) => {
    expect(boundIn(after(reading, previous))).toEqual(bound)
  })

  test('is known from the first poll on', () => {
    const { history } = comparePartition(undefined, aReading(), undefined)
    expect(history).toEqual([aSample(10n, t0, { copies: { target: 10n, source: 0n } })])
  })
})

describe('whether pairs are fresh', () => {
  const at = (position: Position, highWatermark: bigint, parts: Partial<PartitionReading> = {}) => {
    const history = [aSample(highWatermark, t0 - pollMs, { firstSeenAt: t0 - 60_000 })]
    const previous = before({ position, history, highWatermark: aSample(highWatermark, t0 - pollMs) })
    return after({ highWatermark: known(highWatermark), targetEnd: known(9_000n), ...parts }, previous)
  }

  test.each([
    ['a pair that just suffices', aPosition(0n, { pair: pair(99n) }), 200n, true],
    ['one record more', aPosition(0n, { pair: pair(99n) }), 201n, false],
    ['a position that is ahead of its pair', aPosition(201n, { pair: pair(99n) }), 201n, false],
    ['commits without a pair', aPosition(5n), 5n, false],
    ['nothing committed, although it is due', noPosition, 5n, false],
    ['an empty partition', noPosition, 0n, true],
  ])('%s', (_, position, highWatermark, fresh) => {
    expect(at(position, highWatermark).pairFresh).toBe(fresh)
  })

  test.each([
    ['what was produced is younger than the grace', noPosition, true],
    ['what was produced is, but something was copied', aPosition(0n, { durable: 3n }), false],
  ])('%s', (_, position, fresh) => {
    const history = [aSample(0n, t0 - 90_000), aSample(5n, t0 - 59_999)]
    const previous = before({
      position: { ...position, proven: 1n },
      history,
      highWatermark: aSample(5n, t0 - pollMs),
    })
    expect(after({ highWatermark: known(5n) }, previous).pairFresh).toBe(fresh)
  })

  test.each([
    ['there are no pairs', aPosition(5n), { pairsKnown: false }],
    ['the source cannot be read', aPosition(5n), { highWatermark: unknown('timeout', '') }],
    ['positions are of a former identity', aDiscard(), {}],
  ] as const)('is not judged where %s', (_, position, parts) => {
    expect(at(position, 5n, parts).pairFresh).toBeUndefined()
  })
})

describe('whether the log start is asked for', () => {
  const untouched = before({ position: noPosition, logStartWanted: true })
  const engineUnknown = { reason: 'reading', detail: '' } as const
  test.each([
    ['of a partition that is seen for the first time', aPartition(), {}, true],
    ['again, where it was not answered', untouched, { logStart: unknown('timeout', '') }, true],
    ['again, where the engine was not known yet', untouched, { logStart: known(4n), engineUnknown }, true],
    ['no more, once it was answered', untouched, { logStart: known(4n) }, false],
    ['not later, when retention may have been there', before({ position: noPosition }), {}, false],
    ['not of an empty partition', aPartition(), { highWatermark: known(0n) }, false],
    ['not where the source cannot be read', aPartition(), { highWatermark: unknown('timeout', '') }, false],
    ['not where the engine has begun', aPartition({ position: aPosition(0n) }), {}, false],
    ['not where nothing can be missing', aPartition({ position: { ...noPosition, proven: 10n } }), {}, false],
  ] as const)('%s', (_, previous, reading, wanted) => {
    expect(after(reading, previous).logStartWanted).toBe(wanted)
  })

  test.each([
    ['the engine never touched it', untouched, {}, 10n],
    ['the engine cannot be read', untouched, { engineUnknown }, 0n],
    ['it was not asked for', before({ position: noPosition }), {}, 0n],
    ['something is retained', untouched, { logStart: known(9n) }, 0n],
    ['the engine has begun', before({ logStartWanted: true }), {}, 6n],
  ] as const)('where nothing is retained and %s', (_, previous, reading, proven) => {
    expect(after({ logStart: known(10n), ...reading }, previous).position.proven).toBe(proven)
  })
})

describe('a log that was replaced or cut off', () => {
  const exact = { content: aContent({ tail: exactTail }) }
  const recreated = {
    recreated: 'why',
    recreatedSource: true,
    highWatermark: known(3n),
    targetEnd: known(6n),
  }
  const fell = (to: bigint) => ({ highWatermark: known(to), targetEnd: known(6n) })

  test.each([
    ['recreated', before(), recreated, ['6-10 recreated perhaps formerly']],
    ['recreated, behind an exact position', before(exact), recreated, ['6-10 recreated perhaps formerly']],
    [
      'recreated, and the copy has grown',
      before(exact),
      { ...recreated, targetEnd: known(7n) },
      ['6-10 recreated perhaps formerly'],
    ],
    [
      'recreated, and the copy is gone',
      before(exact),
      { ...recreated, targetEnd: 'absent' },
      ['6-10 recreated perhaps formerly'],
    ],
    [
      'recreated again, before it was known',
      before({ position: aDiscard({ logStart: 2n }) }),
      recreated,
      ['2-10 recreated perhaps formerly'],
    ],
    ['recreated, all copied', before({ position: aPosition(10n) }), recreated, []],
    ['fallen to behind the position', before(exact), fell(8n), ['8-10 truncated perhaps formerly']],
    ['fallen to the position', before(exact), fell(6n), ['6-10 truncated perhaps formerly']],
    ['fallen to below the position', before(exact), fell(4n), ['6-10 truncated perhaps formerly']],
    ['only its copy recreated', before(exact), { recreated: 'why', recreatedSource: false }, []],
    ['never seen before', aPartition(), recreated, []],
  ] as const)('%s: lost is what was not copied', (_, previous, reading, lost) => {
    expect(lostIn(after(reading, previous).content)).toEqual(lost)
  })

  test('keeps what was lost before, as of the log that has ended', () => {
    const range: LostRange = { from: 1n, to: 3n, cause: 'expired', certain: true, foundAt: 1, former: false }
    const losses = { ranges: [range], lost: 2n, possiblyLost: 0n }
    const previous = before({ position: aPosition(10n), content: aContent({ tail: exactTail, losses }) })
    expect(after(recreated, previous).content).toEqual(
      aContent({ losses: { ...losses, ranges: [{ ...range, former: true }] } }),
    )
    expect(lostIn(after({ targetEnd: known(2n) }, previous).content)).toEqual(['1-3 expired'])
    expect(lostIn(after(fell(8n), previous).content)[0]).toBe('1-3 expired')
  })

  test.each([
    ['the source is another topic', recreated, 'recreated', true],
    ['the source fell', fell(8n), 'diverged', false],
    ['the copy is gone', { targetEnd: 'absent' }, 'diverged', true],
    ['the copy became shorter', { targetEnd: known(5n) }, 'diverged', true],
    [
      'the engine committed what the source does not have',
      { progress: { durable: { lowest: 10n, highest: 10n, newest: 10n } } },
      'diverged',
      false,
    ],
  ] as const)(
    'is known again by content, or only when the engine begins anew: %s',
    (_, reading, reason, adoptable) => {
      const { position, history, recoveryPoint } = after(reading)
      expect(position.discarded).toMatchObject({ reason, adoptable })
      expect(history).toHaveLength(1)
      expect(recoveryPoint).toBeUndefined()
    },
  )

  test('the target shows by two pairs that contradict each other', () => {
    const cut = { after: pair(4n, 90n), before: pair(6n, 2n) }
    const progress = { pairs: { lowest: cut.before, highest: 6n, newest: cut.before, cut } }
    expect(after({ progress }).position.discarded).toMatchObject({ reason: 'diverged', adoptable: true })
    expect(after({ progress }, before({ position: noPosition })).position.discarded).toBeUndefined()
  })

  test.each([
    ['at the offset of the pair', 6n, { reason: 'diverged', adoptable: true }],
    ['behind it', 7n, undefined],
  ])('the target ends %s', (_, end, discarded) => {
    const previous = before({ position: aPosition(6n, { pair: pair(5n, 6n) }), targetEnd: undefined })
    const found = after({ targetEnd: known(end) }, previous).position.discarded
    if (discarded === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject(discarded)
  })

  test.each([
    ['the last record that was copied', { targetEnd: 'absent' }, 'copied up to 5,'],
    [
      'the record that the source does not have',
      { progress: committed(10n) },
      'source offset 10, but the log ends at 10',
    ],
  ] as const)('the detail names %s', (_, reading, words) => {
    expect(after(reading).position.discarded?.detail).toContain(words)
  })

  const newer = { progress: { durable: { lowest: 10n, highest: 10n, newest: 10n } } }
  const older = aPartition({ position: aPosition(11n) })
  test.each([
    ['committed before this poll', older, {}, false, true],
    ['committed in this poll, before the source was asked', before(), newer, true, true],
    ['committed in this poll, when the source had been asked', before(), newer, false, false],
  ])('shows by a position beyond its end: %s', (_, previous, reading, positionsReadFirst, shows) => {
    const { discarded } = after({ ...reading, positionsReadFirst }, previous).position
    expect(discarded !== undefined).toBe(shows)
  })
})

const anAudit: Audit = {
  outcome: 'proven',
  detail: '',
  at: 1,
  next: undefined,
  searchedFrom: undefined,
  lapTop: undefined,
  lapMatched: true,
  uniqueDownTo: undefined,
  brokenAt: undefined,
  mismatches: [],
  lapStartedAt: 1,
  completedAt: undefined,
  bytesPerOffset: 20,
}

describe('an election that cut a log off', () => {
  test.each([
    [
      'the source, which has grown since',
      { sourceCut: 8n, highWatermark: known(30n) },
      /was cut off at 8/,
      ['8-10 truncated perhaps formerly'],
    ],
    [
      'the source, below the position',
      { sourceCut: 4n, highWatermark: known(30n) },
      /was cut off at 4/,
      ['6-10 truncated perhaps formerly'],
    ],
    [
      'the target, which has grown since',
      { targetCut: 5n, targetEnd: known(30n) },
      /target's log ended at 6 and was cut off at 5/,
      [],
    ],
    [
      'both: of what the target had, it has what lies before its cut',
      { sourceCut: 4n, highWatermark: known(30n), targetCut: 5n, targetEnd: known(30n) },
      /was cut off at 4/,
      ['5-10 truncated perhaps formerly'],
    ],
  ])('%s: nothing counts any longer', (_, cut, detail, lost) => {
    const previous = before({ position: aPosition(6n, { pair: pair(5n) }), targetEnd: 6n })
    const found = after(cut, previous)
    expect(found.unknown?.reason).toBe('diverged')
    expect(found.position.discarded?.detail).toMatch(detail)
    expect(lostIn(found.content)).toEqual(lost)
  })

  test.each([
    ['from where its log began', before({ logStart: 2n }), ['2-10 truncated perhaps formerly']],
    ['from the cut on', before(), ['1-10 truncated perhaps formerly']],
  ])('of the source, whose copy is another one: all of it is lost, %s', (_, previous, lost) => {
    const reading = { recreated: 'why', sourceCut: 1n, highWatermark: known(30n) }
    const found = after(reading, previous)
    expect(lostIn(found.content)).toEqual(lost)
    expect(found.position.discarded).toMatchObject({ sourceCut: 1n, beganAnewAtOrBelow: 0n })
  })

  test.each([
    ['the source', { sourceCut: 10n, highWatermark: known(30n) }],
    ['the target', { targetCut: 6n, targetEnd: known(30n) }],
  ])('of %s, but not of what was seen', (_, cut) => {
    const previous = before({ position: aPosition(6n, { pair: pair(5n) }), targetEnd: 6n })
    expect(after(cut, previous).position.discarded).toBeUndefined()
  })

  test('once more, while nothing counts: the comparison begins anew', () => {
    const previous = before({ position: aDiscard(), targetEnd: 6n, content: aContent({ hasPhantoms: true }) })
    const found = after({ targetCut: 5n, targetEnd: known(30n) }, previous)
    expect(found.position.discarded).toMatchObject({ reason: 'diverged', at: t0, adoptable: true })
    expect(found.content).toBeUndefined()
  })

  test('of the source, while the copy is in doubt: going back there shows nothing of it', () => {
    const previous = before({ position: aDiscard({ beganAnewAtOrBelow: 9n }) })
    const { position } = after({ sourceCut: 4n, highWatermark: known(30n) }, previous)
    expect(position.discarded).toMatchObject({ adoptable: false, sourceCut: 4n, beganAnewAtOrBelow: 3n })
  })
})

describe('words of the engine after a discard', () => {
  const pairs = paired(pair(1n), 0n)

  test('count once all that it had said before was read', () => {
    const unsettled = aDiscard({ settled: false, beganAnewAtOrBelow: 5n })
    const noting = after({ progress: pairs, allSaid: false }, before({ position: unsettled }))
    expect(noting.position.discarded).toMatchObject({ settled: false, since: pair(1n) })
    const settling = after({ progress: pairs }, before({ position: unsettled }))
    expect(settling.position.discarded).toMatchObject({ settled: true })
    const settled = before({ position: aDiscard({ settled: true, beganAnewAtOrBelow: 5n }) })
    expect(after({ progress: pairs }, settled).position.discarded).toBeUndefined()
  })

  test('of another cut: what was compared since is compared anew', () => {
    const content = aContent({ hasPhantoms: true, audit: anAudit })
    const cut = { after: pair(9n), before: pair(20n, 3n) }
    const progress = { pairs: { lowest: cut.before, highest: 20n, newest: cut.before, cut } }
    const previous = before({ position: aDiscard({ beganAnewAtOrBelow: 5n }), content })
    expect(after({ progress }, previous).content).toEqual({ ...content, audit: undefined })
    expect(after({ progress: paired(pair(20n)) }, previous).content?.audit).toBe(anAudit)
  })
})

describe('an engine that went back', () => {
  const gap = (from: bigint, to: bigint) => ({
    after: pair(from),
    before: pair(to, from + 1n),
    proven: 0n,
    since: 0,
  })
  const skipped: LostRange = { from: 3n, to: 5n, cause: 'skipped', certain: true, foundAt: 1, former: false }

  test.each([
    [0n, [], true],
    [2n, ['0-3'], true],
    [4n, ['0-3'], 'in part'],
    [5n, ['0-3'], false],
    [6n, ['0-3', '4-8'], false],
  ] as const)('to %s copies again what lay behind', (lowest, gaps, former) => {
    const losses = { ranges: [skipped], lost: 2n, possiblyLost: 0n }
    const content = aContent({ gaps: [gap(0n, 3n), gap(4n, 8n)], losses })
    const found = after({ progress: paired(pair(9n), lowest) }, before({ content })).content
    expect(found?.gaps.map(({ after, before }) => `${after.source}-${before.source}`)).toEqual(gaps)
    const states = found?.losses?.ranges.map(range => range.former)
    expect(states).toEqual(former === 'in part' ? [false, true] : [former])
  })

  test('changes nothing where nothing was skipped', () => {
    const content = aContent({ hasPhantoms: true })
    expect(after({ progress: paired(pair(9n), 0n) }, before({ content })).content).toBe(content)
  })
})

describe('a loss that awaits a commit', () => {
  const awaiting: LostRange = {
    from: 0n,
    to: 5n,
    cause: 'recreated',
    certain: false,
    awaitsCommit: true,
    foundAt: 1,
    former: false,
  }
  const content = aContent({ hasPhantoms: true, losses: { ranges: [awaiting], lost: 0n, possiblyLost: 5n } })

  test.each([
    [
      'certain once it has come',
      { progress: committed(4n) },
      aPosition(6n, { durable: 2n }),
      ['0-5 recreated'],
    ],
    ['possible until then', {}, aPosition(6n, { durable: 2n }), ['0-5 recreated perhaps']],
    ['possible where none ever came', {}, aPosition(6n, { durable: undefined }), ['0-5 recreated perhaps']],
    ['possible while nothing counts', {}, { ...aDiscard(), durable: 9n }, ['0-5 recreated perhaps']],
  ])('is %s', (_, reading, position, lost) => {
    const found = after(reading, before({ position, content })).content
    expect(lostIn(found)).toEqual(lost)
    expect(found?.hasPhantoms).toBe(true)
  })
})

describe('an engine that begins', () => {
  const untouched = before({ position: noPosition })
  const reading = { progress: paired(pair(4n), 2n), logStart: known(0n), targetEnd: known(9n) }

  test.each([
    ['further up than the log: to be looked at', reading, untouched, ['-1-2']],
    ['where records may not be read', { ...reading, recordsAreRead: false }, untouched, []],
    ['where the log does', { ...reading, logStart: known(2n) }, untouched, []],
    ['in a log that begins nobody knows where', { ...reading, logStart: undefined }, untouched, []],
    ['once more', reading, before(), []],
  ] as const)('%s', (_, found, previous, gaps) => {
    const { content } = after(found, previous)
    expect(content?.gaps.map(({ after, before }) => `${after.source}-${before.source}`) ?? []).toEqual(gaps)
    expect(lostIn(content)).toEqual([])
  })

  test('before this process did: nobody knows where', () => {
    expect(lostIn(comparePartition(undefined, aReading(reading), undefined).content)).toEqual([])
  })

  test.each([
    ['up to where it went on', 40n, ['6-13 expired perhaps']],
    ['from where it stood', 7n, ['6-7 expired perhaps']],
  ])('lost %s at most', (_, logStart, lost) => {
    const paused = { progress: paired(pair(12n)), highWatermark: known(13n), targetEnd: known(20n) }
    expect(lostIn(after({ ...paused, mayHaveSkipped: true, logStart: known(logStart) }).content)).toEqual(
      lost,
    )
  })

  test('behind what was deleted in front of it, although no gap shows', () => {
    const paused = {
      progress: paired(pair(12n)),
      highWatermark: known(20n),
      targetEnd: known(20n),
      logStart: known(8n),
    }
    expect(lostIn(after({ ...paused, mayHaveSkipped: true }).content)).toEqual(['6-8 expired perhaps'])
    expect(lostIn(after(paused).content)).toEqual([])
    expect(lostIn(after({ ...paused, mayHaveSkipped: true, logStart: known(6n) }).content)).toEqual([])
  })
})

describe('the poll in which a log was found to be another one', () => {
  const recreated = { recreated: 'why', recreatedSource: true }

  test('keeps what it read of the engine in mind, and believes none of it', () => {
    const { position } = after({ ...recreated, progress: { ...paired(pair(2n), 0n), ...committed(2n) } })
    expect(position).toMatchObject({ proven: 0n, durable: 2n, discarded: { since: pair(2n) } })
  })

  test('nor what the engine said then for the first time', () => {
    const { position } = after({ ...recreated, progress: committed(2n) }, before({ position: noPosition }))
    expect(position).toMatchObject({ proven: 0n, durable: 2n, discarded: { reason: 'recreated' } })
  })

  test.each([
    ['a pair that the target lost is of the run before, which has to go back from there', 2n, 7n, 2n],
    ['a pair that the target holds may be of the new one', 2n, 6n, 5n],
    ['a pair further up says nothing new', 8n, 7n, 5n],
  ])('%s', (_, source, target, bound) => {
    const { position } = after({
      recreated: 'why',
      targetEnd: known(7n),
      progress: paired({ ...pair(source), target }, source),
    })
    expect(position.discarded?.beganAnewAtOrBelow).toBe(bound)
  })

  const copies = (target: bigint) => ({ copies: { target, source: 0n } })
  const grown = {
    history: [aSample(6n, t0 - 2 * pollMs, copies(6n)), aSample(10n, t0 - pollMs, copies(8n))],
    targetEnd: 8n,
  }
  const still = { ...aSample(10n, t0 - 2 * pollMs, copies(7n)), lastSeenAt: t0 - pollMs }
  test.each([
    ['where the target ended two polls before', {}, grown, 6n],
    ['where it ended when the source last grew', {}, { ...grown, history: [still] }, 7n],
    ['nowhere, where only one poll is known', {}, { ...grown, history: grown.history.slice(1) }, undefined],
    ['nowhere, where something else was found before', {}, { ...grown, position: aDiscard() }, undefined],
    ['nowhere, where the target was recreated as well', { recreatedTarget: true }, grown, undefined],
    [
      'nowhere, where only the target was',
      { recreatedSource: false, recreatedTarget: true },
      grown,
      undefined,
    ],
    ['nowhere, where the target was cut off as well', { targetEnd: known(5n) }, grown, undefined],
    ['nowhere, where that cannot be told', { targetEnd: unknown('timeout', '') }, grown, undefined],
  ] as const)('the copies of a recreated source begin %s', (_, reading, previous, from) => {
    const { position } = after({ ...recreated, targetEnd: known(9n), ...reading }, before(previous))
    expect(position.discarded?.copiesFrom).toBe(from)
  })

  test('that is forgotten when the target is cut off later, and kept when the source is', () => {
    const previous = before({ position: aDiscard({ copiesFrom: 6n }), targetEnd: 9n })
    expect(after({ targetEnd: known(8n) }, previous).position.discarded?.copiesFrom).toBeUndefined()
    const cut = after({ targetEnd: known(9n), highWatermark: known(5n) }, previous)
    expect(cut.position.discarded).toMatchObject({ reason: 'diverged', copiesFrom: 6n })
  })

  test.each([
    ['of a new copy', { lowest: pair(4n, 6n), newest: pair(8n, 9n) }, 4n],
    ['of the old run, said late', { lowest: pair(4n, 5n), newest: pair(8n, 9n) }, 8n],
    ['of the old run alone', { lowest: pair(4n, 5n), newest: pair(4n, 5n) }, undefined],
  ])('where a recreated source is copied from: a pair %s', (_, { lowest, newest }, lowestSince) => {
    const previous = before({ position: aDiscard({ copiesFrom: 6n, beganAnewAtOrBelow: 2n }), targetEnd: 9n })
    const progress = { pairs: { lowest, highest: newest.source, newest } }
    const { position } = after({ targetEnd: known(12n), progress }, previous)
    expect(position.discarded?.lowestSince).toBe(lowestSince)
  })

  test.each([
    ['as this poll read it', before(), 2n, 2n],
    ['as it was known before', before({ logStart: 1n }), 2n, 1n],
    ['as a later one reads it, where it was not known', before({ position: aDiscard() }), 2n, 2n],
    ['as it was then', before({ position: aDiscard({ logStart: 1n }) }), 2n, 1n],
  ])('remembers the log start %s', (_, previous, logStart, remembered) => {
    const reading = previous.position.discarded === undefined ? { recreated: 'why' } : {}
    const { position } = after({ ...reading, logStart: known(logStart) }, previous)
    expect(position.discarded?.logStart).toBe(remembered)
  })

  test('remembers that a source that was created again begins at 0', () => {
    expect(after({ ...recreated, logStart: known(2n) }).position.discarded?.logStart).toBe(0n)
  })

  test('is not found again while positions are of a former identity', () => {
    const previous = before({ position: aDiscard(), recoveryPoint: 11 })
    for (const targetEnd of [known(10n), 'absent'] as const) {
      expect(after({ targetEnd }, previous)).toMatchObject({
        recoveryPoint: undefined,
        unknown: { reason: 'recreated' },
      })
    }
  })
})

describe('a new pair', () => {
  const seen = before({ recoveryPoint: t0 - 2 * pollMs })
  test.each([
    ["at the target's end as it was before", 12n, { counted: 6n, lag: 4n, recoveryPoint: t0 - 2 * pollMs }],
    ['that the target held before', 13n, { counted: 10n, lag: 0n, recoveryPoint: t0 }],
  ])('%s counts once the target is known to hold it', (_, end, expected) => {
    const progress = paired(pair(9n, 12n))
    const found = after({ progress, targetEnd: known(end) }, seen)
    expect(found).toMatchObject({ ...expected, position: { proven: 10n } })
    const read = withContent(found, aPosition(10n), aContent({}), t0)
    expect(read).toMatchObject(expected)
    expect(after({ t0: t0 + pollMs, targetEnd: known(13n) }, found)).toMatchObject({ counted: 10n, lag: 0n })
  })

  test.each([
    ['the target cannot be read', seen, { targetEnd: unknown('timeout', '') }],
    ['the target holds it', before({ position: noPosition }), { targetEnd: known(13n) }],
  ] as const)('counts at once where %s', (_, previous, reading) => {
    expect(after({ progress: paired(pair(9n, 12n)), ...reading }, previous).counted).toBe(10n)
  })
})

describe('an engine that began anew', () => {
  const began = (progress: PartitionProgress, logStart: bigint | undefined, discarded = aDiscard()) => {
    const reading = { progress, logStart: logStart === undefined ? undefined : known(logStart) }
    const found = after(reading, before({ position: discarded, content: aContent({ hasPhantoms: true }) }))
    return { lost: lostIn(found.content), content: found.content, position: found.position }
  }

  test.each([
    ['further up than the log', paired(pair(4n), 3n), 1n, aDiscard(), ['1-3 recreated perhaps']],
    [
      'further up than a log that begins nobody knows where',
      paired(pair(4n), 3n),
      undefined,
      aDiscard(),
      ['0-3 recreated perhaps'],
    ],
    ['where the log begins', paired(pair(4n), 3n), 3n, aDiscard(), []],
    ['with a commit, which says nothing of what lies before', committed(4n), 1n, aDiscard(), []],
    [
      'further up than where its log was cut off',
      paired(pair(4n), 3n),
      1n,
      aDiscard({ reason: 'diverged', sourceCut: 2n }),
      ['2-3 recreated perhaps'],
    ],
    ['in the log that it knew', paired(pair(4n), 3n), 1n, aDiscard({ reason: 'diverged' }), []],
  ])('%s has left behind what lies between', (_, progress, logStart, discarded, lost) => {
    const found = began(progress, logStart, discarded)
    expect(found.position.discarded).toBeUndefined()
    expect(found.lost).toEqual(lost)
    expect(found.content?.hasPhantoms).toBe(true)
  })

  test('has left nothing behind while it has not begun', () => {
    expect(began(paired(pair(9n)), 1n).lost).toEqual([])
  })
})

describe('what retention took', () => {
  const exact = { content: aContent({ tail: exactTail }) }
  const started = (logStart: bigint, previous = before(), reading: Partial<PartitionReading> = {}) =>
    lostIn(after({ logStart: known(logStart), targetEnd: known(6n), ...reading }, previous).content)

  test.each([
    ['up to the position: nothing', 6n, before(), []],
    ['behind the position: possibly', 8n, before(), ['6-8 expired perhaps']],
    [
      'behind an exact position: possibly, because the engine may have fetched it before',
      8n,
      before(exact),
      ['6-8 expired perhaps'],
    ],
    ['more than there was when it was read', 12n, before(exact), ['6-10 expired perhaps']],
    ['while positions are of a former identity: nothing is known', 8n, before({ position: aDiscard() }), []],
    ['before this process knew it', 8n, aPartition(), []],
    [
      'before the engine began',
      8n,
      before({ position: noPosition, history: [aSample(0n, 1)] }),
      ['0-8 expired perhaps'],
    ],
  ])('%s', (_, logStart, previous, lost) => {
    expect(started(logStart, previous)).toEqual(lost)
  })

  const untouched = before({ position: noPosition, history: [aSample(0n, 1)] })
  test.each([
    ['up to where it began', 5n, untouched, 8n, ['0-5 expired perhaps']],
    ['to further than where it began', 9n, untouched, 7n, ['0-9 expired perhaps']],
    ['behind where it stood before, when it had copied that', 8n, before(), 9n, []],
  ])('before the engine got there: %s', (_, logStart, previous, offset, lost) => {
    expect(started(logStart, previous, { progress: committed(offset), targetEnd: known(10n) })).toEqual(lost)
  })

  test('is not more certain than the target is known', () => {
    expect(started(8n, before(exact), { targetEnd: known(7n) })).toEqual(['6-8 expired perhaps'])
    expect(started(8n, before(exact), { targetEnd: unknown('timeout', '') })).toEqual(['6-8 expired perhaps'])
  })

  test('is as it was read last', () => {
    const previous = before({ logStart: 8n })
    expect(after({ targetEnd: known(6n) }, previous)).toMatchObject({ logStart: 8n })
    expect(after({ recreated: 'why' }, previous).logStart).toBeUndefined()
  })

  const gap = { after: pair(1n), before: pair(5n, 3n), proven: 0n, since: 0 }
  const withGap = before({ content: aContent({ gaps: [gap] }) })
  test.each([
    ['the log begins before it ends: it can be looked at', 5n, {}, [], 1],
    ['the log begins behind it: possibly lost', 6n, {}, ['2-5 expired perhaps'], 0],
    [
      'records are not read: possibly lost up to the log start',
      4n,
      { recordsAreRead: false },
      ['2-4 expired perhaps'],
      0,
    ],
    ['the log begins before it', 2n, { recordsAreRead: false }, [], 0],
  ] as const)('between two pairs, where %s', (_, logStart, reading, lost, open) => {
    const { content } = after({ logStart: known(logStart), targetEnd: known(6n), ...reading }, withGap)
    expect(lostIn(content)).toEqual(lost)
    expect(content?.gaps).toHaveLength(open)
  })

  test.each([
    ['it was proven before', 6n, { gaps: [{ ...gap, proven: 3n }] }, ['3-5 expired perhaps']],
    [
      'its records may not be read',
      4n,
      { gaps: [gap], unreadable: { reason: 'unauthorized', detail: '' } as const },
      ['2-4 expired perhaps'],
    ],
  ])('between two pairs, where %s', (_, logStart, parts, lost) => {
    expect(started(logStart, before({ content: aContent(parts) }))).toEqual(lost)
  })

  test('between pairs is looked at once it was seen, the oldest ones together where there are many', () => {
    const gaps = Array.from({ length: 40 }, (_, i) => ({
      after: pair(BigInt(3 * i)),
      before: pair(BigInt(3 * i + 2), BigInt(3 * i + 1)),
    }))
    const last = gaps.at(-1)?.before ?? pair(0n)
    const progress = { pairs: { lowest: pair(0n), highest: last.source, newest: last, gaps } }
    const reading = { progress, highWatermark: known(200n), targetEnd: known(200n) }
    const seen = after(reading, before({ content: aContent({ hasPhantoms: true }) })).content
    expect(seen).toMatchObject({ hasPhantoms: true })
    expect(seen?.gaps.length).toBeLessThan(40)
    expect(seen?.gaps.at(0)).toMatchObject({ after: pair(0n), proven: 6n })
    expect(seen?.gaps.at(-1)).toEqual({ ...gaps.at(-1), proven: 6n, since: t0 })
    const joined = seen?.gaps.map(({ after, before }) => [after.source, before.source] as const) ?? []
    expect(joined.slice(1).map(([from]) => from)).toEqual(
      gaps.slice(-joined.length + 1).map(({ after }) => after.source),
    )
    expect(joined[0]?.[1]).toBe(gaps.at(-joined.length)?.before.source)
    expect(
      after(reading, before({ position: aDiscard({ beganAnewAtOrBelow: -1n, settled: false }) })).content
        ?.gaps ?? [],
    ).toEqual([])
    const later = after(reading, before({ position: aDiscard({ beganAnewAtOrBelow: -1n }) })).content?.gaps
    expect(later?.at(-1)).toMatchObject({ proven: 0n })
  })

  test('between two pairs waits for a log start that is read after them', () => {
    const { content } = after({ targetEnd: known(6n) }, { ...withGap, logStart: 6n })
    expect(content?.gaps).toEqual([gap])
    expect(lostIn(content)).toEqual([])
  })
})

describe('after its records were read', () => {
  const now = (parts: Partial<PartitionComparison> = {}) =>
    before({
      highWatermark: aSample(10n, t0),
      history: [aSample(6n, t0 - pollMs), aSample(10n, t0)],
      recoveryPoint: t0 - pollMs,
      ...parts,
    })

  test.each([
    ['the records that were read to the end', {}, 2n],
    ['a bound, where they were not read to the end', { readTo: 9n }, 4n],
    ['a bound, where the position is not where they were read', { from: 7n }, 4n],
    ['never more than the offsets', { records: 9 }, 4n],
  ])('the lag is %s', (_, tail, lag) => {
    const content = aContent({ tail: aTail({ from: 6n, readTo: 10n, records: 2, ...tail }) })
    expect(withContent(now(), aPosition(6n), content, t0).lag).toBe(lag)
  })

  test('the estimated lag is what lies behind the estimate', () => {
    const position = aPosition(6n, { estimated: 7n })
    expect(withContent(now(), position, aContent({}), t0)).toMatchObject({ lag: 4n, estimatedLag: 3n })
  })

  test('a raised position proves its recovery point and leaves nothing missing', () => {
    expect(withContent(now(), aPosition(10n), aContent({}), t0)).toMatchObject({
      recoveryPoint: t0,
      estimatedRecoveryPoint: t0,
      estimateBasis: 'history',
      history: [aSample(10n, t0)],
      missingSince: undefined,
      movedAt: t0,
      lag: 0n,
    })
  })

  test('there is no lag where the high watermark is of an earlier poll', () => {
    expect(withContent(before(), aPosition(6n), aContent({}), t0).lag).toBeUndefined()
  })

  test('a position that was adopted is known', () => {
    const discarded = now({ position: aDiscard(), unknown: { reason: 'recreated', detail: '' } })
    expect(withContent(discarded, aPosition(6n), aContent({}), t0)).toMatchObject({
      unknown: undefined,
      lag: 4n,
    })
    expect(withContent(discarded, aDiscard(), aContent({}), t0).unknown?.reason).toBe('recreated')
  })

  const engineUnknown = { reason: 'timeout', detail: '' } as const
  test.each([
    ['the engine is not needed where nothing is missing', engineUnknown, 10n, undefined],
    ['the engine is needed where something is', engineUnknown, 9n, 'timeout'],
    ['another reason stays', { reason: 'leaderless', detail: '' } as const, 10n, 'leaderless'],
  ])('%s', (_, why, proven, reason) => {
    const partition = now({ engineUnknown, unknown: why })
    expect(withContent(partition, aPosition(proven), aContent({}), t0).unknown?.reason).toBe(reason)
  })

  test('while the copy does not show yet, nothing is proven by it', () => {
    const partition = now({
      unknown: { reason: 'reading', detail: '' },
      recoveryPoint: 11,
      estimatedRecoveryPoint: 12,
    })
    expect(withContent(partition, aPosition(10n), aContent({}), t0)).toMatchObject({
      unknown: { reason: 'reading' },
      recoveryPoint: 11,
      estimatedRecoveryPoint: 12,
      history: partition.history,
    })
  })
})
