import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabMirrorMaker } from '../../../lab/mirrorMaker.ts'
import { Segments } from '../../../lab/segments.ts'
import { type OpenTransaction, TransactionalWriter } from '../../../lab/transactions.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { configFor, Exporter } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { boundMs, partitionOf, records, untilCovered, untilPartition, Watch } from './support.ts'

const hangsForMs = 20_000

describe('MirrorMaker that reads committed records only', () => {
  const topic = ownName('committed')
  const [sourceAlias, targetAlias] = ['rcE', 'rcW']
  const copy = `${sourceAlias}.${topic}`
  let pair: SharedPair
  let mirrorMaker: LabMirrorMaker
  let exporter: Exporter
  let writer: TransactionalWriter
  let watch: Watch
  let source: Segments
  let open: OpenTransaction

  beforeAll(async () => {
    pair = await sharedPair()
    await pair.source.createTopics([{ topic }])
    mirrorMaker = await pair.lab.startMirrorMaker({
      ...pair,
      sourceAlias,
      targetAlias,
      topics: topic,
      properties: { [`${sourceAlias}->${targetAlias}.consumer.isolation.level`]: 'read_committed' },
    })
    writer = await TransactionalWriter.start(pair.source, topic, { transactionalId: ownName('writer') })
    exporter = await Exporter.start(
      configFor({
        ...pair,
        topics: [topic],
        replicator: { sourceAlias, targetAlias, isolationLevel: 'read_committed' },
      }),
    )
    source = new Segments(pair.lab, pair.source)
    const target = new Segments(pair.lab, pair.target)
    watch = new Watch({
      exporter,
      copies: [{ topic, copy }],
      source,
      target,
      isolationLevel: 'read_committed',
    })
  })
  afterAll(async () => {
    await watch?.stop()
    await writer?.stop()
    await exporter?.stop()
    await mirrorMaker?.kill()
  })

  test('aborted records at the end of the log are no lag', async () => {
    await writer.commit(records('committed', 3))
    await writer.abort(records('aborted', 3))
    await untilCovered(exporter, source, [topic], 60_000)
    // 3 records, a marker, 3 records that were not copied, a marker.
    expect(await pair.source.endOffsets(topic)).toEqual([8n])
    expect(await pair.target.endOffsets(copy)).toEqual([3n])
    const view = await partitionOf(exporter, topic, 0)
    expect(view?.tail).toMatchObject({ records: 0, to: '8', isolationLevel: 'read_committed' })
    expect(view?.tail?.why).toMatch(/aborted|marker/)
  })

  test('a transaction that hangs is named, and nothing behind it is ever covered', async () => {
    open = await writer.leaveOpen(records('open', 1))
    const openedAt = performance.now()
    await pair.source.produce(topic, records('behind', 5))
    const producerId = (await source.records(topic, 0)).find(
      ({ transaction }) => transaction === 'open',
    )?.producerId
    const named = await untilPartition(
      exporter,
      topic,
      0,
      'the cause is named',
      ({ cause }) => cause !== null,
    )
    expect(named.cause).toMatchObject({ reason: 'open_transaction', lastStableOffset: '8' })
    expect(named.cause?.producerId).toBe(String(producerId))
    let samples = 0
    for (; performance.now() - openedAt < hangsForMs; samples++) {
      const view = await partitionOf(exporter, topic, 0)
      expect(view?.status).not.toBe('covered')
      expect(BigInt(view?.replicatedPosition ?? '0')).toBeLessThanOrEqual(8n)
      expect(BigInt(view?.lagRecords ?? '0')).toBeGreaterThanOrEqual(5n)
      await sleep(250)
    }
    expect(samples).toBeGreaterThan(50)
    expect(await pair.target.endOffsets(copy)).toEqual([3n])
    const late = await partitionOf(exporter, topic, 0)
    expect(late?.status).toBe('stalled')
    expect(late?.cause?.ageSeconds).toBeGreaterThan(hangsForMs / 1000 - 4)
    expect(late?.cause?.ageSeconds).toBeLessThan(hangsForMs / 1000 + 4)
  })

  test('ended, it is copied and covered', async () => {
    await open.commit()
    await waitUntil('all is copied', async () => (await pair.target.endOffsets(copy))[0] === 9n)
    await untilCovered(exporter, source, [topic], boundMs)
    expect((await partitionOf(exporter, topic, 0))?.cause).toBeNull()
    await watch.stop()
    expect(watch.violations).toEqual([])
    expect(watch.samples).toBeGreaterThan(50)
  })
})
