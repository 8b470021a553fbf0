import { expect, test } from 'vitest'
import { wallMsOf } from '../../src/model/time.ts'
import { createClock } from '../../src/observe/clock.ts'

test('an instant keeps its wall time while the clock is slewed, and follows a clock that is set', () => {
  let now = 1_000
  let wall = 50_000
  const clock = createClock(
    () => now,
    () => wall,
  )
  const shown = wallMsOf(1_000, clock())
  now += 60_000
  wall += 60_100
  expect(wallMsOf(1_000, clock())).toBe(shown)
  now += 1_000
  wall += 3_601_000
  expect(wallMsOf(now, clock())).toBe(wall)
})
