import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../../lab/ports.ts'
import { SteadyWriter } from '../../../lab/writer.ts'
import { configFor, Exporter } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { topicPoint } from '../support/truth.ts'
import { keyOf } from './support/alertmanager.ts'
import {
  budgetMs,
  deadlineOf,
  expectIncidents,
  expectInTime,
  rpo,
  trueDeadline,
  untilWell,
} from './support/breach.ts'
import { type Monitoring, runbooksUrl, startMonitoring } from './support/monitoring.ts'
import { hurry } from './support/timings.ts'

describe('what stops a flow opens one incident, and its end resolves it', () => {
  const flow = 'orders-to-west'
  const [orders, idle] = [ownName('orders'), ownName('idle')]
  let pair: SharedPair
  let writer: SteadyWriter
  let exporter: Exporter
  let monitoring: Monitoring

  beforeAll(async () => {
    const port = await freePort()
    ;[pair, monitoring] = await Promise.all([
      sharedPair(),
      startMonitoring({ tidemark: [`127.0.0.1:${port}`] }),
    ])
    await pair.source.createTopics([{ topic: orders, numPartitions: 2 }, { topic: idle }])
    await pair.source.produce(idle, [{ value: 'once' }])
    writer = new SteadyWriter(pair.source, [orders], { recordsPerSecond: 40 })
    await writer.start()
    exporter = await Exporter.start(
      configFor({ ...pair, port, name: flow, tier: 'gold', topics: [orders, idle], rpo: rpo() }),
    )
  })
  afterAll(async () => {
    await writer?.stop()
    await exporter?.stop()
    await monitoring?.close()
    await sharedPair()
  })

  test('MirrorMaker is killed under load: the page comes in time, and says what somebody needs', async () => {
    const { pagerDuty } = monitoring
    await untilWell(exporter, flow)
    await pair.mirrorMaker.kill()
    const copied = await pair.target.endOffsets(`east.${orders}`)
    const { trigger } = await pagerDuty.untilOpen(flow, 60_000)

    const page = await exporter.scrape()
    const deadline = deadlineOf(page, flow)
    const point = page.value(topicPoint, { flow, topic: orders }) ?? Number.NaN
    expect(deadline).toBeCloseTo(point * 1000 + budgetMs, 0)
    expect(deadline, 'no later than the truth').toBeLessThanOrEqual(
      trueDeadline(writer.truth, orders, copied),
    )
    expectInTime(trigger, deadline, monitoring)
    expectIncidents(monitoring, flow, { resolved: 0, open: 1 })

    const { payload, ...event } = trigger
    expect(event).toMatchObject({ routing_key: keyOf('pagerduty-gold'), client: 'Tidemark' })
    expect(event.client_url).toContain(monitoring.prometheus.address.replace(/.*:/, ':'))
    expect(payload).toMatchObject({
      summary: `${flow}: the RPO budget is not kept`,
      severity: 'critical',
      class: 'TidemarkRpoDeadlinePassed',
      component: flow,
      group: 'gold',
      custom_details: { runbook: `${runbooksUrl}/TidemarkRpoDeadlinePassed.md` },
    })
    const what = String(payload.custom_details['what'])
    const [, exposure] = /Proven exposure ([\d.]+)s\. Budget 15s\./.exec(what) ?? []
    expect(Number(exposure), what).toBeGreaterThanOrEqual(budgetMs / 1000)
    const [worst, second] = what.split('Worst topics:\n')[1]?.split('\n') ?? []
    expect(worst, what).toMatch(new RegExp(`^- ${orders}: .+ over its budget$`))
    expect(second, what).toBe(`- ${idle}: within its budget`)
  })

  test('restarted: one resolution', async () => {
    await pair.mirrorMaker.start()
    const { resolve } = await monitoring.pagerDuty.untilResolved(flow, 120_000)
    expect(resolve?.payload.summary).toBe(`${flow}: resolved`)
    expectIncidents(monitoring, flow, { resolved: 1, open: 0 })
  })

  test('the source is killed and started again: one more', async () => {
    await untilWell(exporter, flow)
    await pair.source.kill()
    const { trigger } = await monitoring.pagerDuty.untilOpen(flow, 60_000)
    expectInTime(trigger, deadlineOf(await exporter.scrape(), flow), monitoring)
    await pair.source.heal()
    await monitoring.pagerDuty.untilResolved(flow, 120_000)
    expectIncidents(monitoring, flow, { resolved: 2, open: 0 })
  })

  test('the target hangs and goes on: one more', async () => {
    await untilWell(exporter, flow)
    pair.target.pause()
    const { trigger } = await monitoring.pagerDuty.untilOpen(flow, 60_000)
    expectInTime(trigger, deadlineOf(await exporter.scrape(), flow), monitoring)
    await pair.target.heal()
    await monitoring.pagerDuty.untilResolved(flow, 120_000)
    expectIncidents(monitoring, flow, { resolved: 3, open: 0 })
  })

  test('nobody was told anything else, and the watchdog was called all the time', async () => {
    await untilWell(exporter, flow)
    expectIncidents(monitoring, flow, { resolved: 3, open: 0 })
    const { events, calls } = monitoring.pagerDuty
    expect(events.filter(({ payload }) => payload.component !== flow)).toEqual([])
    expect(calls.filter(({ path }) => path !== '/watchdog')).toEqual([])
    const minuteMs = 60_000 / hurry
    const gaps = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? Number.NaN))
    expect(gaps.length).toBeGreaterThan(10)
    expect(Math.max(...gaps), 'called every minute').toBeLessThan(1.5 * minuteMs)
  })
})
