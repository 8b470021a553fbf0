import { describe, expect, test } from 'vitest'
import { configuredShare, exactDuration, shareText, spentText } from '../../../src/present/report/text.ts'

test.each([
  [0, '0 s'],
  [400, 'less than 1 s'],
  [30_000, '30 s'],
  [3_600_000, '1 h'],
  [93_784_000, '1 d 2 h 3 min 4 s'],
  [59_999, '1 min'],
])('%i ms is %s', (ms, text) => {
  expect(exactDuration(ms)).toBe(text)
})

describe('a share of time', () => {
  test.each([
    [1, '100 %'],
    [0.999, '99.9 %'],
    [0.99934, '99.934 %'],
    [1 - 1 / 2_678_400_000, '99.999 %'],
    [0.99999, '99.999 %'],
    [0, '0 %'],
    [0.57, '57 %'],
  ])('%f is %s, and only the whole is 100 %%', (ratio, text) => {
    expect(shareText(ratio)).toBe(text)
  })
})

test.each([
  [0, '0 %'],
  [0.5, '50 %'],
  [0.50001, '50.1 %'],
  [2.219, '221.9 %'],
  [0.0001, '0.1 %'],
])('%f of a budget is %s, rounded up', (ratio, text) => {
  expect(spentText(ratio)).toBe(text)
})

test('an objective is what people wrote', () => {
  expect(configuredShare(0.9995)).toBe('99.95 %')
})
