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
    expect(watch.samples).toBeGreaterThan(3)
    const missing = await Promise.all(
      range(partitionCount).map(partition => truthOf({ topic, copy }, partition, source, target)),
    )
    expect(missing.flatMap(truth => truth.missing)).toEqual([])
    // Whether it is killed before or behind a commit, and so sends records again, is a matter of luck.
    expect(await copiedRecords()).toBeGreaterThanOrEqual(60 * partitionCount)
  })

  describe('of 12,000 copies some are other records of the same size', () => {
    const replaced: Replaced[] = []
    let began: number

    beforeAll(async () => {
      for (const [partition, indexes] of [
        [137, [7]],
        [11, [0]],
        [42, [8, 9]],
      ] as const)
        for (const index of indexes) replaced.push(await chosen(partition, index))
      await pair.target.stop()
      for (const { partition, target: offset, value } of replaced)
        await target.replaceValue(copy, partition, BigInt(offset), value.toUpperCase())
      await pair.target.start()
      began = performance.now()
    })

    async function expectFound(partition: number, timeoutMs: number): Promise<void> {
      const expected = replaced.filter(one => one.partition === partition)
      const found = await untilPartition(
        exporter,
        topic,
        partition,
        'the audit has found it',
        ({ mismatches }) => mismatches.length === expected.length,
        timeoutMs,
      )
      const places = expected.map(({ source, target }) => ({ source, target }))
      expect(found.mismatches.toSorted(byOffset)).toMatchObject(places)
      expect(found.audit?.outcome).toBe('contradicted')
    }

    test('one between two others is found', async () => {
      await expectFound(137, 60_000)
      console.log(`found ${((performance.now() - began) / 1000).toFixed(1)} s after the target was back`)
      const page = await exporter.scrape()
      expect(page.value(audits, { flow: flowName, outcome: 'contradicted' })).toBeGreaterThan(0)
    })

    test('the oldest is found', () => expectFound(11, 60_000))
    test('two side by side are found', () => expectFound(42, 60_000))
  })

  interface Replaced {
    readonly partition: number
    readonly source: string
    readonly target: string
    readonly value: string
  }

  async function chosen(partition: number, index: number): Promise<Replaced> {
    const original = (await source.records(topic, partition))[index]
    // Behind a restart records may lie there twice: of these the last is looked at.
    const found = (await target.records(copy, partition)).findLast(({ value }) => value === original?.value)
    if (original === undefined || found?.value == null) throw new Error('no record to replace')
    return {
      partition,
      source: String(original.offset),
      target: String(found.offset),
      value: found.value,
    }
  }

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

function byOffset(one: { readonly source: string }, other: { readonly source: string }): number {
  return Number(BigInt(one.source) - BigInt(other.source))
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
