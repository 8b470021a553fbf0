import { describe, expect, test } from 'vitest'
import { configured } from './fields.ts'
import { namesIn } from './frames.ts'
import { Unsupported } from './schema.ts'
import { dashboardOf, fieldOf, frameOf, valuesOf } from './support/panels.ts'
import { transformed } from './transformations.ts'

describe('merge', () => {
  const merge = [{ id: 'merge' as const }]

  test('rows that agree in what all frames have become one; where one frame has none, a cell is missing', () => {
    const frames = [
      frameOf('A', { flow: ['payments', 'orders'], 'Value #A': [9441, 3051] }),
      frameOf('B', { flow: ['orders'], 'Value #B': [0.51] }),
    ]
    expect(transformed(frames, merge).map(valuesOf)).toEqual([
      { flow: ['payments', 'orders'], 'Value #A': [9441, 3051], 'Value #B': [null, 0.51] },
    ])
  })

  test('a label that tells frames apart keeps their rows apart', () => {
    const frames = [
      frameOf('A', { __name__: ['up'], instance: ['a'], 'Value #A': [1] }),
      frameOf('B', { __name__: ['tidemark_series_omitted'], instance: ['a'], 'Value #B': [0] }),
    ]
    expect(valuesOf(transformed(frames, merge)[0])['instance']).toEqual(['a', 'a'])
  })

  test('a value that is no number joins its row too', () => {
    const frames = [
      frameOf('A', { flow: ['payments'], 'Value #A': [7000] }),
      frameOf('B', { flow: ['payments'], 'Value #B': [Number.NaN] }),
    ]
    expect(valuesOf(transformed(frames, merge)[0])['flow']).toEqual(['payments'])
  })

  test('rows that contradict each other stay two', () => {
    const frames = [
      frameOf('A', { flow: ['orders'], tier: ['gold'] }),
      frameOf('B', { flow: ['orders'], tier: ['bronze'] }),
      frameOf('C', { flow: ['orders'], used: [1] }),
    ]
    expect(transformed(frames, merge).map(valuesOf)).toEqual([
      { flow: ['orders', 'orders'], tier: ['gold', 'bronze'], used: [1, 1] },
    ])
  })

  test('a query that gave nothing adds no column', () => {
    const frames = [frameOf('A', { flow: ['payments'], 'Value #A': [1] }), { refId: 'B', fields: [] }]
    expect(Object.keys(valuesOf(transformed(frames, merge)[0]))).toEqual(['flow', 'Value #A'])
  })
})

test('joinByField gives a row for each value, and an error where it is not unique', () => {
  const join = [{ id: 'joinByField' as const, options: { byField: 'flow' } }]
  const left = frameOf('A', { flow: ['payments', 'orders'], job: ['x', 'y'], a: [1, 2] })
  const right = frameOf('B', { flow: ['inventory', 'orders'], job: ['z', 'y'], b: [3, 4] })
  const [joined] = transformed([left, right], join)
  expect(joined?.fields.map(({ values }) => values)).toEqual([
    ['payments', 'orders', 'inventory'],
    ['x', 'y', null],
    [1, 2, null],
    [null, 'y', 'z'],
    [null, 4, 3],
  ])
  expect(joined === undefined ? [] : namesIn(joined)).toEqual(['flow', 'job 1', 'a', 'job 2', 'b'])
  const twice = frameOf('B', { flow: ['orders', 'orders'], b: [3, 4] })
  expect(() => transformed([left, twice], join)).toThrow(Unsupported)
})

test('sortBy, limit, organize: the worst first, few of them, in the order and with the names that were asked for', () => {
  const frame = frameOf('A', { Time: [1, 1, 1, 1], flow: ['a', 'b', 'c', 'd'], Value: [2, null, 7, 2] })
  const [organized] = transformed(
    [frame],
    [
      { id: 'sortBy', options: { sort: [{ field: 'Value', desc: true }] } },
      { id: 'limit', options: { limitField: 3 } },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: { Value: 0, flow: 1 },
          renameByName: { Value: 'State', other: 'No such' },
        },
      },
    ],
  )
  expect(organized === undefined ? [] : namesIn(organized)).toEqual(['State', 'flow'])
  expect(organized?.fields.map(({ values }) => values)).toEqual([
    [7, 2, 2],
    ['c', 'a', 'd'],
  ])
})

test('filterFieldsByName and renameByRegex', () => {
  const frame = frameOf('A', { flow: ['a'], 'Value #A': [1], 'Value #B': [2] })
  const filter = {
    id: 'filterFieldsByName' as const,
    options: { include: { pattern: '/^Value/' }, exclude: { names: ['Value #A'] } },
  }
  const rename = {
    id: 'renameByRegex' as const,
    options: { regex: 'Value #(.*)', renamePattern: 'query $1' },
  }
  const [found] = transformed([frame], [filter, rename])
  expect(found === undefined ? [] : namesIn(found)).toEqual(['query B'])
})

describe('overrides', () => {
  const frames = [
    { refId: 'A', fields: [fieldOf('flow', ['payments']), fieldOf('Value', [1], { legend: 'proven' })] },
    { refId: 'B', fields: [fieldOf('Value', [2], { legend: 'estimated' })] },
  ]
  const unitsWith = (matcher: { id: string; options: string }): readonly (string | undefined)[] => {
    const [panel] = dashboardOf({
      type: 'table',
      fieldConfig: {
        defaults: { unit: 'none' },
        overrides: [{ matcher, properties: [{ id: 'unit', value: 's' }] }],
      },
    }).panels
    if (panel?.type !== 'table') throw new Error('no table')
    return configured(frames, panel).flatMap(({ fields }) => fields.map(({ config }) => config.unit))
  }

  test.each([
    ['byName', 'proven', ['none', 's', 'none']],
    ['byRegexp', '/^pro|^est/', ['none', 's', 's']],
    ['byType', 'number', ['none', 's', 's']],
    ['byFrameRefID', 'B', ['none', 'none', 's']],
  ])('%s %s', (id, options, units) => {
    expect(unitsWith({ id, options })).toEqual(units)
  })

  test('a property that the preview does not draw is an error that names it', () => {
    const [panel] = dashboardOf({
      type: 'table',
      fieldConfig: {
        overrides: [
          {
            matcher: { id: 'byName', options: 'proven' },
            properties: [{ id: 'custom.cellOptions', value: { type: 'sparkline' } }],
          },
        ],
      },
    }).panels
    if (panel?.type !== 'table') throw new Error('no table')
    expect(() => configured(frames, panel)).toThrow(/override of proven: .*custom\.cellOptions/)
  })
})
