import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { crc32c, Segments } from '../../../lab/segments.ts'
import { deleteRecords, TransactionalWriter } from '../../../lab/transactions.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'

/** The values that a consumer of this isolation gets, read to the end of the partition. */
async function consumed(pair: SharedPair, topic: string, readUncommitted: boolean): Promise<string[]> {
  const consumer = pair.source.kafka.consumer({ groupId: randomUUID(), readUncommitted })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const idle = new Promise<void>(resolve => {
    let timer = setTimeout(resolve, 15_000)
    void consumer.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value))
        clearTimeout(timer)
        timer = setTimeout(resolve, 300)
      },
    })
  })
  await idle
  await consumer.disconnect()
  return values
}

// The stories beside this file rest on these tools, so they are shown to do what they say.
describe('tools for the exact stories', () => {
  let pair: SharedPair

  beforeAll(async () => {
    pair = await sharedPair()
  })

  test('the CRC-32C of the check value', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })

  test('an open transaction hides itself and what is behind it from those who read committed records', async () => {
    const topic = ownName('transactions')
    await pair.source.createTopics([{ topic }])
    const writer = await TransactionalWriter.start(pair.source, topic, { transactionalId: ownName('writer') })
    await writer.commit([{ value: 'committed' }])
    await writer.abort([{ value: 'aborted' }])
    const transaction = await writer.leaveOpen([{ value: 'open' }])
    await pair.source.produce(topic, [{ value: 'behind' }])
    expect(await consumed(pair, topic, false)).toEqual(['committed'])
    const segments = new Segments(pair.lab, pair.source)
    const outcomes = async () => (await segments.records(topic, 0)).map(found => found.transaction)
    expect(await outcomes()).toEqual(['committed', 'aborted', 'open', undefined])
    await transaction.commit()
    await waitUntil('the marker is written', async () => (await segments.all(topic, 0)).length === 7)
    expect(await outcomes()).toEqual(['committed', 'aborted', 'committed', undefined])
    await writer.stop()

    const log = await segments.all(topic, 0)
    expect(log.map(({ value, isMarker }) => (isMarker ? 'marker' : value))).toEqual([
      'committed',
      'marker',
      'aborted',
      'marker',
      'open',
      'behind',
      'marker',
    ])
    expect(log.map(({ offset }) => offset)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n])
    expect(log[0]?.producerId).toBeGreaterThanOrEqual(0n)
    expect(log[4]?.producerId).toBe(log[0]?.producerId)
    expect(log[5]?.producerId).toBe(-1n)
  })

  test('deleted records are gone', async () => {
    const topic = ownName('deleted')
    await pair.source.createTopics([{ topic }])
    await pair.source.produce(
      topic,
      ['a', 'b', 'c', 'd'].map(value => ({ value })),
    )
    await deleteRecords(pair.source, topic, 0, 3n)
    const [offsets] = await pair.source.withAdmin(admin => admin.fetchTopicOffsets(topic))
    expect(offsets).toMatchObject({ low: '3', high: '4' })
  })

  test('a record that was replaced on the disk is what a consumer gets', async () => {
    const topic = ownName('replaced')
    await pair.source.createTopics([{ topic }])
    await pair.source.produce(
      topic,
      ['first', 'right', 'third'].map(value => ({ value })),
    )
    await pair.source.stop()
    const segments = new Segments(pair.lab, pair.source)
    await expect(segments.replaceValue(topic, 0, 1n, 'longer')).rejects.toThrow('5 bytes, not 6')
    await segments.replaceValue(topic, 0, 1n, 'wrong')
    await pair.source.start()
    expect(await consumed(pair, topic, true)).toEqual(['first', 'wrong', 'third'])
  })
})
