import { expect, test } from 'vitest'
import { fingerprintOf, fingerprintsOf, isCopy, isTelling } from '../../src/compare/fingerprints.ts'
import type { LogRecord } from '../../src/model/inspection.ts'
import { aRecord } from '../support/windows.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const one = aRecord(1, 'value', { key: bytes('key'), headers: [[bytes('h'), bytes('1')]] })

test.each<[string, Partial<LogRecord>, boolean]>([
  ['the same at another offset', { offset: 9n }, true],
  ['the same of another producer', { producerId: 7n }, true],
  ['another timestamp', { timestampMs: 1_001 }, false],
  ['another key', { key: bytes('kez') }, false],
  ['no key', { key: null }, false],
  ['an empty key', { key: bytes('') }, false],
  ['another value', { value: bytes('valuf') }, false],
  ['a tombstone', { value: null }, false],
  ['a byte moved from value to key', { key: bytes('keyv'), value: bytes('alue') }, false],
  ['no header', { headers: [] }, false],
  ['another header name', { headers: [[bytes('g'), bytes('1')]] }, false],
  ['another header value', { headers: [[bytes('h'), bytes('2')]] }, false],
  ['a header without a value', { headers: [[bytes('h'), null]] }, false],
  ['one header more', { headers: [...one.headers, [bytes('i'), null]] }, false],
])('%s', (_, parts, same) => {
  const other = { ...one, ...parts }
  expect(isCopy(one, other, true)).toBe(same)
  expect(fingerprintOf(one, true) === fingerprintOf(other, true)).toBe(same)
})

test('without timestamps, all else counts', () => {
  const later = { ...one, timestampMs: 5 }
  expect(isCopy(one, later, false)).toBe(true)
  expect(fingerprintOf(one, false)).toBe(fingerprintOf(later, false))
  expect(isCopy(one, { ...later, value: null }, false)).toBe(false)
})

test.each([
  ['nothing', [], true, false],
  ['one record', [1], true, false],
  ['two of one time', [1, 1], true, false],
  ['two of two times', [1, 2], true, true],
  ['two of two times that the broker has stamped', [1, 2], false, false],
  ['ten of ten times', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], true, true],
  ['ten, two of them the same', [1, 2, 3, 4, 5, 6, 7, 8, 9, 9], true, true],
  ['ten, three of them the same', [1, 2, 3, 4, 5, 6, 7, 8, 8, 8], true, false],
  ['ten that the broker has stamped', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false, false],
])('whether contents tell records apart: %s', (_, times, withTimestamp, expected) => {
  const records = times.map((timestampMs, offset) => aRecord(offset, 'same', { timestampMs }))
  expect(isTelling(records, fingerprintsOf(records, withTimestamp), withTimestamp)).toBe(expected)
})
