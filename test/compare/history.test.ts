import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  copyBound,
  maxSamples,
  observed,
  provenInstant,
  pruned,
  sampleAt,
} from '../../src/compare/history.ts'
import type { WatermarkSample } from '../../src/model/comparison.ts'

const sample = (highWatermark: bigint, lastSeenAt: number, firstSeenAt = lastSeenAt): WatermarkSample => ({
  highWatermark,
  firstSeenAt,
  lastSeenAt,
  copies: undefined,
})

describe('watermark history', () => {
  test('the same high watermark again only moves its instant', () => {
    expect(observed([sample(5n, 100)], 5n, 200, undefined)).toEqual([sample(5n, 200, 100)])
  })

  test('a higher one is a new sample', () => {
    expect(observed([sample(5n, 100)], 7n, 200, undefined)).toEqual([sample(5n, 100), sample(7n, 200)])
  })

  test('the same high watermark again only moves where its copies end, where that is known', () => {
    const before = { target: 4n, source: 3n }
    const later = { target: 9n, source: 5n }
    const once = observed([], 5n, 100, before)
    expect(copyBound(observed(once, 5n, 200, later), 5n)).toEqual(later)
    expect(copyBound(observed(once, 5n, 200, undefined), 5n)).toEqual(before)
  })

  test('an instant never moves back', () => {
    expect(observed([sample(5n, 200)], 5n, 100, undefined)).toEqual([sample(5n, 200)])
  })

  const steps = [sample(5n, 100), sample(7n, 200), sample(9n, 300)]

  test.each([
    [4n, undefined],
    [5n, 100],
    [6n, 100],
    [7n, 200],
    [8n, 200],
    [9n, 300],
    [1_000n, 300],
  ])('position %s proves the recovery point %s', (position, point) => {
    expect(provenInstant(steps, position)).toBe(point)
  })

  test('at or below the position only the newest sample is kept', () => {
    expect(pruned(steps, 8n)).toEqual([sample(7n, 200), sample(9n, 300)])
    expect(pruned(steps, 4n)).toEqual(steps)
  })

  test('the sample at an instant is the highest that had been seen by then, however long it lasted', () => {
    expect(sampleAt(steps, 250)).toEqual(sample(7n, 200))
    expect(sampleAt([sample(7n, 900, 200)], 250)).toEqual(sample(7n, 900, 200))
    expect(sampleAt(steps, 99)).toBeUndefined()
  })

  test('a stall keeps a bounded number of samples, the first and the newest among them', () => {
    let history: readonly WatermarkSample[] = []
    for (let i = 0; i < 5_000; i++) history = observed(history, BigInt(i), i * 15_000, undefined)
    expect(history).toHaveLength(maxSamples)
    expect(history[0]).toEqual(sample(0n, 0))
    expect(history.at(-1)).toEqual(sample(4_999n, 4_999 * 15_000))
  })

  test('thinning costs little precision: a point is at most a fifth of its age too old', () => {
    let history: readonly WatermarkSample[] = []
    for (let i = 0; i < 5_000; i++) history = observed(history, BigInt(i), i * 15_000, undefined)
    const now = 4_999 * 15_000
    for (let position = 1; position < 4_990; position += 7) {
      const exact = position * 15_000
      const point = provenInstant(history, BigInt(position))
      expect(point).toBeDefined()
      expect(exact - (point ?? 0)).toBeLessThanOrEqual(Math.max(15_000, (now - exact) * 0.2))
    }
  })

  test('whatever is observed and pruned, a point is never newer than what the full record proves', () => {
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { maxLength: 400 })
    fc.assert(
      fc.property(arrivals, steps => {
        let history: readonly WatermarkSample[] = []
        const full: WatermarkSample[] = []
        let end = 0n
        let position = 0n
        steps.forEach(([written, copied], index) => {
          end += BigInt(written)
          history = observed(history, end, index * 1_000, undefined)
          full.push(sample(end, index * 1_000))
          if (copied) position += (end - position) / 2n
          history = pruned(history, position)
          const truth = full.findLast(s => s.highWatermark <= position)?.lastSeenAt
          const point = provenInstant(history, position)
          if (point !== undefined) expect(point).toBeLessThanOrEqual(truth ?? -1)
        })
      }),
    )
  })
})
