import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Snapshot } from '../../src/model/assessment.ts'
import { statusPage, statusPagePolicy } from '../../src/present/statusPage.ts'
import { clockAt, coveredWorld, snapshotOf, worldBeganAtMs } from '../support/snapshots.ts'
import { aFlow, type World } from '../support/world.ts'

function pageAfter(snapshot: Snapshot, world: World, seconds: number): string {
  return statusPage(snapshot, clockAt(world.now + seconds * 1000))
}

const textOf = (page: string): string =>
  page
    .replaceAll(/<style>[\s\S]*<\/style>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
const titleOf = (page: string): string | undefined => /<title>(.*)<\/title>/.exec(page)?.[1]

describe('the status page', () => {
  const world = coveredWorld()
  const assessment = world.poll()
  const snapshot = snapshotOf(world.flow, assessment)

  test('says in words what would be lost, until when the budget holds, and how old the data is', () => {
    const text = textOf(pageAfter(snapshot, world, 12))
    expect(text).toContain('east-to-west: covered (east to west)')
    expect(text).toContain('nothing that it had accepted by 10:30:15 UTC would be lost')
    expect(text).toContain('budget of orders is shown to be kept until 10:35:15 UTC')
    expect(text).toContain('Both clusters last answered 12 s ago.')
    expect(text).toContain('east answered 12 s ago; west answered 12 s ago')
  })

  test('needs no script, refreshes itself, and its policy allows its own style and nothing else', () => {
    const page = pageAfter(snapshot, world, 1)
    expect(page).not.toMatch(/<script|\son\w+=|style="/)
    expect(page).toContain('<meta http-equiv="refresh" content="5">')
    expect(page).toContain('prefers-color-scheme: dark')
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1]
    const hash = createHash('sha256').update(`${style}`).digest('base64')
    expect(statusPagePolicy).toContain(`default-src 'none'; style-src 'sha256-${hash}';`)
  })

  test('does not say covered when polls have stopped ending', () => {
    const page = pageAfter(snapshot, world, 120)
    expect(textOf(page)).toContain('east-to-west: unknown (covered at 10:30:15 UTC)')
    expect(textOf(page)).toContain('No poll has ended for 2 min')
    expect(titleOf(page)).toBe('unknown: east-to-west')
  })

  test('says past its budget, whatever the status', () => {
    const page = pageAfter(snapshot, world, 301)
    expect(textOf(page)).toContain('past its budget')
    expect(titleOf(page)).toBe('past its budget: east-to-west')
  })

  test.each([
    [{ kind: 'failed_over' }, 'Failed over: west has taken over.'],
    [
      { kind: 'maintenance', untilMs: worldBeganAtMs + 86_400_000, reason: 'new <disks>' },
      'In maintenance until 2026-03-02 10:30:00 UTC (new &lt;disks&gt;).',
    ],
  ] as const)('past its budget, but %o: says so and does not cry', (state, sentence) => {
    const flow = { ...world.flow, state }
    const idle = pageAfter(snapshotOf(flow, { ...assessment, flow }), world, 3_600)
    expect(idle).toContain(sentence)
    expect(idle).toContain('nobody is paged for it')
    expect(idle).not.toContain('past its budget')
  })

  test('a maintenance that has ended is past its budget like any other flow', () => {
    const state = { kind: 'maintenance', untilMs: worldBeganAtMs + 60_000, reason: 'disks' } as const
    const flow = { ...world.flow, state }
    const late = pageAfter(snapshotOf(flow, { ...assessment, flow }), world, 3_600)
    expect(late).toContain('past its budget')
    expect(late).not.toContain('maintenance')
  })

  test('all that comes from outside is escaped', () => {
    const evil = `<img src=x onerror="alert('1')">&`
    const flow = { ...world.flow, name: evil, source: evil, target: evil, tier: evil }
    const topics = assessment.topics.map(topic => ({
      ...topic,
      topic: evil,
      status: 'unknown' as const,
      unknown: { reason: 'error' as const, detail: evil },
    }))
    const facts = { ...assessment.facts, absentTopics: [evil] }
    const all: Snapshot = {
      ...snapshot,
      clusters: snapshot.clusters.map(cluster => ({ ...cluster, name: evil, up: false })),
      flows: [
        { flow, assessment: { ...assessment, flow, topics, facts } },
        { flow, assessment: undefined },
      ],
    }
    const page = pageAfter(all, world, 1)
    expect(page).not.toContain('<img')
    expect(page).not.toContain(`"alert`)
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;')
  })

  test('shows the ten topics with the earliest deadlines and says how many there are besides', () => {
    const [topic] = assessment.topics
    if (topic === undefined) throw new Error('there is a topic')
    const topics = Array.from({ length: 12 }, (_, index) => ({ ...topic, topic: `orders-${index}.` }))
    const page = pageAfter(snapshotOf(world.flow, { ...assessment, topics }), world, 1)
    expect(page.match(/<tr><td>orders-/g)).toHaveLength(10)
    expect(textOf(page)).toContain('and 2 more')
  })
})

describe('several flows', () => {
  const world = coveredWorld()
  const covered = world.poll()
  const named = (name: string) => ({ ...aFlow(), name })

  test('worst first: past its budget before unknown, unknown before behind, behind before covered', () => {
    const flows = [
      { name: 'covered', assessment: covered },
      { name: 'behind', assessment: { ...covered, status: 'behind' as const } },
      { name: 'unknown', assessment: { ...covered, status: 'unknown' as const } },
      {
        name: 'overdue',
        assessment: { ...covered, status: 'behind' as const, deadline: covered.facts.at - 1_000 },
      },
    ].map(({ name, assessment }) => ({
      flow: named(name),
      assessment: { ...assessment, flow: named(name) },
    }))
    const page = pageAfter(snapshotOf(aFlow(), covered, { flows }), world, 1)
    const order = [...page.matchAll(/<h2>(\w+):/g)].map(([, name]) => name)
    expect(order).toEqual(['overdue', 'unknown', 'behind', 'covered'])
  })

  test('one that was never polled stands first and in the title, although the other is covered', () => {
    const flows = [
      { flow: aFlow(), assessment: covered },
      { flow: named('west-to-east'), assessment: undefined },
    ]
    const page = pageAfter(snapshotOf(aFlow(), covered, { flows }), world, 1)
    expect(page.indexOf('west-to-east')).toBeLessThan(page.indexOf('<h2>east-to-west'))
    expect(textOf(page)).toContain('The first poll has not ended: nobody can tell yet')
    expect(titleOf(page)).toBe('not polled yet: west-to-east')
  })
})
