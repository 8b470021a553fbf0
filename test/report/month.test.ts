import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MonthOfFlow } from '../../src/assess/month/account.ts'
import { readMonth } from '../../src/cli/report/readMonth.ts'
import { report } from '../../src/cli/report.ts'
import { parseMonth } from '../../src/config/months.ts'
import { PrometheusClient } from '../../src/sources/prometheus/client.ts'
import { exporterOf, fourFlows } from './support/exporter.ts'
import { FilledPrometheus } from './support/filledPrometheus.ts'
import { eastToWest, westToEast, westToEastOfTest } from './support/october.ts'
import { openMetricsOf } from './support/recordings.ts'

const minute = 60_000
const at = Date.parse

let prometheus: FilledPrometheus
let months: readonly MonthOfFlow[]

async function monthsUntil(now: string, flow?: string): Promise<readonly MonthOfFlow[]> {
  const month = parseMonth('2026-10')
  if (!('value' in month)) throw new Error('October is a month')
  const { fromMs, toMs } = month.value
  return readMonth(new PrometheusClient({ url: prometheus.address, credentials: undefined }), {
    period: { fromMs, toMs: Math.min(toMs, at(now)) },
    flow,
    nowMs: at(now),
    onProgress: () => {},
  })
}

beforeAll(async () => {
  prometheus = await FilledPrometheus.start(
    openMetricsOf([eastToWest, westToEast, westToEastOfTest], '2026-09-30T20:00Z', '2026-11-01T04:00Z'),
  )
  months = await monthsUntil('2026-11-15T00:00Z')
}, 300_000)
afterAll(() => prometheus?.close())

/** 31 days. */
const october = 31 * 24 * 60

describe('a month with everything in it', () => {
  const bad = 20 + 20 + 28 + 30
  const outside = 2 * 60
  const noData = 6 * 60
  const unjudged = 2
  const kept = october - bad - outside - noData - unjudged

  test('every minute of it is one thing', () => {
    expect(months[0]?.account.time).toEqual({
      kept: kept * minute,
      breached: (20 + 20 + 30) * minute,
      unreported: 28 * minute,
      maintenance: outside * minute,
      failed_over: 0,
      unjudged: unjudged * minute,
      no_data: noData * minute,
    })
    expect(kept).toBe(44_060)
  })

  test('its shares, its error budget and its verdict', () => {
    const account = months[0]?.account
    expect(account).toMatchObject({
      countedMs: (kept + bad) * minute,
      badMs: 98 * minute,
      untoldMs: 362 * minute,
      objectiveRatio: 0.999,
      verdict: 'not_kept',
    })
    // 44,060 of 44,158 minutes; with the 362 minutes of which nobody knows, 44,520.
    expect(account?.keptRatio).toBeCloseTo(44_060 / 44_158, 12)
    expect(account?.atLeastRatio).toBeCloseTo(44_060 / 44_520, 12)
    expect(account?.atMostRatio).toBeCloseTo((44_060 + 362) / 44_520, 12)
    // A thousandth of 44,158 minutes.
    expect(account?.errorBudgetMs).toBeCloseTo(44.158 * minute, 3)
  })

  test('its breaches, the one that was there before and the one that stayed with their whole length', () => {
    expect(months[0]?.account.breaches).toEqual([
      {
        fromMs: at('2026-09-30T23:40Z'),
        toMs: at('2026-10-01T00:20Z'),
        toldUntilMs: at('2026-09-30T23:40Z'),
        ended: { atMs: at('2026-10-01T00:20Z'), state: 'kept' },
        badMs: 40 * minute,
        badInPeriodMs: 20 * minute,
        unreportedMs: 0,
        untoldMs: 0,
        // 30 s at 23:40, and a minute more at each of 39 evaluations after it.
        worstMs: 30_000 + 39 * minute,
      },
      {
        fromMs: at('2026-10-10T23:50Z'),
        toMs: at('2026-10-11T00:10Z'),
        toldUntilMs: at('2026-10-10T23:50Z'),
        ended: { atMs: at('2026-10-11T00:10Z'), state: 'kept' },
        badMs: 20 * minute,
        badInPeriodMs: 20 * minute,
        unreportedMs: 0,
        untoldMs: 0,
        worstMs: 30_000 + 19 * minute,
      },
      {
        fromMs: at('2026-10-15T10:02Z'),
        toMs: at('2026-10-15T10:30Z'),
        // For two minutes nobody could tell.
        toldUntilMs: at('2026-10-15T10:00Z'),
        ended: { atMs: at('2026-10-15T10:30Z'), state: 'kept' },
        badMs: 28 * minute,
        badInPeriodMs: 28 * minute,
        unreportedMs: 28 * minute,
        untoldMs: 0,
        worstMs: undefined,
      },
      {
        fromMs: at('2026-10-31T23:30Z'),
        toMs: at('2026-11-01T00:45Z'),
        toldUntilMs: at('2026-10-31T23:30Z'),
        ended: { atMs: at('2026-11-01T00:45Z'), state: 'kept' },
        badMs: 75 * minute,
        badInPeriodMs: 30 * minute,
        unreportedMs: 0,
        untoldMs: 0,
        worstMs: 30_000 + 74 * minute,
      },
    ])
  })

  test('what it was made from', () => {
    expect(months[0]).toMatchObject({
      flow: 'east-to-west',
      labels: { job: 'tidemark' },
      intervalMs: minute,
      windowSeconds: 28 * 86_400,
    })
  })
})

test('one bad evaluation in a month is found', () => {
  expect(months[1]).toMatchObject({
    flow: 'west-to-east',
    account: {
      time: { kept: (october - 1) * minute, breached: minute },
      verdict: 'kept',
      untoldMs: 0,
      breaches: [{ fromMs: at('2026-10-05T12:01Z'), toMs: at('2026-10-05T12:02Z'), worstMs: 30_000 }],
    },
  })
  expect(months[1]?.account.keptRatio).toBeCloseTo(1 - 1 / 44_640, 12)
})

test('series of one name from two places are kept apart', () => {
  expect(months.map(({ flow, labels }) => [flow, labels['job']])).toEqual([
    ['east-to-west', 'tidemark'],
    ['west-to-east', 'tidemark'],
    ['west-to-east', 'tidemark-test'],
  ])
  // Nine days, and until the first evaluation of the tenth; what was evaluated in September still stands at first.
  expect(months[2]?.account.time).toMatchObject({
    kept: 9 * 24 * 60 * minute + 17_000,
    failed_over: 22 * 24 * 60 * minute - 17_000,
    no_data: 0,
  })
})

test('the running month is judged until now, and a breach that goes on has no end', async () => {
  const [soFar] = await monthsUntil('2026-10-11T00:05Z', 'east-to-west')
  // Ten days and five minutes; bad are 20 minutes at the beginning and 15 at the end.
  const minutes = 10 * 24 * 60 + 5
  expect(soFar?.account.time).toMatchObject({
    kept: (minutes - 35) * minute,
    breached: 35 * minute,
    no_data: 0,
  })
  expect(soFar?.account.breaches.at(-1)).toMatchObject({
    fromMs: at('2026-10-10T23:50Z'),
    toMs: at('2026-10-11T00:05Z'),
    ended: undefined,
  })
})

describe('the report', () => {
  let folder: string
  let text: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-report-'))
    const exporter = await exporterOf(fourFlows())
    const out = join(folder, 'october.html')
    const said: string[] = []
    const code = await report(
      { version: '1.2.3', out, from: exporter.url, prometheus: prometheus.address, month: '2026-10' },
      { write: line => said.push(line), error: line => said.push(line) },
      { wallMs: () => at('2026-11-15T00:00Z'), environment: {} },
    )
    await exporter.close()
    expect({ code, said }).toEqual({
      code: 0,
      said: [...[25, 50, 75, 100].map(share => `2026-10: ${share} % read`), `wrote ${out}`],
    })
    const markup = await readFile(out, 'utf8')
    text = markup
      .replaceAll(/<style>.*?<\/style>|<title>.*?<\/title>/gs, '')
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll(/\s+/g, ' ')
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('says in short how the month went, and never 100 % of one with holes', () => {
    // Rounded down: 44,060 / 44,520 is 0.98966..., 44,422 / 44,520 is 0.99779...
    expect(text).toContain('objective not kept 98.966 % to 99.779 % at least 222 % 4')
    expect(text).toContain('objective kept job=&quot;tidemark&quot; 99.997 %')
    expect(text).toContain(
      '&lt;b&gt;&amp;&quot;x&quot;-to-west &lt;b&gt;&amp;&quot;x&quot; to west Not polled yet unknown unknown nothing recorded unknown unknown unknown',
    )
  })

  test('says it in words', () => {
    // 44,158 minutes are 30 d 15 h 58 min, and 44,060 of them 99.778 %.
    expect(text).toContain(
      'objective not kept : the budget was kept in 99.778 % of the 30 d 15 h 58 min that could be judged; the objective is 99.9 %.',
    )
    // 44.158 minutes; 98 by 44.158 is 2.2193.
    expect(text).toContain(
      'the objective bears 44 min 9 s of bad time; at least 1 h 38 min were spent, 222 % of it. The objective is configured over 28 d',
    )
    expect(text).toContain(
      'Of 6 h 2 min nobody knows whether it was good or bad: of the whole time in which the budget was to be kept, it is 98.966 % if all of it was bad and 99.779 % if none of it was.',
    )
    expect(text).toContain('Prometheus has 2 recorded series for this flow')
    expect(text).toContain('at a fixed interval (1 min)')
  })

  test('lists every breach', () => {
    expect(text).toContain(
      '2026-09-30 23:40:00 2026-10-01 00:20:00 20 min in 2026-10; 40 min in all – – 39 min 30 s',
    )
    expect(text).toContain('2026-10-10 23:50:00 2026-10-11 00:10:00 20 min – – 19 min 30 s')
    expect(text).toContain(
      '2026-10-15 10:02:00 or earlier: nobody could tell since 2026-10-15 10:00:00 2026-10-15 10:30:00 28 min 28 min – unknown: nobody told',
    )
    expect(text).toContain(
      '2026-10-31 23:30:00 2026-11-01 00:45:00 30 min in 2026-10; 1 h 15 min in all – – 1 h 14 min 30 s',
    )
  })
})
