import { expect, test } from 'vitest'
import { type NamePattern, nameFilter, parsePattern } from '../../src/config/patterns.ts'

function pattern(text: string): NamePattern {
  const parsed = parsePattern(text)
  if ('why' in parsed) throw new Error(`${text}: ${parsed.why}`)
  return parsed.value
}

const filter = (include: string[], exclude: string[] = []) =>
  nameFilter(include.map(pattern), exclude.map(pattern))

test.each([
  { text: 'orders', matches: ['orders'], not: ['orders2', 'my-orders', 'Orders', ''] },
  { text: 'orders.*', matches: ['orders', 'orders.v1', 'orders-eu'], not: ['my-orders'] },
  { text: 'a|ab', matches: ['a', 'ab'], not: ['abb', 'b'] },
  { text: '^orders$', matches: ['orders'], not: ['orders2'] },
  { text: '(?i)orders', matches: ['ORDERS'], not: ['order'] },
  { text: '.*', matches: ['', 'anything', 'Größe'], not: [] },
  { text: 'glob:*', matches: ['', 'anything'], not: [] },
  { text: 'glob:orders-*', matches: ['orders-', 'orders-eu'], not: ['orders', 'orders_eu'] },
  { text: 'glob:orders.?', matches: ['orders.1'], not: ['orders.', 'orders.12', 'ordersx1'] },
  { text: 'glob:a+(b)[c]*', matches: ['a+(b)[c]', 'a+(b)[c]d'], not: ['aab', 'abc'] },
  { text: 'glob:a\\*', matches: ['a\\', 'a\\b'], not: ['a*'] },
])('$text', ({ text, matches, not }) => {
  const filtered = [...matches, ...not].filter(name => pattern(text).matches(name))
  expect(filtered).toEqual(matches)
})

test.each([
  ['', 'it would match nothing'],
  ['glob:', 'it would match nothing'],
  ['*', 'as a glob it is written "glob:*"'],
  ['*-dlq', 'as a glob it is written "glob:*-dlq"'],
  ['(?!internal).*', 'RE2 has no look-ahead and no look-behind, use exclude'],
  ['a(?=b)', 'RE2 has no look-ahead and no look-behind, use exclude'],
  ['(?<=a)b', 'RE2 has no look-ahead and no look-behind, use exclude'],
  ['(?<!a)b', 'RE2 has no look-ahead and no look-behind, use exclude'],
  ['(a)\\1', 'RE2 has no backreferences'],
  ['[a-', 'missing closing ]: `[a-`'],
  ['(a', 'missing closing ): `(a`'],
  ['a{2000}', 'invalid repeat count: `{2000}`'],
])('%j is no pattern', (text, why) => {
  expect(parsePattern(text)).toEqual({ why })
})

test('a pattern that ruins backtracking engines is just a pattern', () => {
  const dangerous = pattern('(a+)+$')
  expect(dangerous.matches('a'.repeat(20_000))).toBe(true)
  expect(dangerous.matches(`${'a'.repeat(20_000)}!`)).toBe(false)
})

test('a filter includes what an include pattern matches and no exclude pattern does', () => {
  const { includes } = filter(['orders.*', 'payments'], ['.*-internal', 'glob:*.dlq'])
  const names = ['orders', 'orders-internal', 'orders.dlq', 'payments', 'payments2', 'users']
  expect(names.filter(includes)).toEqual(['orders', 'payments'])
})

test.each([
  { include: ['orders', 'pay-ments_2', 'orders.v1'], literals: ['orders', 'pay-ments_2', 'orders.v1'] },
  { include: ['orders\\.v1', 'a\\-b'], literals: ['orders.v1', 'a-b'] },
  { include: ['glob:orders', 'glob:orders.v1', 'glob:o?', 'glob:o*'], literals: ['orders', 'orders.v1'] },
  { include: ['orders.*', 'a|b', 'a+', '(a)', '[a]', '^a$', 'a\\d'], literals: [] },
  { include: ['.', '..', '-', '_'], literals: ['-', '_'] },
  { include: ['orders', 'glob:orders'], literals: ['orders'] },
  { include: ['orders', 'payments'], exclude: ['pay.*'], literals: ['orders'] },
])('literals of $include without $exclude', ({ include, exclude, literals }) => {
  expect(filter(include, exclude).literals).toEqual(literals)
})

test.each([
  ['orders.*', 'orders'],
  ['^orders.*', 'orders'],
  ['orders\\..*', 'orders.'],
  ['orders*', 'order'],
  ['orders\\.?x', 'orders'],
  ['orders{2}', 'order'],
  ['orders+', 'orders'],
  ['orders.v1.*', 'orders'],
  ['(orders|payments).*', ''],
  ['orders.*|payments.*', ''],
  ['(?i)orders.*', ''],
  ['.*', ''],
  ['glob:orders-*', 'orders-'],
  ['glob:orders.?', 'orders.'],
  ['glob:*', ''],
])('names of %s begin with "%s"', (text, prefix) => {
  expect(pattern(text).prefix).toBe(prefix)
  expect(filter([text, 'payments']).prefixes).toEqual([prefix])
})

test('a name that is meant alone is no prefix', () => {
  expect(filter(['payments', 'glob:orders', 'orders.v1'])).toMatchObject({ prefixes: [] })
})
