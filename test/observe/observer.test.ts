import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Snapshot } from '../../src/model/assessment.ts'
import { createClock } from '../../src/observe/clock.ts'
import { Observer, type ObserverOptions } from '../../src/observe/observer.ts'
import type { Listing } from '../../src/sources/kafka/port.ts'
import { FakeCluster } from '../support/fakeCluster.ts'
import { aFlow, pollMs } from '../support/world.ts'

/** Holds its listing back until told. */
class SlowCluster extends FakeCluster {
  listings = 0
  release: () => void = () => {}
  override async listTopics(): Promise<Listing> {
    this.listings += 1
    await new Promise<void>(resolve => {
      this.release = resolve
    })
    return super.listTopics()
  }
}

const open: Observer[] = []
afterEach(async () => {
  for (const observer of open.splice(0)) await observer.stop()
})

function observe(parts: Partial<ObserverOptions>) {
  const published: Snapshot[] = []
  const outcomes: string[] = []
  const defects: unknown[] = []
  const clusters = new Map([
    ['east', new FakeCluster('east')],
    ['west', new FakeCluster('west')],
  ])
  const observer = new Observer({
    flows: [aFlow()],
    clusters,
    schedule: '* * * * * *',
    pollMs,
    timeoutMs: 5_000,
    clock: createClock(),
    onPublished: snapshot => published.push(snapshot),
    onPollEnded: outcome => outcomes.push(outcome),
    onDefect: error => defects.push(error),
    onMalformed: () => {},
    ...parts,
  })
  open.push(observer)
  return { observer, published, outcomes, defects }
}

describe('the observer', () => {
  test('has a snapshot before the first poll: nothing is up, nothing is assessed', () => {
    const { observer } = observe({})
    expect(observer.latest.clusters.map(({ name, up }) => [name, up])).toEqual([
      ['east', false],
      ['west', false],
    ])
    expect(observer.latest.flows[0]?.assessment).toBeUndefined()
    expect(observer.unpolled).toEqual(['east-to-west'])
  })

  test('publishes after each poll', async () => {
    const { observer, published, outcomes } = observe({})
    await observer.pollOnce()
    expect(published).toHaveLength(1)
    expect(observer.latest.flows[0]?.assessment?.status).toBe('unknown')
    expect(observer.unpolled).toEqual([])
    expect(outcomes).toEqual(['complete'])
  })

  test('never runs two polls at once', async () => {
    const slow = new SlowCluster('east')
    const clusters = new Map<string, FakeCluster>([
      ['east', slow],
      ['west', new FakeCluster('west')],
    ])
    const { observer } = observe({ clusters })
    const first = observer.pollOnce()
    const second = observer.pollOnce()
    slow.release()
    await Promise.all([first, second])
    expect(slow.listings).toBe(1)
  })

  test('flows that share no cluster do not wait for each other', async () => {
    const slow = new SlowCluster('north')
    const clusters = new Map<string, FakeCluster>([
      ['north', slow],
      ['south', new FakeCluster('south')],
      ['east', new FakeCluster('east')],
      ['west', new FakeCluster('west')],
    ])
    const flows = [aFlow(), { ...aFlow(), name: 'north-to-south', source: 'north', target: 'south' }]
    const { observer, published } = observe({ clusters, flows })
    const poll = observer.pollOnce()
    await vi.waitFor(() => expect(published).toHaveLength(1))
    expect(observer.unpolled).toEqual(['north-to-south'])
    slow.release()
    await poll
    expect(observer.unpolled).toEqual([])
  })

  test('a poll that throws is reported and does not end the polling', async () => {
    const broken = new FakeCluster('east')
    const list = vi.spyOn(broken, 'listTopics').mockRejectedValueOnce(new Error('defect'))
    const clusters = new Map([
      ['east', broken],
      ['west', new FakeCluster('west')],
    ])
    const { observer, defects, outcomes, published } = observe({ clusters })
    await observer.pollOnce()
    expect(defects).toHaveLength(1)
    expect(published).toHaveLength(0)
    await observer.pollOnce()
    expect(list).toHaveBeenCalledTimes(2)
    expect(outcomes).toEqual(['failed', 'complete'])
  })

  test('polls by its schedule until it is stopped', async () => {
    const { observer, outcomes } = observe({})
    observer.start()
    await vi.waitFor(() => expect(outcomes.length).toBeGreaterThan(1), 5_000)
    await observer.stop()
    const polls = outcomes.length
    await new Promise(resolve => setTimeout(resolve, 1_200))
    expect(outcomes.length).toBe(polls)
  })
})
