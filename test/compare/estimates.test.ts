import { describe, expect, test } from 'vitest'
import { type EstimateFacts, retentionDeadlineOf, withEstimates } from '../../src/compare/estimates.ts'
import type { PartitionComparison } from '../../src/model/comparison.ts'
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

const t0 = 1_000_000
const budgetMs = 300_000
/** The wall clock is half a million milliseconds ahead of the monotonic one. */
const clock = { now: t0, wallMs: 1_500_000 }

const facts = (parts: Partial<EstimateFacts> = {}): EstimateFacts => ({
  retention: new Map(),
  probes: new Map(),
  clock,
  ...parts,
})
const probed = (found: Reading<bigint | 'none'>, partition = 0): EstimateFacts =>
  facts({ probes: new Map([['orders', new Map([[partition, found]])]]) })

/** Something is missing behind offset 3, and no history tells since when. */
const stalled = (parts: Partial<PartitionComparison> = {}): PartitionComparison =>
  aPartition({ position: aPosition(3n), missingSince: t0 - 90_000, ...parts })
const waiting = (offset: bigint, timestampMs: number): Partial<PartitionComparison> => ({
  content: aContent({ tail: aTail({ firstRecord: { offset, timestampMs } }) }),
})

const estimated = (partition: PartitionComparison, given: EstimateFacts): PartitionComparison =>
  partitionIn(withEstimates(aComparison({ orders: [partition] }, t0), given, aContext()))

describe('the estimated recovery point without history', () => {
  test.each([
    ['its timestamp', 1_400_000, 900_000],
    ['no later than this poll, where its producer has a clock from the future', 9_000_000, t0],
  ])('of a record that waits: %s', (_, timestampMs, point) => {
    expect(estimated(stalled(waiting(3n, timestampMs)), facts())).toMatchObject({
      estimatedRecoveryPoint: point,
      estimateBasis: 'record_timestamp',
    })
  })

  test('a record that the position has passed since says nothing', () => {
    expect(estimated(stalled(waiting(2n, 1_400_000)), facts()).estimatedRecoveryPoint).toBeUndefined()
  })

  test.each([
    ['all records are older than the budget', known('none' as const)],
    ['the first younger one lies behind the position', known(4n)],
  ])('a probe shows a breach where %s', (_, found) => {
    expect(estimated(stalled(), probed(found))).toMatchObject({
      estimatedRecoveryPoint: t0 - budgetMs,
      estimateBasis: 'budget_probe',
    })
  })

  test.each([
    ['the first younger record is the one that waits', known(3n)],
    ['it is on the target', known(2n)],
    ['it could not be asked for', unknown('timeout', 'no answer')],
  ])('a probe says nothing where %s', (_, found) => {
    expect(estimated(stalled(), probed(found))).toMatchObject({
      estimatedRecoveryPoint: undefined,
      estimateBasis: undefined,
    })
  })

  test('a probe is of one partition, and the budget that of the topic', () => {
    const rpo = { overrides: [{ matches: (topic: string) => topic === 'orders', budgetMs: 60_000 }] }
    const partitions = [stalled(), stalled({ partition: 1 })]
    const after = withEstimates(
      aComparison({ orders: partitions }, t0),
      probed(known('none'), 1),
      aContext({ rpo }),
    )
    expect(partitionIn(after, 'orders', 0).estimatedRecoveryPoint).toBeUndefined()
    expect(partitionIn(after, 'orders', 1).estimatedRecoveryPoint).toBe(t0 - 60_000)
  })

  test('a record that was read tells more than a probe', () => {
    const found = estimated(stalled(waiting(3n, 1_400_000)), probed(known('none')))
    expect(found.estimateBasis).toBe('record_timestamp')
  })

  test('makes the estimate of its topic', () => {
    const partitions = [stalled(waiting(3n, 1_400_000)), stalled({ partition: 1, ...waiting(3n, 1_300_000) })]
    const after = withEstimates(aComparison({ orders: partitions }, t0), facts(), aContext())
    expect(after.topics.get('orders')?.estimatedRecoveryPoint).toBe(800_000)
  })
})

describe('nothing is estimated', () => {
  const known3600s = known({ timeMs: 3_600_000, bytes: undefined })
  const everything: EstimateFacts = {
    ...probed(known('none')),
    retention: new Map([['orders', known3600s]]),
  }

  test('where history tells', () => {
    const partition = stalled({ estimatedRecoveryPoint: 700_000, estimateBasis: 'history' })
    expect(estimated(partition, probed(known('none')))).toEqual(partition)
  })

  test.each([
    ['nothing is missing', { missingSince: undefined }],
    [
      'the position is of a former identity',
      {
        position: aPosition(0n, {
          discarded: {
            reason: 'recreated',
            detail: 'why',
            at: 5,
            adoptable: true,
            logStart: undefined,
            proven: 0n,
            since: undefined,
            settled: true,
            lastPair: undefined,
            lowestSince: undefined,
            durable: 4n,
            sourceCut: undefined,
            wentBack: undefined,
            copiesFrom: undefined,
            beganAnewAtOrBelow: 9n,
          },
        }),
      },
    ],
  ] as const)('where %s', (_, parts) => {
    const partition = stalled({ ...waiting(3n, 1_400_000), ...parts })
    expect(estimated(partition, everything)).toEqual(partition)
  })

  test('where neither the age nor the retention of what waits is known, the comparison stays as it is', () => {
    const comparison = aComparison({ orders: [stalled()] }, t0)
    expect(withEstimates(comparison, facts(), aContext())).toBe(comparison)
  })
})

describe('the retention deadline', () => {
  test('comes from the retention of the topic', () => {
    const retention = new Map([['orders', known({ timeMs: 3_600_000, bytes: undefined })]])
    const partition = stalled({ recoveryPoint: 900_000, estimatedRecoveryPoint: 900_000 })
    expect(estimated(partition, facts({ retention }))).toEqual({ ...partition, retentionDeadline: 4_500_000 })
  })

  test('is not known where the retention is not', () => {
    const retention = new Map([['orders', unknown('unauthorized', 'no DESCRIBE_CONFIGS')]])
    const partition = stalled({ recoveryPoint: 900_000, estimatedRecoveryPoint: 900_000 })
    expect(estimated(partition, facts({ retention })).retentionDeadline).toBeUndefined()
  })

  const byTime = (parts: Partial<PartitionComparison>, timeMs: number | undefined = 3_600_000) =>
    retentionDeadlineOf(
      stalled({ missingSince: undefined, ...parts }),
      { timeMs, bytes: undefined },
      t0,
      clock,
    )

  test.each([
    ['the timestamp of the first record that waits', waiting(3n, 1_400_000), 4_500_000],
    [
      'no earlier than that, although the proven point is older',
      { ...waiting(3n, 1_400_000), recoveryPoint: 1 },
      4_500_000,
    ],
    [
      'the proven point, where the position has passed that record',
      { ...waiting(2n, 1_400_000), recoveryPoint: 950_000 },
      4_550_000,
    ],
    [
      'the proven point, where nothing was read',
      { content: aContent({}), recoveryPoint: 950_000, missingSince: 960_000 },
      4_550_000,
    ],
    ['since when it has been missing, without a proven point', { missingSince: 960_000 }, 4_560_000],
    ['nothing, where none of these is known', {}, undefined],
  ])('by time counts from %s', (_, parts, deadline) => {
    expect(byTime(parts)).toBe(deadline)
  })

  test('does not exist for a topic that is kept for ever', () => {
    expect(retentionDeadlineOf(stalled(), { timeMs: undefined, bytes: undefined }, t0, clock)).toBeUndefined()
  })

  /** 100 offsets a second; [50, 200) is in the log and 150 is the first that waits: 100 more go before it. */
  const bySize: Partial<PartitionComparison> = {
    position: aPosition(150n),
    history: [aSample(100n, 500), aSample(200n, 1_500)],
    highWatermark: aSample(200n, 1_500),
    logStart: 50n,
    missingSince: undefined,
  }
  const sized = (parts: Partial<PartitionComparison>): number | undefined =>
    retentionDeadlineOf(stalled({ ...bySize, ...parts }), { timeMs: undefined, bytes: 10_000 }, t0, clock)
  const audit = {
    outcome: 'proven',
    detail: '',
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
    bytesPerOffset: 40,
  } as const

  test.each([
    ['at the rate of the source, once its log has moved', {}, t0 + 1_000],
    ['never before this poll', { position: aPosition(20n) }, t0],
    [
      'from the size of records, while nothing was deleted',
      { logStart: 0n, content: aContent({ audit }) },
      t0 + 2_000,
    ],
    ['not without that size', { logStart: 0n, content: aContent({}) }, undefined],
    ['not without a log start', { logStart: undefined }, undefined],
    ['not without a high watermark', { highWatermark: undefined }, undefined],
    ['not without history', { history: [] }, undefined],
    ['not while the source does not grow', { history: [aSample(200n, 500)] }, undefined],
    ['not within one poll', { history: [aSample(100n, 1_500)] }, undefined],
  ])('by size counts %s', (_, parts, deadline) => {
    expect(sized(parts)).toBe(deadline)
  })

  test('by size does not exist where the log is not limited', () => {
    const partition = stalled({ ...bySize })
    expect(retentionDeadlineOf(partition, { timeMs: undefined, bytes: undefined }, t0, clock)).toBeUndefined()
  })

  test('is the earlier one of both', () => {
    const partition = stalled({ ...bySize, recoveryPoint: t0 - 5_000 })
    const deadlineOf = (timeMs: number) =>
      retentionDeadlineOf(partition, { timeMs, bytes: 10_000 }, t0, clock)
    expect(deadlineOf(5_500)).toBe(t0 + 500)
    expect(deadlineOf(9_000)).toBe(t0 + 1_000)
  })
})
