import { describe, expect, test } from 'vitest'
import { blindSpots } from '../../src/present/words.ts'
import { clockAt } from '../support/snapshots.ts'
import { pollMs, World } from '../support/world.ts'

function quietWorld(): World {
  const world = new World()
  world.source.set('orders', { ends: [5n] })
  world.target.set('east.orders', { ends: [5n] })
  world.commits('orders', 4n)
  return world
}

const wallMs = (world: World): number => world.now + world.wallAheadMs

describe('clocks', () => {
  test('that run together are not spoken of', () => {
    const world = quietWorld()
    world.poll()
    world.heartbeatAtMs = wallMs(world) + pollMs - 1_000
    world.wallAheadMs += 900
    const { facts } = world.poll()
    expect(facts.clocks).toMatchObject({ jump: undefined, engineAheadMs: undefined })
  })

  test.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('ours set %s by an hour: said, and nothing proven changes', (way, byMs) => {
    const world = quietWorld()
    const before = world.poll()
    world.wallAheadMs += byMs
    const after = world.poll()
    expect(after.facts.clocks.jump).toEqual({ byMs, at: after.facts.at })
    expect(after.recoveryPoint).toBe((before.recoveryPoint ?? 0) + pollMs)
    expect(after.status).toBe('covered')
    expect(blindSpots(after, clockAt(after.facts.at), pollMs)[0]).toMatch(
      new RegExp(`^The wall clock here was set ${way} by 1 h at `),
    )
    // It was: that stays known, and is said for an hour.
    const later = world.poll(3_700_000)
    expect(later.facts.clocks.jump?.byMs).toBe(byMs)
    expect(blindSpots(later, clockAt(later.facts.at), pollMs)).toEqual([])
  })

  test.each([
    [3_600_000, /1 h ahead/],
    [-3_600_000, /was 1 h old when it came/],
  ])("the replicator's off by %d ms: said as soon as a heartbeat comes", (byMs, words) => {
    const world = quietWorld()
    world.heartbeatAtMs = 1
    world.poll()
    world.heartbeatAtMs = wallMs(world) + pollMs + 100 + byMs
    const found = world.poll()
    expect(found.facts.clocks.engineAheadMs).toBe(byMs)
    expect(blindSpots(found, clockAt(found.facts.at), pollMs).join()).toMatch(words)
    expect(world.poll().facts.clocks.engineAheadMs).toBe(byMs)
    world.heartbeatAtMs = wallMs(world) + pollMs
    expect(world.poll().facts.clocks.engineAheadMs).toBeUndefined()
  })

  test('an old heartbeat that was there at the start says nothing about clocks', () => {
    const world = quietWorld()
    world.heartbeatAtMs = 1
    expect(world.poll().facts.clocks.engineAheadMs).toBeUndefined()
  })
})
