import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, freePorts } from '../../../lab/ports.ts'
import { ensureTools } from '../../../lab/tools.ts'
import { SteadyWriter } from '../../../lab/writer.ts'
import { ruleGroups } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { codeStep, flowStates, type State, topicStates } from '../../../src/artifacts/dashboards/meanings.ts'
import { rpo, untilWell } from '../alerts/support/breach.ts'
import { Prometheus } from '../alerts/support/prometheus.ts'
import { timings, version } from '../alerts/support/timings.ts'
import { configOf, Exporter } from '../support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from '../support/pair.ts'
import { mayBeEmpty } from './absent.ts'
import { type Found, lookAtAll, offered } from './support.ts'

describe('what the dashboards show, from before a breach until after it', () => {
  const flow = 'orders-to-west'
  const unproven = 'partly-to-west'
  const orders = ownName('orders')
  // MirrorMaker leaves such names out, whatever it is told to copy.
  const leftOut = `${ownName('left-out')}.replica`
  const since = Math.floor(Date.now() / 1000)
  let pair: SharedPair
  let writer: SteadyWriter
  let exporters: readonly Exporter[]
  let prometheus: Prometheus
  let shown: ReadonlyMap<string, Found>

  beforeAll(async () => {
    await ensureTools(['promtool'])
    const ports = await freePorts(2)
    prometheus = await Prometheus.create({
      targets: { tidemark: ports.map(port => `127.0.0.1:${port}`) },
      scrapeMs: timings.scrapeMs,
      groups: ruleGroups({ timings, version, runbooksUrl: 'https://docs.example/runbooks' }),
      // Nobody is told.
      alertmanager: `127.0.0.1:${await freePort()}`,
    })
    ;[pair] = await Promise.all([sharedPair(), prometheus.start()])
    await pair.source.createTopics([{ topic: orders, numPartitions: 2 }, { topic: leftOut }])
    writer = new SteadyWriter(pair.source, [orders, leftOut], { recordsPerSecond: 40 })
    await writer.start()
    // Replicas, as they run beside each other.
    exporters = await Promise.all(
      ports.map(port =>
        Exporter.start(
          configOf({ ...pair, port }, [
            { name: flow, topics: [orders], rpo: rpo() },
            { name: unproven, topics: [orders, leftOut], rpo: rpo({ budget: '1h' }) },
          ]),
        ),
      ),
    )
    await untilAllWell()
  })
  afterAll(async () => {
    await writer?.stop()
    await Promise.all((exporters ?? []).map(it => it.stop()))
    await prometheus?.close()
    await sharedPair()
  })

  const untilAllWell = async (): Promise<void> => {
    for (const exporter of exporters) await untilWell(exporter, flow)
  }
  const lookNow = async (variables: Readonly<Record<string, string>> = {}): Promise<void> => {
    const all = { flow, topic: orders, job: 'tidemark', ...variables }
    shown = await lookAtAll({ address: prometheus.address, variables: all, since })
  }
  const untilBreached = (value: 0 | 1) =>
    prometheus.until(
      `breached is ${value}`,
      `flow:tidemark_rpo_breached:bool{flow="${flow}"} == ${value}`,
      90_000,
    )

  /** Fails where Prometheus refused or doubted a query, or found nothing though there has to be something. */
  const expectAllShown = (): void => {
    const bearable = new Set(mayBeEmpty.map(({ query }) => query))
    const problems = Array.from(shown, ([query, { problems }]) => [query, problems] as const)
    expect(problems.filter(([, said]) => said.length > 0)).toEqual([])
    const named = Array.from(shown).filter(
      ([, { isTable, series }]) => isTable && series.some(({ labels }) => '__name__' in labels),
    )
    expect(
      named.map(([query]) => query),
      'rows of a table that a name keeps apart',
    ).toEqual([])
    const empty = Array.from(shown).filter(([, { series }]) => series.length === 0)
    expect(empty.map(([query]) => query).filter(query => !bearable.has(query))).toEqual([])
  }
  const of = (query: string, labels: Readonly<Record<string, string>> = { flow }): number | undefined => {
    const found = shown.get(query)
    if (found === undefined) throw new Error(`there is no query ${query}`)
    return found.series
      .find(series => Object.entries(labels).every(([name, value]) => series.labels[name] === value))
      ?.values.at(-1)
  }
  const word = (
    query: string,
    labels?: Readonly<Record<string, string>>,
    scale: Readonly<Record<string, State>> = flowStates,
  ) => Object.values(scale)[Math.floor((of(query, labels) ?? Number.NaN) / codeStep)]?.word
  const ofWall = {
    state: 'tidemark-noc: Which flows are worst? A',
    used: 'tidemark-noc: How much of the RPO budget is used? B',
    exposure: 'tidemark-noc: How much would be lost? B',
    age: 'tidemark-noc: What cannot be seen, of every flow? B',
  }

  const topicState = 'tidemark-flow: The 20 worst topics A'
  const topicExposure = 'tidemark-flow: The 20 worst topics C'

  test('all is well: everything is shown', async () => {
    await untilBreached(0)
    // What is drawn over time has a point a second: it has to have been there for longer.
    await prometheus.until(
      'both exporters had proven all',
      `count(replica:tidemark_unproven:topics{flow="${flow}"} offset 2s == 0) == 2`,
    )
    await prometheus.until(
      'they had told of the other flow',
      `count(replica:tidemark_unproven:topics{flow="${unproven}"} offset 2s > 0) == 2 and on () flow:tidemark_rpo_slack:seconds{flow="${unproven}"} offset 2s`,
    )
    await prometheus.until(
      'rates had two samples',
      'count(rate(tidemark_polls_total{outcome="complete"}[10s] offset 2s) > 0) == 2',
    )
    await lookNow()
    expectAllShown()
    expect(['budget kept', 'half used']).toContain(word(ofWall.state))
    expect(of(ofWall.used)).toBeLessThan(1)
    expect(of(ofWall.exposure)).toBeLessThan(15)
    expect(of(ofWall.age)).toBeLessThan(10)
    expect(of('tidemark-noc: Do the clusters answer? A', { kafka_cluster: pair.source.name })).toBe(1)
  })

  test('a flow that has a topic without a proven point does not look fine', () => {
    // A topic that nobody copies stands still, sooner or later.
    expect(['partly unknown', 'stalled']).toContain(word(ofWall.state, { flow: unproven }))
    expect(of(ofWall.exposure, { flow: unproven })).toBeNaN()
    expect(of(ofWall.used, { flow: unproven }), 'its deadline runs').toBeGreaterThan(0)
  })

  test('and neither does the topic, which comes first in its flow', async () => {
    await lookNow({ flow: unproven, topic: leftOut })
    const states = shown.get(topicState)?.series
    expect(states?.map(({ labels }) => labels['topic'])).toEqual([leftOut, orders])
    expect(of(topicExposure, { topic: leftOut })).toBeNaN()
    expect(of(topicExposure, { topic: orders })).toBeGreaterThan(0)
    expect(shown.get('tidemark-topic: How much would be lost? A')?.series).toEqual([])
  })

  test('variables offer the flows, the topics of the flow and the job', async () => {
    const look = { address: prometheus.address, variables: { flow }, since }
    expect(await offered(look, 'tidemark-flow', 'flow')).toEqual([flow, unproven].sort())
    expect(await offered(look, 'tidemark-topic', 'flow')).toEqual([flow, unproven].sort())
    expect(await offered(look, 'tidemark-topic', 'topic')).toEqual([orders])
    expect(await offered(look, 'tidemark-self', 'job')).toEqual(['tidemark'])
  })

  test('MirrorMaker is killed: past the budget, worst of all, and down to the topic', async () => {
    await pair.mirrorMaker.kill()
    await untilBreached(1)
    await lookNow()
    expectAllShown()
    expect(word(ofWall.state)).toBe('past budget')
    expect(of(ofWall.state), 'the worst of all').toBeGreaterThan(
      of(ofWall.state, { flow: unproven }) ?? Infinity,
    )
    const [used = 0, exposure = 0] = [of(ofWall.used), of(ofWall.exposure)]
    expect(used).toBeGreaterThanOrEqual(1)
    expect(exposure).toBeGreaterThanOrEqual(15)
    expect(used, 'the share is that of the exposure').toBeCloseTo(exposure / 15, 0)
    const ofTopic = { topic: orders }
    expect(word(topicState, ofTopic, topicStates)).toBe('past budget')
    expect(of('tidemark-flow: The 20 worst topics D', ofTopic)).toBeGreaterThan(0)
    expect(of('tidemark-topic: How much of the budget is used? A', ofTopic)).toBeGreaterThanOrEqual(1)
    expect(
      shown.get('tidemark-topic: The partitions, those with the most waiting records first A')?.series,
    ).toHaveLength(2)
  })

  test('it is started again: the wall is well again, and the breach stays marked in the flow', async () => {
    await pair.mirrorMaker.start()
    await untilBreached(0)
    await untilAllWell()
    await lookNow()
    expectAllShown()
    expect(of(ofWall.used)).toBeLessThan(1)
    expect(word(ofWall.state)).not.toBe('past budget')
    const history = shown.get('tidemark-flow: What was the matter, when? A')?.series[0]?.values ?? []
    const worst = Math.floor(Math.max(...history) / codeStep)
    expect(Object.values(flowStates)[worst]?.word).toBe('past budget')
    expect(shown.get('tidemark-flow: RPO budget passed')?.series).toHaveLength(1)
  })

  test('the exporters go away: nobody reports, and the data grow old', async () => {
    await Promise.all(exporters.map(it => it.kill()))
    await prometheus.until(
      'nobody has reported for a while',
      `count_over_time(flow:tidemark_unreported:bool{flow="${flow}"}[10s]) > 2`,
    )
    await lookNow()
    expect(word(ofWall.state)).toBe('unreported')
    expect(of(ofWall.age)).toBeGreaterThan(7)
    expect(of('tidemark-noc: How old is the oldest data? A', {})).toBeGreaterThan(7)
    expect(shown.get('tidemark-flow: Nobody reports')?.series).toHaveLength(1)
  })

  test('every reason for finding nothing is about a query that is there', () => {
    expect(mayBeEmpty.map(({ query }) => query).filter(query => !shown.has(query))).toEqual([])
  })
})
