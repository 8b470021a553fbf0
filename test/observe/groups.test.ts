import { expect, test } from 'vitest'
import { groupsOfFlows } from '../../src/observe/poller.ts'
import { aFlow } from '../support/world.ts'

const flow = (name: string, source: string, target: string) => ({ ...aFlow(), name, source, target })

test('flows that share a cluster, directly or through others, are polled together; the rest apart', () => {
  const flows = [
    flow('a-b', 'a', 'b'),
    flow('c-d', 'c', 'd'),
    flow('e-f', 'e', 'f'),
    flow('b-a', 'b', 'a'),
    flow('d-e', 'd', 'e'),
  ]
  const groups = groupsOfFlows(flows).map(group => group.map(({ name }) => name).sort())
  expect(groups.sort()).toEqual([
    ['a-b', 'b-a'],
    ['c-d', 'd-e', 'e-f'],
  ])
})
