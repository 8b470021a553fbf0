import { describe, expect, test } from 'vitest'
import type { MirrorMaker2Settings } from '../../../src/model/flow.ts'
import { mirrorMaker2Names } from '../../../src/replicators/mirrormaker2/naming.ts'
import { aFlow } from '../../support/world.ts'

const names = (settings: Partial<MirrorMaker2Settings> = {}) =>
  mirrorMaker2Names(aFlow({ replicator: settings }).replicator)

describe('names', () => {
  test('default policy', () => {
    const { targetTopicOf, sourceTopicOf, offsetSyncsTopics, heartbeatsTopic } = names()
    expect(targetTopicOf('orders')).toBe('east.orders')
    expect(sourceTopicOf('east.orders')).toBe('orders')
    expect(sourceTopicOf('orders')).toBeUndefined()
    expect(sourceTopicOf('east.')).toBeUndefined()
    expect(offsetSyncsTopics).toEqual(['mm2-offset-syncs.west.internal'])
    expect(heartbeatsTopic).toBe('east.heartbeats')
  })

  test('identity policy: heartbeats are prefixed all the same, and a name proves no copy', () => {
    const { targetTopicOf, sourceTopicOf, heartbeatsTopic } = names({ policy: 'identity' })
    expect(targetTopicOf('orders')).toBe('orders')
    expect(sourceTopicOf('orders')).toBeUndefined()
    expect(heartbeatsTopic).toBe('east.heartbeats')
  })

  test('a separator enters the internal names, unless that was switched off', () => {
    expect(names({ separator: '_' }).offsetSyncsTopics).toEqual([
      'mm2-offset-syncs_west_internal',
      'mm2-offset-syncs.west.internal',
    ])
    expect(names({ separator: '_' }).targetTopicOf('orders')).toBe('east_orders')
  })

  test('offset syncs on the target carry the source alias', () => {
    expect(names({ offsetSyncsLocation: 'target' }).offsetSyncsTopics).toEqual([
      'mm2-offset-syncs.east.internal',
    ])
  })
})

describe('left out', () => {
  test.each([
    ['orders', false],
    ['orders.internal', false],
    ['mm2', false],
    ['__consumer_offsets', true],
    ['.hidden', true],
    ['mm2-offset-syncs.west.internal', true],
    ['mm2-configs.west.internal', true],
    ['north.checkpoints.internal', true],
    ['heartbeats', true],
    ['north.heartbeats', true],
    ['west.orders', true],
    ['north.west.orders', true],
    ['north.orders', false],
    ['western.orders', false],
  ])('%s: %s', (topic, leftOut) => {
    expect(names().isLeftOut(topic)).toBe(leftOut)
  })

  test('under the identity policy no name tells a cycle', () => {
    expect(names({ policy: 'identity' }).isLeftOut('west.orders')).toBe(false)
  })

  test('a separator of its own', () => {
    expect(names({ separator: '_' }).isLeftOut('west_orders')).toBe(true)
    expect(names({ separator: '_' }).isLeftOut('mm2-offset-syncs_west_internal')).toBe(true)
  })
})
