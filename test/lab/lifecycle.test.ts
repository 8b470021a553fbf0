import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deleteRecords } from '../../lab/deleteRecords.ts'
import { waitUntil } from '../../lab/wait.ts'
import type { FlowView } from '../../src/present/schema.ts'
import type { Exposition } from '../support/exposition.ts'
import { records, topicsOf } from './exact/support.ts'
import { configFor, Exporter, flowName, flushMs, pollMs } from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import { topicLag, topicPoint, topicStatus, topicValue } from './support/truth.ts'

const partitions = 'kafka_replication_flow_partitions'
const lost = 'kafka_replication_flow_lost_records_total'
const possiblyLost = 'kafka_replication_flow_possibly_lost_records_total'
/** Longer than a position may stand still before something that is not new is stalled. */
const standstillMs = Math.max(3 * pollMs, 2 * flushMs) + 3 * pollMs

const highWatermark = 'kafka_replication_partition_source_high_watermark'
const none = 'no series'

const sum = (offsets: readonly bigint[]): bigint => offsets.reduce((all, one) => all + one, 0n)

/** What happens to a topic, and what is said of it from before to after: statuses, unknown ones with their reason. */
interface Case {
  readonly what: string
  /** There before, with 20 records that are copied. */
  readonly isThere: boolean
  readonly happens: (topic: string) => Promise<void>
  /** Every status that was seen, in order. */
  readonly story: RegExp
  readonly after: 'covered' | typeof none
  /** Partitions of the flow that come or go. */
  readonly partitions: number
  /** Records that the target has in the end; none where the topic was never written to. */
  readonly copied: bigint
}

describe('topics come, change and go while MirrorMaker runs', () => {
  const stem = ownName('life')
  const named = `named-${stem}`
  let pair: SharedPair
  let exporter: Exporter

  beforeAll(async () => {
    pair = await sharedPair()
    for (const { what, isThere } of cases) if (isThere) await created(topicOf(what), 20)
    await created(`${stem}-quiet`, 20)
    exporter = await Exporter.start(configFor({ ...pair, topics: [`${stem}-.*`, named] }))
    await untilCovered([`${stem}-quiet`, ...cases.filter(it => it.isThere).map(it => topicOf(it.what))])
  })
  afterAll(async () => {
    await exporter?.stop()
    await sharedPair()
  })

  const topicOf = (what: string): string => `${stem}-${what.replaceAll(/\W/g, '-')}`

  async function created(topic: string, count: number): Promise<void> {
    await pair.source.createTopics([{ topic }])
    if (count > 0) await pair.source.produce(topic, records('of its first life', count))
  }

  async function untilCovered(topics: readonly string[]): Promise<Exposition> {
    return exporter.until(
      `${topics.join(', ')} covered with lag 0`,
      page =>
        topics.every(
          topic =>
            page.status(topicStatus, { flow: flowName, topic }) === 'covered' &&
            topicValue(page, topicLag, topic) === 0,
        ),
      60_000,
    )
  }

  async function saidOf(topic: string): Promise<string> {
    const view = (await topicsOf(exporter)).get(topic)
    if (view === undefined) return none
    return view.unknown === null ? view.status : `${view.status} ${view.unknown.reason}`
  }

  /** Listens to what is said of a topic until `isOver`; returns it without repetitions. */
  async function storyOf(
    topic: string,
    happens: () => Promise<void>,
    isOver: () => Promise<boolean>,
  ): Promise<string> {
    const story = [await saidOf(topic)]
    const ended = new AbortController()
    const listening = (async () => {
      while (!ended.signal.aborted) {
        const said = await saidOf(topic)
        if (said !== story.at(-1)) story.push(said)
        await sleep(50)
      }
    })()
    try {
      await happens()
      await waitUntil('the story of the topic ends', isOver, { timeoutMs: 60_000 }).catch(error => {
        throw new Error(`${(error as Error).message}: ${story.join(' > ')}`)
      })
    } finally {
      ended.abort()
      await listening
    }
    const last = await saidOf(topic)
    if (last !== story.at(-1)) story.push(last)
    return story.join(' > ')
  }

  const cases: readonly Case[] = [
    {
      what: 'created',
      isThere: false,
      happens: topic => created(topic, 20),
      story: /^no series( > covered)?( > pending)?( > behind)? > covered$/,
      after: 'covered',
      partitions: 1,
      copied: 20n,
    },
    {
      what: 'created and never written to',
      isThere: false,
      happens: topic => created(topic, 0),
      story: /^no series > covered$/,
      after: 'covered',
      partitions: 1,
      copied: 0n,
    },
    {
      what: 'grown by two partitions',
      isThere: true,
      async happens(topic) {
        await pair.source.withAdmin(admin =>
          admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }),
        )
        await waitUntil('they have leaders', async () => {
          const found = await pair.source.partitions(topic)
          return found.length === 3 && found.every(({ leader }) => leader >= 0)
        })
        await waitUntil('they are served', () => pair.source.endOffsets(topic))
        const more = [1, 2].flatMap(partition =>
          records('of a new partition', 10).map(it => ({ ...it, partition })),
        )
        await pair.source.produce(topic, more)
      },
      // A partition that is new in an old topic waits for MirrorMaker like any other.
      story: /^covered(( > (behind|stalled))+ > covered)?$/,
      after: 'covered',
      partitions: 2,
      copied: 40n,
    },
    {
      what: 'emptied by DeleteRecords',
      isThere: true,
      async happens(topic) {
        expect(await deleteRecords(pair.source, topic, 0n)).toEqual([20n])
        await sleep(standstillMs)
      },
      story: /^covered$/,
      after: 'covered',
      partitions: 0,
      copied: 20n,
    },
    {
      what: 'recreated between two polls',
      isThere: true,
      async happens(topic) {
        exporter.pause()
        await pair.source.deleteTopics([topic])
        await created(topic, 5)
        exporter.resume()
      },
      story: /^covered > unknown recreated( > behind)? > covered$/,
      after: 'covered',
      partitions: 0,
      copied: 25n,
    },
    {
      what: 'deleted',
      isThere: true,
      happens: topic => pair.source.deleteTopics([topic]),
      story: /^covered > no series$/,
      after: none,
      partitions: -1,
      copied: 20n,
    },
  ]

  test.each(cases)('$what', async ({ what, happens, story, after, partitions: more, copied }) => {
    const topic = topicOf(what)
    const before = await exporter.scrape()
    const isOver = async (): Promise<boolean> => {
      const page = await exporter.scrape()
      const all = (page.value(partitions) ?? 0) - (before.value(partitions) ?? 0)
      if (all !== more) return false
      if (after === none) return !page.text.includes(topic)
      const ends = await pair.source.endOffsets(topic)
      const seen = page.all(highWatermark, { topic }).map(({ value }) => BigInt(value))
      const isSeen = seen.length === ends.length && sum(seen) === sum(ends)
      const isCopied = (await pair.target.offsetsSpanned(`east.${topic}`)) >= copied
      return isSeen && isCopied && topicValue(page, topicLag, topic) === 0 && (await saidOf(topic)) === after
    }
    expect(await storyOf(topic, () => happens(topic), isOver)).toMatch(story)

    const page = await exporter.scrape()
    expect(page.all(topicStatus, { topic }).map(({ labels }) => labels['status'])).toEqual(
      after === none ? [] : [after],
    )
    if (after === none) expect(page.text, 'a topic that is gone has no series').not.toContain(topic)
    for (const total of [lost, possiblyLost]) expect(page.value(total), total).toBe(before.value(total))
    expect(page.status(topicStatus, { topic: `${stem}-quiet` }), 'others do not suffer').toBe('covered')
  })

  test('named by the filter, and absent: said in the JSON, without a series; once created it is one like any other', async () => {
    const absent = async () =>
      ((await exporter.json(`/api/v1/flows/${flowName}`)) as FlowView & { absentTopics: string[] })
        .absentTopics
    expect(await absent()).toEqual([named])
    const before = await exporter.scrape()
    expect(before.text).not.toContain(named)
    expect(before.value('kafka_replication_flow_unproven_topics')).toBe(0)
    await created(named, 20)
    const page = await untilCovered([named])
    expect(page.value(partitions)).toBe((before.value(partitions) ?? 0) + 1)
    expect(await absent()).toEqual([])
  })

  test('created while MirrorMaker is down: pending, however long that takes, and bounded by when it was not there', async () => {
    const topic = topicOf('created while down')
    await pair.mirrorMaker.kill()
    const before = Date.now()
    await created(topic, 20)
    const since = performance.now()
    const page = await exporter.until('it is pending', it => it.status(topicStatus, { topic }) === 'pending')
    const point = (topicValue(page, topicPoint, topic) ?? 0) * 1_000
    // The listing before the one that showed it: nothing of it can be older.
    expect(point).toBeGreaterThan(before - 3 * pollMs)
    expect(point).toBeLessThan(Date.now())
    expect(topicValue(page, topicLag, topic)).toBe(20)
    const story = await storyOf(
      topic,
      () => sleep(standstillMs - (performance.now() - since)),
      async () => true,
    )
    expect(story).toBe('pending')
    const later = await exporter.scrape()
    expect(topicValue(later, topicPoint, topic), 'it ages').toBe(topicValue(page, topicPoint, topic))
    const end = await storyOf(
      topic,
      () => pair.mirrorMaker.start(),
      async () => (await saidOf(topic)) === 'covered',
    )
    expect(end).toMatch(/^pending( > behind)? > covered$/)
  })
})
