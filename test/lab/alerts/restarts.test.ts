import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../../../lab/ports.ts'
import { SteadyWriter } from '../../../lab/writer.ts'
import { type ConfigObject, configOf, Exporter } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import {
  budget,
  deadlineOf,
  expectIncidents,
  expectInTime,
  rpo,
  trueDeadline,
  untilWell,
} from './support/breach.ts'
import { type Monitoring, startMonitoring } from './support/monitoring.ts'
import type { PagerDutyEvent } from './support/pagerDuty.ts'

/** Long enough for MirrorMaker to be killed, for the budget to be used up and for the other flows to be paged. */
const maintenanceMs = 45_000

describe('one breach is one incident, whatever is restarted meanwhile', () => {
  const topics = {
    orders: ownName('orders'),
    critical: ownName('critical'),
    bulk: ownName('bulk'),
    copied: ownName('copied'),
    // MirrorMaker leaves such names out, whatever it is told to copy.
    leftOut: `${ownName('left-out')}.replica`,
    replicated: ownName('replicated'),
    maintained: ownName('maintained'),
  }
  const flows = ['orders', 'overridden', 'partial', 'replicated', 'maintained'] as const
  let pair: SharedPair
  let writer: SteadyWriter
  let monitoring: Monitoring
  let config: ConfigObject
  let exporter: Exporter
  let replicaConfigs: readonly ConfigObject[]
  let replicas: readonly Exporter[]
  let maintenanceEnds: number
  /** When the budget of a topic is really used up. */
  let trueDeadlineOf: (topic: string) => number

  beforeAll(async () => {
    const [port = 0, ...replicaPorts] = await freePorts(3)
    const address = (at: number): string => `127.0.0.1:${at}`
    ;[pair, monitoring] = await Promise.all([
      sharedPair(),
      startMonitoring({ tidemark: [address(port)], 'tidemark-replicas': replicaPorts.map(address) }),
    ])
    const names = Object.values(topics)
    await pair.source.createTopics(names.map(topic => ({ topic })))
    writer = new SteadyWriter(pair.source, names, { recordsPerSecond: 20 })
    await writer.start()
    maintenanceEnds = Date.now() + maintenanceMs
    const maintenance = { until: new Date(maintenanceEnds).toISOString(), reason: 'a new rack' }
    config = configOf({ ...pair, port }, [
      { name: 'orders', topics: [topics.orders], rpo: rpo() },
      {
        name: 'overridden',
        topics: [topics.critical, topics.bulk],
        rpo: rpo({ budget: '1h', overrides: [{ topics: [topics.critical], budget }] }),
      },
      {
        name: 'partial',
        topics: [topics.copied, topics.leftOut],
        rpo: rpo({ overrides: [{ topics: [topics.leftOut], budget: '1h' }] }),
      },
      { name: 'maintained', topics: [topics.maintained], rpo: rpo(), state: { maintenance } },
    ])
    replicaConfigs = replicaPorts.map(at =>
      configOf({ ...pair, port: at }, [{ name: 'replicated', topics: [topics.replicated], rpo: rpo() }]),
    )
    ;[exporter, replicas] = await Promise.all([
      Exporter.start(config),
      Promise.all(replicaConfigs.map(it => Exporter.start(it))),
    ])
    await untilAllWell()
  })
  afterAll(async () => {
    await writer?.stop()
    await Promise.all([exporter, ...(replicas ?? [])].map(it => it?.stop()))
    await monitoring?.close()
    await sharedPair()
  })

  const untilAllWell = async (): Promise<void> => {
    for (const flow of ['orders', 'overridden', 'partial', 'maintained']) await untilWell(exporter, flow)
    for (const replica of replicas) await untilWell(replica, 'replicated')
  }
  const paged = async (flow: string): Promise<PagerDutyEvent> => {
    const { trigger } = await monitoring.pagerDuty.untilOpen(flow, 60_000)
    return trigger
  }
  const whatOf = ({ payload }: PagerDutyEvent): string => String(payload.custom_details['what'])
  const expectAllOpen = (): void => {
    for (const flow of flows) expectIncidents(monitoring, flow, { resolved: 0, open: 1 })
  }
  const selector = `{flow=~"${flows.join('|')}"}`
  const secondsNow = (): number => Date.now() / 1000
  /** Resolves when rules have found all flows breached after an instant, in seconds since the epoch. */
  const untilAllBreached = (since: number) => {
    const breached = `flow:tidemark_rpo_breached:bool${selector}`
    return monitoring.prometheus.until(
      'all flows are breached',
      `count(${breached} == 1 and timestamp(${breached}) > ${since}) == ${flows.length}`,
    )
  }
  const untilToldOfAll = (since: number) =>
    Promise.all(flows.map(flow => monitoring.alertmanager.untilToldOf(flow, since * 1000)))

  test('MirrorMaker is killed, and both replicas of an exporter are restarted', async () => {
    await pair.mirrorMaker.kill()
    const copied = new Map(
      await Promise.all(
        [topics.orders, topics.critical, topics.copied, topics.replicated].map(
          async topic => [topic, await pair.target.endOffsets(`east.${topic}`)] as const,
        ),
      ),
    )
    trueDeadlineOf = topic => trueDeadline(writer.truth, topic, copied.get(topic) ?? [])
    await Promise.all(replicas.map(replica => replica.kill()))
    replicas = await Promise.all(replicaConfigs.map(it => Exporter.start(it)))
    expect(monitoring.pagerDuty.events).toEqual([])
  })

  test('a flow pages in time', async () => {
    const page = await paged('orders')
    const deadline = deadlineOf(await exporter.scrape(), 'orders')
    expect(deadline, 'no later than the truth').toBeLessThanOrEqual(trueDeadlineOf(topics.orders))
    expectInTime(page, deadline, monitoring)
    expect(page.payload.severity).toBe('error')
  })

  test('a topic pages by its own budget, while that of its flow is large', async () => {
    const page = await paged('overridden')
    const deadline = deadlineOf(await exporter.scrape(), 'overridden')
    expect(deadline, 'no later than the truth').toBeLessThanOrEqual(trueDeadlineOf(topics.critical))
    expectInTime(page, deadline, monitoring)
    expect(whatOf(page)).toMatch(new RegExp(`- ${topics.critical}: .+ over its budget\n`))
    expect(whatOf(page)).toMatch(new RegExp(`- ${topics.bulk}: within its budget\n`))
  })

  test('a topic of which no point was ever proven does not hide the one that stands still', async () => {
    const page = await paged('partial')
    const deadline = deadlineOf(await exporter.scrape(), 'partial')
    expect(deadline, 'no later than the truth').toBeLessThanOrEqual(trueDeadlineOf(topics.copied))
    expectInTime(page, deadline, monitoring)
    expect(whatOf(page)).toContain('1 topics have no proven recovery point at all')
  })

  test('two replicas that were restarted when it had begun page in time', async () => {
    const page = await paged('replicated')
    const deadlines = await Promise.all(
      replicas.map(async replica => deadlineOf(await replica.scrape(), 'replicated')),
    )
    expect(Math.max(...deadlines)).toBeLessThanOrEqual(trueDeadlineOf(topics.replicated))
    expectInTime(page, Math.max(...deadlines), monitoring)
  })

  test('a maintenance keeps its flow quiet, and pages by itself when it ends', async () => {
    const deadline = deadlineOf(await exporter.scrape(), 'maintained')
    expect(deadline, 'breached within the maintenance').toBeLessThan(maintenanceEnds - 5_000)
    expectInTime(await paged('maintained'), maintenanceEnds, monitoring)
  })

  test('the exporter is killed and restarted: nothing new', async () => {
    expectAllOpen()
    await exporter.kill()
    exporter = await Exporter.start(config)
    await untilAllBreached(secondsNow())
    expectAllOpen()
  })

  test('Alertmanager is restarted: nothing new', async () => {
    await monitoring.alertmanager.restart()
    await untilToldOfAll(secondsNow())
    expectAllOpen()
  })

  test('Prometheus is killed and restarted: nothing new', async () => {
    await monitoring.prometheus.kill()
    await monitoring.prometheus.start()
    const since = secondsNow()
    await untilAllBreached(since)
    await untilToldOfAll(since)
    expectAllOpen()
  })

  test('MirrorMaker is restarted: every incident is resolved once, and nobody was told anything else', async () => {
    await pair.mirrorMaker.start()
    await Promise.all(flows.map(flow => monitoring.pagerDuty.untilResolved(flow, 120_000)))
    await untilAllWell()
    for (const flow of flows) expectIncidents(monitoring, flow, { resolved: 1, open: 0 })
    const { events, calls } = monitoring.pagerDuty
    expect(events).toHaveLength(2 * flows.length)
    expect(new Set(events.map(({ dedup_key }) => dedup_key)).size).toBe(flows.length)
    expect(calls.filter(({ path }) => path !== '/watchdog')).toEqual([])
  })
})
