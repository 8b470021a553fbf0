import { describe, expect, test } from 'vitest'
import { decodeExposure, encodeExposure, exposuresAfter } from '../../src/assess/exposures.ts'
import type { FlowAssessment } from '../../src/model/assessment.ts'
import type { ExposureHistory } from '../../src/model/exposures.ts'
import { coveredWorld } from '../support/snapshots.ts'
import { pollMs, type World } from '../support/world.ts'

const minute = 60_000

/** A world whose every poll goes into the history. */
class Watched {
  readonly world: World
  history: ExposureHistory | undefined
  assessment: FlowAssessment | undefined

  constructor(world = coveredWorld()) {
    this.world = world
  }

  polls(times: number, afterMs?: number, schedule = pollMs): void {
    for (let i = 0; i < times; i++) {
      this.assessment = this.world.poll(afterMs)
      this.history = exposuresAfter(this.history, this.assessment, schedule)
    }
  }

  get flow() {
    if (this.history === undefined) throw new Error('nothing was polled')
    return this.history.flow.slots
  }

  /** Seconds by slot, oldest first. */
  topic(name: string): (number | undefined)[] {
    const row = this.history?.topics.rowOf.get(name)
    if (row === undefined) throw new Error(`${name} has no row`)
    return (this.history?.topics.columns ?? []).map(({ values }) => decodeExposure(values[row]))
  }
}

/** The next poll is the first of a slot of five minutes. */
function atSlotStart(): Watched {
  const watched = new Watched()
  watched.world.now = 1_200_000 - pollMs
  return watched
}

describe('a flow', () => {
  test('a slot a minute, in it the greatest that was shown: the one right before a poll proved more', () => {
    const watched = atSlotStart()
    watched.polls(8)
    // Each poll finds all of it covered, 0.1 s after it was sent; until then 15.1 s were shown.
    expect(watched.flow.map(({ exposureMs }) => exposureMs)).toEqual([15_100, 15_100])
  })

  test('what is not proven any more is a gap, and so is all of its minute', () => {
    const watched = atSlotStart()
    watched.polls(5)
    watched.world.source.set('orders', { ends: [1n, 300n] })
    watched.polls(2)
    watched.world.source.clear()
    watched.polls(5)
    expect(watched.flow.map(({ exposureMs }) => exposureMs)).toEqual([15_100, undefined, undefined])
  })

  test('minutes without a poll are no slots', () => {
    const watched = atSlotStart()
    watched.polls(1)
    watched.polls(1, 10 * minute)
    const [first, second] = watched.flow
    expect(watched.flow).toHaveLength(2)
    expect((second?.slot ?? 0) - (first?.slot ?? 0)).toBe(10)
  })

  test('a slow schedule has longer slots, so that each has a poll', () => {
    const watched = atSlotStart()
    watched.polls(12, 5 * minute, 5 * minute)
    expect(watched.history?.flow.slotMs).toBe(10 * minute)
    const slots = watched.flow.map(({ slot }) => slot)
    expect(slots).toEqual(slots.map((_, index) => (slots[0] ?? 0) + index))
  })

  test('says when the budget was not shown to be kept, however short, also between two polls', () => {
    const watched = atSlotStart()
    watched.polls(4)
    watched.world.source.set('orders', { ends: [501n, 300n] })
    watched.polls(19)
    expect(watched.flow.map(({ kept }) => kept)).toEqual([true, true, true, true, true, true])
    watched.world.commits('orders', 500n)
    watched.world.target.set('east.orders', { ends: [501n, 300n] })
    watched.polls(8)
    expect(watched.flow.map(({ kept }) => kept)).toEqual([true, true, true, true, true, false, true, true])
  })

  test.each([
    [{ kind: 'failed_over' }, true],
    [{ kind: 'maintenance', untilMs: Number.MAX_SAFE_INTEGER, reason: 'disks' }, true],
    [{ kind: 'maintenance', untilMs: 0, reason: 'disks' }, false],
    [{ kind: 'active' }, false],
  ] as const)('%o: a budget that is passed counts as kept: %s', (state, kept) => {
    const world = coveredWorld()
    const assessment = { ...world.poll(), deadline: 0, flow: { ...world.flow, state } }
    expect(exposuresAfter(undefined, assessment, pollMs).flow.slots[0]?.kept).toBe(kept)
  })

  test('six hours are kept and no more', () => {
    const watched = atSlotStart()
    watched.polls(400, minute)
    expect(watched.flow).toHaveLength(360)
    expect(watched.flow.at(-1)?.slot).toBe(Math.floor((watched.world.now + 100) / minute))
  })
})

describe('topics', () => {
  test('a slot of five minutes each', () => {
    const watched = atSlotStart()
    watched.polls(20)
    watched.world.source.set('orders', { ends: [501n, 300n] })
    watched.polls(20)
    expect(watched.topic('orders')).toEqual([16, 301])
  })

  test('a topic that comes later has gaps before, and none of the others moves', () => {
    const watched = atSlotStart()
    watched.polls(20)
    watched.world.source.set('new', { ends: [0n] })
    watched.world.target.set('east.new', { ends: [0n] })
    watched.polls(21)
    expect(watched.topic('new')).toEqual([undefined, 16, 16])
    expect(watched.topic('orders')).toEqual([16, 16, 16])
  })

  test('a topic that has left the scope is forgotten with the next slot, and the rows of the others are kept', () => {
    const watched = atSlotStart()
    watched.world.source.set('audit', { ends: [0n] })
    watched.world.target.set('east.audit', { ends: [0n] })
    watched.polls(19)
    watched.world.source.delete('audit')
    watched.polls(1)
    expect(watched.history?.topics.rowOf.size).toBe(2)
    watched.polls(1)
    expect([...(watched.history?.topics.rowOf ?? [])]).toEqual([['orders', 0]])
    expect(watched.topic('orders')).toEqual([16, 16])
    expect(watched.history?.topics.columns.map(({ values }) => values.length)).toEqual([1, 1])
  })

  test('six hours are kept, in two bytes a slot', () => {
    const watched = atSlotStart()
    watched.polls(100, 5 * minute)
    const columns = watched.history?.topics.columns ?? []
    expect(columns).toHaveLength(72)
    expect(columns.reduce((sum, { values }) => sum + values.byteLength, 0)).toBe(144)
  })

  test('a history that somebody holds does not change', () => {
    const watched = atSlotStart()
    watched.polls(1)
    const held = structuredClone(watched.history)
    const { history } = watched
    watched.world.source.set('orders', { ends: [501n, 300n] })
    watched.polls(30)
    expect(history).toEqual(held)
  })
})

test.each([
  { ms: undefined, seconds: undefined },
  { ms: 0, seconds: 0 },
  { ms: 1, seconds: 1 },
  { ms: 32_767_000, seconds: 32_767 },
  { ms: 32_768_000, seconds: 32_768 },
  { ms: 32_768_001, seconds: 32_828 },
  { ms: 86_400_000, seconds: 86_408 },
  { ms: 1e12, seconds: 1_998_728 },
])('$ms ms are kept as $seconds s, never less than it was until 22 days', ({ ms, seconds }) => {
  expect(decodeExposure(encodeExposure(ms))).toBe(seconds)
})

test('slots of another length are not those that were: the history begins anew', () => {
  const watched = atSlotStart()
  watched.polls(9)
  expect(watched.flow).toHaveLength(3)
  expect(watched.topic('orders')).toHaveLength(1)
  watched.polls(1, 60_000, 60_000)
  expect(watched.flow).toHaveLength(1)
  expect(watched.history?.flow.slotMs).toBe(120_000)
  expect(watched.topic('orders')).toHaveLength(1)
  watched.polls(1, 300_000, 300_000)
  expect(watched.topic('orders')).toHaveLength(1)
})
