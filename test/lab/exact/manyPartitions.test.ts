import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Segments } from '../../../lab/segments.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { configFor, Exporter, flowName } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { records, truthOf, untilCovered, untilPartition, Watch } from './support.ts'

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
    const burst = pair.source.produce(topic, everywhere('burst', 40))
    await waitUntil('the burst is being copied', async () => (await copiedRecords()) > 20 * partitionCount, {
      everyMs: 10,
    })
    await pair.mirrorMaker.kill()
    await burst
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
    expect(await copiedRecords(), 'killed before it committed, it sent records again').toBeGreaterThan(
      60 * partitionCount,
    )
  })

  test.each([
    ['in the middle', 137, [27]],
    ['the oldest', 11, [0]],
    ['the newest', 150, [59]],
    ['two neighbours', 42, [20, 21]],
  ])('of 12,000 copies another record of the same size: %s', async (_, partition, indexes) => {
    const copies = await target.records(copy, partition)
    // Behind a restart records may lie there twice: of these the last is looked at.
    const originals = await source.records(topic, partition)
    const replaced = indexes.map(index => {
      const original = originals[index]
      const found = copies.findLast(({ value }) => value === original?.value)
      if (original === undefined || found?.value == null) throw new Error('no record to replace')
      return { source: original.offset, target: found.offset, value: found.value }
    })
    await pair.target.stop()
    for (const { target: offset, value } of replaced)
      await target.replaceValue(copy, partition, offset, value.toUpperCase())
    await pair.target.start()
    const began = performance.now()
    const found = await untilPartition(
      exporter,
      topic,
      partition,
      'the record was found',
      ({ mismatches }) => mismatches.length === replaced.length,
      30_000,
    )
    console.log(`the replaced record was found after ${((performance.now() - began) / 1000).toFixed(1)} s`)
    expect(found.mismatches).toMatchObject(
      replaced.map(one => ({ source: String(one.source), target: String(one.target) })),
    )
    expect(found.audit?.outcome).toBe('contradicted')
    const page = await exporter.scrape()
    expect(page.value(audits, { flow: flowName, outcome: 'contradicted' })).toBeGreaterThan(0)
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
