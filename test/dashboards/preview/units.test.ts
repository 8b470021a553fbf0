import { describe, expect, test } from 'vitest'
import { Unsupported } from './schema.ts'
import { format } from './units.ts'

const now = Date.UTC(2026, 2, 1, 10, 31)

/** As Grafana 12.4 writes them (getValueFormat of @grafana/data). */
describe('units', () => {
  test.each([
    [0, 's', undefined, '0 s'],
    [0.0123, 's', undefined, '12.3 ms'],
    [42, 's', undefined, '42 s'],
    [60, 's', undefined, '1 min'],
    [61, 's', undefined, '1.02 mins'],
    [1211, 's', 1, '20.2 mins'],
    [-1024, 's', undefined, '-17.1 mins'],
    [5400, 's', undefined, '1.50 hours'],
    [100_000, 's', 0, '1 days'],
    [700_000, 's', undefined, '1.16 weeks'],
    [4.41, 'percentunit', 0, '441%'],
    [0.1234, 'percentunit', undefined, '12.3%'],
    [99.5, 'percent', undefined, '99.5%'],
    [1234.5, 'short', undefined, '1.23 K'],
    [1.5e6, 'short', undefined, '1.50 Mil'],
    [1_204_000, 'locale', undefined, '1,204,000'],
    [1500 * 1024, 'bytes', undefined, '1.46 MiB'],
    [0.05, 'ops', undefined, '0.0500 ops/s'],
    [7, 'none', undefined, '7'],
    [7, 'suffix:records', undefined, '7 records'],
    [3725, 'dthms', undefined, '01:02:05'],
    [3725, 'dtdurations', 1, '1 hour, 2 minutes'],
    [-60, 'dtdurations', undefined, '1 minute ago'],
    [now - 90_000, 'dateTimeFromNow', undefined, '2 minutes ago'],
    [now + 4 * 3_600_000, 'dateTimeFromNow', undefined, 'in 4 hours'],
    [now, 'dateTimeAsIso', undefined, '2026-03-01 10:31:00'],
    [now, 'dateTimeAsIsoNoDateIfToday', undefined, '10:31:00'],
    [Number.POSITIVE_INFINITY, 's', undefined, '∞'],
    [Number.NaN, 's', undefined, 'NaN'],
  ])('%s in %s with %s decimals is %s', (value, unit, decimals, text) => {
    const written = format(value, unit, decimals, now)
    expect(written.text + written.suffix).toBe(text)
  })

  test('a unit that was never looked at is an error', () => {
    expect(() => format(1, 'lengthkm', undefined, now)).toThrow(Unsupported)
  })
})
