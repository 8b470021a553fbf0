import { expect, test } from 'vitest'
import { isKnown, unknown } from '../../src/model/reading.ts'
import { PermissionTrials } from '../../src/observe/permissionTrials.ts'
import { FakeCluster } from '../support/fakeCluster.ts'

async function on(cluster: FakeCluster): Promise<PermissionTrials> {
  const trials = await PermissionTrials.on(cluster, () => 0)
  if (!isKnown(trials)) throw new Error(trials.unknown.detail)
  return trials.value
}

function clusterWith(...topics: readonly string[]): FakeCluster {
  const cluster = new FakeCluster('east')
  for (const topic of topics) cluster.addLog(topic, { records: [[]] })
  return cluster
}

const nothing = { allowed: [], refused: [], absent: [], failed: undefined }

test('what is listed may be described; what is not is asked for by name', async () => {
  const cluster = clusterWith('orders', 'payments')
  cluster.unauthorized.add('secret')
  const trials = await on(cluster)
  expect([...trials.listing.keys()]).toEqual(['orders', 'payments'])
  expect(await trials.describe(['payments', 'orders', 'secret', 'none'])).toEqual({
    ...nothing,
    allowed: ['orders', 'payments'],
    refused: ['secret'],
    absent: ['none'],
  })
  expect(cluster.asked).toEqual([['secret', 'none']])
})

test('nothing to try asks nothing', async () => {
  const cluster = clusterWith()
  const trials = await on(cluster)
  expect(await trials.describe([])).toEqual(nothing)
  expect(await trials.read([])).toEqual(nothing)
  expect(await trials.describeConfigs([])).toEqual(nothing)
  expect(cluster.asked).toEqual([])
  expect(cluster.fetches).toBe(0)
})

test('reading is tried by one fetch for all; an offset that is gone was allowed to be read', async () => {
  const cluster = clusterWith('orders', 'payments', 'deleted-from')
  cluster.logs.set('deleted-from', { id: 'x', starts: [7n], records: [[]] })
  const fetch = cluster.fetch.bind(cluster)
  cluster.fetch = async (requests, ...rest) => {
    const answers = await fetch(requests, ...rest)
    return answers.map((answer, index) =>
      requests[index]?.topic.name === 'payments' ? unknown('unauthorized', 'no READ') : answer,
    )
  }
  cluster.unauthorized.add('secret')
  expect(await (await on(cluster)).read(['orders', 'payments', 'secret', 'none', 'deleted-from'])).toEqual({
    ...nothing,
    allowed: ['deleted-from', 'orders'],
    refused: ['payments', 'secret'],
    absent: ['none'],
  })
  expect(cluster.fetches).toBe(1)
})

test('what fails otherwise is neither allowed nor refused', async () => {
  const cluster = clusterWith('orders', 'payments')
  cluster.addLog('orders', { records: [[]], broken: new Set([0]) })
  expect(await (await on(cluster)).read(['orders', 'payments'])).toMatchObject({
    allowed: ['payments'],
    refused: [],
    failed: { reason: 'leaderless' },
  })
})

test('settings are tried by asking for one', async () => {
  const trials = await on(clusterWith('orders'))
  expect(await trials.describeConfigs(['orders'])).toEqual({ ...nothing, allowed: ['orders'] })
})

test('a cluster that cannot be listed cannot be asked', async () => {
  const cluster = clusterWith()
  cluster.listTopics = async () => ({ t0: 0, topics: unknown('timeout', 'no answer') })
  expect(await PermissionTrials.on(cluster, () => 0)).toEqual(unknown('timeout', 'no answer'))
})
