import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { exposuresAfter } from '../../src/assess/exposures.ts'
import type { FlowAssessment, Snapshot } from '../../src/model/assessment.ts'
import { unknown } from '../../src/model/reading.ts'
import { flowsView, flowView, type TopicsQuery, topicDetailView, topicsView } from '../../src/present/json.ts'
import { flowDetailSchema, flowsSchema, topicDetailSchema, topicsSchema } from '../../src/present/schema.ts'
import { clockAt, coveredWorld, snapshotOf } from '../support/snapshots.ts'
import { World } from '../support/world.ts'

/** The detail of the only flow, as a client that trusts the schema reads it. */
function detailOf(world: World, assessment: FlowAssessment | undefined, seconds = 10) {
  const snapshot = snapshotOf(world.flow, assessment)
  const clock = clockAt(world.now + seconds * 1000)
  expect(strictly(flowsView(snapshot, clock), flowsSchema)).toHaveProperty('flows')
  return strictly(flowView(snapshot, world.flow.name, clock), flowDetailSchema)
}

/** What the schema gives back of what went over the wire: a field that it does not have would be gone. */
function strictly<T>(view: unknown, schema: z.ZodType<T>): T {
  const sent: unknown = JSON.parse(JSON.stringify(view))
  const parsed = schema.parse(sent)
  expect(parsed).toEqual(sent)
  return parsed
}

test('a flow that is behind', () => {
  const world = coveredWorld()
  world.heartbeatAtMs = Date.UTC(2026, 2, 1, 10, 30, 14)
  world.syncs('orders', 499n, 480n, 0, Date.UTC(2026, 2, 1, 10, 30, 12))
  world.poll()
  world.source.set('orders', { ends: [9_007_199_254_740_993n, 300n] })
  expect(detailOf(world, world.poll())).toMatchObject({
    flow: 'east-to-west',
    status: 'behind',
    recoveryPoint: '2026-03-01T10:30:15.000Z',
    exposureSeconds: 25,
    knownExposureSeconds: 25,
    lagRecords: '9007199254740493',
    budgetSeconds: 300,
    objectiveRatio: 0.999,
    windowSeconds: 2_419_200,
    provableExposureSeconds: 120,
    deadline: '2026-03-01T10:35:15.000Z',
    observedAt: '2026-03-01T10:30:30.000Z',
    polledAt: '2026-03-01T10:30:30.100Z',
    heartbeatAt: '2026-03-01T10:30:14.000Z',
    topicsByStatus: { stalled: 0, unknown: 0, behind: 1, pending: 0, covered: 0 },
    unprovenTopics: 0,
    partitionsExpected: 2,
    partitionsObserved: 2,
    engine: { positions: null, offsetSyncs: null, heartbeats: null },
    blindSpots: [],
    topics: [
      {
        topic: 'orders',
        targetTopic: 'east.orders',
        status: 'behind',
        lagRecords: '9007199254740493',
        partitions: [
          {
            partition: 0,
            status: 'behind',
            highWatermark: '9007199254740993',
            highWatermarkAt: '2026-03-01T10:30:30.000Z',
            replicatedPosition: '500',
            lagRecords: '9007199254740493',
            basis: {
              committedOffset: '499',
              offsetSync: { source: '499', target: '480', writtenAt: '2026-03-01T10:30:12.000Z' },
            },
          },
          { partition: 1, status: 'covered', lagRecords: '0', basis: { committedOffset: '299' } },
        ],
      },
    ],
  })
})

describe('missing is null, with its reason', () => {
  test('while the source does not answer', () => {
    const world = coveredWorld()
    world.poll()
    world.sourceDown = 'timeout'
    expect(detailOf(world, world.poll())).toMatchObject({
      status: 'unknown',
      unknown: { reason: 'timeout', detail: 'the cluster does not answer' },
      recoveryPoint: '2026-03-01T10:30:15.000Z',
      lagRecords: null,
      partitionsExpected: 2,
      partitionsObserved: 0,
    })
  })

  test('while the scope is empty: no counts of nothing', () => {
    const world = new World()
    expect(detailOf(world, world.poll())).toMatchObject({
      status: 'unknown',
      unknown: { reason: 'empty_scope' },
      recoveryPoint: null,
      exposureSeconds: null,
      knownRecoveryPoint: null,
      lagRecords: null,
      topicsByStatus: null,
      unprovenTopics: null,
      partitionsExpected: null,
      partitionsObserved: null,
      deadline: '2026-03-01T10:35:15.000Z',
    })
  })

  test('before the first poll', () => {
    const world = new World()
    expect(detailOf(world, undefined)).toEqual({
      flow: 'east-to-west',
      source: 'east',
      target: 'west',
      status: 'not_polled',
      state: { kind: 'active', until: null, reason: null, summary: null },
    })
  })

  test('a position that nobody could read is no position 0', () => {
    const world = new World()
    world.durable = unknown('reading', 'mm2-offsets.east.internal has not been read to its end yet')
    world.source.set('orders', { ends: [5n] })
    expect(detailOf(world, world.poll())).toMatchObject({
      engine: { positions: { reason: 'reading' } },
      topics: [{ partitions: [{ replicatedPosition: null, estimatedPosition: null }] }],
    })
  })

  test('a position whose identity is gone', () => {
    const world = coveredWorld()
    world.poll()
    world.source.set('orders', { ends: [400n, 300n] })
    expect(detailOf(world, world.poll())).toMatchObject({
      topics: [
        {
          partitions: [
            { unknown: { reason: 'diverged' }, replicatedPosition: null, recoveryPoint: null },
            { unknown: null, replicatedPosition: '300' },
          ],
        },
      ],
    })
  })
})

test.each([-1, Number.NaN, 2 ** 63, 253_402_300_800_000])(
  'a heartbeat or an offset sync with the timestamp %d spoils nothing else',
  timestampMs => {
    const world = coveredWorld()
    world.heartbeatAtMs = timestampMs
    world.syncs('orders', 499n, 499n, 0, timestampMs)
    expect(detailOf(world, world.poll())).toMatchObject({
      status: 'covered',
      heartbeatAt: null,
      topics: [{ partitions: [{ basis: { offsetSync: { source: '499', writtenAt: null } } }, {}] }],
    })
  },
)

test('there is no view of a flow that there is not', () => {
  const world = coveredWorld()
  expect(flowView(snapshotOf(world.flow, world.poll()), 'toString', clockAt(world.now))).toBeUndefined()
})

describe('a page of topics', () => {
  const world = coveredWorld()
  const assessment = world.poll()
  const [orders] = assessment.topics
  if (orders === undefined) throw new Error('there is a topic')
  const everything: TopicsQuery = { filter: undefined, status: undefined, page: 1 }

  function topicsOf(topics: readonly Partial<typeof orders>[], query: Partial<TopicsQuery> = {}) {
    const all = { ...assessment, topics: topics.map(parts => Object.assign({}, orders, parts)) }
    const snapshot = snapshotOf(world.flow, all)
    const view = topicsView(
      snapshot,
      world.flow.name,
      { ...everything, ...query },
      clockAt(world.now + 10_000),
    )
    return strictly(view, topicsSchema)
  }

  test('worst first: past the budget, then by status, then by deadline', () => {
    const now = world.now + 10_000
    const view = topicsOf([
      { topic: 'late', deadline: now - 1 },
      { topic: 'covered', deadline: now + 1 },
      { topic: 'stalled', status: 'stalled', deadline: now + 3 },
      { topic: 'unknown', status: 'unknown', deadline: now + 2 },
      { topic: 'stalled too', status: 'stalled', deadline: now + 4 },
    ])
    const worst = ['late', 'stalled', 'stalled too', 'unknown', 'covered']
    expect(view.topics.map(({ topic }) => topic)).toEqual(worst)
    expect('worstTopics' in view.flow && view.flow.worstTopics.map(({ topic }) => topic)).toEqual(worst)
  })

  test('five of them stand with the flow', () => {
    const { flow } = topicsOf(Array.from({ length: 7 }, (_, i) => ({ topic: `orders-${i}` })))
    expect('worstTopics' in flow && flow.worstTopics).toHaveLength(5)
  })

  test.each([
    { query: { filter: 'PAY' }, names: ['payments', 'Repayments'] },
    { query: { filter: '.*' }, names: [] },
    { query: { status: 'behind' as const }, names: ['Repayments'] },
    { query: { filter: 'pay', status: 'covered' as const }, names: ['payments'] },
  ])('$query leaves $names', ({ query, names }) => {
    const view = topicsOf(
      [{ topic: 'payments' }, { topic: 'orders' }, { topic: 'Repayments', status: 'behind' }],
      query,
    )
    expect(view.topics.map(({ topic }) => topic).toSorted()).toEqual(names.toSorted())
    expect(view).toMatchObject({ matching: names.length, page: 1, pages: 1 })
  })

  test.each([
    { page: 1, first: 'orders-0', length: 100 },
    { page: 3, first: 'orders-200', length: 50 },
    { page: 9, first: 'orders-200', length: 50 },
  ])('page $page of 250 topics begins with $first', ({ page, first, length }) => {
    const view = topicsOf(
      Array.from({ length: 250 }, (_, i) => ({ topic: `orders-${i}` })),
      { page },
    )
    expect(view).toMatchObject({ page: Math.min(page, 3), pages: 3, matching: 250 })
    expect(view.topics).toHaveLength(length)
    expect(view.topics[0]?.topic).toBe(first)
  })

  test('before the first poll there are none, and that is said by the flow', () => {
    const view = topicsView(
      snapshotOf(world.flow, undefined),
      world.flow.name,
      everything,
      clockAt(world.now),
    )
    expect(strictly(view, topicsSchema)).toMatchObject({
      flow: { status: 'not_polled' },
      matching: null,
      topics: [],
    })
  })

  test('of a flow that there is not there is no view', () => {
    expect(
      topicsView(snapshotOf(world.flow, assessment), 'none', everything, clockAt(world.now)),
    ).toBeUndefined()
  })
})

describe('one topic', () => {
  const world = coveredWorld()
  world.source.set('orders', { ends: [500n, 300n, 9n] })
  const assessment = world.poll()
  const names = { flow: world.flow.name, topic: 'orders' }
  const clock = clockAt(world.now + 10_000)

  test('with its partitions, worst first, each in words', () => {
    const view = strictly(
      topicDetailView(snapshotOf(world.flow, assessment), names, 1, clock),
      topicDetailSchema,
    )
    expect(view.topic).toMatchObject({ topic: 'orders', partitionsExpected: 3, partitionsObserved: 3 })
    expect(view.partitions.map(({ partition }) => partition)).toEqual([2, 0, 1])
    expect(view.partitions[0]?.summary).toContain('at most 9 records')
    expect(view.partitions[1]?.summary).toBe('nothing missing as of 10:30:15 UTC')
  })

  test('a hundred partitions a page', () => {
    const [topic] = assessment.topics
    const [partition] = topic?.partitions ?? []
    if (topic === undefined || partition === undefined) throw new Error('there is a partition')
    const partitions = Array.from({ length: 101 }, () => partition)
    const many = snapshotOf(world.flow, { ...assessment, topics: [{ ...topic, partitions }] })
    expect(topicDetailView(many, names, 2, clock)).toMatchObject({ page: 2, pages: 2, partitions: [{}] })
  })

  test.each([
    { ...names, topic: 'toString' },
    { ...names, flow: 'toString' },
  ])('none of $flow $topic', wanted => {
    expect(topicDetailView(snapshotOf(world.flow, assessment), wanted, 1, clock)).toBeUndefined()
    expect(topicDetailView(snapshotOf(world.flow, undefined), wanted, 1, clock)).toBeUndefined()
  })
})

describe('the exposures of the last hours', () => {
  function watched(minutes: number) {
    const world = coveredWorld()
    world.now = 1_200_000 - 15_000
    let assessment = world.poll()
    let exposures = exposuresAfter(undefined, assessment, 15_000)
    for (let i = 1; i < minutes * 4; i++) {
      assessment = world.poll()
      exposures = exposuresAfter(exposures, assessment, 15_000)
    }
    const snapshot = {
      ...snapshotOf(world.flow, assessment),
      flows: [{ flow: world.flow, assessment, exposures }],
    }
    return { world, snapshot }
  }

  test('of the flow, with whether the budget was kept, and of the topic', () => {
    const { world, snapshot } = watched(6)
    const clock = clockAt(world.now)
    expect(strictly(flowsView(snapshot, clock), flowsSchema).flows[0]).toMatchObject({
      exposureHistory: {
        from: '2026-03-01T10:33:20.000Z',
        slotSeconds: 60,
        exposureSeconds: [15.1, 15.1, 15.1, 15.1, 15.1, 15.1],
        budgetKept: [true, true, true, true, true, true],
      },
    })
    const names = { flow: world.flow.name, topic: 'orders' }
    expect(topicDetailView(snapshot, names, 1, clock)?.topic.exposureHistory).toEqual({
      from: '2026-03-01T10:33:20.000Z',
      slotSeconds: 300,
      exposureSeconds: [16, 16],
    })
  })

  test('polls that stopped are gaps up to now, and never more than six hours of them', () => {
    const { world, snapshot } = watched(2)
    const after = (ms: number) => flowsView(snapshot, clockAt(world.now + ms)).flows[0]
    expect(after(180_000)).toMatchObject({
      exposureHistory: {
        exposureSeconds: [15.1, 15.1, null, null],
        budgetKept: [true, true, null, null],
      },
    })
    const days = after(864_000_000)
    const history = days !== undefined && 'exposureHistory' in days ? days.exposureHistory : undefined
    expect(history?.exposureSeconds).toEqual(Array.from({ length: 360 }, () => null))
    expect(history?.from).toBe('2026-03-11T04:34:20.000Z')
  })

  test('before the first poll there is none', () => {
    const world = coveredWorld()
    const [flow] = flowsView(snapshotOf(world.flow, world.poll()), clockAt(world.now)).flows
    expect(flow).toMatchObject({ exposureHistory: null })
  })
})

test('whether what runs is what the file says', () => {
  const world = coveredWorld()
  const snapshot = snapshotOf(world.flow, world.poll())
  const clock = clockAt(world.now)
  const told = (configuration: Snapshot['configuration']) =>
    flowsView({ ...snapshot, configuration }, clock).configuration
  expect(told(undefined)).toBeNull()
  expect(told({ loadedAtMs: 0, refused: undefined })).toEqual({
    loadedAt: '1970-01-01T00:00:00.000Z',
    refused: null,
  })
  expect(told({ loadedAtMs: 0, refused: { atMs: 1_000, problems: 3 } })?.refused).toEqual({
    at: '1970-01-01T00:00:01.000Z',
    problems: 3,
  })
})
