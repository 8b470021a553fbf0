import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Segments } from '../../../lab/segments.ts'
import { type OpenTransaction, TransactionalWriter } from '../../../lab/transactions.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { configFor, Exporter, flowName, pollMs } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { topicLag, topicPoint, topicValue } from '../support/truth.ts'
import { boundMs, partitionOf, records, topicsOf, untilCovered, untilPartition } from './support.ts'

const missingRecords = 'kafka_replication_topic_missing_records'
const BROKER = 4

describe('offsets without records', () => {
  const [ledger, settings, profiles] = [ownName('ledger'), ownName('settings'), ownName('profiles')]
  let pair: SharedPair
  let source: Segments
  let exporter: Exporter
  let writer: TransactionalWriter
  let open: OpenTransaction

  beforeAll(async () => {
    pair = await sharedPair()
    source = new Segments(pair.lab, pair.source)
    await pair.source.createTopics([{ topic: ledger, numPartitions: 2 }])
    writer = await TransactionalWriter.start(pair.source, ledger, {
      transactionalId: ownName('ledger-writer'),
    })
    exporter = await Exporter.start(configFor({ ...pair, topics: [ledger, settings, profiles] }))
  })
  afterAll(async () => {
    await writer?.stop()
    await exporter?.stop()
    await pair?.source.withAdmin(admin => setCleanerBackoff(admin, undefined))
  })

  test('20 transactions of 3 records, some aborted: 16 markers in one partition are no lag', async () => {
    for (let transaction = 0; transaction < 20; transaction++) {
      const three = records(`transaction ${transaction}`, 3, transaction % 5 === 0 ? 1 : 0)
      if (transaction === 7 || transaction === 10) await writer.abort(three)
      else await writer.commit(three)
    }
    await waitUntil('all is copied, aborted records too', async () => {
      const ends = await pair.target.endOffsets(`east.${ledger}`)
      return ends[0] === 48n && ends[1] === 12n
    })
    expect(await pair.source.endOffsets(ledger)).toEqual([64n, 16n])
    await untilCovered(exporter, source, [ledger], boundMs)
    const { tail, missingRecords: missing } = await untilPartition(
      exporter,
      ledger,
      0,
      'the tail was read',
      ({ tail }) => tail?.to === '64',
    )
    expect(tail).toMatchObject({ records: 0, isolationLevel: 'read_uncommitted' })
    expect(tail?.why).toMatch(/marker/)
    expect(missing).toBe(0)
    const page = await exporter.scrape()
    expect(topicValue(page, topicLag, ledger)).toBe(0)
    expect(topicValue(page, missingRecords, ledger)).toBe(0)
  })

  test('an open transaction is copied, and is no lag; its abort adds the 17th marker', async () => {
    open = await writer.leaveOpen(records('left open', 1, 0))
    await waitUntil(
      'its record is copied',
      async () => (await pair.target.endOffsets(`east.${ledger}`))[0] === 49n,
    )
    expect(await source.end(ledger, 0)).toBe(65n)
    const atOpen = await untilPartition(
      exporter,
      ledger,
      0,
      'covered with the transaction open',
      view => view.status === 'covered' && view.highWatermark === '65',
      boundMs,
    )
    // MirrorMaker reads uncommitted here, so nothing waits for the transaction.
    expect(atOpen).toMatchObject({ lagRecords: '0', cause: null })
    await open.abort()
    await waitUntil('the marker is there', async () => (await source.end(ledger, 0)) === 66n)
    const aborted = await untilPartition(
      exporter,
      ledger,
      0,
      'covered behind the abort marker',
      view => view.status === 'covered' && view.highWatermark === '66',
      boundMs,
    )
    expect(aborted).toMatchObject({ lagRecords: '0', missingRecords: 0, tail: { records: 0, to: '66' } })
    expect(aborted.tail?.why).toMatch(/marker/)
    const markers = (await source.all(ledger, 0)).filter(({ isMarker }) => isMarker)
    expect(markers).toHaveLength(17)
    const pointBefore = topicValue(await exporter.scrape(), topicPoint, ledger) ?? 0
    await exporter.until(
      'the point moves on although nothing is written',
      page => (topicValue(page, topicPoint, ledger) ?? 0) > pointBefore + (2 * pollMs) / 1000,
    )
  })

  test('compacted while MirrorMaker is down: the lag counts records, not offsets', async () => {
    const compacted = {
      configEntries: Object.entries({
        'cleanup.policy': 'compact',
        'segment.ms': '200',
        'min.cleanable.dirty.ratio': '0.01',
      }).map(([name, value]) => ({ name, value })),
    }
    await pair.source.withAdmin(admin => setCleanerBackoff(admin, 300))
    await pair.source.createTopics([{ topic: profiles, ...compacted }])
    await pair.source.produce(profiles, keyed(0, 100))
    await untilPartition(
      exporter,
      profiles,
      0,
      'all 100 are copied',
      view => view.replicatedPosition === '100' && view.status === 'covered',
    )
    await pair.mirrorMaker.kill()
    await pair.source.createTopics([{ topic: settings, ...compacted }])
    await pair.source.produce(settings, keyed(0, 220))
    await pair.source.produce(profiles, keyed(100, 120))
    await sleep(300)
    // Rolls the segment: the active one is never compacted.
    for (const topic of [settings, profiles])
      await pair.source.produce(topic, [{ key: 'new', value: 'x 220' }])
    for (const topic of [settings, profiles])
      await waitUntil('26 records are left', async () => (await source.records(topic, 0)).length === 26, {
        timeoutMs: 40_000,
      })
    expect(await pair.source.endOffsets(profiles)).toEqual([221n])
    const behind = await untilPartition(
      exporter,
      profiles,
      0,
      'what is missing was counted',
      view => view.missingRecords === 26,
    )
    expect(behind).toMatchObject({
      replicatedPosition: expect.stringMatching(/^(100|195)$/),
      lagRecords: '26',
    })
    expect(behind.tail).toMatchObject({ records: 26, to: '221' })
    const never = await partitionOf(exporter, settings, 0)
    expect(never).toMatchObject({ lagRecords: '26', tail: { records: 26 } })
    expect(never?.status).not.toBe('covered')
  })

  test('an exporter started inside that stall: no proven point, an estimate from the first missing record', async () => {
    const first = (await source.records(profiles, 0))[0]
    const second = await Exporter.start(configFor({ ...pair, topics: [profiles] }))
    try {
      const view = await untilPartition(
        second,
        profiles,
        0,
        'there is an estimate',
        ({ estimatedRecoveryPoint }) => estimatedRecoveryPoint !== null,
      )
      expect(view).toMatchObject({ recoveryPoint: null, recoveryPointBasis: null })
      const settled = await untilPartition(
        second,
        profiles,
        0,
        'the estimate rests on a record',
        ({ estimatedRecoveryPointBasis }) => estimatedRecoveryPointBasis === 'record_timestamp',
      )
      expect(settled.recoveryPoint).toBeNull()
      // The wall clock is read in whole milliseconds, then and now.
      const off = Date.parse(settled.estimatedRecoveryPoint ?? '') - (first?.timestampMs ?? Number.NaN)
      expect(Math.abs(off)).toBeLessThanOrEqual(2)
    } finally {
      await second.stop()
    }
  })

  test('MirrorMaker is back: 195 compacted offsets are no lag', async () => {
    await pair.mirrorMaker.start()
    await untilCovered(exporter, source, [profiles, settings], 60_000)
    expect(await pair.target.endOffsets(`east.${settings}`)).toEqual([26n])
    expect(await pair.source.endOffsets(settings)).toEqual([221n])
    const view = await partitionOf(exporter, settings, 0)
    expect(view).toMatchObject({ lagRecords: '0', missingRecords: 0, lost: [], lostRecords: '0' })
    expect((await topicsOf(exporter)).get(settings)?.summary, flowName).toBeTruthy()
  })
})

/** Records whose keys come round every 25 records. */
function keyed(from: number, count: number): { key: string; value: string; timestamp: Date }[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key ${(from + index) % 25}`,
    value: `x ${from + index}`,
    timestamp: new Date(),
  }))
}

type Admin = Parameters<Parameters<SharedPair['source']['withAdmin']>[0]>[0]

/** How long the log cleaner rests when it found nothing to do: 15 s unless told. */
async function setCleanerBackoff(admin: Admin, ms: number | undefined): Promise<void> {
  const configEntries = ms === undefined ? [] : [{ name: 'log.cleaner.backoff.ms', value: String(ms) }]
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: BROKER, name: '1', configEntries }] })
}
