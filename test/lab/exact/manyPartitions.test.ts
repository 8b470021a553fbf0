import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Segments } from '../../../lab/segments.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { configFor, Exporter, flowName } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { records, topicsOf, truthOf, untilCovered, untilPartition, Watch } from './support.ts'

const partitionCount = 200
const audits = 'tidemark_position_audits_total'

describe('200 partitions', () => {
  const topic = ownName('wide')
  const copy = `east.${topic}`
  let pair: SharedPair
  let exporter: Exporter
  let source: Segments
  let target: Segments

  beforeAll(async () => {
    pair = await sharedPair()
    source = new Segments(pair.lab, pair.source)
    target = new Segments(pair.lab, pair.target)
    await pair.source.createTopics([{ topic, numPartitions: partitionCount }])
    exporter = await Exporter.start(configFor({ ...pair, topics: [topic] }))
    await pair.source.produce(topic, everywhere('first', 20))
    await untilCovered(exporter, source, [topic], 90_000)
  })
  afterAll(async () => {
    await exporter?.stop()
  })

  test('killed amid a burst, then quiet: nothing wrong is proven, all is covered after the restart', async () => {
    const watch = new Watch({ exporter, copies: [{ topic, copy }], source, target })
    const burst = pair.source.produce(topic, everywhere('burst', 20))
    await waitUntil(
      'the burst is being copied',
      async () => (await copiedRecords()) > 20 * partitionCount + 500,
      {
        everyMs: 10,
      },
    )
    await pair.mirrorMaker.kill()
    await burst
    const copied = await copiedRecords()
    expect(copied, 'killed before the burst was copied').toBeLessThan(40 * partitionCount)
    await sleep(4_000)
    await pair.mirrorMaker.start()
    await untilCovered(exporter, source, [topic], 90_000)
    await watch.stop()
    expect(watch.violations.slice(0, 5)).toEqual([])
    expect(watch.samples).toBeGreaterThan(15)
    const missing = await Promise.all(
      range(partitionCount).map(partition => truthOf({ topic, copy }, partition, source, target)),
    )
    expect(missing.flatMap(truth => truth.missing)).toEqual([])
  })

  test('one copy of 8,000 is another record of the same size: the audit finds it', async () => {
    const partition = 137
    const [record] = (await target.records(copy, partition))
      .filter(({ value }) => value?.includes('first') === true)
      .slice(7)
    if (record?.value == null) throw new Error('no record to replace')
    expect((await topicsOf(exporter)).get(topic)?.mismatchedRecords).toBe(0)
    await pair.target.stop()
    await target.replaceValue(copy, partition, record.offset, record.value.replace('first', 'fIrst'))
    await pair.target.start()
    const began = performance.now()
    const found = await untilPartition(
      exporter,
      topic,
      partition,
      'the record was found',
      ({ mismatches }) => mismatches.length > 0,
      90_000,
    )
    console.log(`the replaced record was found after ${((performance.now() - began) / 1000).toFixed(1)} s`)
    const original = (await source.records(topic, partition))[7]
    expect(found.mismatches).toMatchObject([
      { source: String(original?.offset), target: String(record.offset) },
    ])
    expect(found.audit).toMatchObject({
      outcome: 'contradicted',
      detail: expect.stringContaining(`${topic}-137`),
    })
    const page = await exporter.scrape()
    expect(page.value(audits, { flow: flowName, outcome: 'contradicted' })).toBeGreaterThan(0)
    const others = (await topicsOf(exporter)).get(topic)?.partitions.filter(one => one.mismatches.length > 0)
    expect(others?.map(one => one.partition)).toEqual([partition])
  })

  function everywhere(stem: string, count: number): { value: string; partition: number }[] {
    return range(count).flatMap(round =>
      range(partitionCount).flatMap(partition => records(`${stem} ${round} of ${partition}`, 1, partition)),
    )
  }

  async function copiedRecords(): Promise<number> {
    const found = await Promise.all(range(partitionCount).map(partition => target.records(copy, partition)))
    return found.reduce((sum, { length }) => sum + length, 0)
  }
})

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
