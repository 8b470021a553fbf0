import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { metricsReference } from '../../src/artifacts/metricsReference.ts'
import { catalog, type Family } from '../../src/metrics/catalog.ts'
import { SelfMetrics } from '../../src/metrics/selfMetrics.ts'
import { openApiDocument } from '../../src/present/openapi.ts'

const committed = (file: string): string =>
  readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')

describe('docs/metrics.md', () => {
  test('is what the catalog says', () => {
    expect(committed('metrics.md')).toBe(metricsReference())
  })

  test.each(Object.values<Family>(catalog).map(({ name }) => name))('has %s', name => {
    expect(metricsReference()).toContain(`| \`${name}\` |`)
  })

  test('has every metric of the exporter itself', async () => {
    const own = new SelfMetrics({ version: '1', nodeVersion: 'v24', pollMs: 15_000, wallMs: () => 1 })
    const names = [...(await own.render('prometheus')).matchAll(/^# TYPE (tidemark_\S+)/gm)]
    expect(names.length).toBeGreaterThan(5)
    for (const [, name] of names) expect(metricsReference()).toContain(`| \`${name}\` |`)
  })
})

test('docs/openapi.json is what the schema says', () => {
  expect(committed('openapi.json')).toBe(`${JSON.stringify(openApiDocument(), null, 2)}\n`)
})
