import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { defaultTimings } from '../../src/artifacts/alerts/timings.ts'
import { dashboardFiles } from '../../src/artifacts/dashboards/files.ts'
import { processMetric } from '../../src/artifacts/dashboards/otherMetrics.ts'
import { generateDashboards } from '../../src/cli/generateDashboards.ts'
import { SelfMetrics } from '../../src/metrics/selfMetrics.ts'

const folder = new URL('../../dashboards/', import.meta.url)
const files = dashboardFiles(defaultTimings)

test.each([...files])('dashboards/%s is what the generator gives', (file, text) => {
  expect(readFileSync(new URL(file, folder), 'utf8')).toBe(text)
})

test('dashboards/ has no file that is not generated', () => {
  const others = readdirSync(folder).filter(file => !files.has(file))
  expect(others).toEqual(['README.md'])
})

test('the intervals of the rules are those of the dashboards', async () => {
  const said: string[] = []
  const output = { write: (line: string) => said.push(line), error: (line: string) => said.push(line) }
  expect(await generateDashboards({ out: 'none', scrapeInterval: 'often' }, output)).toBe(2)
  expect(said).toEqual(['--scrape-interval: expected a duration such as 30s, 5m or 2h, found "often"'])
  const slow = dashboardFiles({ ...defaultTimings, scrapeMs: 60_000 }).get('tidemark-noc.json')
  expect(slow).toContain('[3m]')
  expect(files.get('tidemark-noc.json')).not.toContain('[3m]')
})

test('the metrics of the process are those that the exporter gives', async () => {
  const page = await new SelfMetrics({
    version: '1',
    nodeVersion: 'v24',
    pollMs: 15_000,
    wallMs: () => 0,
  }).render('prometheus')
  const names = page.split('\n').map(line => line.split(' ')[0])
  expect(Object.values(processMetric).filter(name => !names.includes(name))).toEqual([])
})
