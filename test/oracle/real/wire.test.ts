import { expect, test } from 'vitest'
import { parseBatches } from './wire.ts'

// Written by hand from the record batch format (Apache Kafka, docs, "Message Format").
const head = (attributes: string, lastDelta: string, producerId: string, count: string): string =>
  `0000000000000064 LENGTHXX 00000000 02 00000000 ${attributes} ${lastDelta} 000001a1fbcc6e95 000001a1fbcc6e96 ${producerId} 0003 00000000 ${count}`

function batchOf(text: string): Buffer {
  const body = Buffer.from(text.replace('LENGTHXX', '00000000').replaceAll(' ', ''), 'hex')
  body.writeInt32BE(body.length - 12, 8)
  return body
}

const twoRecords = batchOf(
  // A record with a key, a value and a header; one without, a millisecond later.
  `${head('0000', '00000001', 'ffffffffffffffff', '00000002')} 1e 00 00 00 026b 0676616c 02 0274 0276 0c 00 02 02 01 01 00`,
)
const commitMarker = batchOf(
  `${head('0030', '00000000', '0000000000000007', '00000001')} 20 00 00 00 08 00000001 0c 000000000000 00`,
)

test('records with their offsets, timestamps, keys, values and headers', () => {
  const [batch] = parseBatches(twoRecords)
  expect(batch).toMatchObject({
    baseOffset: 100n,
    lastOffset: 101n,
    producerId: -1n,
    transactional: false,
    control: false,
  })
  expect(batch?.records).toEqual([
    {
      offset: 100n,
      timestampMs: 0x1a1fbcc6e95,
      key: Buffer.from('k'),
      value: Buffer.from('val'),
      headers: [[Buffer.from('t'), Buffer.from('v')]],
    },
    { offset: 101n, timestampMs: 0x1a1fbcc6e96, key: null, value: null, headers: [] },
  ])
})

test('a marker is a control batch of a transaction', () => {
  expect(parseBatches(commitMarker)).toMatchObject([
    { control: true, transactional: true, producerId: 7n, records: [{ offset: 100n }] },
  ])
})

test('an incomplete last batch is left for the next fetch', () => {
  const cut = Buffer.concat([twoRecords, commitMarker.subarray(0, 70)])
  expect(parseBatches(cut)).toHaveLength(1)
})
