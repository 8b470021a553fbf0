import { describe, expect, test } from 'vitest'
import { pollMs, topicIn, World } from '../support/world.ts'

/** orders on both sides with `records` replicated and committed, seen by two polls. */
function steadyWorld(records = 100n): World {
  const world = new World()
  world.source.set('orders', { ends: [records] })
  world.target.set('east.orders', { ends: [records] })
  world.commits('orders', records - 1n)
  world.syncs('orders', records - 1n, records - 1n)
  world.poll()
  world.poll()
  return world
}

describe('recovery point', () => {
  test('is the t0 of the newest poll whose high watermark the position covers', () => {
    const world = steadyWorld()
    const covered = world.poll()
    expect(covered.recoveryPoint).toBe(world.now)
    expect(topicIn(covered, 'orders')).toMatchObject({ status: 'covered', lag: 0n })
    const pointBefore = world.now
    world.source.set('orders', { ends: [130n] })
    expect(world.poll().recoveryPoint).toBe(pointBefore)
    world.commits('orders', 129n)
    expect(world.poll().recoveryPoint).toBe(world.now)
  })

  test('a topic with one write a day is minutes exposed, not a day', () => {
    const world = steadyWorld()
    for (let i = 0; i < 100; i++) world.poll()
    expect(world.poll().recoveryPoint).toBe(world.now)
  })

  test('a position read from a cluster that still answers proves more while the source is down', () => {
    const world = steadyWorld()
    world.source.set('orders', { ends: [130n] })
    world.poll()
    const seen = world.now
    world.sourceDown = 'timeout'
    expect(world.poll().recoveryPoint).toBe(seen - pollMs)
    world.commits('orders', 129n)
    expect(world.poll().recoveryPoint).toBe(seen)
  })

  test('freezes while the source is down and is exported all the same', () => {
    const world = steadyWorld()
    world.poll()
    const point = world.now
    world.sourceDown = 'timeout'
    for (let i = 0; i < 10; i++) world.poll()
    const blind = world.poll()
    expect(blind.recoveryPoint).toBe(point)
    expect(blind.retractedAt).toBeUndefined()
    expect(topicIn(blind, 'orders')).toMatchObject({ status: 'unknown', lag: undefined })
    expect(blind.partitionsObserved).toBe(0)
    expect(blind.partitionsExpected).toBe(1)
    world.sourceDown = undefined
    expect(topicIn(world.poll(), 'orders').status).toBe('covered')
  })

  test('freezes while the target is down, although the source answers', () => {
    const world = steadyWorld()
    world.poll()
    const point = world.now
    world.targetDown = 'timeout'
    world.durable = { unknown: { reason: 'timeout', detail: 'the target does not answer' } }
    world.source.set('orders', { ends: [110n] })
    world.poll()
    const blind = world.poll()
    expect(blind.recoveryPoint).toBe(point)
    expect(topicIn(blind, 'orders').status).toBe('unknown')
  })

  test('of a topic that was never proven is absent, and then so is the flow, but not its deadline', () => {
    const world = steadyWorld()
    world.source.set('payments', { ends: [50n], starts: [0n] })
    world.hidden.add('payments')
    world.commits('payments', 9n)
    world.poll()
    world.hidden.clear()
    const flow = world.poll()
    expect(topicIn(flow, 'payments').recoveryPoint).toBeUndefined()
    expect(flow.recoveryPoint).toBeUndefined()
    expect(flow.knownRecoveryPoint).toBe(world.now)
    expect(flow.unprovenTopics).toBe(1)
    expect(flow.deadline).toBeLessThanOrEqual(world.now + world.flow.rpo.budgetMs)
  })

  test('says so when it moves back', () => {
    const world = steadyWorld()
    expect(world.poll().retractedAt).toBeUndefined()
    world.source.set('orders', { id: 'another', ends: [3n] })
    expect(world.poll().retractedAt).toBe(world.now + 100)
  })
})

describe('after a start inside a stall', () => {
  test('there is no proven point, and a deadline from the first poll on', () => {
    const world = new World()
    world.source.set('orders', { ends: [500n] })
    world.target.set('east.orders', { ends: [100n] })
    world.commits('orders', 99n)
    world.syncs('orders', 99n, 99n)
    const first = world.poll()
    expect(first.recoveryPoint).toBeUndefined()
    expect(first.deadline).toBe(world.now + world.flow.rpo.budgetMs)
    const deadline = first.deadline
    for (let i = 0; i < 5; i++) expect(world.poll().deadline).toBe(deadline)
    expect(topicIn(world.poll(), 'orders').lag).toBe(400n)
  })
})

describe('never written to', () => {
  test('is covered, target or not', () => {
    const world = new World()
    world.source.set('empty', { ends: [0n, 0n] })
    const flow = world.poll()
    expect(topicIn(flow, 'empty')).toMatchObject({ status: 'covered', lag: 0n })
    expect(flow.recoveryPoint).toBe(world.now)
  })

  test('emptied long ago, and never touched by the engine, is nothing to lose', () => {
    const world = new World()
    world.source.set('old', { ends: [500n], starts: [500n] })
    world.poll()
    expect(topicIn(world.poll(), 'old')).toMatchObject({ status: 'covered', lag: 0n })
    world.source.set('old', { ends: [510n], starts: [500n] })
    expect(topicIn(world.poll(), 'old').lag).toBe(10n)
  })

  test('emptied, but the engine cannot be read yet: not taken for untouched', () => {
    const world = new World()
    world.source.set('old', { ends: [500n], starts: [500n] })
    world.durable = { unknown: { reason: 'reading', detail: 'not at its end yet' } }
    for (let i = 0; i < 3; i++) expect(topicIn(world.poll(), 'old').status).toBe('unknown')
    world.durable = { value: true }
    world.target.set('east.old', { ends: [300n] })
    world.commits('old', 299n)
    expect(topicIn(world.poll(), 'old').lag).toBe(200n)
  })

  test('emptied by retention while a dead replicator should have copied it, is not', () => {
    const world = new World()
    world.source.set('old', { ends: [500n], starts: [0n] })
    world.poll()
    world.poll()
    world.source.set('old', { ends: [500n], starts: [500n] })
    world.poll()
    expect(topicIn(world.poll(), 'old').lag).toBe(500n)
  })
})

describe('when it was observed', () => {
  test('is the older t0 of the last poll in which both clusters answered', () => {
    const world = steadyWorld()
    expect(world.poll().facts.observedAt).toBe(world.now)
    const last = world.now
    world.targetDown = 'timeout'
    expect(world.poll().facts.observedAt).toBe(last)
    world.targetDown = undefined
    world.sourceDown = 'timeout'
    expect(world.poll().facts.observedAt).toBe(last)
  })
})

describe('what is remembered beyond the scope', () => {
  test('is nothing that is in scope, and nothing that the filter excludes', () => {
    const world = new World({ includes: topic => topic !== 'noise' })
    world.source.set('orders', { ends: [5n] })
    world.target.set('east.orders', { ends: [5n] })
    world.commits('orders', 4n)
    world.commits('noise', 4n)
    expect(world.poll().facts.outOfScope.size).toBe(0)
  })

  test('is bounded', () => {
    const world = new World()
    world.source.set('orders', { ends: [0n] })
    for (let i = 0; i < 12_000; i++) world.commits(`ghost-${i}`, 4n)
    expect(world.poll().facts.outOfScope.size).toBe(10_000)
  })
})

describe('unknown is a value', () => {
  test('an empty scope', () => {
    const world = new World()
    const flow = world.poll()
    expect(flow).toMatchObject({
      status: 'unknown',
      unknown: { reason: 'empty_scope' },
      recoveryPoint: undefined,
    })
    const deadline = flow.deadline
    expect(deadline).toBe(world.now + world.flow.rpo.budgetMs)
    expect(world.poll().deadline).toBe(deadline)
  })

  test('a scope that becomes empty: the deadline counts from then', () => {
    const world = steadyWorld()
    for (let i = 0; i < 10; i++) world.poll()
    world.source.delete('orders')
    expect(world.poll().deadline).toBe(world.now + world.flow.rpo.budgetMs)
  })

  test('a scope that was never listed', () => {
    const world = new World()
    world.source.set('orders', { ends: [1n] })
    world.sourceDown = 'timeout'
    expect(world.poll()).toMatchObject({ status: 'unknown', unknown: { reason: 'timeout' } })
  })

  test('one leaderless partition spoils only itself, and no sum looks better', () => {
    const world = new World()
    world.source.set('orders', { ends: [100n, 100n] })
    world.target.set('east.orders', { ends: [100n, 100n] })
    world.source.set('payments', { ends: [7n] })
    world.target.set('east.payments', { ends: [7n] })
    world.commits('orders', 49n, 0)
    world.commits('orders', 99n, 1)
    world.commits('payments', 6n)
    expect(topicIn(world.poll(), 'orders').lag).toBe(50n)
    world.source.set('orders', { ends: ['leaderless', 100n] })
    const flow = world.poll()
    expect(topicIn(flow, 'orders')).toMatchObject({
      lag: undefined,
      partitionsObserved: 1,
      partitionsExpected: 2,
    })
    expect(topicIn(flow, 'orders').unknown?.reason).toBe('leaderless')
    expect(topicIn(flow, 'orders').partitions[1]?.status).toBe('covered')
    expect(topicIn(flow, 'payments').status).toBe('covered')
    expect(flow.partitionsObserved).toBe(2)
    expect(flow.partitionsExpected).toBe(3)
  })

  test('positions that cannot be read leave what is proven alone and make the rest unknown', () => {
    const world = steadyWorld()
    world.source.set('payments', { ends: [7n] })
    world.target.set('east.payments', { ends: [7n] })
    world.durable = { unknown: { reason: 'reading', detail: 'not at its end yet' } }
    const flow = world.poll()
    expect(topicIn(flow, 'orders').status).toBe('covered')
    expect(topicIn(flow, 'payments')).toMatchObject({ status: 'unknown', unknown: { reason: 'reading' } })
  })

  test('offset syncs that are still being read leave what is not proven unknown; unreadable ones do not', () => {
    const world = steadyWorld()
    world.source.set('orders', { ends: [110n] })
    world.pairs = { unknown: { reason: 'reading', detail: 'not at its end yet' } }
    expect(topicIn(world.poll(), 'orders')).toMatchObject({
      status: 'unknown',
      unknown: { reason: 'reading' },
    })
    world.pairs = { unknown: { reason: 'unauthorized', detail: 'no' } }
    expect(topicIn(world.poll(), 'orders')).toMatchObject({ status: 'behind', lag: 10n })
  })

  test('an unauthorized topic stays in scope and is unknown', () => {
    const world = steadyWorld()
    world.hidden.add('orders')
    const flow = world.poll()
    expect(topicIn(flow, 'orders')).toMatchObject({ status: 'unknown', unknown: { reason: 'unauthorized' } })
    expect(flow.recoveryPoint).toBe(world.now - pollMs)
  })

  test.each([
    ['the filter names it', (): World => new World({ literals: ['secret'] })],
    [
      'the target has a copy',
      (): World => {
        const world = new World()
        world.target.set('east.secret', { ends: [1n] })
        return world
      },
    ],
    [
      'the engine committed a position for it',
      (): World => {
        const world = new World()
        world.commits('secret', 4n)
        world.poll()
        return world
      },
    ],
  ])('a topic that the listing hides is found when %s', (_, build) => {
    const world = build()
    world.source.set('secret', { ends: [9n] })
    world.hidden.add('secret')
    expect(topicIn(world.poll(), 'secret').unknown?.reason).toBe('unauthorized')
  })

  test('a deleted topic leaves the scope', () => {
    const world = steadyWorld()
    world.source.set('payments', { ends: [0n] })
    world.poll()
    world.source.delete('orders')
    expect(world.poll().topics.map(topic => topic.topic)).toEqual(['payments'])
  })

  test('a name in the filter that the source does not have is reported', () => {
    const world = new World({ literals: ['orders', 'paymets'] })
    world.source.set('orders', { ends: [0n] })
    expect(world.poll().facts.absentTopics).toEqual(['paymets'])
  })
})

describe('what is in scope', () => {
  test('leaves out the internal topics of the engine and of Kafka, heartbeats, and what came from the target', () => {
    const world = new World()
    for (const topic of [
      'orders',
      '__consumer_offsets',
      'mm2-offset-syncs.west.internal',
      'heartbeats',
      'west.orders',
    ]) {
      world.source.set(topic, { ends: [0n] })
    }
    expect(world.poll().topics.map(topic => topic.topic)).toEqual(['orders'])
  })
})

describe('identity of offsets', () => {
  test('a recreated source topic is unknown until the engine begins anew', () => {
    const world = steadyWorld(448n)
    world.source.set('orders', { id: 'another', ends: [3n] })
    const recreated = world.poll()
    expect(topicIn(recreated, 'orders')).toMatchObject({
      status: 'unknown',
      unknown: { reason: 'recreated' },
    })
    expect(recreated.recoveryPoint).toBeUndefined()
    world.syncs('orders', 0n, 448n)
    world.syncs('orders', 2n, 450n)
    world.target.set('east.orders', { ends: [451n] })
    expect(topicIn(world.poll(), 'orders')).toMatchObject({ status: 'covered', lag: 0n })
  })

  test('recreated larger than the old position, the engine goes on: never covered', () => {
    const world = steadyWorld(785n)
    world.source.set('orders', { id: 'another', ends: [20_000n] })
    world.target.set('east.orders', { ends: [20_000n] })
    for (let c = 1_000n; c < 20_000n; c += 1_000n) {
      world.commits('orders', c)
      world.poll()
    }
    world.commits('orders', 19_999n)
    expect(topicIn(world.poll(), 'orders').status).toBe('unknown')
  })

  test('deleted and created again over several polls: old positions do not count', () => {
    const world = steadyWorld(785n)
    const orders = world.source.get('orders')
    world.source.set('orders2', { ends: [0n] })
    world.source.delete('orders')
    world.poll()
    world.poll()
    if (orders !== undefined) world.source.set('orders', { id: 'another', ends: [2_000n] })
    world.target.set('east.orders', { ends: [2_000n] })
    world.commits('orders', 1_999n)
    expect(topicIn(world.poll(), 'orders')).toMatchObject({
      status: 'unknown',
      unknown: { reason: 'recreated' },
    })
  })

  test.each([
    ['at once', 0],
    ['over several polls', 3],
  ])(
    'deleted and created again %s: what had not been copied of it is lost with it, and stays so',
    (_, polls) => {
      const world = steadyWorld(785n)
      world.source.set('orders', { ends: [800n] })
      world.poll()
      if (polls > 0) world.source.delete('orders')
      for (let i = 0; i < polls; i++) world.poll()
      world.source.set('orders', { id: 'another', ends: [10n] })
      for (let i = 0; i < 3; i++) {
        const flow = world.poll()
        expect(topicIn(flow, 'orders').facts.partitions[0]?.content?.losses?.ranges).toMatchObject([
          { from: 785n, to: 800n, cause: 'recreated', certain: false, former: true },
        ])
        // Of the flow it is counted once.
        expect([flow.lost, flow.possiblyLost]).toEqual([0n, 15n])
      }
      world.source.delete('orders')
      world.poll()
      world.source.set('orders', { id: 'a third', ends: [0n] })
      expect(world.poll().possiblyLost).toBe(25n)
    },
  )

  test('never copied and deleted: all of it is lost with it', () => {
    const world = steadyWorld(785n)
    world.source.set('quiet', { ends: [7n] })
    world.poll()
    world.source.delete('quiet')
    world.poll()
    world.source.set('quiet', { id: 'another', ends: [0n] })
    expect(topicIn(world.poll(), 'quiet')).toMatchObject({ status: 'covered', possiblyLost: 7n })
  })

  test('a recreated target topic is unknown: what was copied before is not in it', () => {
    const world = steadyWorld()
    world.target.set('east.orders', { id: 'another', ends: [5n] })
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('recreated')
    world.source.set('orders', { ends: [105n] })
    world.commits('orders', 104n)
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('recreated')
    world.syncs('orders', 0n, 0n)
    world.syncs('orders', 10n, 10n)
    world.target.set('east.orders', { id: 'another', ends: [11n] })
    world.source.set('orders', { ends: [106n] })
    expect(topicIn(world.poll(), 'orders').lag).toBe(95n)
  })

  test('a deleted target topic is unknown', () => {
    const world = steadyWorld()
    world.target.delete('east.orders')
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('diverged')
  })

  test('a high watermark that falls', () => {
    const world = steadyWorld()
    world.source.set('orders', { ends: [90n] })
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('diverged')
  })

  test('a high watermark that falls to where the position is', () => {
    const world = steadyWorld()
    world.source.set('orders', { ends: [200n] })
    world.poll()
    world.source.set('orders', { ends: [150n] })
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('diverged')
  })

  test('a position above a high watermark that was asked for later', () => {
    const world = steadyWorld()
    world.commits('orders', 200n)
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('diverged')
  })

  test('a position above a high watermark that was asked for earlier is only newer', () => {
    const world = steadyWorld()
    world.positionsReadFirst = false
    world.commits('orders', 104n)
    expect(topicIn(world.poll(), 'orders').status).toBe('covered')
    world.source.set('orders', { ends: [120n] })
    expect(topicIn(world.poll(), 'orders').lag).toBe(15n)
  })

  test('a target that ends below a downstream offset read before', () => {
    const world = steadyWorld()
    world.target.set('east.orders', { ends: [90n] })
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('diverged')
  })

  test('a target that ends at the downstream offset itself lacks that record', () => {
    const world = steadyWorld()
    world.target.set('east.orders', { ends: [99n] })
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('diverged')
  })

  test.each([
    ['deleted', undefined],
    ['truncated', 90n],
  ])('a target that was %s before this process started is never taken for a copy', (_, end) => {
    const world = new World()
    world.source.set('orders', { ends: [100n] })
    if (end !== undefined) world.target.set('east.orders', { ends: [end] })
    world.commits('orders', 99n)
    world.syncs('orders', 99n, 99n)
    const first = world.poll()
    expect(topicIn(first, 'orders')).toMatchObject({ status: 'unknown', recoveryPoint: undefined })
    expect(first.estimatedRecoveryPoint).toBeUndefined()
    const second = world.poll()
    expect(topicIn(second, 'orders').unknown?.reason).toBe('diverged')
    expect(second.recoveryPoint).toBeUndefined()
  })

  test('a copy that is created while the poll reads is known one poll later, and loses nothing', () => {
    const world = steadyWorld()
    world.source.set('fresh', { ends: [0n] })
    world.poll()
    const point = world.now
    world.source.set('fresh', { ends: [5n] })
    world.commits('fresh', 4n)
    const racing = world.poll()
    expect(topicIn(racing, 'fresh')).toMatchObject({ status: 'unknown', recoveryPoint: point })
    world.target.set('east.fresh', { ends: [5n] })
    expect(topicIn(world.poll(), 'fresh')).toMatchObject({ status: 'covered', recoveryPoint: world.now })
  })

  test('what is unknown for its identity has no estimate either', () => {
    const world = steadyWorld()
    world.target.set('east.orders', { id: 'another', ends: [5n] })
    expect(topicIn(world.poll(), 'orders')).toMatchObject({
      recoveryPoint: undefined,
      estimatedRecoveryPoint: undefined,
      lag: undefined,
      estimatedLag: undefined,
    })
  })

  test('a broker that still lists the old topic id changes nothing', () => {
    const world = steadyWorld(448n)
    world.source.set('orders', { id: 'another', ends: [3n] })
    world.poll()
    world.syncs('orders', 2n, 450n)
    world.target.set('east.orders', { ends: [451n] })
    world.poll()
    world.source.set('orders', { ends: [448n] })
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('stale_metadata')
    world.source.set('orders', { id: 'another', ends: [3n] })
    expect(topicIn(world.poll(), 'orders').status).toBe('covered')
  })

  test('recreated before this process started: the newest positions count, and a contradiction is unknown', () => {
    const world = new World()
    world.source.set('orders', { ends: [3n] })
    world.target.set('east.orders', { ends: [451n] })
    world.commits('orders', 447n)
    world.syncs('orders', 2n, 450n)
    expect(topicIn(world.poll(), 'orders').unknown?.reason).toBe('diverged')
    world.commits('orders', 2n)
    expect(topicIn(world.poll(), 'orders').status).toBe('covered')
  })
})

describe('a topic that appears', () => {
  test('between two complete listings has the previous one as its point', () => {
    const world = steadyWorld()
    const listed = world.now
    world.source.set('fresh', { ends: [10n] })
    const flow = world.poll()
    expect(topicIn(flow, 'fresh')).toMatchObject({ recoveryPoint: listed, status: 'pending' })
    expect(flow.recoveryPoint).toBe(listed)
  })

  test('has none when permissions may have hidden it before', () => {
    const world = new World({ literals: ['orders', 'secret'] })
    world.source.set('orders', { ends: [0n] })
    world.source.set('secret', { ends: [5n] })
    world.hidden.add('secret')
    world.poll()
    world.source.set('fresh', { ends: [10n] })
    expect(topicIn(world.poll(), 'fresh').recoveryPoint).toBeUndefined()
  })

  test('a partition that is added has the previous listing as its point', () => {
    const world = steadyWorld()
    const listed = world.now
    world.source.set('orders', { ends: [100n, 10n] })
    expect(topicIn(world.poll(), 'orders').recoveryPoint).toBe(listed)
  })
})

describe('offset syncs', () => {
  test('are fresh while the newest one still translates what was produced', () => {
    const world = steadyWorld()
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(true)
    world.source.set('orders', { ends: [1_000n] })
    world.commits('orders', 999n)
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(false)
    world.syncs('orders', 950n, 950n)
    world.target.set('east.orders', { ends: [1_000n] })
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(true)
  })

  test('are not, once what was produced is long untranslated', () => {
    const world = steadyWorld()
    world.source.set('orders', { ends: [1_000n] })
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(true)
    for (let i = 0; i < 12; i++) world.poll()
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(false)
  })

  test('are given two flush intervals, and may lag by what MirrorMaker lets them lag', () => {
    const world = steadyWorld()
    world.source.set('orders', { ends: [201n] })
    world.poll()
    for (let i = 0; i < 7; i++) expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(true)
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(false)
    const other = steadyWorld()
    other.source.set('orders', { ends: [200n] })
    for (let i = 0; i < 20; i++) expect(topicIn(other.poll(), 'orders').pairsFresh).toBe(true)
  })

  test('that never came for a topic that was copied are not fresh', () => {
    const world = new World()
    world.source.set('orders', { ends: [5n] })
    world.target.set('east.orders', { ends: [5n] })
    world.commits('orders', 4n)
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(false)
  })

  test('of a topic that nothing was done about yet are not missed before they are due', () => {
    const world = new World()
    world.source.set('orders', { ends: [5n] })
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(true)
    for (let i = 0; i < 10; i++) world.poll()
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBe(false)
  })

  test('show the newest of all partitions', () => {
    const world = new World()
    world.source.set('orders', { ends: [5n, 5n] })
    world.target.set('east.orders', { ends: [5n, 5n] })
    world.syncs('orders', 4n, 4n, 0, 7_000)
    world.syncs('orders', 4n, 4n, 1, 9_000)
    expect(topicIn(world.poll(), 'orders').pairAtMs).toBe(9_000)
  })

  test('that do not exist are not judged', () => {
    const world = steadyWorld()
    world.pairs = 'none'
    expect(topicIn(world.poll(), 'orders').pairsFresh).toBeUndefined()
  })
})
