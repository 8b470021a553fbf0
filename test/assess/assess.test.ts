import { describe, expect, test } from 'vitest'
import { assessFlow, stalledAfterMs, topicDeadline } from '../../src/assess/assess.ts'
import type { FlowAssessment } from '../../src/model/assessment.ts'
import { provableExposureMs } from '../../src/model/engine.ts'
import { budgetOf } from '../../src/model/flow.ts'
import { aComparison, aContent, aPartition } from '../support/comparisons.ts'
import { aFlow, flushMs, pollMs, topicIn, World } from '../support/world.ts'

const context = { pacing: { commitIntervalMs: flushMs, pairSpacing: 100n }, pollMs }

function replicating(): World {
  const world = new World()
  world.source.set('orders', { ends: [100n] })
  world.target.set('east.orders', { ends: [100n] })
  world.commits('orders', 99n)
  world.poll()
  return world
}

describe('stalled', () => {
  test('after the longer of three polls and two flush intervals', () => {
    expect(stalledAfterMs(context)).toBe(120_000)
    expect(stalledAfterMs({ ...context, pollMs: 60_000 })).toBe(180_000)
  })

  test('counted from the last move when something was already missing', () => {
    const world = replicating()
    world.source.set('orders', { ends: [200n] })
    world.commits('orders', 150n)
    world.poll()
    for (let i = 0; i < 7; i++) expect(topicIn(world.poll(), 'orders').status).toBe('behind')
    world.poll()
    expect(topicIn(world.poll(), 'orders').status).toBe('stalled')
    world.commits('orders', 151n)
    expect(topicIn(world.poll(), 'orders').status).toBe('behind')
  })

  test('idle for long and then one record: never at once', () => {
    const world = replicating()
    for (let i = 0; i < 50; i++) world.poll()
    world.source.set('orders', { ends: [101n] })
    for (let i = 0; i < 8; i++) expect(topicIn(world.poll(), 'orders').status).toBe('behind')
    world.commits('orders', 100n)
    expect(topicIn(world.poll(), 'orders').status).toBe('covered')
  })

  test('blind time does not count', () => {
    const world = replicating()
    world.source.set('orders', { ends: [200n] })
    world.poll()
    world.sourceDown = 'timeout'
    for (let i = 0; i < 50; i++) expect(topicIn(world.poll(), 'orders').status).toBe('unknown')
    world.sourceDown = undefined
    expect(topicIn(world.poll(), 'orders').status).toBe('behind')
  })

  test('outranks unknown, which outranks behind', () => {
    const world = new World()
    world.source.set('orders', { ends: [100n, 100n] })
    world.target.set('east.orders', { ends: [100n, 100n] })
    world.commits('orders', 49n, 0)
    world.commits('orders', 99n, 1)
    world.poll()
    world.source.set('orders', { ends: [100n, 'leaderless'] })
    expect(topicIn(world.poll(), 'orders').status).toBe('unknown')
    for (let i = 0; i < 9; i++) world.poll()
    expect(topicIn(world.poll(), 'orders').status).toBe('stalled')
  })
})

describe('pending', () => {
  test('while the topic is new and the engine has not touched it', () => {
    const world = replicating()
    world.source.set('fresh', { ends: [5n] })
    const polls = 900_000 / pollMs
    for (let i = 0; i < polls; i++) expect(topicIn(world.poll(), 'fresh').status).toBe('pending')
    expect(topicIn(world.poll(), 'fresh').status).toBe('stalled')
  })

  test('a topic that was there at the start is not new', () => {
    const world = new World()
    world.source.set('orders', { ends: [5n] })
    expect(topicIn(world.poll(), 'orders').status).toBe('behind')
  })
})

describe('deadline', () => {
  const facts = {
    recoveryPoint: undefined,
    estimatedRecoveryPoint: undefined,
    unprovenSince: 1_000,
    firstSeenAt: 0,
  }
  test.each([
    ['the proven point and the budget', { ...facts, recoveryPoint: 5_000 }, 0, 5_100],
    ['a proven point makes the grace irrelevant', { ...facts, recoveryPoint: 5_000 }, 900, 5_100],
    ['without a point, since when there is none', facts, 0, 1_100],
    ['or the estimate, if that is older', { ...facts, estimatedRecoveryPoint: 700 }, 0, 800],
    ['but not if it is newer', { ...facts, estimatedRecoveryPoint: 2_000 }, 0, 1_100],
    ['a new topic has its grace', facts, 900, 1_900],
  ])('%s', (_, given, graceMs, deadline) => {
    expect(topicDeadline(given, 100, graceMs)).toBe(deadline)
  })

  test("a flow's is its topics' minimum, each with its own budget", () => {
    const world = new World({
      rpo: { overrides: [{ matches: topic => topic === 'payments', budgetMs: 120_000 }] },
    })
    world.source.set('orders', { ends: [0n] })
    world.source.set('payments', { ends: [0n] })
    const flow = world.poll()
    expect(topicIn(flow, 'orders').deadline).toBe(world.now + 300_000)
    expect(flow.deadline).toBe(world.now + 120_000)
    expect(flow.topics[0]?.topic).toBe('payments')
  })

  test('stands still while blind', () => {
    const world = replicating()
    const { deadline } = world.poll()
    world.sourceDown = 'timeout'
    world.targetDown = 'timeout'
    for (let i = 0; i < 5; i++) expect(world.poll().deadline).toBe(deadline)
  })

  test('of a topic that lost its proof does not move away', () => {
    const world = replicating()
    const { deadline } = world.poll()
    world.source.set('orders', { id: 'another', ends: [50n] })
    for (let i = 0; i < 5; i++) expect(world.poll().deadline).toBe(deadline)
  })
})

describe('sums', () => {
  test('count unknown topics by reason, and no others', () => {
    const world = new World({ literals: ['secret'] })
    world.source.set('orders', { ends: ['leaderless'] })
    world.source.set('payments', { ends: ['leaderless', 'timeout'] })
    world.source.set('fine', { ends: [0n] })
    world.source.set('secret', { ends: [5n] })
    world.hidden.add('secret')
    const flow = world.poll()
    expect([...flow.unknownTopicsByReason]).toEqual(
      expect.arrayContaining([
        ['leaderless', 2],
        ['unauthorized', 1],
      ]),
    )
    expect(flow.unknownTopicsByReason.size).toBe(2)
    expect(flow.topicsByStatus).toEqual({ stalled: 0, unknown: 3, behind: 0, pending: 0, covered: 1 })
    expect(flow.unknown).toBeDefined()
  })

  test('losses of a flow only grow: a topic that leaves the scope takes none with it', () => {
    const withLosses = (losses: Record<string, readonly [lost: bigint, possiblyLost: bigint]>) =>
      aComparison(
        Object.fromEntries(
          Object.entries(losses).map(([topic, [lost, possiblyLost]]) => [
            topic,
            [aPartition({ content: aContent({ losses: { ranges: [], lost, possiblyLost } }) })],
          ]),
        ),
        5,
      )
    const steps = [
      withLosses({ orders: [3n, 5n], payments: [10n, 0n] }),
      withLosses({ orders: [4n, 4n] }),
      withLosses({ orders: [4n, 4n], payments: [2n, 0n] }),
      withLosses({ orders: [4n, 6n], payments: [3n, 0n] }),
    ]
    let flowNow: FlowAssessment | undefined
    const seen = steps.map(step => {
      flowNow = assessFlow(flowNow, step, { flow: aFlow(), ...context })
      return [flowNow.lost, flowNow.possiblyLost]
    })
    expect(seen).toEqual([
      [13n, 5n],
      [14n, 5n],
      [16n, 5n],
      [17n, 7n],
    ])
  })

  test('a topic of which nothing is known has no lag, not 0', () => {
    const world = new World({ literals: ['secret'] })
    world.source.set('secret', { ends: [5n] })
    world.hidden.add('secret')
    expect(topicIn(world.poll(), 'secret')).toMatchObject({ lag: undefined, estimatedLag: undefined })
  })
})

test('the first override that matches gives the budget', () => {
  const { rpo } = aFlow({
    rpo: {
      overrides: [
        { matches: topic => topic.startsWith('pay'), budgetMs: 1 },
        { matches: () => true, budgetMs: 2 },
      ],
    },
  })
  expect([budgetOf(rpo, 'payments'), budgetOf(rpo, 'orders'), budgetOf(aFlow().rpo, 'orders')]).toEqual([
    1, 2, 300_000,
  ])
})

test('the smallest provable exposure is 1.25 flush intervals and three polls', () => {
  expect(provableExposureMs(flushMs, pollMs)).toBe(120_000)
})
