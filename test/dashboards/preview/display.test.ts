import { describe, expect, test } from 'vitest'
import { colourOf, paletteColourByName, shadeOf, textOn } from './colours.ts'
import { displayOf } from './display.ts'
import type { Cell } from './frames.ts'
import { type FieldConfig, type Mapping, Unsupported } from './schema.ts'
import { fieldOf } from './support/panels.ts'

const context = { nowMs: 0, extent: { min: 0, max: 200 }, seriesIndex: 0 }
const [green, yellow, red, purple] = ['green', 'yellow', 'red', 'purple'].map(colourOf)
const steps = [
  { value: null, color: 'green' },
  { value: 0.5, color: 'yellow' },
  { value: 1, color: 'red' },
]
const byThresholds: FieldConfig = {
  color: { mode: 'thresholds' },
  thresholds: { mode: 'absolute', steps },
}

function shown(value: Cell, config: FieldConfig) {
  const { text, suffix, colour } = displayOf(
    value,
    fieldOf('used', [value], { type: 'number', config }),
    context,
  )
  return [text + suffix, colour]
}

describe('thresholds', () => {
  test.each([
    [-1, green],
    [0.49, green],
    [0.5, yellow],
    [0.99, yellow],
    [1, red],
    [Number.POSITIVE_INFINITY, red],
    [null, green],
    [Number.NaN, green],
  ])('%s', (value, colour) => {
    expect(shown(value, byThresholds)[1]).toBe(colour)
  })

  test('in percent they count between the least and the greatest value', () => {
    const thresholds = {
      mode: 'percentage' as const,
      steps: [
        { value: null, color: 'green' },
        { value: 80, color: 'red' },
      ],
    }
    expect(shown(159, { ...byThresholds, thresholds })[1]).toBe(green)
    expect(shown(160, { ...byThresholds, thresholds })[1]).toBe(red)
    expect(shown(9, { ...byThresholds, thresholds, max: 10 })[1]).toBe(red)
  })
})

describe('mappings', () => {
  const range: Mapping = {
    type: 'range',
    options: { from: 1000, to: 1999, result: { text: 'behind', color: 'yellow' } },
  }
  const open: Mapping = { type: 'range', options: { from: 9000, to: null, result: { text: 'past budget' } } }
  const nothing: Mapping = {
    type: 'special',
    options: { match: 'null+nan', result: { text: 'unknown', color: 'purple' } },
  }
  const value: Mapping = { type: 'value', options: { '0': { text: 'silent', color: 'purple' } } }
  const regex: Mapping = {
    type: 'regex',
    options: { pattern: '/^web\\.(.*)$/', result: { text: '$1 of the web' } },
  }
  const mappings = [range, open, nothing, value, regex]

  test.each([
    [1000, 'behind', yellow],
    [1999, 'behind', yellow],
    [2000, '2000', red],
    [12_000, 'past budget', red],
    [0, 'silent', purple],
    [null, 'unknown', purple],
    [Number.NaN, 'unknown', purple],
    ['web.clicks', 'clicks of the web', green],
  ])('%s is %s', (cell, text, colour) => {
    expect(shown(cell, { ...byThresholds, mappings })).toEqual([text, colour])
  })

  test('a text takes the place of the unit, a colour alone does not', () => {
    const coloured: Mapping = { type: 'value', options: { '7': { color: 'purple' } } }
    expect(shown(0, { ...byThresholds, unit: 's', mappings: [value] })).toEqual(['silent', purple])
    expect(shown(7, { ...byThresholds, unit: 's', mappings: [coloured] })).toEqual(['7 s', purple])
  })
})

test('what is missing is what noValue says, and never 0', () => {
  expect(shown(null, byThresholds)[0]).toBe('')
  expect(shown(null, { ...byThresholds, noValue: 'never seen' })[0]).toBe('never seen')
})

test('a colour mode that is left to a default that differs by panel is an error', () => {
  expect(() => shown(1, {})).toThrow(Unsupported)
  expect(() => shown(1, { color: { mode: 'fixed', fixedColor: 'no-such-colour' } })).toThrow(Unsupported)
})

/** What Grafana's own functions give in its dark theme. */
test('colours of series', () => {
  const shades = [0, 1, 2, 3, 5, 11].map(index => shadeOf(colourOf('blue'), index))
  expect(shades).toEqual(['#5794F2', '#669fff', '#3b87f0', '#75a9ff', '#84b4ff', '#5794F2'])
  const names = ['payments', 'payments.ledger', 'refunds', 'tidemark-a:9847', 'east Fetch']
  const colours = ['#E5AC0E', '#E0B400', '#5794F2', '#C15C17', '#5195CE']
  expect(names.map(paletteColourByName)).toEqual(colours)
  expect(['#FADE2A', '#73BF69', '#F2495C'].map(textOn)).toEqual(['#202226', '#f7f8fa', '#f7f8fa'])
})
