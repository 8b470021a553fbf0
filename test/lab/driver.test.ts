import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isKnown, unknownOf, valueIfKnown } from '../../src/model/reading.ts'
import { RealKafkaCluster } from '../../src/sources/kafka/cluster.ts'
import { outOfRange } from '../../src/sources/kafka/port.ts'
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

  async function describedTopic(cluster: RealKafkaCluster) {
    const { topics } = await cluster.listTopics(inFuture(5_000))
    const found = valueIfKnown(valueIfKnown(topics)?.get(topic))
    if (found === undefined) throw new Error('the topic is not listed')
    return found
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

  test('a broker that was restarted is used again at once', async () => {
    const cluster = connect([real])
    await describedTopic(cluster)
    await pair.source.restart()
    const again = await cluster.listTopics(inFuture(5_000))
    const then = isKnown(again.topics) ? again : await cluster.listTopics(inFuture(5_000))
    expect(isKnown(then.topics)).toBe(true)
  })
})
