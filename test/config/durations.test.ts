import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/config/durations.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['28d', 2_419_200_000],
  ['007s', 7_000],
  ['3650d', 315_360_000_000],
])('%s is %d ms', (text, value) => {
  expect(parseDuration(text)).toEqual({ value })
})

test.each([
  ['', ''],
  ['5', ''],
  ['5 m', ''],
  [' 5m', ''],
  ['5M', ''],
  ['1.5h', ''],
  ['-5m', ''],
  ['5min', ''],
  ['1h30m', ''],
  ['5m\n', ''],
  ['0s', 'it must be more than 0'],
  ['3651d', 'it must be at most 3650d'],
  ['99999999999999999999d', 'it must be at most 3650d'],
])('%j is no duration', (text, why) => {
  expect(parseDuration(text)).toEqual({ why })
})

test.each([
  [1, '1ms'],
  [1_500, '1500ms'],
  [60_000, '1m'],
  [90_000, '90s'],
  [120_000, '2m'],
  [86_400_000, '1d'],
])('%d ms is written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})
