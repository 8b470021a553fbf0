import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabMirrorMaker } from '../../../lab/mirrorMaker.ts'
import { Segments } from '../../../lab/segments.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { SteadyWriter } from '../../../lab/writer.ts'
import { configFor, Exporter } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { partitionOf, records, truthOf, untilCovered, untilPartition, Watch } from './support.ts'

const commitsEveryMs = 5_000

describe('records on the target that are no first copies', () => {
  const topic = ownName('plain')
  // Identity naming: the copy has the name of its original, so that others may write to it by mistake.
  const copy = topic
  const [sourceAlias, targetAlias] = ['dupE', 'dupW']
  let pair: SharedPair
  let mirrorMaker: LabMirrorMaker
  let exporter: Exporter
  let writer: SteadyWriter
  let watch: Watch
  let source: Segments
  let target: Segments

  beforeAll(async () => {
    pair = await sharedPair()
    await pair.source.createTopics([{ topic }])
    mirrorMaker = await pair.lab.startMirrorMaker({
      ...pair,
      sourceAlias,
      targetAlias,
      policy: 'identity',
      topics: topic,
      offsetFlushIntervalMs: commitsEveryMs,
      properties: {
        // As with a freeze of more than 30 s and MirrorMaker's own settings.
        [`${targetAlias}.producer.request.timeout.ms`]: 3_000,
        [`${targetAlias}.session.timeout.ms`]: 9_000,
      },
    })
    writer = new SteadyWriter(pair.source, [topic], { recordsPerSecond: 40 })
    const offsetFlushInterval = `${commitsEveryMs}ms`
    exporter = await Exporter.start(
      configFor({
        ...pair,
        topics: [topic],
        replicator: { sourceAlias, targetAlias, policy: 'identity', offsetFlushInterval },
      }),
    )
    source = new Segments(pair.lab, pair.source)
    target = new Segments(pair.lab, pair.target)
    watch = new Watch({ exporter, copies: [{ topic, copy }], source, target })
    await writer.start()
    await untilPartition(
      exporter,
      topic,
      0,
      'it is being copied',
      ({ replicatedPosition }) => BigInt(replicatedPosition ?? '0') > 0n,
      60_000,
    )
  })
  afterAll(async () => {
    await watch?.stop()
    await writer?.stop()
    await exporter?.stop()
    await mirrorMaker?.kill()
  })

  async function duplicates(): Promise<number> {
    const values = (await target.records(copy, 0)).map(({ value }) => value)
    return values.length - new Set(values).size
  }

  test('written twice by a retry, because the target was frozen for longer than the request may take', async () => {
    expect(await duplicates()).toBe(0)
    pair.target.pause()
    await sleep(4_000)
    pair.target.resume()
    await waitUntil('records were written twice', async () => (await duplicates()) > 0, { timeoutMs: 20_000 })
    // Quiet at once, so that no new record makes the estimate right again.
    await writer.stop()
    await untilCovered(exporter, source, [topic], 30_000)
    expect((await truthOf({ topic, copy }, 0, source, target)).missing).toEqual([])
  })

  test('sent again after a kill', async () => {
    const before = await duplicates()
    await writer.start()
    await sleep(3_000)
    await mirrorMaker.kill()
    await sleep(2_000)
    await mirrorMaker.start()
    await waitUntil('records were sent again', async () => (await duplicates()) > before, {
      timeoutMs: 60_000,
    })
    await writer.stop()
    await untilCovered(exporter, source, [topic], 60_000)
  })

  test('written by somebody else while MirrorMaker is down: not taken for copies', async () => {
    await mirrorMaker.kill()
    const position = (await partitionOf(exporter, topic, 0))?.replicatedPosition
    await pair.source.produce(topic, records('waits for MirrorMaker', 10))
    await pair.target.produce(copy, records('written by somebody else', 10))
    const missing = await untilPartition(
      exporter,
      topic,
      0,
      'ten are missing',
      view => view.missingRecords === 10,
    )
    expect(missing.replicatedPosition).toBe(position)
    expect(missing.lagRecords).toBe('10')
    expect(missing.tail).toMatchObject({ records: 10, unexplained: 10 })
    for (let sample = 0; sample < 20; sample++) {
      const view = await partitionOf(exporter, topic, 0)
      expect(view?.replicatedPosition).toBe(position)
      expect(view?.status).not.toBe('covered')
      await sleep(200)
    }
    await mirrorMaker.start()
    await untilCovered(exporter, source, [topic], 60_000)
    await watch.stop()
    expect(watch.violations.slice(0, 5)).toEqual([])
    expect(watch.samples).toBeGreaterThan(60)
  })
})
