import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { noContent } from '../../src/compare/leftBehind.ts'
import type { FlowAssessment, TopicAssessment } from '../../src/model/assessment.ts'
import type { LostRange, PartitionComparison } from '../../src/model/comparison.ts'
import type { FaultName } from './simulation/faults.ts'
import { seedOfWorld } from './simulation/random.ts'
import {
  conformanceOf,
  type RecordedPartition,
  type RecordedWorld,
  replayedSyncs,
  startsOf,
} from './simulation/replay.ts'
import { worldLine } from './simulation/report.ts'
import type { Rule } from './simulation/rules.ts'
import { runWorld, type WorldReport } from './simulation/world.ts'

const seed = 30

describe('sixty simulated worlds', () => {
  test('nothing is said that is not true', async () => {
    const reports: WorldReport[] = []
    for (let world = 0; world < 60; world++) reports.push(await runWorld({ seed: seedOfWorld(seed, world) }))
    const wrong = reports.flatMap((report, world) =>
      report.violations.length === 0 ? [] : worldLine(world, report),
    )
    expect(wrong).toEqual([])
    // A world in which nothing was ever missing would not show much.
    const sum = (of: (report: WorldReport) => number): number => reports.reduce((all, it) => all + of(it), 0)
    expect(sum(it => it.samples)).toBeGreaterThan(4_000)
    expect(sum(it => it.withPoint)).toBeGreaterThan(3_000)
    expect(sum(it => it.withMissing)).toBeGreaterThan(200)
    expect(sum(it => it.withLosses)).toBeGreaterThan(50)
  }, 60_000)

  test('where nothing goes wrong the proof is as tight as it is said to be', async () => {
    const ages: WorldReport['tightness'][number][] = []
    for (let world = 0; world < 25; world++) {
      const report = await runWorld({ seed: seedOfWorld(seed, world), faults: [] })
      expect(report.violations).toEqual([])
      ages.push(...report.tightness)
    }
    expect(ages.length).toBeGreaterThan(500)
    expect(ages.filter(({ ageMs, boundMs }) => ageMs > boundMs).length).toBeLessThanOrEqual(ages.length / 200)
  }, 60_000)

  test('the same seed is the same world', async () => {
    const once = await runWorld({ seed: 12, polls: 20 })
    expect(await runWorld({ seed: 12, polls: 20 })).toEqual(once)
    expect((await runWorld({ seed: 13, polls: 20 })).estimateErrorsMs).not.toEqual(once.estimateErrorsMs)
  })
})

describe('the oracle sees', () => {
  const cases: {
    readonly rule: Rule
    readonly faults: readonly FaultName[]
    readonly tamper: (topic: TopicAssessment, flow: FlowAssessment) => TopicAssessment
  }[] = [
    {
      rule: 'point newer than the truth',
      faults: ['MirrorMaker killed'],
      tamper: (topic, flow) => ({ ...topic, recoveryPoint: flow.facts.source.t0 }),
    },
    {
      rule: 'lag below the truth',
      faults: ['MirrorMaker killed'],
      tamper: topic => withPartitions(topic, partition => ({ ...partition, lag: 0n })),
    },
    {
      rule: 'covered while something is missing',
      faults: ['MirrorMaker killed'],
      tamper: topic => ({ ...topic, status: 'covered' }),
    },
    {
      rule: 'missing records above the truth',
      faults: ['MirrorMaker killed'],
      tamper: topic => ({ ...topic, missingRecords: (topic.missingRecords ?? 0) + 1 }),
    },
    {
      rule: 'lost, but on the target',
      faults: [],
      tamper: topic =>
        withPartitions(topic, partition => withLost(partition, { from: 0n, to: partition.position.proven })),
    },
    {
      rule: 'lost, but copied later',
      faults: ['MirrorMaker frozen'],
      tamper: topic =>
        withPartitions(topic, partition => {
          return withLost(partition, { from: 0n, to: 1_000_000n, foundAt: 0 })
        }),
    },
    {
      rule: 'point past losses that were not counted',
      faults: ['retention runs'],
      tamper: topic => withPartitions(topic, partition => ({ ...partition, content: undefined })),
    },
    {
      rule: 'losses of a former topic not counted',
      faults: ['recreated on the source'],
      tamper: (topic, flow) => ({
        ...topic,
        lost: 0n,
        possiblyLost: 0n,
        recoveryPoint: flow.facts.source.t0,
      }),
    },
  ]

  test.each(cases)(
    '$rule',
    async ({ rule, faults, tamper }) => {
      for (let world = 0; world < 60; world++) {
        const options = { seed: seedOfWorld(seed, world), faults }
        const told = (report: WorldReport): boolean =>
          report.violations.some(violation => violation.rule === rule)
        const tampered = await runWorld({
          ...options,
          tamper: flow => ({ ...flow, topics: flow.topics.map(topic => tamper(topic, flow)) }),
        })
        // It is the tampering that it sees.
        if (told(tampered) && !told(await runWorld(options))) return
      }
      expect.unreachable('it was not seen in sixty worlds')
    },
    20_000,
  )

  test.each([
    [
      'commits offsets before their records are there',
      { commitsAhead: true },
      ['MirrorMaker throttled'] as const,
    ],
    ['drops records', { dropsOneIn: 50 }, [] as const],
  ])(
    'a MirrorMaker that %s',
    async (_, defects, faults) => {
      const rules = new Set<Rule>()
      for (let world = 0; world < 6; world++) {
        const report = await runWorld({ seed: seedOfWorld(seed, world), faults, defects })
        for (const { rule } of report.violations) rules.add(rule)
      }
      expect(rules).toContain('point newer than the truth')
      expect(rules).toContain('lag below the truth')
    },
    20_000,
  )
})

describe('the model of MirrorMaker writes the offset syncs', () => {
  test('of a compacted topic that was replicated after compaction: 195 -> 0, then 219 -> 24', () => {
    const steps = [{ source: 195, target: 0, count: 25 }, 'commit'] as const
    expect(replayedSyncs(steps)).toEqual([
      { source: 195, target: 0 },
      { source: 219, target: 24 },
    ])
  })

  test('of transactions: one at every marker', () => {
    const steps = Array.from({ length: 3 }, (_, i) => ({ source: 4 * i, target: 3 * i, count: 3 }))
    expect(replayedSyncs(steps)).toEqual([
      { source: 0, target: 0 },
      { source: 4, target: 3 },
      { source: 8, target: 6 },
    ])
  })

  test('of steady traffic: every 101 records, and with each commit', () => {
    const steps = [{ source: 0, target: 0, count: 250 }, 'commit', 'commit'] as const
    expect(replayedSyncs(steps).map(({ source }) => source)).toEqual([0, 101, 202, 249])
  })

  test('of a copy that was truncated', () => {
    const steps = [
      { source: 0, target: 100, count: 5 },
      { source: 5, target: 90, count: 2 },
    ]
    expect(replayedSyncs(steps)).toEqual([
      { source: 0, target: 100 },
      { source: 5, target: 90 },
    ])
  })

  test('that a recording has, and says so where it does not', () => {
    const partition: RecordedPartition = {
      copies: [
        [10, 0, 0, 0, 120],
        [40, 0, 120, 120, 30],
      ],
      syncs: [
        [12, 11, 0, 0],
        [20, 15, 101, 101],
        [60, 50, 149, 149],
      ],
      commits: [[55, 49, 140]],
    }
    expect(conformanceOf(partition, [])).toEqual({ forced: 2, committed: 1, unexplained: [], withheld: [] })
    const [first, second] = partition.syncs
    if (first === undefined || second === undefined) throw new Error('no syncs')
    expect(conformanceOf({ ...partition, syncs: [first, [20, 15, 77, 77]] }, [])).toEqual({
      forced: 1,
      committed: 0,
      unexplained: [{ source: 77, target: 77 }],
      withheld: [{ source: 101, target: 101 }],
    })
  })

  const folder = new URL('recordings/', import.meta.url)
  const files = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')) : []
  test.skipIf(files.length === 0).for(files)('of a real world: %s', file => {
    const world = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as RecordedWorld
    for (const partition of world.partitions) {
      const { forced, unexplained, withheld } = conformanceOf(partition, startsOf(world))
      expect(forced).toBeGreaterThan(0)
      expect(unexplained).toEqual([])
      // Of two that wait for their turn only the newer one goes out.
      const newest = Math.max(...partition.syncs.map(([, , , target]) => target))
      expect(withheld.filter(({ target }) => target > newest)).toEqual([])
    }
  })
})

function withPartitions(
  topic: TopicAssessment,
  change: (partition: PartitionComparison) => PartitionComparison,
): TopicAssessment {
  const partitions = topic.facts.partitions.map(change)
  return { ...topic, facts: { ...topic.facts, partitions } }
}

function withLost(
  partition: PartitionComparison,
  range: Pick<LostRange, 'from' | 'to'> & Partial<LostRange>,
): PartitionComparison {
  const lost: LostRange = {
    cause: 'skipped',
    certain: true,
    foundAt: Number.POSITIVE_INFINITY,
    former: false,
    ...range,
  }
  const content = partition.content ?? noContent
  return { ...partition, content: { ...content, losses: { ranges: [lost], lost: 0n, possiblyLost: 0n } } }
}
