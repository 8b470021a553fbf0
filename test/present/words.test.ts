import { describe, expect, test } from 'vitest'
import type { FlowAssessment } from '../../src/model/assessment.ts'
import { unknown } from '../../src/model/reading.ts'
import type { ClockReading, Instant } from '../../src/model/time.ts'
import {
  blindSpots,
  budgetSentence,
  count,
  damages,
  duration,
  isStale,
  lossSentence,
  tailSentence,
  timeOfDay,
  topicSentence,
} from '../../src/present/words.ts'
import { aTail } from '../support/comparisons.ts'
import { clockAt, coveredWorld, worldBeganAtMs } from '../support/snapshots.ts'
import { pollMs, topicIn, World } from '../support/world.ts'

/** Both clocks `seconds` after the world's last poll was sent. */
const after = (world: World, seconds: number): ClockReading => clockAt(world.now + seconds * 1000)

test.each([
  { ms: 0, up: '0 s', down: '0 s' },
  { ms: 1, up: '1 s', down: '0 s' },
  { ms: 41_001, up: '42 s', down: '41 s' },
  { ms: 59_001, up: '1 min', down: '59 s' },
  { ms: 60_000, up: '1 min', down: '1 min' },
  { ms: 185_000, up: '3 min 5 s', down: '3 min 5 s' },
  { ms: 3_541_000, up: '59 min 1 s', down: '59 min 1 s' },
  { ms: 3_601_000, up: '1 h 1 min', down: '1 h' },
  { ms: 82_860_000, up: '23 h 1 min', down: '23 h 1 min' },
  { ms: 86_401_000, up: '1 d 1 h', down: '1 d' },
  { ms: 266_400_000, up: '3 d 2 h', down: '3 d 2 h' },
  { ms: -5_000, up: '0 s', down: '0 s' },
])('$ms ms are $up at most and $down at least', ({ ms, up, down }) => {
  expect(duration(ms)).toBe(up)
  expect(duration(ms, 'down')).toBe(down)
})

test.each([
  { wall: '2026-03-01T10:31:07.999Z', words: '10:31:07 UTC' },
  { wall: '2026-02-28T23:59:59.000Z', words: '2026-02-28 23:59:59 UTC' },
])('$wall is said as $words on the first of March', ({ wall, words }) => {
  const clock: ClockReading = { now: 0, wallMs: worldBeganAtMs }
  const instant: Instant = Date.parse(wall) - worldBeganAtMs
  expect(timeOfDay(instant, clock)).toBe(words)
})

test.each([
  [0, '0'],
  [999, '999'],
  [1_204, '1,204'],
  [9_007_199_254_740_993n, '9,007,199,254,740,993'],
])('%s is written %s', (n, words) => {
  expect(count(n)).toBe(words)
})

describe('what would be lost', () => {
  test('covered: nothing up to the point, and no word about what came after it', () => {
    const world = coveredWorld()
    const assessment = world.poll()
    expect(lossSentence(assessment, after(world, 12))).toBe(
      'If east died now, nothing that it had accepted by 10:30:15 UTC would be lost; at most 12 s of records (since 10:30:15 UTC).',
    )
  })

  test('covered long ago: the sentence grows although nothing was polled since', () => {
    const world = coveredWorld()
    const assessment = world.poll()
    expect(lossSentence(assessment, after(world, 7_200))).toContain('at most 2 h of records')
  })

  test('behind: seconds and records', () => {
    const world = coveredWorld()
    world.poll()
    world.source.set('orders', { ends: [1_704n, 300n] })
    const assessment = world.poll()
    expect(lossSentence(assessment, after(world, 27))).toBe(
      'If east died now, you would lose at most 42 s of orders (since 10:30:15 UTC), at most 1,204 records as of the last poll.',
    )
  })

  test('several topics: the worst by its name, the records of all', () => {
    const world = coveredWorld()
    world.source.set('payments', { ends: [10n] })
    world.target.set('east.payments', { ends: [10n] })
    world.commits('payments', 9n)
    world.poll()
    world.source.set('payments', { ends: [1_204n] })
    world.poll()
    world.source.set('orders', { ends: [510n, 300n] })
    expect(lossSentence(world.poll(), after(world, 12))).toBe(
      'If east died now, you would lose at most 42 s of payments (since 10:30:15 UTC), at most 1,204 records in all 2 topics as of the last poll.',
    )
  })

  test('the source does not answer: the proven point stays, no number of records is said', () => {
    const world = coveredWorld()
    world.poll()
    world.sourceDown = 'timeout'
    expect(lossSentence(world.poll(), after(world, 45))).toBe(
      'If east died now, you would lose at most 1 min of orders (since 10:30:15 UTC).',
    )
  })

  test('one topic without a point: no limit for the flow, the worst of the others beside it', () => {
    const world = coveredWorld()
    world.poll()
    world.source.set('payments', { ends: [7n] })
    world.target.set('east.payments', { ends: [7n] })
    world.hidden.add('payments')
    expect(lossSentence(world.poll(), after(world, 5))).toBe(
      'If east died now, no limit to the loss is proven: 1 of 2 topics has no proven recovery point; of the others, at most 5 s (since 10:30:30 UTC).',
    )
  })

  test('nothing is proven', () => {
    const world = new World()
    world.source.set('orders', { ends: [5n] })
    expect(lossSentence(world.poll(), after(world, 5))).toBe(
      'If east died now, no limit to the loss is proven: 1 of 1 topic has no proven recovery point.',
    )
  })

  test('an empty scope', () => {
    const world = new World()
    expect(lossSentence(world.poll(), after(world, 5))).toMatch(
      /^If east died now, nobody can tell what would be lost: .*no topic of east is in scope/,
    )
  })

  test.each(['stalled', 'unknown', 'behind', 'pending'] as const)(
    '%s never says that nothing would be lost',
    status => {
      const world = coveredWorld()
      const assessment: FlowAssessment = { ...world.poll(), status }
      expect(lossSentence(assessment, after(world, 1))).not.toContain('nothing')
    },
  )
})

describe('the budget', () => {
  const world = coveredWorld({ rpo: { overrides: [{ matches: t => t === 'orders', budgetMs: 150_000 }] } })
  const assessment = world.poll()

  test.each([
    {
      seconds: 30.2,
      sentence:
        'The 2 min 30 s budget of orders is shown to be kept until 10:32:45 UTC, 1 min 59 s from now.',
    },
    {
      seconds: 160,
      sentence: 'The 2 min 30 s budget of orders has not been shown to be kept since 10:32:45 UTC, 10 s ago.',
    },
  ])('$seconds s after the poll: $sentence', ({ seconds, sentence }) => {
    expect(budgetSentence(assessment, after(world, seconds))).toBe(sentence)
  })

  test('that can never be shown to be kept says so', () => {
    const tight = coveredWorld({ rpo: { budgetMs: 60_000 } })
    expect(budgetSentence(tight.poll(), after(tight, 1))).toMatch(/no less than 2 min can be\.$/)
  })

  test('without topics the flow itself has one', () => {
    const empty = new World()
    expect(budgetSentence(empty.poll(), after(empty, 1))).toMatch(
      /^Whether the 5 min budget is kept cannot be shown; from 10:35:15 UTC on/,
    )
  })
})

describe('a topic', () => {
  test.each([
    { story: 'covered', ends: [500n, 300n], sentence: 'nothing missing as of 10:30:30 UTC' },
    { story: 'behind', ends: [501n, 300n], sentence: 'at most 25 s (since 10:30:15 UTC), at most 1 record' },
    {
      story: 'unknown',
      ends: [500n, 'leaderless' as const],
      sentence: 'at most 25 s (since 10:30:15 UTC); cannot tell now: orders-1: leaderless',
    },
  ])('$story: $sentence', ({ ends, sentence }) => {
    const world = coveredWorld()
    world.poll()
    world.source.set('orders', { ends })
    expect(topicSentence(topicIn(world.poll(), 'orders'), after(world, 10))).toBe(sentence)
  })
})

describe('what cannot be seen', () => {
  const told = (world: World, seconds = 1): readonly string[] =>
    blindSpots(world.poll(), after(world, seconds), pollMs)

  test('nothing, when all is seen', () => {
    expect(told(coveredWorld())).toEqual([])
  })

  test('a source that does not answer, and the partitions and topics that nobody can judge for it', () => {
    const world = coveredWorld()
    world.poll()
    world.sourceDown = 'timeout'
    expect(told(world)).toEqual([
      'The source does not answer: the cluster does not answer.',
      '2 of 2 partitions cannot be judged.',
      '1 topic unknown (timeout): the cluster does not answer.',
    ])
  })

  test('an unauthorized topic is told with what to do, and that there may be more', () => {
    const world = coveredWorld({ literals: ['payments'] })
    world.poll()
    world.source.set('payments', { ends: [1n] })
    world.hidden.add('payments')
    const lines = told(world).join('\n')
    expect(lines).toContain('1 topic unknown (unauthorized): payments: code 29.')
    expect(lines).toContain('east has answered "unauthorized": it may have topics that cannot be seen')
  })

  test('a name in the configuration that the source does not have', () => {
    expect(told(coveredWorld({ literals: ['paiments'] }))).toEqual([
      'The configuration names paiments, which east does not have.',
    ])
  })

  test.each(['durable', 'pairs'] as const)('%s positions of the engine', which => {
    const world = coveredWorld()
    world.poll()
    world[which] = unknown('unauthorized', 'its topic: code 29')
    expect(told(world)).toEqual([expect.stringContaining('cannot be read: its topic: code 29.')])
  })

  test('that polls have stopped ending', () => {
    const world = coveredWorld()
    const assessment = world.poll()
    expect(isStale(assessment, after(world, 45), pollMs)).toBe(false)
    expect(isStale(assessment, after(world, 46), pollMs)).toBe(true)
    expect(blindSpots(assessment, after(world, 120.1), pollMs)).toEqual([
      'No poll has ended for 2 min: statuses and counts are that old.',
    ])
  })
})

test('what is lost already is never hidden behind a proven point', () => {
  const world = coveredWorld()
  const assessment = world.poll()
  const topics = assessment.topics.map(topic => ({ ...topic, lost: 785n, possiblyLost: 1n, mismatches: 2 }))
  const with786 = { ...assessment, topics }
  expect(lossSentence(with786, clockAt(assessment.facts.at))).toContain(
    'would be lost, besides 786 offsets that are lost already or may be; at most',
  )
  expect(damages(with786)).toEqual([
    'orders: 785 offsets will never be copied.',
    'orders: of 1 offset it is not excluded that they are lost.',
    'orders: 2 records of the target are not the copy of the record whose place they have.',
  ])
  expect(damages(assessment)).toEqual([])
})

test.each([
  [{}, 'offsets 48 to 63 hold no record without a copy, 16 transaction markers'],
  [{ markers: 0 }, 'offsets 48 to 63 hold no record without a copy, 16 offsets without a record (compacted)'],
  [
    { markers: 0, records: 3, copied: 2, isolationLevel: 'read_committed' as const, unexplained: 1 },
    'offsets 48 to 63 hold 3 records without a proven copy, 2 records with a copy, 11 offsets without a record (compacted or aborted); on the target 1 record without an original on the source',
  ],
  [{ readTo: 48n }, 'nothing could be read behind offset 48'],
])('a tail says why (%#)', (parts, words) => {
  expect(tailSentence(aTail({ readFrom: 48n, readTo: 64n, markers: 16, ...parts }))).toBe(words)
})
