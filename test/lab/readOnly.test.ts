import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LabCluster } from '../../lab/cluster.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createClock } from '../../src/observe/clock.ts'
import { Observer } from '../../src/observe/observer.ts'
import { onRequestSent } from '../../src/sources/kafka/client.ts'
import { RealKafkaCluster } from '../../src/sources/kafka/cluster.ts'
import { configFor } from './support/exporter.ts'
import { type SharedPair, sharedPair } from './support/pair.ts'

/** What Tidemark may ever send, by Kafka's own names. Nothing in this list writes, joins or commits. */
const allowedApis = [
  'ApiVersions',
  'DescribeConfigs',
  'DescribeProducers',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'OffsetForLeaderEpoch',
]
const polls = 200

let pair: SharedPair
let source: LabCluster
let target: LabCluster

beforeAll(async () => {
  pair = await sharedPair()
  const properties = { 'auto.create.topics.enable': 'true' }
  ;[source, target] = await Promise.all([
    pair.lab.startCluster({ name: 'auto-east', properties }),
    pair.lab.startCluster({ name: 'auto-west', properties }),
  ])
})
afterAll(async () => {
  await Promise.all([source?.close(), target?.close()])
})

test(`${polls} polls of brokers that create topics by themselves: none appears, and only allowed requests are sent`, async () => {
  await source.createTopics([{ topic: 'orders', numPartitions: 2 }, { topic: 'doomed' }])
  await source.produce('orders', [{ value: 'x', partition: 0 }])
  const names = (cluster: LabCluster): Promise<string[]> => cluster.listTopics()
  const before = [await names(source), await names(target)]

  // A topic that the filter names and nobody has, internal topics that do not exist, a topic that goes away.
  const result = parseConfig(
    JSON.stringify(configFor({ source, target, topics: ['orders', 'doomed', 'nobody-has-this'] })),
    'test',
  )
  if (!('config' in result)) throw new Error(JSON.stringify(result.problems))
  const { config } = result
  const clusters = new Map(
    config.clusters.map(({ name, bootstrapServers }) => [
      name,
      new RealKafkaCluster({ cluster: name, bootstrap: bootstrapServers, requestTimeoutMs: 2_000 }),
    ]),
  )
  const sent = new Map<string, number>()
  const stopCounting = onRequestSent(({ api }) => sent.set(api, (sent.get(api) ?? 0) + 1))
  const defects: unknown[] = []
  const observer = new Observer({
    flows: config.flows,
    clusters,
    schedule: config.poll.schedule,
    pollMs: config.poll.longestGapMs,
    timeoutMs: config.poll.timeoutMs,
    clock: createClock(),
    onPublished: () => {},
    onPollEnded: () => {},
    onDefect: error => defects.push(error),
    onMalformed: () => {},
  })
  try {
    for (let poll = 0; poll < polls; poll++) {
      if (poll === polls / 2) await source.deleteTopics(['doomed'])
      await observer.pollOnce()
    }
  } finally {
    stopCounting()
    for (const cluster of clusters.values()) await cluster.close()
  }
  expect(defects).toEqual([])
  expect(observer.latest.flows[0]?.assessment?.topics.map(topic => topic.topic)).toEqual(['orders'])
  expect(await names(source)).toEqual(before[0]?.filter(topic => topic !== 'doomed'))
  expect(await names(target)).toEqual(before[1])
  expect([...sent.keys()].filter(api => !allowedApis.includes(api))).toEqual([])
  expect(sent.get('Metadata')).toBeGreaterThanOrEqual(2 * polls)
})
