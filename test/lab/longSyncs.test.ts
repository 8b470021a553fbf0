import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectedProducer, disconnect } from '../../lab/cluster.ts'
import { SteadyWriter } from '../../lab/writer.ts'
import { configFor, Exporter, flowName } from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import { statusOf, topicLag, topicPoint, topicValue } from './support/truth.ts'

const syncs = 5_000_000
const partitionsNamed = 200

describe(`${syncs.toLocaleString('en')} offset syncs in the topic at the start`, () => {
  const topic = ownName('orders')
  // An alias of its own: the offset-syncs topic that this test fills is no one else's.
  const targetAlias = ownName('long')
  let pair: SharedPair
  let writer: SteadyWriter

  beforeAll(async () => {
    pair = await sharedPair()
    await pair.source.createTopics([
      { topic },
      {
        topic: `mm2-offset-syncs.${targetAlias}.internal`,
        configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
      },
    ])
    await fillWithSyncs(pair, `mm2-offset-syncs.${targetAlias}.internal`)
    writer = new SteadyWriter(pair.source, [topic], { recordsPerSecond: 50 })
    await writer.start()
  }, 400_000)
  afterAll(async () => {
    await writer?.stop()
  })

  test('a bounded amount is read a poll, what is not proven is unknown until the end, and memory stays flat', async () => {
    const exporter = await Exporter.start(
      configFor({ ...pair, topics: [topic], replicator: { targetAlias } }),
    )
    try {
      const rss: number[] = []
      let pollsWhileReading = 0
      let lastPolls: number | undefined
      await exporter.until(
        'the end is reached',
        page => {
          const polls = page.all('tidemark_polls_total').reduce((sum, { value }) => sum + value, 0)
          if (polls === 0 || polls === lastPolls) return false
          lastPolls = polls
          if (
            page.value('kafka_replication_flow_unknown_topics', { flow: flowName, reason: 'reading' }) !== 1
          ) {
            return topicValue(page, topicLag, topic) !== undefined && pollsWhileReading > 0
          }
          pollsWhileReading += 1
          rss.push(page.value('process_resident_memory_bytes') ?? Number.NaN)
          expect(statusOf(page, topic)).toBe('unknown')
          expect(topicValue(page, topicLag, topic)).toBeUndefined()
          return false
        },
        120_000,
      )
      // About 40 bytes a record, 16 MiB a poll.
      expect(pollsWhileReading).toBeGreaterThan(5)
      const after =
        Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${exporter.pid}/status`, 'utf8'))?.[1]) * 1024
      const early = Math.max(...rss.slice(0, 3))
      expect(after, `resident memory: ${rss.map(mb).join(', ')}, then ${mb(after)} MB`).toBeLessThan(
        early * 1.35,
      )
      await exporter.until('known', page => topicValue(page, topicPoint, topic) !== undefined)
    } finally {
      await exporter.stop()
    }
  })
})

const mb = (bytes: number): string => (bytes / 1e6).toFixed(0)

async function fillWithSyncs({ source }: SharedPair, topic: string): Promise<void> {
  const producer = await connectedProducer(source.kafka)
  const keys = Array.from({ length: partitionsNamed }, (_, i) => syncKey(`other-${i >> 2}`, i & 3))
  const batch = 10_000
  for (let written = 0; written < syncs; written += batch) {
    const messages = Array.from({ length: batch }, (_, i) => {
      const value = Buffer.alloc(16)
      value.writeBigInt64BE(BigInt(written + i), 0)
      value.writeBigInt64BE(BigInt(written + i), 8)
      return { key: keys[i % partitionsNamed] ?? null, value, partition: 0 }
    })
    await producer.send({ topic, acks: 1, messages })
  }
  await disconnect(producer)
}

/** An OffsetSync's key: STRING topic, INT32 partition. */
function syncKey(topic: string, partition: number): Buffer {
  const name = Buffer.from(topic)
  const key = Buffer.alloc(2 + name.length + 4)
  key.writeInt16BE(name.length, 0)
  name.copy(key, 2)
  key.writeInt32BE(partition, 2 + name.length)
  return key
}
