import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureTools } from '../../lab/tools.ts'
import { SteadyWriter } from '../../lab/writer.ts'
import { promtoolCheck } from '../support/promtool.ts'
import { configFor, Exporter, flushMs, pollMs } from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import {
  allCovered,
  expectNotNewerThanTheTruth,
  statusOf,
  topicEstimate,
  topicPoint,
  topicValue,
} from './support/truth.ts'

const provenBoundMs = 1.25 * flushMs + 2 * pollMs + 2_000
const estimateBoundMs = 2 * pollMs + 2_000
const observedForMs = 20_000

describe('steady traffic', () => {
  const topics = [ownName('orders'), ownName('payments'), ownName('clicks')]
  let pair: SharedPair
  let exporter: Exporter
  let writer: SteadyWriter

  beforeAll(async () => {
    await ensureTools(['promtool'])
    pair = await sharedPair()
    await pair.source.createTopics(topics.map((topic, index) => ({ topic, numPartitions: index + 1 })))
    writer = new SteadyWriter(pair.source, topics, { recordsPerSecond: 40 })
    await writer.start()
    exporter = await Exporter.start(configFor({ ...pair, topics }))
  })
  afterAll(async () => {
    await writer?.stop()
    await exporter?.stop()
  })

  async function expectWithinBounds(): Promise<void> {
    await exporter.until('every topic has a proven point and an estimate', page =>
      topics.every(
        topic =>
          topicValue(page, topicPoint, topic) !== undefined &&
          topicValue(page, topicEstimate, topic) !== undefined,
      ),
    )
    const until = performance.now() + observedForMs
    let samples = 0
    while (performance.now() < until) {
      const page = await exporter.scrape()
      const now = Date.now()
      for (const topic of topics) {
        const point = topicValue(page, topicPoint, topic)
        const estimate = topicValue(page, topicEstimate, topic)
        expect(now - (point ?? 0) * 1000, `${topic}: proven exposure`).toBeLessThan(provenBoundMs)
        expect(now - (estimate ?? 0) * 1000, `${topic}: estimated exposure`).toBeLessThan(estimateBoundMs)
        expect(['covered', 'behind']).toContain(statusOf(page, topic))
        const copied = await pair.target.endOffsets(`east.${topic}`)
        expectNotNewerThanTheTruth(point, writer.truth, topic, copied)
        samples += 1
      }
      await sleep(200)
    }
    expect(samples).toBeGreaterThan(50)
  }

  async function expectCoveredSoonAfterTheProducerStops(): Promise<void> {
    await writer.stop()
    const stopped = performance.now()
    await exporter.until('all is covered with lag 0', page => allCovered(page, topics), provenBoundMs)
    expect(performance.now() - stopped).toBeLessThan(provenBoundMs)
  }

  test('the proven exposure and the estimate stay in their bounds and never beat the truth', async () => {
    await expectWithinBounds()
    await expectCoveredSoonAfterTheProducerStops()
    expect(await promtoolCheck((await exporter.scrape()).text)).toEqual({ code: 0, said: '' })
  })

  test('records with timestamps of a year ago and of tomorrow change nothing', async () => {
    const dayMs = 86_400_000
    for (const topic of topics) {
      await pair.source.produce(topic, [
        { value: 'old', partition: 0, timestamp: new Date(Date.now() - 365 * dayMs) },
        { value: 'early', partition: 0, timestamp: new Date(Date.now() + dayMs) },
      ])
    }
    await writer.start()
    await expectWithinBounds()
    await expectCoveredSoonAfterTheProducerStops()
  })
})
