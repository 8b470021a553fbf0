import { describe, expect, test } from 'vitest'
import { Unsupported } from './schema.ts'
import { dashboardOf } from './support/panels.ts'
import { type Choice, chosen, interpolate } from './variables.ts'

const one = (value: string): Choice => ({ values: [value], text: value, isMulti: false })
const many = (...values: string[]): Choice => ({ values, text: 'All', isMulti: true })
const braced = (inner: string): string => `$\{${inner}}`

describe('a variable is written', () => {
  const choices = new Map([
    ['flow', one('a"b\\c')],
    ['topic', many('web.clicks', 'a+b')],
    ['job', { ...many('x', 'y'), raw: '.+' }],
  ])
  test.each([
    ['up{flow="$flow"}', 'up{flow="a\\"b\\\\c"}'],
    [`up{topic=~"${braced('topic')}"}`, 'up{topic=~"(web\\\\.clicks|a\\\\+b)"}'],
    ['up{job=~"[[job]]"}', 'up{job=~".+"}'],
    [braced('topic:csv'), 'web.clicks,a+b'],
    [braced('topic:text'), 'All'],
    ['$unknown', '$unknown'],
  ])('%s as %s', (text, written) => {
    expect(interpolate(text, choices)).toBe(written)
  })

  test('in a title as people read it', () => {
    expect(interpolate('Topics of $flow: $topic', choices, 'text')).toBe('Topics of a"b\\c: All')
  })

  test('in a format that was never looked at: an error', () => {
    expect(() => interpolate(braced('flow:lucene'), choices)).toThrow(Unsupported)
  })
})

describe('a variable is chosen', () => {
  const series = ['payments', 'orders', 'orders'].map(flow => ({ labels: { flow }, values: [] }))
  const withQuery = (query: string, parts = {}) => ({
    ...dashboardOf({ type: 'text', options: { mode: 'markdown', content: '' } }),
    templating: { list: [{ type: 'query' as const, name: 'flow', query, ...parts }] },
  })
  const values = async (wanted: Record<string, string>, query: string, parts = {}) =>
    (await chosen(withQuery(query, parts), wanted, async () => series)).get('flow')?.values
  const labels = 'label_values(kafka_replication_flow_info, flow)'

  test('as wanted, where it is there; else the first', async () => {
    expect(await values({ flow: 'payments' }, labels)).toEqual(['payments'])
    expect(await values({ flow: 'no such' }, labels)).toEqual(['orders'])
  })

  test('as everything, where the dashboard begins with that', async () => {
    expect(await values({}, labels, { includeAll: true, current: { value: '$__all' } })).toEqual([
      'orders',
      'payments',
    ])
  })

  test('by a query that was never looked at: an error', async () => {
    await expect(values({}, 'query_result(up)')).rejects.toThrow(Unsupported)
  })
})
