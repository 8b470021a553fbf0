import { describe, expect, test } from 'vitest'
import type { TopicMetadata } from '../../../src/model/observation.ts'
import { UnsupportedVersionError } from '../../../src/sources/kafka/client.ts'
import { epochEndsFromLeaders } from '../../../src/sources/kafka/epochs.ts'
import { Leaders } from '../../../src/sources/kafka/leaders.ts'

const broker = { nodeId: 1, host: 'east-1', port: 9092 }
const topic: TopicMetadata = {
  name: 'orders',
  id: 'id',
  partitions: [
    { partition: 0, leader: 1, leaderEpoch: 7 },
    { partition: 1, leader: 1, leaderEpoch: 7 },
    { partition: 2, leader: undefined, leaderEpoch: 7 },
  ],
}

/** What a broker that `answers` so says of where epoch 6 of the first two and of the leaderless partition ended. */
async function endsWhere(answers: () => unknown) {
  const client = { knowBrokers() {}, call: async () => answers() } as unknown as Leaders['client']
  const leaders = new Leaders('east', client)
  leaders.knowBrokers(new Map([[1, broker]]))
  const epochs = new Map([0, 1, 2].map(partition => [partition, 6] as const))
  const ends = await epochEndsFromLeaders(leaders, [{ topic, epochs }], 0 as never)
  return [...(ends.get('orders') ?? [])].sort(([a], [b]) => a - b).map(([, reading]) => reading)
}

describe('where a leader epoch ended', () => {
  const leaderless = { unknown: expect.objectContaining({ reason: 'leaderless' }) }

  test('is what the leader says, partition by partition', async () => {
    const partitions = [
      { partition: 0, errorCode: 0, endOffset: 41n },
      { partition: 1, errorCode: 0, endOffset: -1n },
    ]
    expect(await endsWhere(() => ({ topics: [{ topic: 'orders', partitions }] }))).toEqual([
      { value: 41n },
      { value: 'none' },
      leaderless,
    ])
  })

  test('is unknown where the answer is missing or an error', async () => {
    const partitions = [{ partition: 0, errorCode: 74, endOffset: -1n }]
    expect(await endsWhere(() => ({ topics: [{ topic: 'orders', partitions }] }))).toEqual([
      { unknown: expect.anything() },
      { unknown: expect.objectContaining({ detail: expect.stringContaining('missing') }) },
      leaderless,
    ])
  })

  test('is nothing, for good, where the broker does not speak of epochs', async () => {
    const refuse = (): never => {
      throw new UnsupportedVersionError(
        'east-1:9092 and this client share no version of OffsetForLeaderEpoch',
      )
    }
    expect(await endsWhere(refuse)).toEqual([{ value: 'none' }, { value: 'none' }, leaderless])
  })

  test('is unknown where the broker cannot be asked', async () => {
    const fail = (): never => {
      throw new Error('connection refused')
    }
    const unknown = { unknown: expect.objectContaining({ detail: expect.stringContaining('east-1:9092') }) }
    expect(await endsWhere(fail)).toEqual([unknown, unknown, leaderless])
  })
})
