import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabCluster } from '../../../lab/cluster.ts'
import type { LabMirrorMaker } from '../../../lab/mirrorMaker.ts'
import { Segments } from '../../../lab/segments.ts'
import { deleteRecords } from '../../../lab/transactions.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { SteadyWriter } from '../../../lab/writer.ts'
import { configFor, Exporter } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { boundMs, partitionOf, records, truthOf, untilCovered, untilPartition, Watch } from './support.ts'

const TOPIC = 2
const retentionMs = 12_000
const lostTotal = 'kafka_replication_topic_lost_records_total'
const retentionDeadline = 'kafka_replication_topic_retention_deadline_timestamp_seconds'

// A source of three brokers: the controller, and two that hold the topic that loses its leader.
describe('records that are lost', () => {
  const [tooLarge, fading, purged] = [ownName('large'), ownName('fading'), ownName('purged')]
  const [unborn, fragile] = [ownName('unborn'), ownName('fragile')]
  const overgrown = ownName('overgrown')
  const topics = [tooLarge, fading, purged, unborn, fragile, overgrown]
  const largest = 3_000
  let pair: SharedPair
  let south: LabCluster
  let mirrorMaker: LabMirrorMaker
  let exporter: Exporter
  let source: Segments
  let second: Segments
  let third: Segments
  let target: Segments

  beforeAll(async () => {
    pair = await sharedPair()
    south = await pair.lab.startCluster({
      name: 'south',
      brokers: 3,
      properties: { 'log.retention.check.interval.ms': 1_000, 'log.initial.task.delay.ms': 500 },
    })
    source = new Segments(pair.lab, south)
    second = new Segments(pair.lab, south, 2)
    third = new Segments(pair.lab, south, 3)
    target = new Segments(pair.lab, pair.target)
    const onFirst = { replicaAssignment: [{ partition: 0, replicas: [1] }] }
    await south.createTopics([
      { topic: tooLarge, ...onFirst },
      { topic: fading, ...onFirst, configEntries: [{ name: 'segment.ms', value: '1000' }] },
      { topic: purged, ...onFirst },
      { topic: unborn, ...onFirst },
      {
        topic: fragile,
        replicaAssignment: [{ partition: 0, replicas: [2, 3] }],
        configEntries: [{ name: 'unclean.leader.election.enable', value: 'true' }],
      },
      {
        topic: overgrown,
        replicaAssignment: [{ partition: 0, replicas: [2, 3] }],
        configEntries: [{ name: 'unclean.leader.election.enable', value: 'true' }],
      },
    ])
    await pair.target.createTopics([
      {
        topic: `south.${tooLarge}`,
        configEntries: [{ name: 'max.message.bytes', value: String(largest) }],
      },
    ])
    mirrorMaker = await pair.lab.startMirrorMaker({
      source: south,
      target: pair.target,
      topics: topics.join(','),
      properties: { 'south->west.errors.tolerance': 'all', 'sync.topic.configs.enabled': false },
    })
    exporter = await Exporter.start(configFor({ source: south, target: pair.target, topics }))
    for (const topic of [tooLarge, purged, fragile]) await south.produce(topic, records('before', 50))
    await untilCovered(exporter, source, [tooLarge, purged], 60_000)
  })
  afterAll(async () => {
    await exporter?.stop()
    await mirrorMaker?.kill()
    await south?.close()
  })

  test('a record that the target refuses, and MirrorMaker steps over', async () => {
    const [first, last] = records('around', 2)
    if (first === undefined || last === undefined) throw new Error('no records')
    await south.produce(tooLarge, [first])
    await south.produce(tooLarge, [{ ...first, value: 'too large '.repeat(largest / 5) }])
    await south.produce(tooLarge, [last])
    await waitUntil(
      'what is behind it is copied',
      async () => (await target.records(`south.${tooLarge}`, 0)).at(-1)?.value === last.value,
    )
    expect(await target.end(`south.${tooLarge}`, 0)).toBe(52n)
    const view = await untilPartition(
      exporter,
      tooLarge,
      0,
      'the loss is found',
      ({ lost }) => lost.length > 0,
    )
    expect(view.lost).toMatchObject([{ from: '51', to: '52', cause: 'skipped', certain: true }])
    expect(view).toMatchObject({ lostRecords: '1', possiblyLostRecords: '0' })
    await untilPartition(exporter, tooLarge, 0, 'covered', ({ status }) => status === 'covered', boundMs)
    expect((await exporter.scrape()).value(lostTotal, { topic: tooLarge })).toBe(1)
  })

  test('retention and DeleteRecords overtake a MirrorMaker that is down', async () => {
    const writer = new SteadyWriter(south, [fading], { recordsPerSecond: 20 })
    await writer.start()
    await untilPartition(
      exporter,
      fading,
      0,
      'it is being copied',
      view => view.recoveryPoint !== null && BigInt(view.replicatedPosition ?? '0') > 0n,
    )
    await mirrorMaker.kill()
    await setConfig(fading, { 'segment.ms': '1000', 'retention.ms': String(retentionMs) })
    await south.produce(purged, records('behind', 50))
    await south.produce(unborn, records('never copied', 50))
    const deadlines: { at: number; deadline: number }[] = []
    const position = BigInt((await partitionOf(exporter, fading, 0))?.replicatedPosition ?? '-1')
    await waitUntil(
      'retention has passed the position',
      async () => {
        const page = await exporter.scrape()
        const deadline = page.value(retentionDeadline, { topic: fading })
        if (deadline !== undefined) deadlines.push({ at: Date.now() / 1000, deadline })
        const first = (await source.records(fading, 0))[0]
        return first !== undefined && first.offset > position + 20n
      },
      { timeoutMs: 60_000, everyMs: 250 },
    )
    await writer.stop()
    // From here on nothing more is deleted.
    await setConfig(fading, { 'segment.ms': '1000' })
    await sleep(2_000)
    const early = deadlines.find(({ at, deadline }) => deadline > at)
    console.log(
      'seconds left by the deadline:',
      deadlines
        .filter((_, index) => index % 6 === 0)
        .map(({ at, deadline }) => (deadline - at).toFixed(1))
        .join(' '),
    )
    expect(early, 'a deadline before it happens').toBeDefined()
    const left = deadlines.map(({ at, deadline }) => deadline - at)
    expect(Math.max(...left.slice(0, 10))).toBeGreaterThan(2)
    expect(Math.min(...left.slice(-10))).toBeLessThan(2)

    await deleteRecords(south, purged, 0, 80n)
    await deleteRecords(south, unborn, 0, 30n)
    const copied = await target.records(`south.${fading}`, 0)
    const newest = copied.at(-1)?.value
    const firstLost = writer.truth.count(fading) > 0 ? copiedUpTo(newest) : 0n
    const dead = await untilPartition(
      exporter,
      purged,
      0,
      'DeleteRecords was seen',
      ({ lost }) => lost.length > 0,
    )
    expect(dead.status).not.toBe('covered')
    await mirrorMaker.start()
    await untilCovered(exporter, source, [purged, fading, unborn], 60_000)
    const logStart = (await source.records(fading, 0))[0]?.offset ?? 0n
    const afterPurge = await partitionOf(exporter, purged, 0)
    const afterFading = await partitionOf(exporter, fading, 0)
    expect(afterPurge?.lost).toMatchObject([{ from: '50', to: '80', cause: 'expired', certain: true }])
    expect(afterPurge?.lostRecords).toBe('30')
    expect(afterFading?.lost).toMatchObject([
      { from: String(firstLost), to: String(logStart), cause: 'expired', certain: true },
    ])
    expect(afterFading?.lostRecords).toBe(String(logStart - firstLost))
  })

  test('retention overtakes MirrorMaker before it has copied anything of a topic', async () => {
    const afterUnborn = await partitionOf(exporter, unborn, 0)
    expect(afterUnborn?.lost, 'of a topic that was never copied before').toMatchObject([
      { from: '0', to: '30', cause: 'expired' },
    ])
  })

  test('an unclean election shortens the source: diverged, and not covered until MirrorMaker began anew', async () => {
    const copy = { topic: fragile, copy: `south.${fragile}` }
    await untilCovered(exporter, second, [fragile])
    await waitUntil('both replicas have all', async () => (await third.end(fragile, 0)) === 50n)
    await south.brokers[2]?.kill()
    await waitUntil(
      'the follower is out',
      async () => (await south.partitions(fragile))[0]?.leader === 2 && (await inSync()).length === 1,
    )
    await south.produce(fragile, records('only on the leader', 20))
    await untilCovered(exporter, second, [fragile])
    await south.brokers[1]?.kill()
    await waitUntil('nobody leads', async () => (await south.partitions(fragile))[0]?.leader === -1)
    await south.brokers[2]?.start()
    await waitUntil(
      'the former follower leads',
      async () => (await south.partitions(fragile))[0]?.leader === 3,
    )
    expect(await south.endOffsets(fragile)).toEqual([50n])

    const diverged = await untilPartition(
      exporter,
      fragile,
      0,
      'diverged',
      ({ unknown }) => unknown?.reason === 'diverged',
    )
    expect(diverged).toMatchObject({ status: 'unknown', lagRecords: null })
    const watch = new Watch({ exporter, copies: [copy], source: third, target })
    const statuses = new Set<string | undefined>()
    for (let sample = 0; sample < 24; sample++) {
      statuses.add((await partitionOf(exporter, fragile, 0))?.status)
      await sleep(250)
    }
    expect(statuses).not.toContain('covered')
    await south.produce(fragile, records('after the election', 30))
    const ended = await waitUntil(
      'MirrorMaker goes on',
      async () => {
        const view = await partitionOf(exporter, fragile, 0)
        return view?.status === 'covered' ? view : undefined
      },
      { timeoutMs: 20_000 },
    ).catch(() => undefined)
    const { missing } = await truthOf(copy, 0, third, target)
    // Known again or not: that depends on whether a commit or an offset sync shows that it went back.
    if (ended !== undefined) expect(missing).toEqual([])
    await watch.stop()
    expect(watch.violations.slice(0, 5)).toEqual([])
  })

  test('an unclean election that nobody saw, the log has grown past its old end again: diverged all the same', async () => {
    const leaderOf = async (): Promise<number> => (await south.partitions(overgrown))[0]?.leader ?? -1
    await south.heal()
    await waitUntil('both replicas are in sync', async () => (await inSync(overgrown)).length === 2)
    await south.produce(overgrown, records('before', 50))
    const leader = await leaderOf()
    const [first, other] = leader === 2 ? [1, 2] : [2, 1]
    await untilCovered(exporter, leader === 2 ? second : third, [overgrown], 30_000)
    await south.brokers[other]?.kill()
    await waitUntil(
      'the follower is out',
      async () => (await leaderOf()) === leader && (await inSync(overgrown)).length === 1,
    )
    await south.produce(overgrown, records('only on the leader', 20))
    await untilCovered(exporter, leader === 2 ? second : third, [overgrown], 30_000)
    exporter.pause()
    try {
      await south.brokers[first]?.kill()
      await waitUntil('nobody leads', async () => (await leaderOf()) === -1)
      await south.brokers[other]?.start()
      await waitUntil('the former follower leads', async () => (await leaderOf()) === other + 1)
      expect(await south.endOffsets(overgrown)).toEqual([50n])
      await south.produce(overgrown, records('after the election', 60))
      expect(await south.endOffsets(overgrown)).toEqual([110n])
    } finally {
      exporter.resume()
    }
    const diverged = await untilPartition(
      exporter,
      overgrown,
      0,
      'diverged',
      ({ unknown }) => unknown?.reason === 'diverged',
    )
    expect(diverged.unknown?.detail).toMatch(/ended at 70 and was cut off at 50/)
  })

  async function inSync(topic = fragile): Promise<number[]> {
    return south.withAdmin(async admin => {
      const { topics: found } = await admin.fetchTopicMetadata({ topics: [topic] })
      return found[0]?.partitions[0]?.isr ?? []
    })
  }

  async function setConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
    await south.withAdmin(admin =>
      admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC, name: topic, configEntries }] }),
    )
  }

  /** SteadyWriter writes one partition in order and numbers its values, so that a copy tells its offset. */
  function copiedUpTo(value: string | null | undefined): bigint {
    return BigInt(/ (\d+) at /.exec(value ?? '')?.[1] ?? '-1') + 1n
  }
})
