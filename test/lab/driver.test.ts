import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TransactionalWriter } from '../../lab/transactions.ts'
import { waitUntil } from '../../lab/wait.ts'
import { isKnown, unknownOf, valueIfKnown } from '../../src/model/reading.ts'
import { RealKafkaCluster } from '../../src/sources/kafka/cluster.ts'
import { type FetchedPartition, type Isolation, outOfRange } from '../../src/sources/kafka/port.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'

const requestTimeoutMs = 1_000
const inFuture = (ms: number): number => performance.now() + ms

/** Accepts connections and never answers, as a frozen broker does. */
class Frozen {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server = createServer(socket => this.#sockets.add(socket))
  connections = 0

  async listen(): Promise<{ host: string; port: number }> {
    this.#server.on('connection', () => {
      this.connections += 1
    })
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return { host: '127.0.0.1', port: address.port }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

describe('the driver', () => {
  const topic = ownName('driver')
  let pair: SharedPair
  let real: { host: string; port: number }
  /** End offsets by partition, by the independent client: some records, one at least, none. */
  let written: bigint[]
  const open: { close(): Promise<void> | void }[] = []

  beforeAll(async () => {
    pair = await sharedPair()
    const [broker] = pair.source.brokers
    if (broker === undefined) throw new Error('no broker')
    real = { host: '127.0.0.1', port: broker.port }
    await pair.source.createTopics([{ topic, numPartitions: 3 }])
    await pair.source.produce(
      topic,
      [0, 0, 1].map(partition => ({ value: 'x', partition })),
    )
    written = await pair.source.endOffsets(topic)
    expect(written.map(offset => offset > 0n)).toEqual([true, true, false])
  })

  const end = (partition: number): bigint => written[partition] ?? -1n
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close()
  })

  function connect(bootstrap: readonly { host: string; port: number }[]): RealKafkaCluster {
    const cluster = new RealKafkaCluster({ cluster: 'east', bootstrap, requestTimeoutMs })
    open.push(cluster)
    return cluster
  }

  async function describedTopic(cluster: RealKafkaCluster, name = topic) {
    const { topics } = await cluster.listTopics(inFuture(5_000))
    const found = valueIfKnown(valueIfKnown(topics)?.get(name))
    if (found === undefined) throw new Error('the topic is not listed')
    return found
  }

  /** What one Fetch of partition 0 gives, from its beginning. */
  async function fetchedFromStart(
    cluster: RealKafkaCluster,
    name: string,
    isolation: Isolation = 'read_uncommitted',
  ): Promise<FetchedPartition> {
    const request = { topic: await describedTopic(cluster, name), partition: 0, offset: 0n }
    const [answer] = await cluster.fetch([request], isolation, 1_000_000, inFuture(5_000))
    if (answer === undefined || answer === outOfRange || !isKnown(answer)) {
      throw new Error(`not fetched: ${JSON.stringify(answer)}`)
    }
    return answer.value
  }

  /** A writer of transactions by the independent client; it stops when the test ends. */
  async function transactionalWriter(name: string): Promise<TransactionalWriter> {
    const transactionalId = ownName('driver-transactions')
    const writer = await TransactionalWriter.start(pair.source, name, { transactionalId })
    open.push({ close: () => writer.stop() })
    return writer
  }

  async function ownTopic(stem: string, configEntries: { name: string; value: string }[] = []) {
    const name = ownName(stem)
    await pair.source.createTopics([{ topic: name, numPartitions: 1, configEntries }])
    return name
  }

  test('a bootstrap server that hangs costs one time-out, and not one a poll', async () => {
    const frozen = new Frozen()
    open.push(frozen)
    const cluster = connect([await frozen.listen(), real])
    const first = performance.now()
    expect(isKnown((await cluster.listTopics(inFuture(5_000))).topics)).toBe(true)
    expect(performance.now() - first).toBeGreaterThan(requestTimeoutMs * 0.9)
    for (let poll = 0; poll < 3; poll++) {
      expect(isKnown((await cluster.listTopics(inFuture(5_000))).topics)).toBe(true)
    }
    expect(frozen.connections).toBe(1)
  })

  test('ends by the deadline, whatever hangs', async () => {
    const frozen = new Frozen()
    open.push(frozen)
    const cluster = connect([await frozen.listen()])
    const started = performance.now()
    const { topics } = await cluster.listTopics(inFuture(300))
    expect(unknownOf(topics)?.reason).toBe('timeout')
    expect(performance.now() - started).toBeLessThan(requestTimeoutMs)
  })

  test('nobody listens: unreachable, with the address', async () => {
    const frozen = new Frozen()
    const address = await frozen.listen()
    frozen.close()
    const { topics } = await connect([address]).listTopics(inFuture(5_000))
    expect(unknownOf(topics)).toMatchObject({
      reason: 'unreachable',
      detail: expect.stringContaining(String(address.port)),
    })
  })

  test('a missing topic spoils only itself, and is not created', async () => {
    const cluster = connect([real])
    const answers = await cluster.askTopics([topic, 'no-such-topic'], inFuture(5_000))
    expect(answers.get('no-such-topic')).toBe('absent')
    expect(valueIfKnown(answers.get(topic) as never)).toMatchObject({ name: topic })
    expect(await pair.source.listTopics()).not.toContain('no-such-topic')
  })

  test('end offsets come by name and partition; a partition that does not exist is unknown, the rest is not', async () => {
    const cluster = connect([real])
    const found = await describedTopic(cluster)
    const withGhost = {
      ...found,
      partitions: [...found.partitions, { partition: 9, leader: 1, leaderEpoch: -1 }],
    }
    const ends = (await cluster.listOffsets([withGhost], 'latest', inFuture(5_000))).get(topic)
    expect([0, 1, 2].map(partition => valueIfKnown(ends?.get(partition)))).toEqual(written)
    expect(ends?.get(9)).toHaveProperty('unknown')
  })

  test('a leader of an old epoch proves nothing', async () => {
    const cluster = connect([real])
    const found = await describedTopic(cluster)
    const ahead = {
      ...found,
      partitions: found.partitions.map(p => ({ ...p, leaderEpoch: p.leaderEpoch + 5 })),
    }
    const ends = (await cluster.listOffsets([ahead], 'latest', inFuture(5_000))).get(topic)
    // The broker answers UNKNOWN_LEADER_EPOCH; asking where the leader is now gives its present epoch.
    expect(valueIfKnown(ends?.get(0))).toBe(end(0))
  })

  test('fetches from where it is told, and says where to go on', async () => {
    const cluster = connect([real])
    const found = await describedTopic(cluster)
    const at = (partition: number, offset: bigint) => ({ topic: found, partition, offset })
    const [tail, atEnd, beyond] = await cluster.fetch(
      [at(0, end(0) - 1n), at(1, end(1)), at(2, 5n)],
      'read_uncommitted',
      1_000_000,
      inFuture(5_000),
    )
    expect(tail).toMatchObject({ value: { nextOffset: end(0), endOffset: end(0) } })
    expect(
      tail !== undefined && tail !== outOfRange && valueIfKnown(tail)?.records.map(r => r.offset),
    ).toEqual([1n])
    expect(atEnd).toMatchObject({ value: { records: [], nextOffset: end(1), endOffset: end(1) } })
    expect(beyond).toBe(outOfRange)
  })

  test('headers come as they were written, repeated keys and empty values too', async () => {
    const name = await ownTopic('driver-headers')
    await pair.source.produce(name, [
      { value: 'with', partition: 0, headers: { trace: ['1', '2'], empty: '' } },
      { value: 'without', partition: 0 },
    ])
    const { records, markers, logAppendTime } = await fetchedFromStart(connect([real]), name)
    const text = (part: Buffer | null): string | undefined => part?.toString()
    expect(records.map(({ headers }) => headers.map(([key, value]) => [text(key), text(value)]))).toEqual([
      [
        ['trace', '1'],
        ['trace', '2'],
        ['empty', ''],
      ],
      [],
    ])
    expect(records.map(({ producerId }) => producerId)).toEqual([-1n, -1n])
    expect(markers).toEqual([])
    expect(logAppendTime).toBe(false)
  })

  test('a topic that the broker stamps says so, and its records have the broker’s time', async () => {
    const name = await ownTopic('driver-stamped', [
      { name: 'message.timestamp.type', value: 'LogAppendTime' },
    ])
    const before = Date.now()
    await pair.source.produce(name, [{ value: 'x', partition: 0, timestamp: new Date(1_000) }])
    const { records, logAppendTime } = await fetchedFromStart(connect([real]), name)
    expect(logAppendTime).toBe(true)
    expect(records[0]?.timestampMs).toBeGreaterThanOrEqual(before)
    expect(records[0]?.timestampMs).toBeLessThanOrEqual(Date.now())
  })

  test('a partition’s own limit bounds what it gives, and the rest follows where it ended', async () => {
    const name = await ownTopic('driver-limit')
    // Batches of their own: a broker gives whole ones, and the first one whatever its size.
    const value = 'x'.repeat(10_000)
    for (let i = 0; i < 3; i++) await pair.source.produce(name, [{ value, partition: 0 }])
    const cluster = connect([real])
    const found = await describedTopic(cluster, name)
    const fetch = async (offset: bigint, maxBytes: number) => {
      const request = { topic: found, partition: 0, offset, maxBytes }
      return (await cluster.fetch([request], 'read_uncommitted', 1_000_000, inFuture(5_000)))[0]
    }
    expect(await fetch(0n, 15_000)).toMatchObject({ value: { nextOffset: 1n, highWatermark: 3n } })
    expect(await fetch(1n, 25_000)).toMatchObject({ value: { nextOffset: 3n } })
    await pair.source.produce(
      name,
      Array.from({ length: 5 }, () => ({ value: 'in one batch', partition: 0 })),
    )
    expect(await fetch(6n, 25_000)).toMatchObject({ value: { nextOffset: 8n, offsets: 5 } })
  })

  test('transactions: their markers are told from records, and what is open ends what is stable', async () => {
    const name = await ownTopic('driver-markers')
    const writer = await transactionalWriter(name)
    const record = { value: 'x', partition: 0 }
    await writer.commit([record])
    await writer.abort([record])
    const left = await writer.leaveOpen([record])

    const cluster = connect([real])
    // Markers are written behind the answer to the client, but before the producer's next transaction.
    const all = await fetchedFromStart(cluster, name)
    expect(all.records.map(({ offset }) => offset)).toEqual([0n, 2n, 4n])
    expect(new Set(all.records.map(({ producerId }) => producerId)).size).toBe(1)
    expect(all.records[0]?.producerId).toBeGreaterThanOrEqual(0n)
    expect(all).toMatchObject({
      markers: [1n, 3n],
      nextOffset: 5n,
      endOffset: 5n,
      highWatermark: 5n,
      lastStableOffset: 4n,
    })
    const stable = await fetchedFromStart(cluster, name, 'read_committed')
    expect(stable.records.map(({ offset }) => offset)).toEqual([0n])
    expect(stable).toMatchObject({ markers: [1n, 3n], nextOffset: 4n, endOffset: 4n, highWatermark: 5n })
    await left.abort()
  })

  test('active producers: the open transaction by its first offset, none after its end, none elsewhere', async () => {
    const name = await ownTopic('driver-producers')
    const writer = await transactionalWriter(name)
    await pair.source.produce(name, [{ value: 'before', partition: 0 }])
    const sentAt = Date.now()
    const transaction = await writer.leaveOpen([{ value: 'x', partition: 0 }])

    const cluster = connect([real])
    const found = await describedTopic(cluster, name)
    const other = await describedTopic(cluster)
    const ghost = {
      ...found,
      partitions: [...found.partitions, { partition: 9, leader: 1, leaderEpoch: -1 }],
    }
    const ask = async () =>
      cluster.activeProducers(
        [
          { topic: ghost, partitions: new Set([0, 9]) },
          { topic: other, partitions: new Set([1]) },
        ],
        inFuture(5_000),
      )
    const written = (await fetchedFromStart(cluster, name)).records[1]
    const asked = await ask()
    const [active, ...others] = valueIfKnown(asked.get(name)?.get(0)) ?? []
    expect(others).toEqual([])
    expect(active).toMatchObject({ producerId: written?.producerId, openTransactionFrom: 1n })
    expect(active?.lastTimestampMs).toBeGreaterThanOrEqual(sentAt)
    expect(active?.lastTimestampMs).toBeLessThanOrEqual(Date.now())
    // A partition that does not exist spoils only itself; what was not asked for is not answered.
    expect(asked.get(name)?.get(9)).toMatchObject({ unknown: { reason: 'missing' } })
    expect(
      [...(asked.get(other.name) ?? [])].map(([partition, reading]) => [partition, valueIfKnown(reading)]),
    ).toEqual([[1, []]])

    await transaction.commit()
    const isOpen = async (): Promise<boolean> => {
      const producers = valueIfKnown((await ask()).get(name)?.get(0))
      return producers === undefined || producers.some(it => it.openTransactionFrom !== undefined)
    }
    await waitUntil('the transaction has ended', async () => !(await isOpen()), { timeoutMs: 10_000 })
  })

  test('offsets for times: the first record as young, none where all are older, each partition for itself', async () => {
    const name = ownName('driver-times')
    await pair.source.createTopics([{ topic: name, numPartitions: 3 }])
    const at = Date.now() - 3_600_000
    const record = (partition: number, ms: number) => ({ value: 'x', partition, timestamp: new Date(ms) })
    for (const ms of [at, at + 10, at + 20]) await pair.source.produce(name, [record(0, ms)])
    await pair.source.produce(name, [record(1, at + 5)])
    const cluster = connect([real])
    const found = await describedTopic(cluster, name)
    const ask = async (atMs: number, partitions = [0, 1, 2]) => {
      const wanted = [{ topic: found, partitions: new Set(partitions), atMs }]
      const offsets = (await cluster.offsetsForTimes(wanted, inFuture(5_000))).get(name)
      return Object.fromEntries(Array.from(offsets ?? [], ([partition, it]) => [partition, valueIfKnown(it)]))
    }
    expect(await ask(at - 1)).toEqual({ 0: 0n, 1: 0n, 2: 'none' })
    expect(await ask(at + 10)).toEqual({ 0: 1n, 1: 'none', 2: 'none' })
    expect(await ask(at + 11)).toEqual({ 0: 2n, 1: 'none', 2: 'none' })
    expect(await ask(at + 21)).toEqual({ 0: 'none', 1: 'none', 2: 'none' })
    expect(await ask(at, [1])).toEqual({ 1: 0n })
  })

  test('offsets for times: two topics have their own times, and a leader of an old epoch is asked again', async () => {
    const names = [ownName('driver-times'), ownName('driver-times')]
    await pair.source.createTopics(names.map(name => ({ topic: name, numPartitions: 1 })))
    const at = Date.now() - 3_600_000
    const cluster = connect([real])
    const wanted = []
    for (const [index, name] of names.entries()) {
      for (const ms of [at, at + 10]) {
        await pair.source.produce(name, [{ value: 'x', partition: 0, timestamp: new Date(ms) }])
      }
      const found = await describedTopic(cluster, name)
      const ahead = found.partitions.map(it => ({ ...it, leaderEpoch: it.leaderEpoch + 5 }))
      wanted.push({
        topic: { ...found, partitions: ahead },
        partitions: new Set([0]),
        atMs: at + 10 * index,
      })
    }
    const answers = await cluster.offsetsForTimes(wanted, inFuture(5_000))
    expect(names.map(name => valueIfKnown(answers.get(name)?.get(0)))).toEqual([0n, 1n])
  })

  test('settings of topics: their own, the defaults, and nothing of a topic that does not exist', async () => {
    const name = await ownTopic('driver-settings', [{ name: 'retention.ms', value: '3600000' }])
    const settings = ['retention.ms', 'cleanup.policy', 'no.such.setting']
    const answers = await connect([real]).topicConfigs(
      [name, topic, 'no-such-topic'],
      settings,
      inFuture(5_000),
    )
    const valuesOf = (it: string) => Object.fromEntries(valueIfKnown(answers.get(it)) ?? [])
    expect(valuesOf(name)).toEqual({ 'retention.ms': '3600000', 'cleanup.policy': 'delete' })
    expect(valuesOf(topic)).toEqual({ 'retention.ms': '604800000', 'cleanup.policy': 'delete' })
    expect(answers.get('no-such-topic')).toMatchObject({ unknown: { reason: 'missing' } })
    expect(await pair.source.listTopics()).not.toContain('no-such-topic')
  })

  test('a broker that was restarted is used again at once', async () => {
    const cluster = connect([real])
    await describedTopic(cluster)
    await pair.source.restart()
    const again = await cluster.listTopics(inFuture(5_000))
    const then = isKnown(again.topics) ? again : await cluster.listTopics(inFuture(5_000))
    expect(isKnown(then.topics)).toBe(true)
  })
})
