import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isSourceTaskStatus,
  parseHeartbeat,
  parseOffsetSync,
  parseSourceOffset,
} from '../../../src/replicators/mirrormaker2/records.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const text = (value: string): Buffer => Buffer.from(value)

describe('an offset sync', () => {
  test('orders-3: 1000 -> 950', () => {
    const key = hex('0006 6f7264657273 00000003')
    const value = hex('00000000000003e8 00000000000003b6')
    expect(parseOffsetSync(key, value, 7)).toEqual({
      topic: 'orders',
      partition: 3,
      pair: { source: 1000n, target: 950n, writtenAtMs: 7 },
    })
  })

  test.each([
    ['a tombstone', hex('0006 6f7264657273 00000003'), null],
    ['no key', null, hex('00000000000003e8 00000000000003b6')],
    ['a value that is too short', hex('0006 6f7264657273 00000003'), hex('00000000000003e8')],
    ['a length that lies', hex('7fff 6f7264657273 00000003'), hex('00000000000003e8 00000000000003b6')],
    ['a negative length', hex('ffff 6f7264657273 00000003'), hex('00000000000003e8 00000000000003b6')],
    ['bytes left over', hex('0006 6f7264657273 00000003 00'), hex('00000000000003e8 00000000000003b6')],
  ])('is not %s', (_, key, value) => {
    expect(parseOffsetSync(key, value, 7)).toBeUndefined()
  })
})

describe('a heartbeat', () => {
  test('A -> B at 1700000000000', () => {
    expect(parseHeartbeat(hex('0001 41 0001 42'), hex('0000 0000018bcfe56800'))).toEqual({
      sourceAlias: 'A',
      targetAlias: 'B',
      timestampMs: 1_700_000_000_000,
    })
  })

  test.each([
    ['of a version that nobody has written yet', hex('0001 41 0001 42'), hex('0001 0000018bcfe56800')],
    ['cut off', hex('0001 41 0001 42'), hex('0000 0000018b')],
    ['with a key cut off', hex('0001 41 0001'), hex('0000 0000018bcfe56800')],
  ])('is not one %s', (_, key, value) => {
    expect(parseHeartbeat(key, value)).toBeUndefined()
  })
})

describe('a source offset', () => {
  const key = text('["MirrorSourceConnector",{"cluster":"A","partition":0,"topic":"orders"}]')

  test('is the last replicated offset', () => {
    expect(parseSourceOffset(key, text('{"offset":1234}'))).toEqual({
      connector: 'MirrorSourceConnector',
      sourceAlias: 'A',
      topic: 'orders',
      partition: 0,
      offset: 1234n,
    })
  })

  test('is read whatever the order and spacing of the JSON', () => {
    const other = text('[ "MirrorSourceConnector", {"topic":"orders", "cluster":"A", "partition":0} ]')
    expect(parseSourceOffset(other, text('{ "offset" : 5 }'))).toMatchObject({ topic: 'orders', offset: 5n })
  })

  test.each([
    ['a tombstone', null],
    ['a JSON null', text('null')],
  ])('was reset by %s', (_, value) => {
    expect(parseSourceOffset(key, value)).toMatchObject({ offset: undefined })
  })

  test.each([
    [
      'of a heartbeat connector',
      '["MirrorHeartbeatConnector",{"sourceClusterAlias":"A","targetClusterAlias":"B"}]',
    ],
    [
      'of a checkpoint connector',
      '["MirrorCheckpointConnector",{"group":"g","topic":"orders","partition":0}]',
    ],
    ['of another connector', '["jdbc",{"table":"orders"}]'],
    ['that is no JSON', 'x'],
  ])('is not one %s', (_, other) => {
    expect(parseSourceOffset(text(other), text('{"offset":1}'))).toBeUndefined()
  })

  test.each(['{"offset":"5"}', '{"offset":1.5}', '{"offset":1e300}', '{}', '[]', 'x'])(
    'with the value %s is malformed, not 0',
    value => {
      expect(parseSourceOffset(key, text(value))).toBe('malformed')
    },
  )
})

test('task states are told from connector states and from other connectors', () => {
  expect(isSourceTaskStatus(text('status-task-MirrorSourceConnector-0'))).toBe(true)
  expect(isSourceTaskStatus(text('status-connector-MirrorSourceConnector'))).toBe(false)
  expect(isSourceTaskStatus(text('status-task-MirrorCheckpointConnector-0'))).toBe(false)
  expect(isSourceTaskStatus(null)).toBe(false)
})

test('no bytes make a parser throw', () => {
  const bytes = fc.uint8Array({ maxLength: 64 }).map(array => Buffer.from(array))
  fc.assert(
    fc.property(bytes, bytes, (key, value) => {
      parseOffsetSync(key, value, 0)
      parseHeartbeat(key, value)
      parseSourceOffset(key, value)
      isSourceTaskStatus(key)
    }),
  )
})
