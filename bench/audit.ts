import { Poller } from '../src/observe/poller.ts'
import type { LogRecord } from '../src/sources/kafka/port.ts'
import { aFlow } from '../test/support/world.ts'
import { BenchCluster } from './cluster.ts'

const partitionsPerTopic = 10
const rounds = 12

/**
 * CPU milliseconds of a poll above the wire, median of some, with the rotation reading this many bytes a poll: a busy
 * flow in which MirrorMaker has committed all but the newest records.
 */
export async function pollCpuMs(partitions: number, auditBytesPerPoll: number): Promise<number> {
  const flow = { ...aFlow(), auditBytesPerPoll }
  const topics = Array.from({ length: partitions / partitionsPerTopic }, (_, i) => `topic-${i}`)
  const east = new BenchCluster('east', topics, partitionsPerTopic)
  const west = new BenchCluster(
    'west',
    topics.map(topic => `east.${topic}`),
    partitionsPerTopic,
  )
  const syncs: LogRecord[] = topics.flatMap(topic =>
    Array.from({ length: partitionsPerTopic }, (_, partition) => sync(topic, partition, 990n)),
  )
  east.internal.set('mm2-offset-syncs.west.internal', syncs)
  west.internal.set(flow.replicator.offsetsTopic, [])
  west.internal.set(flow.replicator.statusTopic, [])
  const poller = new Poller({
    flows: [flow],
    clusters: new Map([
      ['east', east],
      ['west', west],
    ]),
    timeoutMs: 60_000,
    pollMs: 15_000,
    onMalformed: () => {},
  })
  const cpu: number[] = []
  for (let round = 0; round < rounds; round++) {
    east.end += 10n
    west.end += 10n
    const started = process.cpuUsage()
    await poller.poll()
    const { user, system } = process.cpuUsage(started)
    cpu.push((user + system) / 1000)
  }
  const sorted = cpu.slice(4).toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function sync(topic: string, partition: number, offset: bigint): LogRecord {
  const name = Buffer.from(topic)
  const key = Buffer.alloc(2 + name.length + 4)
  key.writeInt16BE(name.length, 0)
  name.copy(key, 2)
  key.writeInt32BE(partition, 2 + name.length)
  const value = Buffer.alloc(16)
  value.writeBigInt64BE(offset, 0)
  value.writeBigInt64BE(offset, 8)
  return { offset: 0n, timestampMs: 0, key, value, headers: [], producerId: -1n }
}
