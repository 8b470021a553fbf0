import { expect, test } from 'vitest'
import { fingerprintOf, isCopy } from '../../src/compare/fingerprints.ts'
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
