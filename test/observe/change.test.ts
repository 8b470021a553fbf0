import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Flow } from '../../src/model/flow.ts'
import { createClock } from '../../src/observe/clock.ts'
import { type Observed, Observer, type ObserverOptions } from '../../src/observe/observer.ts'
import type { FetchRequest, KafkaCluster, Listing, LogRecord } from '../../src/sources/kafka/port.ts'
import { FakeCluster, records } from '../support/fakeCluster.ts'
import { aFlow, pollMs } from '../support/world.ts'

const flow: Flow = aFlow({ includes: topic => topic.startsWith('orders') })
const everySecond = '* * * * * *'

/** The last replicated offset of orders-0, as Connect writes it. */
const committed = (last: number): LogRecord => ({
  offset: 0n,
  timestampMs: 1_000,
  key: Buffer.from('["MirrorSourceConnector",{"cluster":"east","partition":0,"topic":"orders"}]'),
  value: Buffer.from(`{"offset":${last}}`),
  headers: [],
  producerId: -1n,
})

/** MirrorMaker has copied all ten records of `orders`. */
function pairOfClusters(): Map<string, FakeCluster> {
  const [east, west] = [new FakeCluster('east'), new FakeCluster('west')]
  east.addLog('orders', { records: [records(0, 9)] })
  east.addLog('mm2-offset-syncs.west.internal', { records: [[]] })
  west.addLog('east.orders', { records: [records(0, 9)] })
  west.addLog(flow.replicator.offsetsTopic, { records: [[committed(9)]] })
  west.addLog(flow.replicator.statusTopic, { records: [[]] })
  west.addLog('east.heartbeats', { records: [[]] })
  return new Map([
    ['east', east],
    ['west', west],
  ])
}

let clusters: Map<string, FakeCluster>
let open: Observer[] = []
beforeEach(() => {
  clusters = pairOfClusters()
})
afterEach(async () => {
  for (const observer of open) await observer.stop()
  open = []
})

function observedWith(parts: Partial<Observed> = {}): Observed {
  return { flows: [flow], clusters, schedule: everySecond, pollMs, timeoutMs: 5_000, ...parts }
}

function observe(parts: Partial<ObserverOptions> = {}): Observer {
  const observer = new Observer({
    ...observedWith(),
    clock: createClock(),
    onPublished: () => {},
    onPollEnded: () => {},
    onDefect: error => {
      throw error
    },
    onMalformed: () => {},
    ...parts,
  })
  open.push(observer)
  return observer
}

/** Polled until all is proven, with what it then knows. */
async function settled(observer: Observer) {
  await observer.pollOnce()
  await observer.pollOnce()
  const [shown] = observer.latest.flows
  expect(shown?.assessment).toMatchObject({ status: 'covered' })
  expect(shown?.assessment?.recoveryPoint).toBeDefined()
  return shown
}

/** Offsets from which the log of positions, which has one record, was read on. */
function positionsReadFrom(calls: readonly (readonly [readonly FetchRequest[], ...unknown[]])[]): bigint[] {
  return calls.flatMap(([requests]) =>
    requests.flatMap(({ topic, offset }) => (topic.name === flow.replicator.offsetsTopic ? [offset] : [])),
  )
}

const kept = new Set([flow.name])

describe('what is observed changes', () => {
  test('a flow that is kept goes on with its history, its exposures and its place in the logs', async () => {
    const observer = observe()
    const before = await settled(observer)
    const fetch = vi.spyOn(clusters.get('west') as FakeCluster, 'fetch')
    await observer.change(observedWith(), kept)
    const [after] = observer.latest.flows
    expect(after?.assessment?.facts).toBe(before?.assessment?.facts)
    expect(after?.exposures).toBe(before?.exposures)
    expect(observer.latest.clusters.map(({ up }) => up)).toEqual([true, true])
    await observer.pollOnce()
    const [polled] = observer.latest.flows
    expect(polled?.assessment?.facts.firstAt).toBe(before?.assessment?.facts.firstAt)
    expect(polled?.assessment).toMatchObject({ status: 'covered' })
    expect(positionsReadFrom(fetch.mock.calls)).toEqual([1n])
  })

  test('an election between two polls is not missed because the settings changed between them', async () => {
    const observer = observe()
    await settled(observer)
    await observer.change(observedWith(), kept)
    const east = clusters.get('east') as FakeCluster
    const asked = vi.spyOn(east, 'epochEnds')
    const orders = east.logs.get('orders')
    if (orders !== undefined)
      orders.epochs = [
        [
          { epoch: 0, from: 0n },
          { epoch: 1, from: 8n },
        ],
      ]
    await observer.pollOnce()
    expect(asked).toHaveBeenCalledTimes(1)
    expect(observer.latest.flows[0]?.assessment?.unknown?.reason).toBe('diverged')
  })

  test('it is judged by its new settings at once', async () => {
    const observer = observe()
    const before = await settled(observer)
    const patient = { ...flow, tier: 'silver', rpo: { ...flow.rpo, budgetMs: 2 * flow.rpo.budgetMs } }
    await observer.change(observedWith({ flows: [patient] }), kept)
    const [after] = observer.latest.flows
    expect(after?.flow.tier).toBe('silver')
    expect(after?.assessment?.flow.tier).toBe('silver')
    expect(after?.assessment?.deadline).toBeCloseTo((before?.assessment?.deadline ?? 0) + flow.rpo.budgetMs)
    await observer.pollOnce()
    expect(observer.latest.flows[0]?.assessment?.topics[0]?.budgetMs).toBe(2 * flow.rpo.budgetMs)
  })

  test('a flow that is not kept begins anew, as if it had never been polled', async () => {
    const observer = observe()
    const before = await settled(observer)
    await observer.change(observedWith(), new Set())
    expect(observer.latest.flows[0]).toMatchObject({ assessment: undefined, exposures: undefined })
    expect(observer.unpolled).toEqual([flow.name])
    const fetch = vi.spyOn(clusters.get('west') as FakeCluster, 'fetch')
    await observer.pollOnce()
    expect(positionsReadFrom(fetch.mock.calls)[0]).toBe(0n)
    const firstAt = observer.latest.flows[0]?.assessment?.facts.firstAt
    expect(firstAt).toBeGreaterThan(before?.assessment?.facts.firstAt ?? Number.POSITIVE_INFINITY)
  })

  test('a flow that is gone leaves nothing, and nor do the clusters that only it had', async () => {
    const [north, south] = [new FakeCluster('north'), new FakeCluster('south')]
    const other: Flow = { ...flow, name: 'north-to-south', source: 'north', target: 'south' }
    const all = new Map<string, KafkaCluster>([...clusters, ['north', north], ['south', south]])
    const observer = observe({ flows: [flow, other], clusters: all })
    await observer.pollOnce()
    expect(observer.latest.flows).toHaveLength(2)
    await observer.change(observedWith(), kept)
    expect(observer.latest.flows.map(shown => shown.flow.name)).toEqual([flow.name])
    expect(observer.latest.clusters.map(({ name }) => name)).toEqual(['east', 'west'])
    const listings = vi.spyOn(north, 'listTopics')
    await observer.pollOnce()
    expect(listings).not.toHaveBeenCalled()
  })

  test('a flow that comes is polled from then on, together with those that share its clusters', async () => {
    const observer = observe()
    const before = await settled(observer)
    const south = new FakeCluster('south')
    const other: Flow = { ...flow, name: 'east-to-south', target: 'south' }
    const all = new Map<string, KafkaCluster>([...clusters, ['south', south]])
    await observer.change(observedWith({ flows: [other, flow], clusters: all }), kept)
    expect(observer.latest.flows.map(shown => [shown.flow.name, shown.assessment !== undefined])).toEqual([
      ['east-to-south', false],
      ['east-to-west', true],
    ])
    expect(observer.latest.clusters.map(({ name, up }) => [name, up])).toEqual([
      ['east', true],
      ['west', true],
      ['south', false],
    ])
    const listings = vi.spyOn(clusters.get('east') as FakeCluster, 'listTopics')
    await observer.pollOnce()
    expect(listings).toHaveBeenCalledTimes(1)
    expect(observer.unpolled).toEqual([])
    expect(observer.latest.flows[1]?.assessment?.facts.firstAt).toBe(before?.assessment?.facts.firstAt)
  })

  test('a cluster that is connected to anew has not answered yet, and the old one is asked no more', async () => {
    const observer = observe()
    await settled(observer)
    const again = pairOfClusters()
    await observer.change(observedWith({ clusters: again }), new Set())
    expect(observer.latest.clusters.map(({ up }) => up)).toEqual([false, false])
    const old = vi.spyOn(clusters.get('east') as FakeCluster, 'listTopics')
    await observer.pollOnce()
    expect(old).not.toHaveBeenCalled()
    expect(observer.latest.clusters.map(({ up }) => up)).toEqual([true, true])
  })

  test('it waits for the poll in flight, whose result still counts', async () => {
    const observer = observe()
    let release = (): void => {}
    const east = clusters.get('east') as FakeCluster
    const list = east.listTopics.bind(east)
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    vi.spyOn(east, 'listTopics').mockImplementationOnce(async (): Promise<Listing> => {
      await held
      return list()
    })
    const poll = observer.pollOnce()
    let changed = false
    const change = observer.change(observedWith(), kept).then(() => {
      changed = true
    })
    await new Promise(resolve => setImmediate(resolve))
    expect(changed).toBe(false)
    release()
    await Promise.all([poll, change])
    expect(observer.latest.flows[0]?.assessment).toBeDefined()
  })

  test('the schedule may change; before the first poll nothing is polled', async () => {
    const onceAYear = '0 0 0 1 1 *'
    const ended: number[] = []
    const observer = observe({ schedule: onceAYear, onPollEnded: () => ended.push(1) })
    await observer.change(observedWith({ schedule: onceAYear }), kept)
    expect(ended).toHaveLength(0)
    observer.start()
    await vi.waitFor(() => expect(ended).toHaveLength(1))
    await observer.change(observedWith({ schedule: everySecond }), kept)
    await vi.waitFor(() => expect(ended.length).toBeGreaterThan(3), 5_000)
    await observer.change(observedWith({ schedule: onceAYear }), kept)
    await observer.pollOnce()
    const polls = ended.length
    await new Promise(resolve => setTimeout(resolve, 1_200))
    expect(ended.length).toBe(polls)
  })
})
