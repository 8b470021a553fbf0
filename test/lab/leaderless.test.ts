import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabCluster } from '../../lab/cluster.ts'
import { waitUntil } from '../../lab/wait.ts'
import type { FlowView, PartitionView } from '../../src/present/schema.ts'
import { configFor, Exporter, flowName } from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import { flowPoint, statusOf, topicLag, topicPoint, topicValue } from './support/truth.ts'

// The lag of one partition and of the whole.
const partitionLag = 'kafka_replication_partition_lag_records'
const expected = 'kafka_replication_flow_partitions'
const observed = 'kafka_replication_flow_partitions_observed'

async function partitionOf(
  exporter: Exporter,
  topic: string,
  partition: number,
): Promise<PartitionView | undefined> {
  const flow = (await exporter.json(`/api/v1/flows/${flowName}`)) as FlowView
  if (!('topics' in flow)) return undefined
  return flow.topics.find(found => found.topic === topic)?.partitions.find(p => p.partition === partition)
}

describe('one broker of a two-broker source killed, with one replica a partition', () => {
  const [spread, safe] = [ownName('spread'), ownName('safe')]
  let pair: SharedPair
  let source: LabCluster
  let exporter: Exporter

  beforeAll(async () => {
    pair = await sharedPair()
    source = await pair.lab.startCluster({ name: 'north', brokers: 2 })
    await source.createTopics([
      {
        topic: spread,
        replicaAssignment: [
          { partition: 0, replicas: [1] },
          { partition: 1, replicas: [2] },
        ],
      },
      { topic: safe, replicaAssignment: [{ partition: 0, replicas: [1] }] },
    ])
    const mirrorMaker = await pair.lab.startMirrorMaker({
      source,
      target: pair.target,
      topics: `${spread},${safe}`,
      properties: { 'north->west.offset-syncs.topic.replication.factor': '1' },
    })
    for (const partition of [0, 1]) {
      await source.produce(
        spread,
        Array.from({ length: 20 }, () => ({ value: 'x', partition })),
      )
    }
    await source.produce(safe, [{ value: 'x' }])
    exporter = await Exporter.start(configFor({ source, target: pair.target, topics: [spread, safe] }))
    await exporter.until(
      'all is covered',
      page => statusOf(page, spread) === 'covered' && statusOf(page, safe) === 'covered',
      90_000,
    )
    // From here on nothing is copied, so that there is a lag to look at.
    await mirrorMaker.kill()
    for (const partition of [0, 1]) {
      await source.produce(
        spread,
        Array.from({ length: 7 }, () => ({ value: 'x', partition })),
      )
    }
    await exporter.until('14 are missing', page => topicValue(page, topicLag, spread) === 14)
  })
  afterAll(async () => {
    await exporter?.stop()
    await source?.close()
  })

  test('only the leaderless partition is unknown, and no sum looks better', async () => {
    await source.brokers[1]?.kill()
    // For the broker's session of 3 s the listing still names it as the leader; then there is none.
    const dead = await waitUntil('the partition has no leader', async () => {
      const partition = await partitionOf(exporter, spread, 1)
      return partition?.unknown?.reason === 'leaderless' ? partition : undefined
    })
    expect(dead).toMatchObject({
      status: 'unknown',
      unknown: { detail: expect.stringContaining(`${spread}-1 has no leader`) },
      lagRecords: null,
    })
    const page = await exporter.scrape()
    const point = topicValue(page, topicPoint, spread)
    expect(page.value(expected, { flow: flowName })).toBe(3)
    expect(page.value(observed, { flow: flowName })).toBe(2)
    expect(topicValue(page, topicLag, spread)).toBeUndefined()
    expect(page.value(partitionLag, { topic: spread, partition: '0' })).toBe(7)
    expect(page.value(partitionLag, { topic: spread, partition: '1' })).toBeUndefined()
    // Of the other partition something is missing and nothing moves: stalled outranks unknown once it is.
    expect(['unknown', 'stalled']).toContain(statusOf(page, spread))
    expect(statusOf(page, safe)).toBe('covered')
    expect(topicValue(page, topicLag, safe)).toBe(0)
    expect(point).toBeDefined()
    expect(page.value(flowPoint, { flow: flowName })).toBe(point)
    await source.brokers[1]?.start()
    await exporter.until('all is known again', now => topicValue(now, topicLag, spread) === 14)
  })
})
