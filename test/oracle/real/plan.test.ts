import { expect, test } from 'vitest'
import { batchSize, faultsOf, planBatch } from './plan.ts'

const options = { seed: 5, housekeeping: true, writingMs: 75_000 }
const batches = Array.from({ length: 40 }, (_, index) => planBatch(index, options))

test('a seed makes the same worlds again, whichever is asked for first; another seed makes others', () => {
  expect(planBatch(17, options)).toEqual(batches[17])
  expect(planBatch(17, { ...options, seed: 6 })).not.toEqual(batches[17])
})

test('worlds are numbered on; calm batches have no fault, and in all others every world has one', () => {
  expect(batches.flatMap(({ worlds }) => worlds.map(({ index }) => index))).toEqual(
    Array.from({ length: 40 * batchSize }, (_, index) => index),
  )
  for (const batch of batches) {
    for (const world of batch.worlds) expect(faultsOf(world, batch).length > 0).toBe(!batch.calm)
  }
})

test('forty batches have every kind of world and every shared fault', () => {
  const kinds = new Set(batches.flatMap(({ worlds }) => worlds.map(({ kind }) => kind)))
  const faults = new Set(batches.flatMap(batch => batch.faults.map(({ kind }) => kind)))
  expect([...kinds].sort()).toMatchInlineSnapshot(`
    [
      "aborts",
      "absurd timestamps",
      "audited",
      "backfill",
      "compaction",
      "delete records",
      "dropped answers",
      "foreign records",
      "hanging transaction",
      "identical",
      "partitions added",
      "quiet",
      "retention",
      "rhythm",
      "source recreated",
      "steady",
      "target recreated",
      "target truncated",
      "transactions",
    ]
  `)
  expect([...faults].sort()).toMatchInlineSnapshot(`
    [
      "MirrorMaker frozen",
      "MirrorMaker killed",
      "MirrorMaker stopped",
      "Tidemark restarted",
      "source frozen",
      "target frozen",
      "throttled",
    ]
  `)
})

test('shared faults do not overlap, and end while records are written', () => {
  for (const { faults } of batches) {
    for (const [index, { fromMs, untilMs }] of faults.entries()) {
      expect(fromMs).toBeGreaterThan(faults[index - 1]?.untilMs ?? 0)
      expect(untilMs).toBeLessThan(options.writingMs)
    }
  }
})
