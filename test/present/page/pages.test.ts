import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Snapshot } from '../../../src/model/assessment.ts'
import type { FlowState } from '../../../src/model/flow.ts'
import { flowsView, topicDetailView, topicsView } from '../../../src/present/json.ts'
import { pagePolicy } from '../../../src/present/page/document.ts'
import { errorPage } from '../../../src/present/page/errorPage.ts'
import { flowPage } from '../../../src/present/page/flowPage.ts'
import { flowsPage } from '../../../src/present/page/flowsPage.ts'
import { topicPage } from '../../../src/present/page/topicPage.ts'
import { nocWorlds, type Scene, scene, sceneOf, Traffic } from '../../support/noc.ts'
import { clockAt, coveredWorld, snapshotOf, worldBeganAtMs } from '../../support/snapshots.ts'
import { aFlow, type World } from '../../support/world.ts'

const everything = { filter: undefined, status: undefined, page: 1 }

function overviewAfter(snapshot: Snapshot, world: World, seconds: number): string {
  return flowsPage(flowsView(snapshot, clockAt(world.now + seconds * 1000)))
}

function overviewOf({ snapshot, clock }: Scene): string {
  return flowsPage(flowsView(snapshot, clock))
}

function flowPageOf({ snapshot, clock }: Scene, query = {}): string {
  const view = topicsView(snapshot, 'east-to-west', { ...everything, ...query }, clock)
  if (view === undefined) throw new Error('the flow is there')
  return flowPage(view)
}

function topicPageOf({ snapshot, clock }: Scene, topic = 'payments', page = 1): string {
  const view = topicDetailView(snapshot, { flow: 'east-to-west', topic }, page, clock)
  if (view === undefined) throw new Error('the topic is there')
  return topicPage(view)
}

const textOf = (page: string): string =>
  page
    .replaceAll(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ')
const titleOf = (page: string): string | undefined => /<title>(.*)<\/title>/.exec(page)?.[1]
const headlineOf = (page: string): string | undefined => /<h1>(.*)<\/h1>/.exec(page)?.[1]

describe('the first page', () => {
  const world = coveredWorld()
  const assessment = world.poll()
  const snapshot = snapshotOf(world.flow, assessment)

  test('says in words what would be lost, until when the budget holds, and how old the data is', () => {
    const text = textOf(overviewAfter(snapshot, world, 12))
    expect(text).toContain('✔ east-to-west keeps its budget.')
    expect(text).toContain('nothing that it had accepted by 10:30:15 UTC would be lost')
    expect(text).toContain('budget of orders is shown to be kept until 10:35:15 UTC')
    expect(text).toContain('As of 2026-03-01 10:30:27 UTC')
    expect(text).toContain('Both clusters last answered 12 s ago. The last poll ended 12 s ago.')
    expect(text).toContain('east answered 12 s ago; west answered 12 s ago')
  })

  test('does not say covered when polls have stopped ending', () => {
    const page = overviewAfter(snapshot, world, 120)
    expect(textOf(page)).toContain('east-to-west ? Cannot tell unknown (covered at 10:30:15 UTC)')
    expect(textOf(page)).toContain('No poll has ended for 2 min')
    expect(titleOf(page)).toBe('Cannot tell: east-to-west')
  })

  test('says past its budget, whatever the status', () => {
    const page = overviewAfter(snapshot, world, 301)
    expect(headlineOf(page)).toBe('✖ east-to-west is past its budget.')
    expect(titleOf(page)).toBe('Past its budget: east-to-west')
    expect(textOf(page)).toContain('100 % of the budget used')
  })

  const until = worldBeganAtMs + 86_400_000
  test.each<[FlowState, string, string]>([
    [{ kind: 'failed_over' }, 'Failed over: west has taken over.', '◌ east-to-west is failed over.'],
    [
      { kind: 'maintenance', untilMs: until, reason: 'new <disks>' },
      'In maintenance until 2026-03-02 10:30:00 UTC (new &lt;disks&gt;).',
      '◌ east-to-west is in maintenance.',
    ],
  ])('past its budget, but %o: says so and does not cry', (state, sentence, headline) => {
    const flow = { ...world.flow, state }
    const page = overviewAfter(snapshotOf(flow, { ...assessment, flow }), world, 3_600)
    expect(page).toContain(sentence)
    expect(page).toContain('nobody is paged for it')
    expect(headlineOf(page)).toBe(headline)
    expect(textOf(page)).not.toMatch(/past its budget/i)
    const waiting = overviewAfter(snapshotOf(flow, undefined), world, 1)
    expect(waiting).toContain(sentence)
  })

  test('a maintenance that has ended is past its budget like any other flow', () => {
    const state = { kind: 'maintenance', untilMs: worldBeganAtMs + 60_000, reason: 'disks' } as const
    const flow = { ...world.flow, state }
    const late = overviewAfter(snapshotOf(flow, { ...assessment, flow }), world, 3_600)
    expect(headlineOf(late)).toBe('✖ east-to-west is past its budget.')
    expect(textOf(late)).not.toContain('maintenance')
  })

  test.each([
    { parts: { lost: 3n }, headline: '✖ east-to-west has lost records.' },
    { parts: { mismatches: 1 }, headline: '✖ east-to-west has wrong records on its target.' },
    { parts: { status: 'unknown' as const }, headline: '? east-to-west cannot be judged.' },
    { parts: { possiblyLost: 3n }, headline: '▲ east-to-west may have lost records.' },
    { parts: { status: 'stalled' as const }, headline: '▲ east-to-west is stalled.' },
    { parts: { deadline: world.now + 100_000 }, headline: '▲ east-to-west has used half of its budget.' },
    { parts: { status: 'behind' as const }, headline: '✔ east-to-west keeps its budget.' },
  ])('$parts: $headline', ({ parts, headline }) => {
    const page = overviewAfter(snapshotOf(world.flow, { ...assessment, ...parts }), world, 1)
    expect(headlineOf(page)).toBe(headline)
  })

  test('what is lost or cannot be seen stands in lists, which have an end', () => {
    const facts = {
      ...assessment.facts,
      absentTopics: Array.from({ length: 25 }, (_, index) => `gone-${index}.`),
    }
    const [orders] = assessment.topics
    if (orders === undefined) throw new Error('there is a topic')
    const page = overviewAfter(
      snapshotOf(world.flow, { ...assessment, facts, topics: [{ ...orders, lost: 9n }] }),
      world,
      1,
    )
    expect(textOf(page)).toMatch(/What is lost or wrong orders: 9 offsets will never be copied/)
    expect(textOf(page)).toContain('The configuration names gone-19., which east does not have.')
    expect(textOf(page)).not.toContain('gone-20.')
    expect(textOf(page)).toContain('and 5 more, which the JSON has')
  })

  test('a cluster that does not answer is named, with its reason', () => {
    const text = textOf(overviewOf(sceneOf('blind')))
    expect(text).toContain(
      'east does not answer (last answered at 11:27:00 UTC: the cluster does not answer)',
    )
    expect(text).toContain('The source does not answer: the cluster does not answer.')
  })

  test('without any flow it says that nothing is watched', () => {
    const page = overviewAfter(snapshotOf(world.flow, assessment, { flows: [], clusters: [] }), world, 1)
    expect(headlineOf(page)).toBe('? No flow is configured: nothing is watched.')
    expect(titleOf(page)).toBe('No flow is configured')
  })
})

describe('several flows', () => {
  const world = coveredWorld()
  const covered = world.poll()
  const named = (name: string) => ({ ...aFlow(), name })

  test('worst first: past its budget, then not polled, unknown, stalled, kept, in maintenance', () => {
    const flows = [
      { flow: { ...named('idle'), state: { kind: 'failed_over' } as const }, parts: {} },
      { flow: named('kept'), parts: {} },
      { flow: named('stalled'), parts: { status: 'stalled' as const } },
      { flow: named('unknown'), parts: { status: 'unknown' as const } },
      { flow: named('overdue'), parts: { deadline: covered.facts.at - 1_000 } },
    ].map(({ flow, parts }) => ({ flow, assessment: { ...covered, ...parts, flow } }))
    const all = [...flows, { flow: named('waiting'), assessment: undefined }]
    const page = overviewAfter(snapshotOf(aFlow(), covered, { flows: all }), world, 1)
    const order = [...page.matchAll(/<h2 id="flow-\d"><a [^>]*>(\w+)</g)].map(([, name]) => name)
    expect(order).toEqual(['overdue', 'waiting', 'unknown', 'stalled', 'kept', 'idle'])
    expect(headlineOf(page)).toBe('✖ overdue is past its budget.')
    expect(textOf(page)).toContain(
      '2 flows cannot be judged; stalled is stalled; kept keeps its budget; idle is failed over.',
    )
  })

  test.each([
    { names: ['a', 'b'], parts: {}, headline: '✔ All 2 flows keep their budgets.' },
    {
      names: ['a', 'b'],
      parts: { status: 'unknown' as const },
      headline: '? None of the 2 flows can be judged.',
    },
    {
      names: ['a', 'b', 'c'],
      parts: { deadline: 0 },
      headline: '✖ All 3 flows are past their budgets or have lost records.',
    },
  ])('alike: $headline', ({ names, parts, headline }) => {
    const flows = names.map(name => ({
      flow: named(name),
      assessment: { ...covered, ...parts, flow: named(name) },
    }))
    const page = overviewAfter(snapshotOf(aFlow(), covered, { flows }), world, 1)
    expect(headlineOf(page)).toBe(headline)
  })

  test('one that was never polled stands first and in the title, although the other keeps its budget', () => {
    const flows = [
      { flow: aFlow(), assessment: covered },
      { flow: named('west-to-east'), assessment: undefined },
    ]
    const page = overviewAfter(snapshotOf(aFlow(), covered, { flows }), world, 1)
    expect(titleOf(page)).toBe('Not polled yet: west-to-east')
    expect(textOf(page)).toContain('The first poll has not ended: nobody can tell yet')
  })
})

describe('the page of a flow', () => {
  test('has its topics, worst first, and how many there are in each status', () => {
    const page = flowPageOf(sceneOf('breached'))
    const topics = [...page.matchAll(/data-key="topic (\w+)"/g)].map(([, topic]) => topic)
    expect(topics.slice(0, 2)).toEqual(['orders', 'payments'])
    expect(topics).toHaveLength(6)
    expect(page).toContain('<option value="stalled">stalled (2)</option>')
    expect(textOf(page)).toContain('6 topics, worst first')
  })

  test('keeps the filter and the status that were chosen, also in the links to other pages', () => {
    const { snapshot, clock } = sceneOf('healthy')
    const [shown] = snapshot.flows
    const topic = shown?.assessment?.topics[0]
    if (shown?.assessment === undefined || topic === undefined) throw new Error('there is a topic')
    const topics = Array.from({ length: 250 }, (_, i) => ({ ...topic, topic: `a&b"<${i}>` }))
    const flows = [{ ...shown, assessment: { ...shown.assessment, topics } }]
    const page = flowPageOf(
      { snapshot: { ...snapshot, flows }, clock },
      { filter: 'A&B"<', status: 'behind', page: 2 },
    )
    expect(page).toContain('value="A&amp;B&quot;&lt;"')
    expect(page).toContain('<option value="behind" selected>')
    expect(page).toContain('href="/flows/east-to-west?filter=A%26B%22%3C&amp;status=behind&amp;page=3"')
    expect(textOf(page)).toContain('250 topics found, worst first, page 2 of 3')
    expect(page.match(/data-key="topic /g)).toHaveLength(100)
  })

  test('says so when no topic matches, and when there is none at all', () => {
    expect(textOf(flowPageOf(sceneOf('healthy'), { filter: 'nothing' }))).toContain('No topic matches.')
    expect(textOf(flowPageOf(sceneOf('empty')))).toContain('No topic is in scope.')
    const dark = new Traffic('east-to-west', ['orders'])
    dark.world.sourceDown = 'timeout'
    const unlisted = textOf(flowPageOf(scene([dark.minutes(2)], ['east'])))
    expect(unlisted).not.toContain('No topic is in scope.')
    expect(unlisted).toContain('Which topics are in scope is not known: ')
  })

  test('its figures say unknown where something is, and never 0', () => {
    const text = textOf(flowPageOf(sceneOf('empty')))
    expect(text).toContain('Partitions judged by the last poll unknown: the scope is unknown')
    expect(text).toContain('Topics without a proven point unknown: the scope is unknown')
    expect(textOf(flowPageOf(sceneOf('blind')))).toContain(
      'Records missing, at most unknown: the scope or a topic is unknown',
    )
  })
})

describe('the page of a topic', () => {
  test('says what would be lost and whether the budget is kept', () => {
    const page = topicPageOf(sceneOf('breached'))
    expect(titleOf(page)).toBe('Past its budget: payments')
    expect(textOf(page)).toContain('At most 9 min 52 s (since 11:20:15 UTC), at most 995 records')
    expect(textOf(page)).toContain('has not been shown to be kept since 11:25:15 UTC, 4 min 52 s ago.')
    expect(titleOf(topicPageOf(sceneOf('healthy')))).toBe('Budget kept: payments')
  })

  test('has the basis of each figure, and says of what is not known why', () => {
    const world = coveredWorld()
    world.syncs('orders', 499n, 480n, 0, Date.UTC(2026, 2, 1, 10, 30, 12))
    world.source.set('orders', { ends: [500n, 300n, 'leaderless'] })
    const assessment = world.poll()
    const page = topicPageOf(
      { snapshot: snapshotOf(world.flow, assessment), clock: clockAt(world.now) },
      'orders',
    )
    const [, unknown, synced, plain] = textOf(page).split(/ Basis of partition \d /)
    expect(unknown).toContain('Why unknown leaderless: orders-2: leaderless')
    expect(unknown).toContain('Source accepted unknown: never seen')
    expect(synced).toContain('Source accepted offsets below 500, seen at 10:30:15 UTC')
    expect(synced).toContain('Committed offset 499, by the replicator')
    expect(synced).toContain('Offset sync 499 on the source is 480 on the target, written at 10:30:12 UTC')
    expect(synced).toContain("10:30:15 UTC, because of the replicator's own commits")
    expect(plain).toContain('Offset sync none seen')
    expect(plain).toContain('Tail not read')
    expect(plain).toContain('Audit not looked at yet')
    expect(plain).toContain('Lost ranges none seen')
    expect(plain).toContain('Mismatches none seen')
  })

  test('what reading records has found: the tail, the audit, what is lost, what is wrong', () => {
    const { snapshot, clock } = sceneOf('healthy')
    const view = topicDetailView(snapshot, { flow: 'east-to-west', topic: 'payments' }, 1, clock)
    const [partition] = view?.partitions ?? []
    if (view === undefined || partition === undefined) throw new Error('there is a partition')
    const at = '2026-03-01T11:20:00.000Z'
    const read = {
      ...partition,
      recoveryPointBasis: 'content' as const,
      tail: {
        from: '5',
        to: '9',
        isolationLevel: 'read_committed' as const,
        records: 3,
        markers: 1,
        unexplained: null,
        why: 'offsets 5 to 8 hold 3 records without a proven copy, 1 transaction marker',
        readAt: at,
      },
      audit: { outcome: 'contradicted' as const, detail: 'offset 7 differs', at, completedAt: null },
      cause: {
        reason: 'open_transaction' as const,
        lastStableOffset: '5',
        producerId: '77',
        ageSeconds: 61,
        detail: 'an open transaction of producer 77',
      },
      unreadable: { reason: 'unauthorized', detail: 'READ is not allowed' },
      lost: [
        { from: '1', to: '4', cause: 'expired' as const, certain: true, former: false, foundAt: at },
        { from: '4', to: '5', cause: 'recreated' as const, certain: false, former: true, foundAt: at },
      ],
      mismatches: [{ source: '1204', target: '1200', foundAt: at }],
      retentionDeadline: at,
    }
    const text = textOf(topicPage({ ...view, partitions: [read] }))
    expect(text).toContain('because records were read or compared')
    expect(text).toContain('1 transaction marker; read at 11:20:00 UTC as read_committed')
    expect(text).toContain(
      'contradicted at 11:20:00 UTC: offset 7 differs; not yet down to where the log begins',
    )
    expect(text).toContain('an open transaction of producer 77, last written 1 min 1 s ago')
    expect(text).toContain('unauthorized: READ is not allowed')
    expect(text).toContain('1 to 4 (not included): lost, expired, found at 11:20:00 UTC')
    expect(text).toContain(
      '4 to 5 (not included): possibly lost, recreated, found at 11:20:00 UTC, of a former log',
    )
    expect(text).toContain('source 1,204, target 1,200, found at 11:20:00 UTC')
    expect(text).toContain('Retention starts to delete what waits 11:20:00 UTC')
  })

  test('a topic without a proven point: no word of a budget that is kept', () => {
    const world = coveredWorld()
    world.source.set('new', { ends: [7n] })
    const assessment = world.poll()
    const text = textOf(
      topicPageOf({ snapshot: snapshotOf(world.flow, assessment), clock: clockAt(world.now) }, 'new'),
    )
    expect(text).toContain('Whether the 5 min budget is kept cannot be shown; from 10:35:15 UTC on')
    expect(text).toContain('No proven recovery point')
    expect(text).not.toContain('shown to be kept')
  })

  test('does not say behind when polls have stopped ending', () => {
    const { snapshot, clock } = sceneOf('healthy')
    const late = { now: clock.now + 120_000, wallMs: clock.wallMs + 120_000 }
    const page = topicPageOf({ snapshot, clock: late })
    expect(titleOf(page)).toBe('Cannot tell: payments')
    expect(textOf(page)).toContain('unknown (behind at 11:30:00 UTC)')
  })
})

describe('every page', () => {
  const pages = nocWorlds.flatMap(world => {
    const scene = sceneOf(world)
    const names = { flow: 'east-to-west', topic: 'payments' }
    const hasTopics = topicDetailView(scene.snapshot, names, 1, scene.clock) !== undefined
    return [
      [`${world}: all flows`, overviewOf(scene)] as const,
      [`${world}: a flow`, flowPageOf(scene)] as const,
      ...(hasTopics ? [[`${world}: a topic`, topicPageOf(scene)] as const] : []),
    ]
  })
  const wrong = { now: '2026-03-01T10:30:00.000Z', title: 'Wrong', lines: ['a', 'b'], flows: ['c'] }
  const all = [...pages, ['an error', errorPage(wrong)] as const]

  test.each(all)('%s: its policy allows its own style and script and nothing else', (_, page) => {
    const inline = [...page.matchAll(/<(style|script)>([\s\S]*?)<\/\1>/g)]
    expect(inline.map(([, name]) => name)).toEqual(['style', 'script'])
    for (const [, name, content] of inline) {
      const hash = createHash('sha256').update(`${content}`).digest('base64')
      expect(pagePolicy).toContain(`${name}-src 'sha256-${hash}'`)
    }
    expect(pagePolicy).toMatch(/^default-src 'none'; /)
    expect(page).not.toMatch(/\son\w+=|style="|https?:|url\(/)
  })

  test.each(all)('%s: without a script the browser loads it again', (_, page) => {
    expect(page).toContain('<noscript><meta http-equiv="refresh" content="5"></noscript>')
  })

  test.each(all)('%s: no id twice, and no value that is missing', (_, page) => {
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(textOf(page)).not.toMatch(/undefined|null|NaN|Infinity|\[object/)
  })
})

describe('the configuration', () => {
  const scene = sceneOf('healthy')
  const loadedAtMs = scene.clock.wallMs - 3_600_000
  const pagesWith = (configuration: Snapshot['configuration']): string[] => {
    const shown = { ...scene, snapshot: { ...scene.snapshot, configuration } }
    return [overviewOf(shown), flowPageOf(shown), topicPageOf(shown)].map(textOf)
  }

  test('a file that was refused is said on every page, inside of what is refreshed', () => {
    const refused = { atMs: scene.clock.wallMs - 60_000, problems: 2 }
    const at = (ms: number): string => `${new Date(ms).toISOString().slice(11, 19)} UTC`
    for (const text of pagesWith({ loadedAtMs, refused })) {
      expect(text).toContain(
        `The configuration was refused at ${at(refused.atMs)}: it has 2 problems, which the log names. What runs was read at ${at(loadedAtMs)}.`,
      )
    }
    const snapshot = { ...scene.snapshot, configuration: { loadedAtMs, refused } }
    expect(overviewOf({ ...scene, snapshot })).toMatch(/<main[\s\S]*configuration was refused[\s\S]*<\/main>/)
  })

  test('nothing is said while what runs is what the file says', () => {
    for (const text of [...pagesWith({ loadedAtMs, refused: undefined }), ...pagesWith(undefined)]) {
      expect(text).not.toContain('configuration file')
    }
  })
})

test('all that comes from outside is text', () => {
  const evil = `<img src=x onerror="alert('1')">&`
  const { snapshot, clock } = sceneOf('healthy')
  const [shown] = snapshot.flows
  if (shown?.assessment === undefined) throw new Error('the flow was polled')
  const { assessment } = shown
  const flow = { ...shown.flow, name: 'east-to-west', source: evil, target: evil, tier: evil }
  const bad = { reason: 'error' as const, detail: evil }
  const topics = assessment.topics.map(topic => ({
    ...topic,
    topic: evil,
    facts: { ...topic.facts, targetTopic: evil },
    status: 'unknown' as const,
    unknown: bad,
  }))
  const facts = { ...assessment.facts, absentTopics: [evil], heartbeatUnknown: bad }
  const scene: Scene = {
    clock,
    snapshot: {
      ...snapshot,
      clusters: snapshot.clusters.map(cluster => ({ ...cluster, name: evil, up: false, unknown: bad })),
      flows: [
        { ...shown, flow, assessment: { ...assessment, flow, topics, facts } },
        { flow: { ...flow, name: evil }, assessment: undefined },
      ],
    },
  }
  const now = new Date(clock.wallMs).toISOString()
  const pages = [
    overviewOf(scene),
    flowPageOf(scene, { filter: evil }),
    topicPageOf(scene, evil),
    errorPage({ now, title: evil, lines: [evil], flows: [evil] }),
  ]
  for (const page of pages) {
    expect(page).not.toContain('<img')
    expect(page).not.toContain('onerror="')
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;')
  }
})
