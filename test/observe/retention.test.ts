import { expect, test } from 'vitest'
import { known, unknown } from '../../src/model/reading.ts'
import { RetentionReader } from '../../src/observe/retention.ts'
import { FakeCluster } from '../support/fakeCluster.ts'

function readerOf(configs: Record<string, string>) {
  const time = { now: 0 }
  const cluster = new FakeCluster('east')
  cluster.addLog('orders', { records: [[]], configs })
  const asked: string[] = []
  const topicConfigs = cluster.topicConfigs.bind(cluster)
  const state = { isRefused: false }
  cluster.topicConfigs = async (...parts: Parameters<FakeCluster['topicConfigs']>) => {
    asked.push(...parts[0])
    if (!state.isRefused) return topicConfigs(...parts)
    return new Map(parts[0].map(topic => [topic, unknown('unauthorized', topic)]))
  }
  const reader = new RetentionReader(() => time.now)
  return { time, state, asked, read: () => reader.read(cluster, ['orders'], 0) }
}

const day = { 'retention.ms': '86400000', 'retention.bytes': '-1', 'cleanup.policy': 'delete' }

test('settings are asked for again after five minutes', async () => {
  const { time, asked, read } = readerOf(day)
  for (time.now of [0, 299_999]) {
    expect((await read()).get('orders')).toEqual(known({ timeMs: 86_400_000, bytes: undefined }))
  }
  expect(asked).toHaveLength(1)
  time.now = 300_000
  await read()
  expect(asked).toHaveLength(2)
})

test('what was refused is asked for again after half a minute: it may have been granted', async () => {
  const { time, state, asked, read } = readerOf(day)
  state.isRefused = true
  expect((await read()).get('orders')).toEqual(unknown('unauthorized', 'orders'))
  state.isRefused = false
  time.now = 29_999
  expect((await read()).get('orders')).toEqual(unknown('unauthorized', 'orders'))
  expect(asked).toHaveLength(1)
  time.now = 30_000
  expect((await read()).get('orders')).toEqual(known({ timeMs: 86_400_000, bytes: undefined }))
})

test('a topic that is only compacted deletes nothing by age or size', async () => {
  const { read } = readerOf({ ...day, 'cleanup.policy': 'compact' })
  expect((await read()).get('orders')).toEqual(known({ timeMs: undefined, bytes: undefined }))
})
