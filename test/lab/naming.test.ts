import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { LabMirrorMaker, MirrorMakerOptions } from '../../lab/mirrorMaker.ts'
import { SteadyWriter } from '../../lab/writer.ts'
import { configFor, Exporter, flowName, flushMs, pollMs } from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import { allCovered, topicPoint, topicValue } from './support/truth.ts'

const boundMs = 1.25 * flushMs + 2 * pollMs + 2_000
const heartbeat = 'kafka_replication_flow_heartbeat_timestamp_seconds'
const syncFresh = 'kafka_replication_topic_offset_sync_fresh'

describe('naming', () => {
  let pair: SharedPair
  let mirrorMaker: LabMirrorMaker | undefined

  beforeAll(async () => {
    pair = await sharedPair()
  })
  afterEach(async () => {
    await mirrorMaker?.kill()
    mirrorMaker = undefined
  })

  const variants: [string, Partial<MirrorMakerOptions>, (topic: string) => string][] = [
    ['identity policy', { policy: 'identity', sourceAlias: 'idE', targetAlias: 'idW' }, topic => topic],
    [
      'a separator of its own',
      { separator: '_', sourceAlias: 'sepE', targetAlias: 'sepW' },
      topic => `sepE_${topic}`,
    ],
    [
      'offset syncs on the target, and offsets in 25 partitions as by default',
      {
        offsetSyncsLocation: 'target',
        sourceAlias: 'tgtE',
        targetAlias: 'tgtW',
        properties: { 'offset.storage.partitions': '25', 'status.storage.partitions': '5' },
      },
      topic => `tgtE.${topic}`,
    ],
  ]

  test.each(variants)('%s', async (_, options, copyOf) => {
    const topic = ownName('orders')
    await pair.source.createTopics([{ topic, numPartitions: 2 }])
    mirrorMaker = await pair.lab.startMirrorMaker({ ...pair, ...options, topics: topic })
    const { sourceAlias, targetAlias, policy, separator, offsetSyncsLocation } = options
    const replicator = { sourceAlias, targetAlias, policy, separator, offsetSyncsLocation }
    const writer = new SteadyWriter(pair.source, [topic], { recordsPerSecond: 40 })
    await writer.start()
    const config = configFor({ ...pair, topics: [topic], replicator: JSON.parse(JSON.stringify(replicator)) })
    const exporter = await Exporter.start(config)
    try {
      await exporter.until(
        'the exposure is in its bound',
        page => Date.now() - (topicValue(page, topicPoint, topic) ?? 0) * 1000 < boundMs,
        90_000,
      )
      await writer.stop()
      const page = await exporter.until('covered', now => allCovered(now, [topic]), boundMs + 2_000)
      const sum = (offsets: readonly bigint[]): bigint => offsets.reduce((a, b) => a + b)
      expect(sum(await pair.target.endOffsets(copyOf(topic)))).toBe(sum(await pair.source.endOffsets(topic)))
      expect(Date.now() / 1000 - (page.value(heartbeat, { flow: flowName }) ?? 0)).toBeLessThan(10)
      expect(topicValue(page, syncFresh, topic), 'offset syncs were found').toBe(1)
    } finally {
      await writer.stop()
      await exporter.stop()
    }
  })
})
