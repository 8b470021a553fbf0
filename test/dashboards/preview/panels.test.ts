import { describe, expect, test } from 'vitest'
import { colourOf } from './colours.ts'
import { drawBarGauge } from './panels/barGauge.ts'
import { drawStat } from './panels/stat.ts'
import { drawStateTimeline } from './panels/stateTimeline.ts'
import { drawTable } from './panels/table.ts'
import { drawText } from './panels/text.ts'
import { drawTimeSeries } from './panels/timeSeries.ts'
import { contentOf, dashboardOf, frameOf, minutes, seriesOf, wordsIn } from './support/panels.ts'

const [green, red, purple] = ['green', 'red', 'purple'].map(colourOf)
const missing = {
  type: 'special',
  options: { match: 'null+nan', result: { text: 'unknown', color: 'purple' } },
}
const used = {
  unit: 'percentunit',
  decimals: 0,
  thresholds: {
    mode: 'absolute',
    steps: [
      { value: null, color: 'green' },
      { value: 1, color: 'red' },
    ],
  },
}

describe('stat', () => {
  const options = { colorMode: 'background_solid', textMode: 'value_and_name', orientation: 'horizontal' }
  const fills = (svg: string): readonly string[] =>
    Array.from(svg.matchAll(/<rect[^>]*fill="(#[^"]*)"/g), ([, fill = '']) => fill)
  const drawn = (values: readonly (number | null)[], parts: object = {}): string =>
    drawStat(
      contentOf(
        'stat',
        { options, fieldConfig: { defaults: { ...used, mappings: [missing], ...parts } } },
        values.map((value, index) => seriesOf(`flow ${index}`, [value])),
      ),
    )

  test('a tile a series, with its name, its figure and the colour of its threshold', () => {
    const svg = drawn([4.41, 0.2])
    expect(wordsIn(svg)).toEqual(['flow 0', '441%', 'flow 1', '20%'])
    expect(fills(svg)).toEqual([red, green])
  })

  test('a value that is missing is its mapping, and no series at all is too', () => {
    expect(wordsIn(drawn([null]))).toEqual(['flow 0', 'unknown'])
    expect(fills(drawn([null]))).toEqual([purple])
    expect(wordsIn(drawn([]))).toEqual(['unknown'])
    expect(fills(drawn([]))).toEqual([purple])
  })

  test('without a mapping it says noValue, and without that no data', () => {
    expect(wordsIn(drawn([], { mappings: [], noValue: 'never seen' }))).toEqual(['never seen'])
    expect(wordsIn(drawn([], { mappings: [] }))).toEqual(['No data'])
  })

  test('a name in place of the figure is as large as finds room', () => {
    const sizeOf = (name: string): number => {
      const svg = drawStat(contentOf('stat', { options: { textMode: 'name' } }, [seriesOf(name, [1])]))
      expect(wordsIn(svg)).toEqual([name])
      return Number(/font-size="([\d.]+)"/.exec(svg)?.[1])
    }
    expect(sizeOf('0.1.0 on Node v24.21.0, and more of it')).toBeLessThan(sizeOf('0.1.0') / 2)
  })

  test('rows of a table by their texts, with the name of the field when there are other numbers', () => {
    const rows = (fields: Parameters<typeof frameOf>[1]): readonly string[] =>
      wordsIn(
        drawStat(
          contentOf(
            'stat',
            { options: { ...options, reduceOptions: { values: true, fields: '/^Value #B$/' } } },
            [frameOf('A', fields)],
          ),
        ),
      )
    expect(rows({ flow: ['payments', 'orders'], 'Value #B': [1, 2] })).toEqual([
      'payments',
      '1',
      'orders',
      '2',
    ])
    expect(rows({ flow: ['payments'], 'Value #A': [9], 'Value #B': [1] })).toEqual(['payments Value #B', '1'])
  })
})

describe('table', () => {
  const state = [
    { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
    {
      id: 'mappings',
      value: [
        { type: 'range', options: { from: 1, to: 9, result: { text: 'past budget', color: 'red' } } },
        missing,
      ],
    },
  ]
  const panel = {
    options: { sortBy: [{ displayName: 'State', desc: true }] },
    fieldConfig: {
      defaults: {},
      overrides: [{ matcher: { id: 'byName', options: 'State' }, properties: state }],
    },
  }
  const draw = (columns: Parameters<typeof frameOf>[1]): string =>
    drawTable(contentOf('table', panel, [frameOf('A', columns)]))

  test('sorted, the missing last; names are text, whatever they are made of', () => {
    const svg = draw({ Topic: ['orders', '<img src=x onerror="alert(1)">&amp;'], State: [null, 5] })
    expect(wordsIn(svg)).toEqual([
      'Topic',
      'State',
      '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp;',
      'past budget',
      'orders',
      'unknown',
    ])
    expect(svg).not.toContain('<img')
    expect(svg).toContain(`fill="${purple}"`)
  })

  test('rows that do not fit are said', () => {
    const topics = Array.from({ length: 24 }, (_, index) => `topic-${index}`)
    expect(wordsIn(draw({ Topic: topics, State: topics.map(() => 1) }))).toContain('7 of 24 rows')
  })

  test('without rows it says what the panel says', () => {
    const empty = contentOf('table', { fieldConfig: { defaults: { noValue: 'no topic is reported' } } }, [])
    expect(wordsIn(drawTable(empty))).toEqual(['no topic is reported'])
  })
})

describe('timeseries', () => {
  const lines = (svg: string): readonly string[] =>
    Array.from(
      svg.matchAll(/<path d="([^"]*)" fill="none" stroke="#[^"]*" stroke-width="2"/g),
      ([, d = '']) => d,
    )
  const draw = (values: readonly (number | null)[], custom: object = {}): string =>
    drawTimeSeries(
      contentOf(
        'timeseries',
        { fieldConfig: { defaults: { unit: 's', custom: { lineWidth: 2, ...custom } } } },
        [seriesOf('proven', values)],
      ),
    )

  test('a gap is a gap, and spanned only where the panel says so', () => {
    expect(lines(draw([1, 2, null, 3, 5]))[0]?.match(/M/g)).toHaveLength(2)
    expect(lines(draw([1, 2, null, 3, 5], { spanNulls: true }))[0]?.match(/M/g)).toHaveLength(1)
    expect(lines(draw([1, 2, null, 3, 5], { spanNulls: 60_000 }))[0]?.match(/M/g)).toHaveLength(2)
    expect(lines(draw([1, 2, null, 3, 5], { spanNulls: 120_000 }))[0]?.match(/M/g)).toHaveLength(1)
  })

  test('a value between gaps is a point', () => {
    expect(draw([1, null, 3, null, 5, 6])).toContain('<circle')
    expect(draw([1, 2, 3, 4, 5, 6])).not.toContain('<circle')
  })

  test('the axis has the unit, the legend the names', () => {
    expect(wordsIn(draw([0, 60, 120]))).toEqual(
      expect.arrayContaining(['0 s', '1.67 mins', '00:01', 'proven']),
    )
  })

  test('the axis has the decimals that its steps need, unless told', () => {
    const axis = (defaults: object): readonly string[] =>
      wordsIn(
        drawTimeSeries(contentOf('timeseries', { fieldConfig: { defaults } }, [seriesOf('a', [0, 0.25])])),
      )
    expect(axis({})).toEqual(expect.arrayContaining(['0', '0.1', '0.2']))
    expect(axis({ decimals: 2 })).toEqual(expect.arrayContaining(['0.00', '0.10', '0.20']))
  })

  test('nothing but gaps is no graph', () => {
    expect(wordsIn(draw([null, null]))).toEqual(['No data'])
  })

  test('two units on one axis are an error', () => {
    const overrides = [
      { matcher: { id: 'byName', options: 'b' }, properties: [{ id: 'unit', value: 'bytes' }] },
    ]
    const content = contentOf('timeseries', { fieldConfig: { defaults: { unit: 's' }, overrides } }, [
      seriesOf('a', [1, 2]),
      seriesOf('b', [1, 2]),
    ])
    expect(() => drawTimeSeries(content)).toThrow('several units')
  })
})

describe('state-timeline', () => {
  const mappings = [
    {
      type: 'value',
      options: { '0': { text: 'silent', color: 'purple' }, '1': { text: 'answers', color: 'green' } },
    },
  ]
  const draw = (
    values: readonly (number | null)[],
    color: object = { mode: 'fixed', fixedColor: 'text' },
  ): string =>
    drawStateTimeline(
      contentOf(
        'state-timeline',
        { options: { mergeValues: true }, fieldConfig: { defaults: { mappings, color } } },
        [seriesOf('east', values)],
      ),
    )
  const bars = (svg: string): readonly string[] =>
    Array.from(svg.matchAll(/fill="(#[^"]*)" fill-opacity/g), ([, fill = '']) => fill)

  test('a bar for each time that something held; nothing where nobody said anything', () => {
    expect(bars(draw([1, 1, null, 1, 0]))).toEqual([green, green, purple])
  })

  test('thresholds in place of the words of mappings are an error', () => {
    expect(() => draw([1, 0], { mode: 'thresholds' })).toThrow('colour mode "thresholds"')
  })
})

describe('bargauge', () => {
  const draw = (defaults: object): string =>
    drawBarGauge(
      contentOf(
        'bargauge',
        {
          options: { orientation: 'horizontal', displayMode: 'basic' },
          fieldConfig: { defaults: { ...used, color: { mode: 'thresholds' }, ...defaults } },
        },
        [seriesOf('payments', [4.41]), seriesOf('orders', [0.5])],
      ),
    )

  test('bars end at the greatest value, and have names and figures', () => {
    const svg = draw({ min: 0, max: 1 })
    expect(wordsIn(svg)).toEqual(['payments', '441%', 'orders', '50%'])
    const widths = Array.from(
      svg.matchAll(/<rect [^>]*width="([\d.]+)"[^>]*fill="#(?!2c2e33)/g),
      ([, width]) => Number(width),
    )
    expect(widths[1]).toBeCloseTo((widths[0] ?? 0) / 2, 0)
  })

  test('without a greatest value they would lie', () => {
    expect(() => draw({})).toThrow('greatest value')
  })
})

test('text: headings, lists, bold and code; markup and tables are errors', () => {
  const panel = { options: { mode: 'markdown', content: '' } }
  const draw = (content: string): readonly string[] =>
    wordsIn(drawText(contentOf('text', panel, []), content))
  expect(draw('# Flows\n\n- **worst** first\n- [docs](https://x.example) & `code`')).toEqual([
    'Flows',
    '• worst first',
    '• docs &amp; code',
  ])
  expect(() => draw('<b>bold</b>')).toThrow('Markdown with "<b"')
  expect(() => draw('| a | b |')).toThrow('Markdown with "|"')
})

describe('what the preview does not draw is an error that names the panel', () => {
  test.each([
    ['an unknown type', { type: 'piechart' }, 'panel 7 "How much?" (piechart)'],
    ['an unknown option', { type: 'stat', options: { graphMode: 'area', sparkle: true } }, '"sparkle"'],
    ['a value of an option', { type: 'stat', options: { colorMode: 'background' } }, 'options.colorMode'],
    [
      'a transformation',
      { type: 'table', transformations: [{ id: 'pivot', options: {} }] },
      'transformations.0.id',
    ],
    ['a repeated panel', { type: 'stat', repeat: 'flow' }, '"repeat"'],
    [
      'a data source of its own',
      { type: 'stat', datasource: { type: 'prometheus', uid: 'abc' } },
      'datasource',
    ],
  ])('%s', (_, panel, said) => {
    expect(() => dashboardOf(panel)).toThrow(said)
  })
})

test('places have no more than tenths of pixels, so that pictures stay small', () => {
  const values = minutes.map(minute => Math.sin(minute))
  const content = contentOf('timeseries', {}, [seriesOf('a', values)])
  expect(drawTimeSeries(content)).not.toMatch(/="[^"]*\d\.\d\d/)
})
