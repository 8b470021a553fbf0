import { expect, test } from 'vitest'
import { runBatch, type WorldReport } from '../oracle/real/batch.ts'
import { LogFollower } from '../oracle/real/logs.ts'
import { planBatch } from '../oracle/real/plan.ts'
import { story, totals, worldLine } from '../oracle/real/report.ts'
import { sharedPair } from './support/pair.ts'

// The short part of the oracle (test/oracle/real.ts runs long): one batch of worlds, always the same.
const seed = 82
const writingMs = 30_000

test('eight random worlds: nothing that is said of them is better than the truth', async () => {
  const pair = await sharedPair()
  const run = `${process.pid}-${seed}`
  const portOf = ({ brokers }: typeof pair.source): number => brokers[0]?.port ?? 0
  const followers = {
    source: new LogFollower(portOf(pair.source), topic => topic.startsWith(`world-${run}`)),
    target: new LogFollower(portOf(pair.target), topic => topic.startsWith(`east.world-${run}`)),
  }
  followers.source.start()
  followers.target.start()
  let reports: WorldReport[]
  try {
    const batch = planBatch(0, { seed, housekeeping: false, writingMs })
    reports = await runBatch(batch, {
      seed,
      pair,
      followers,
      writingMs,
      watchingMs: 8_000,
      run,
      say: console.log,
    })
  } finally {
    await Promise.all([followers.source.stop(), followers.target.stop()])
  }
  console.log(`oracle, seed ${seed}\n${reports.map(worldLine).join('\n')}\n${totals(reports)}`)
  const wrong = reports.filter(({ objections }) => objections.length > 0)
  expect(wrong.map(story).join('\n\n')).toBe('')
  for (const { samples, unjudged, unexplained, sent } of reports) {
    expect(samples).toBeGreaterThan(30)
    expect(unjudged).toBe(0)
    expect(unexplained).toBe(0)
    expect(sent).toBeGreaterThan(0)
  }
  expect(reports.every(({ faults }) => faults.length > 0)).toBe(true)
})
