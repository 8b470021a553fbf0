import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ReportOptions, report } from '../../src/cli/report.ts'
import { configFor, Exporter, pollMs } from './support/exporter.ts'
import { ownName, type SharedPair, sharedPair } from './support/pair.ts'
import { allCovered } from './support/truth.ts'

const orders = ownName('orders')
let pair: SharedPair
let exporter: Exporter
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-report-'))
  pair = await sharedPair()
  await pair.source.createTopics([{ topic: orders, numPartitions: 2 }])
  for (const partition of [0, 1]) await pair.source.produce(orders, [{ value: 'one', partition }])
  exporter = await Exporter.start(configFor({ ...pair, topics: [orders] }))
  await exporter.until('all is covered', page => allCovered(page, [orders]))
})
afterAll(async () => {
  await exporter?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What a report says, without its markup. */
async function reported(options: Partial<ReportOptions>): Promise<string> {
  const out = join(folder, 'report.html')
  const said: string[] = []
  const code = await report(
    { version: '1', out, ...options },
    { write: line => said.push(line), error: line => said.push(line) },
  )
  expect(code, said.join('\n')).toBe(0)
  return (await readFile(out, 'utf8'))
    .replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ')
    .replaceAll(/\s+/g, ' ')
}

/** How much of what there was when the report was made would be lost, in seconds. */
const covered =
  /If east died now, nothing that it had accepted by [\d:]+ UTC would be lost; at most (\d+) s of records/

test('by its own polls a report knows what is covered', async () => {
  const config = join(folder, 'tidemark.yaml')
  await writeFile(config, JSON.stringify(configFor({ ...pair, topics: [orders] })))
  const text = await reported({ config })
  expect(text).toMatch(covered)
  expect(text).toContain('0 stalled, 0 unknown, 0 behind, 0 pending, 1 covered')
  expect(text).toContain('2 of 2')
  expect(text).toMatch(/[2-5] polls of its own within/)
})

test('of a running exporter it says what that says, with the exposures of before', async () => {
  const text = await reported({ from: exporter.url })
  expect(Number(covered.exec(text)?.[1]) * 1000).toBeLessThan(5 * pollMs)
  expect(text).toContain('Exposure of the last hours')
})
