import { expect, test } from 'vitest'
import { known } from '../../src/model/reading.ts'
import { AskByName } from '../../src/observe/askByName.ts'
import { FakeCluster } from '../support/fakeCluster.ts'

const nothingListed = known(new Map())
const names = new Set(['gone', 'secret', 'there'])

test('what only a listing can change is not asked again at every poll', async () => {
  const cluster = new FakeCluster()
  cluster.addLog('there', { records: [[]] })
  cluster.unauthorized.add('secret')
  const asker = new AskByName(cluster)
  for (let poll = 0; poll < 3; poll++) {
    asker.beginPoll(nothingListed)
    const answers = await asker.ask(names, 0)
    expect(answers.get('gone')).toBe('absent')
    expect(answers.get('secret')).toMatchObject({ unknown: { reason: 'unauthorized' } })
    expect(answers.get('there')).toHaveProperty('value')
  }
  expect(cluster.asked).toEqual([['gone', 'secret', 'there'], ['there'], ['there']])
})

test('an answer is forgotten when the listing shows the topic, and after a while', async () => {
  const cluster = new FakeCluster()
  const asker = new AskByName(cluster)
  asker.beginPoll(nothingListed)
  await asker.ask(new Set(['gone']), 0)
  cluster.addLog('gone', { records: [[]] })
  asker.beginPoll((await cluster.listTopics()).topics)
  asker.beginPoll(nothingListed)
  expect((await asker.ask(new Set(['gone']), 0)).get('gone')).toHaveProperty('value')

  cluster.logs.clear()
  for (let poll = 0; poll < 50; poll++) {
    asker.beginPoll(nothingListed)
    await asker.ask(new Set(['gone']), 0)
  }
  expect(cluster.asked.length).toBeGreaterThan(3)
  expect(cluster.asked.length).toBeLessThan(8)
})
