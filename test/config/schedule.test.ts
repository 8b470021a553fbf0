import { expect, test } from 'vitest'
import { parseSchedule } from '../../src/config/schedule.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

test.each([
  ['* * * * * *', second],
  ['*/15 * * * * *', 15 * second],
  ['*/7 * * * * *', 7 * second],
  ['*/25 * * * * *', 25 * second],
  ['0,10 * * * * *', 50 * second],
  ['50-10 * * * * *', 40 * second],
  ['0 */5 * * * *', 5 * minute],
  ['30 */7 * * * *', 7 * minute],
  ['0 5,50 3-7 * * *', 19 * hour + 15 * minute],
  ['*/15 * 8-17 * * *', 14 * hour + 15 * second],
  ['0 0 9 * * *', day],
  ['0 0 9 * * 1-5', 3 * day],
  ['0 0 9 * * mon-fri', 3 * day],
  ['0 0 9 * * 7', 7 * day],
  ['*/15 * * * * 1-5', 2 * day + 15 * second],
  ['0 0 0 1 * *', 31 * day],
  ['0 0 0 31 * *', 61 * day],
  ['0 0 0 1 1,7 *', 184 * day],
  // Both must match, as node-cron has it: Friday the 13th, 427 days apart at most.
  ['0 30 1 13 * 5', 427 * day],
  // 2096 to 2104: 2100 is no leap year.
  ['0 0 0 29 2 *', 2_921 * day],
])('%s runs at least every %d ms', (expression, longestGapMs) => {
  expect(parseSchedule(expression)).toEqual({ value: { expression, longestGapMs } })
})

test.each([
  ['', 'it has 1 field'],
  ['*/15 * * * *', 'it has 5 fields'],
  ['* * * * * * *', 'it has 7 fields'],
  ['@hourly', 'it has 1 field'],
  ['60 * * * * *', '60 is a invalid expression for second'],
  ['*/0 * * * * *', '*/0 is a invalid expression for second'],
  ['0 0 0 L * *', 'L, W and # are not supported'],
  ['0 0 0 15W * *', 'L, W and # are not supported'],
  ['0 0 0 * * 1#2', 'L, W and # are not supported'],
  ['0 0 0 30 2 *', '30 2 is an impossible day of month for the given month'],
])('%j is no schedule', (text, why) => {
  expect(parseSchedule(text)).toEqual({ why })
})
