import { describe, expect, test } from 'vitest'
import type { FlowAssessment } from '../../src/model/assessment.ts'
import { unknown } from '../../src/model/reading.ts'
import { flowsView, flowView } from '../../src/present/json.ts'
import { flowDetailSchema, flowsSchema } from '../../src/present/schema.ts'
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
function strictly(view: unknown, schema: typeof flowsSchema | typeof flowDetailSchema): unknown {
  const sent: unknown = JSON.parse(JSON.stringify(view))
  expect(schema.parse(sent)).toEqual(sent)
  return sent
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
