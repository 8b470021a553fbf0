import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Segments } from '../../../lab/segments.ts'
import { waitUntil } from '../../../lab/wait.ts'
import type { PartitionView } from '../../../src/present/schema.ts'
import { configFor, Exporter } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { records, truthOf, untilCovered, untilPartition, Watch } from './support.ts'

const former = 785
const longer = 1_000

/** What was lost of the log that is there now. */
function lostOf(lost: PartitionView['lost'], isCertain: boolean): PartitionView['lost'] {
  return lost.filter(range => !range.former && range.certain === isCertain)
}

describe('a source topic recreated longer than the position that MirrorMaker has', () => {
  const [frozen, unflushed, down] = [ownName('frozen'), ownName('unflushed'), ownName('down')]
  let pair: SharedPair
  let exporter: Exporter
  let watch: Watch
  let source: Segments
  let target: Segments

  beforeAll(async () => {
    pair = await sharedPair()
    source = new Segments(pair.lab, pair.source)
    target = new Segments(pair.lab, pair.target)
    await pair.source.createTopics([{ topic: frozen }, { topic: unflushed }, { topic: down }])
    for (const topic of [frozen, down]) await pair.source.produce(topic, records('former', former))
    exporter = await Exporter.start(configFor({ ...pair, topics: [frozen, unflushed, down] }))
    await untilCovered(exporter, source, [frozen, down], 60_000)
    const copies = [frozen, unflushed, down].map(topic => ({ topic, copy: `east.${topic}` }))
    watch = new Watch({ exporter, copies, source, target })
  })
  afterAll(async () => {
    await watch?.stop()
    await exporter?.stop()
  })

  async function recreate(topic: string): Promise<void> {
    await pair.source.deleteTopics([topic])
    await pair.source.createTopics([{ topic }])
    await pair.source.produce(topic, records('new', longer))
  }

  /**
   * MirrorMaker goes on behind its old position: what lies below is not copied, now or later. From `doubted` on it may
   * be said to be lost possibly.
   */
  async function expectTheLostRange(topic: string, doubted = former): Promise<void> {
    const copy = `east.${topic}`
    await waitUntil(
      'the end of the new topic is copied',
      async () => (await truthOf({ topic, copy }, 0, source, target)).copied.has(BigInt(longer - 1)),
      { timeoutMs: 60_000 },
    )
    const { missing } = await truthOf({ topic, copy }, 0, source, target)
    expect([missing[0]?.offset, missing.at(-1)?.offset, missing.length]).toEqual([
      0n,
      BigInt(former - 1),
      former,
    ])
    const view = await untilPartition(
      exporter,
      topic,
      0,
      'what lies below the old position is lost',
      // The newest of them only once MirrorMaker has committed behind them: until then a restart would copy them.
      ({ lost }) => {
        return (
          lostOf(lost, false).every(({ from }) => Number(from) >= doubted) && lostOf(lost, true).length === 1
        )
      },
    )
    const [certain] = lostOf(view.lost, true)
    expect(certain).toMatchObject({ from: '0', cause: 'recreated' })
    expect(lostOf(view.lost, false).at(-1)?.to ?? certain?.to).toBe(String(former))
    expect(view.lostRecords).toBe(certain?.to)
    expect(Number(certain?.to)).toBeGreaterThanOrEqual(doubted)
    const known = await untilPartition(
      exporter,
      topic,
      0,
      'it is known again',
      ({ unknown, lagRecords }) => unknown === null && lagRecords === '0',
    )
    expect(known.lost.filter(range => !range.former)).toEqual(view.lost.filter(range => !range.former))
    const page = await exporter.scrape()
    expect(page.value('kafka_replication_topic_lost_records_total', { topic })).toBe(Number(certain?.to))
  }

  test('with MirrorMaker frozen meanwhile', async () => {
    pair.mirrorMaker.pause()
    const frozenAt = performance.now()
    await recreate(frozen)
    pair.mirrorMaker.resume()
    // Longer than its session, and it would have begun anew as after a kill.
    expect(performance.now() - frozenAt).toBeLessThan(2_900)
    await expectTheLostRange(frozen)
  })

  test('frozen before it committed what it had copied: it commits the old position afterwards', async () => {
    const commits = () => target.end('mm2-offsets.east.internal', 0)
    const before = await commits()
    await waitUntil('MirrorMaker has just committed', async () => (await commits()) > before, { everyMs: 10 })
    await pair.source.produce(unflushed, records('former', former))
    await waitUntil(
      'all is copied',
      async () => (await target.end(`east.${unflushed}`, 0)) === BigInt(former),
      { everyMs: 20 },
    )
    await untilPartition(
      exporter,
      unflushed,
      0,
      'the copies were seen',
      view => view.highWatermark === `${former}`,
    )
    pair.mirrorMaker.pause()
    await recreate(unflushed)
    pair.mirrorMaker.resume()
    // What it says of the last copy comes late, and may be of a new one: the target's end was not seen twice before.
    await expectTheLostRange(unflushed, former - 1)
  })

  test('with MirrorMaker down meanwhile', async () => {
    await pair.mirrorMaker.kill()
    await recreate(down)
    await untilPartition(exporter, down, 0, 'the recreation was seen', ({ unknown, lost }) => {
      return unknown?.reason === 'recreated' || lost.length > 0
    })
    await pair.mirrorMaker.start()
    await expectTheLostRange(down)
  })

  test('nothing wrong was said meanwhile', async () => {
    await watch.stop()
    expect(watch.violations).toEqual([])
    expect(watch.samples).toBeGreaterThan(40)
  })

  test('an exporter that is started afterwards finds by content that records were never copied', async () => {
    const later = await Exporter.start(configFor({ ...pair, topics: [down] }))
    try {
      const view = await untilPartition(
        later,
        down,
        0,
        'something is possibly lost',
        ({ possiblyLostRecords }) => possiblyLostRecords !== '0',
      )
      // Offsets alone cannot tell; what is found by content is possible, not certain, and not the whole range.
      expect(view.audit?.outcome).toBe('contradicted')
      const [range] = view.lost
      expect(range).toMatchObject({ to: String(former), certain: false })
      expect(BigInt(view.possiblyLostRecords)).toBeGreaterThan(0n)
    } finally {
      await later.stop()
    }
  })
})
