import { expect, test } from 'vitest'
import { parseMonth } from '../../src/config/months.ts'

test.each([
  ['2026-10', '2026-10-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z'],
  ['2026-12', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  ['2028-02', '2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
])('%s begins and ends in UTC', (name, from, to) => {
  expect(parseMonth(name)).toEqual({ value: { name, fromMs: Date.parse(from), toMs: Date.parse(to) } })
})

test.each([
  ['2026-13', 'no calendar has it'],
  ['2026-00', 'no calendar has it'],
  ['0026-10', 'that is before 1970'],
  ['2026-1', ''],
  ['10-2026', ''],
  ['October', ''],
  ['2026-10-01', ''],
])('%s is no month', (text, why) => {
  expect(parseMonth(text)).toEqual({ why })
})
