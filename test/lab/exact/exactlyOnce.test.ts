import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabMirrorMaker } from '../../../lab/mirrorMaker.ts'
import { freePort } from '../../../lab/ports.ts'
import { Segments } from '../../../lab/segments.ts'
import { TransactionalWriter } from '../../../lab/transactions.ts'
import { SteadyWriter } from '../../../lab/writer.ts'
import { configFor, Exporter } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { boundMs, partitionOf, records, truthOf, untilCovered, Watch } from './support.ts'

describe('MirrorMaker that writes exactly once', () => {
  const topic = ownName('once')
  const [sourceAlias, targetAlias] = ['eoE', 'eoW']
  const copy = `${sourceAlias}.${topic}`
  let pair: SharedPair
  let mirrorMaker: LabMirrorMaker
  let exporter: Exporter
  let writer: SteadyWriter
  let watch: Watch
  let source: Segments
  let target: Segments

  beforeAll(async () => {
    pair = await sharedPair()
    await pair.source.createTopics([{ topic, numPartitions: 2 }])
    mirrorMaker = await pair.lab.startMirrorMaker({
      ...pair,
      sourceAlias,
      targetAlias,
      topics: topic,
      properties: {
        [`${targetAlias}.exactly.once.source.support`]: 'enabled',
        'dedicated.mode.enable.internal.rest': true,
        listeners: `http://127.0.0.1:${await freePort()}`,
        // What a killed worker left open is given up soon.
        [`${targetAlias}.producer.transaction.timeout.ms`]: 3_000,
        [`${targetAlias}.transaction.timeout.ms`]: 3_000,
      },
    })
    writer = new SteadyWriter(pair.source, [topic], { recordsPerSecond: 40 })
    await writer.start()
    exporter = await Exporter.start(
      configFor({ ...pair, topics: [topic], replicator: { sourceAlias, targetAlias } }),
    )
    source = new Segments(pair.lab, pair.source)
    target = new Segments(pair.lab, pair.target)
    watch = new Watch({ exporter, copies: [{ topic, copy }], source, target })
  })
  afterAll(async () => {
    await watch?.stop()
    await writer?.stop()
    await exporter?.stop()
    await mirrorMaker?.kill()
  })

  test('its markers on the target are no records: covered with lag 0 once the producer stops', async () => {
    await exporter.until(
      'a point is proven',
      page => page.value('kafka_replication_topic_recovery_point_timestamp_seconds', { topic }) !== undefined,
      60_000,
    )
    await sleep(5_000)
    await writer.stop()
    await untilCovered(exporter, source, [topic], boundMs)
    const log = await target.all(copy, 0)
    expect(log.filter(({ isMarker }) => isMarker).length).toBeGreaterThan(1)
    expect(log.every(({ transaction }) => transaction === 'committed')).toBe(true)
    expect((await truthOf({ topic, copy }, 0, source, target)).missing).toEqual([])
  })

  test('killed while it copies: no proven point is newer than the truth, and it is covered after the restart', async () => {
    await writer.start()
    await sleep(3_000)
    await mirrorMaker.kill()
    await sleep(3_000)
    await writer.stop()
    await mirrorMaker.start()
    const began = performance.now()
    await untilCovered(exporter, source, [topic], 150_000)
    console.log(`covered ${((performance.now() - began) / 1000).toFixed(1)} s after the restart`)
    for (const partition of [0, 1])
      expect((await truthOf({ topic, copy }, partition, source, target)).missing).toEqual([])
  })

  test('what a killed MirrorMaker left in an open transaction is no copy', async () => {
    await mirrorMaker.kill()
    const position = (await partitionOf(exporter, topic, 0))?.replicatedPosition
    const waiting = records('left behind', 10)
    await pair.source.produce(topic, waiting)
    // The very bytes that MirrorMaker writes before it commits.
    const left = await TransactionalWriter.start(pair.target, copy, { transactionalId: ownName('left') })
    const open = await left.leaveOpen(waiting)
    const expectNoProof = async () => {
      for (let sample = 0; sample < 20; sample++) {
        const view = await partitionOf(exporter, topic, 0)
        expect(view?.replicatedPosition).toBe(position)
        await sleep(250)
      }
    }
    await expectNoProof()
    await open.abort()
    await left.stop()
    await expectNoProof()
    await mirrorMaker.start()
    await untilCovered(exporter, source, [topic], 150_000)
    await watch.stop()
    expect(watch.violations.slice(0, 5)).toEqual([])
    expect(watch.samples).toBeGreaterThan(40)
  })
})
