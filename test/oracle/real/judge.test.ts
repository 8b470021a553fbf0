import { describe, expect, test } from 'vitest'
import { Judge, type PartitionClaims, type PartitionTruth, type Sample } from './judge.ts'
import { PartitionLog } from './logs.ts'
import type { Batch } from './wire.ts'

/** A log whose records came to be at these times; it has been read every 10 ms until the given time. */
function logOf(
  records: readonly { at: number; value: string; offset?: number }[],
  { until = 100_000, logStarts = [] as readonly { at: number; offset: number }[], createdAfter = 0 } = {},
): PartitionLog {
  const log = new PartitionLog('id', 0, createdAfter)
  const offsets = records.map(({ offset }, index) => BigInt(offset ?? index))
  for (let now = 0; now <= until; now += 10) {
    const present = records.filter(({ at }) => at <= now).length
    const end = present === 0 ? 0n : (offsets[present - 1] ?? 0n) + 1n
    const batches = records.flatMap(({ value, at }, index) => {
      const offset = offsets[index] ?? 0n
      return index < present && offset >= log.next ? [batchOf(offset, value, at)] : []
    })
    const logStart = BigInt(logStarts.findLast(({ at }) => at <= now)?.offset ?? 0)
    log.take({ topicId: 'id', partition: 0, error: 0, highWatermark: end, logStart, batches }, now, now + 5)
  }
  return log
}

function batchOf(offset: bigint, value: string, _at: number): Batch {
  const record = { offset, timestampMs: 7, key: null, value: Buffer.from(value), headers: [] }
  return {
    baseOffset: offset,
    lastOffset: offset,
    producerId: -1n,
    transactional: false,
    control: false,
    records: [record],
  }
}

/** Ten records, one a second from second 10 on; the copies come half a second later, but for the last `behind`. */
function pairOf(behind: number, values = (index: number): string => `record ${index}`): PartitionTruth {
  const records = Array.from({ length: 10 }, (_, index) => ({
    at: 10_000 + index * 1_000,
    value: values(index),
  }))
  const copies = records.slice(0, 10 - behind).map(({ at, value }) => ({ at: at + 500, value }))
  return { partition: 0, source: [logOf(records)], target: [logOf(copies)], compacted: false }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** A scrape at second 50 of a poll that looked from second 49 on. */
function sampleOf(claims: Partial<PartitionClaims>, topic: Partial<Sample['json']> = {}): Sample {
  const partition: PartitionClaims = {
    partition: 0,
    status: 'behind',
    highWatermark: '10',
    highWatermarkAt: iso(49_000),
    lagRecords: null,
    replicatedPosition: null,
    recoveryPoint: null,
    ...claims,
  }
  return {
    startedAt: 49_900,
    endedAt: 50_000,
    observedAt: 49_000,
    polledAt: 49_100,
    exporterStartedAt: 0,
    json: {
      topic: 'orders',
      status: partition.status,
      recoveryPoint: partition.recoveryPoint,
      estimatedRecoveryPoint: null,
      lagRecords: partition.lagRecords,
      partitions: [partition],
      ...topic,
    },
    metrics: {
      observedAt: 49_000,
      recoveryPoint: undefined,
      lag: undefined,
      missing: undefined,
      status: undefined,
    },
  }
}

function rulesBroken(sample: Sample, truth: PartitionTruth): string[] {
  return [...new Set(new Judge().judge(sample, [truth]).objections.map(({ rule }) => rule))]
}

const lostRange = (from: number, to: number, certain = true) => ({
  from: String(from),
  to: String(to),
  cause: 'expired',
  certain,
  foundAt: iso(48_000),
})

describe('a recovery point', () => {
  test.each([
    ['of the last record that arrived is true', 2, 17_500, []],
    ['newer than the first missing record is not', 2, 18_500, ['point']],
    ['of now is true when nothing is missing', 0, 49_000, []],
    ['of now is not when one record is missing', 1, 49_000, ['point']],
  ])('%s', (_, behind, point, broken) => {
    const truth = pairOf(behind)
    expect(rulesBroken(sampleOf({ recoveryPoint: iso(point) }), truth)).toEqual(broken)
    const onlyOnThePage = sampleOf({})
    const page = { ...onlyOnThePage, metrics: { ...onlyOnThePage.metrics, recoveryPoint: point } }
    expect(rulesBroken(page, truth)).toEqual(broken)
  })

  test('passes over what is said to be lost, and over nothing else', () => {
    const point = iso(49_000)
    const truth = pairOf(2)
    expect(rulesBroken(sampleOf({ recoveryPoint: point, lost: [lostRange(8, 10, false)] }), truth)).toEqual(
      [],
    )
    for (const range of [lostRange(8, 9, false), { ...lostRange(8, 10), former: true }])
      expect(rulesBroken(sampleOf({ recoveryPoint: point, lost: [range] }), truth)).toEqual(['point'])
  })

  test('of identical records is wrong when there are fewer copies than records', () => {
    const point = iso(49_000)
    const same = (): string => 'the same'
    expect(rulesBroken(sampleOf({ recoveryPoint: point }), pairOf(0, same))).toEqual([])
    expect(rulesBroken(sampleOf({ recoveryPoint: point }), pairOf(1, same))).toEqual(['point'])
  })

  test('is not accused of what vanished from the target after its poll looked', () => {
    const truth = pairOf(0)
    const [target] = truth.target
    const recreated = logOf([], { createdAfter: 49_700 })
    if (target !== undefined) target.goneBy = 49_700
    const sample = sampleOf({ recoveryPoint: iso(49_000) })
    expect(rulesBroken(sample, { ...truth, target: [...truth.target, recreated] })).toEqual([])
    if (target !== undefined) target.goneBy = 30_000
    const long = { ...truth, target: [...truth.target, logOf([], { createdAfter: 30_000 })] }
    expect(rulesBroken(sample, long)).toEqual(['point'])
  })

  test('has to say what was lost with a topic that was recreated', () => {
    const truth = pairOf(3)
    const judge = new Judge()
    const [first] = truth.source
    const early = { observedAt: 31_000, polledAt: 31_000, startedAt: 31_100, endedAt: 31_200 }
    judge.judge({ ...sampleOf({ highWatermarkAt: iso(31_000) }), ...early }, [truth])
    if (first !== undefined) first.goneBy = 40_000
    const recreated = { ...truth, source: [...truth.source, logOf([], { createdAfter: 40_000 })] }
    const rules = (lost: PartitionClaims['lost']): string[] =>
      judge
        .judge(sampleOf({ recoveryPoint: iso(49_000), ...(lost === undefined ? {} : { lost }) }), [recreated])
        .objections.map(({ rule }) => rule)
    expect(rules([])).toEqual(['uncounted', 'uncounted'])
    expect(rules([lostRange(8, 10)])).toEqual(['uncounted', 'uncounted'])
    expect(rules([lostRange(7, 10)])).toEqual([])
    expect(rules(undefined)).toEqual([])
  })

  test('has to say that it passed over what the source deleted before it was copied', () => {
    const truth = pairOf(3)
    const records = truth.source[0]?.records.map(({ seenBy, offset }) => ({
      at: seenBy - 5,
      value: `record ${offset}`,
    }))
    const source = [logOf(records ?? [], { logStarts: [{ at: 30_000, offset: 10 }] })]
    const deleted = { ...truth, source }
    const point = iso(49_000)
    expect(rulesBroken(sampleOf({ recoveryPoint: point, lost: [] }), deleted)).toEqual(['uncounted'])
    expect(rulesBroken(sampleOf({ recoveryPoint: point, lost: [lostRange(7, 10)] }), deleted)).toEqual([])
    expect(rulesBroken(sampleOf({ recoveryPoint: iso(16_000), lost: [] }), deleted)).toEqual([])
    expect(rulesBroken(sampleOf({ recoveryPoint: point }), deleted)).toEqual([])
  })
})

describe('counts', () => {
  test.each([
    ['a lag of what is missing', { lagRecords: '2' }, []],
    ['a lag above it', { lagRecords: '7' }, []],
    ['a lag below it', { lagRecords: '1' }, ['lag']],
    ['a lag as of a time before the records', { lagRecords: '0', highWatermarkAt: iso(17_500) }, []],
    ['covered with records missing', { status: 'covered' }, ['covered']],
    ['missing records below the truth', { missingRecords: 1 }, []],
    ['missing records as they are', { missingRecords: 2 }, []],
    ['missing records above the truth', { missingRecords: 3 }, ['missing']],
    ['a lost range of what did not arrive', { lost: [lostRange(8, 10)] }, []],
    ['a lost range of what did arrive', { lost: [lostRange(7, 10)] }, ['lost']],
    ['a range that is only possibly lost', { lost: [lostRange(0, 10, false)] }, []],
  ])('%s', (_, claims: Partial<PartitionClaims>, broken: string[]) => {
    expect(rulesBroken(sampleOf(claims), pairOf(2))).toEqual(broken)
  })

  test('the page is judged by itself', () => {
    const sample = sampleOf({})
    const withMetrics = (metrics: Partial<Sample['metrics']>): Sample => ({
      ...sample,
      metrics: { ...sample.metrics, ...metrics },
    })
    expect(rulesBroken(withMetrics({ lag: 1 }), pairOf(2))).toEqual(['lag'])
    expect(rulesBroken(withMetrics({ lag: 2 }), pairOf(2))).toEqual([])
    expect(rulesBroken(withMetrics({ missing: 3 }), pairOf(2))).toEqual(['missing'])
    expect(rulesBroken(withMetrics({ status: 'covered' }), pairOf(2))).toEqual(['covered'])
  })

  test('the tail has no more records without a copy than records, and exactly its markers', () => {
    const tail = { from: '5', to: '10', markers: 0, readAt: iso(49_000) }
    expect(rulesBroken(sampleOf({ tail: { ...tail, records: 2 } }), pairOf(2))).toEqual([])
    expect(rulesBroken(sampleOf({ tail: { ...tail, records: 6 } }), pairOf(2))).toEqual(['tail'])
    expect(rulesBroken(sampleOf({ tail: { ...tail, records: 2, markers: 1 } }), pairOf(2))).toEqual(['tail'])
  })
})

test('what has been settled stays judged: a later sample of the same judge finds what an earlier one found', () => {
  const judge = new Judge()
  const truth = pairOf(2)
  for (let round = 0; round < 3; round += 1) {
    const { objections, missing, trueRecoveryPoint } = judge.judge(
      sampleOf({ recoveryPoint: iso(49_000), missingRecords: 3 }),
      [truth],
    )
    expect(objections.map(({ rule }) => rule)).toEqual(['point', 'point', 'missing'])
    expect(missing).toBe(2)
    expect(trueRecoveryPoint).toBe(18_005)
  }
})
