import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accountOf } from '../../src/assess/month/account.ts'
import { type MonthState, monthStates } from '../../src/assess/month/states.ts'
import type { Stretch } from '../../src/assess/month/timeline.ts'
import { exporterViews } from '../../src/cli/report/exporterViews.ts'
import { reportPage } from '../../src/present/report/report.ts'
import { exporterOf, fourFlows } from '../report/support/exporter.ts'
import { closeBrowser, desktop, openWindow, phone } from './support/browser.ts'

// The report in a real browser, as a file and on paper.

const minute = 60_000
const fromMs = Date.UTC(2026, 9, 1)
const toMs = Date.UTC(2026, 10, 1)

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-report-'))
  file = join(folder, 'report.html')
  const exporter = await exporterOf(fourFlows(20))
  try {
    const known = await exporterViews({ url: exporter.url, credentials: undefined }, undefined)
    const month = {
      ...{ name: '2026-10', fromMs, toMs, untilMs: toMs, url: 'http://prometheus:9090', warnings: [] },
      flows: ['east-to-west', 'gone'].map(flow => monthOf(flow)),
    }
    await writeFile(
      file,
      reportPage({ ...known, madeAtMs: toMs, version: '1.2.3', onlyFlow: undefined, month }),
    )
  } finally {
    await exporter.close()
  }
})
afterAll(async () => {
  await closeBrowser()
  await rm(folder, { recursive: true })
})

/** A month in which everything happens for an hour a day. */
function monthOf(flow: string) {
  const stretches = Array.from({ length: 31 }, (_, day): Stretch[] => {
    const begin = fromMs + day * 1_440 * minute
    const state = monthStates[day % monthStates.length] ?? 'kept'
    return [stretch(begin, 60, state), stretch(begin + 60 * minute, 1_380, 'kept')]
  }).flat()
  const account = accountOf({ fromMs, toMs }, stretches, { before: [], after: [] })
  return { flow, labels: {}, account, stretches, intervalMs: 30_000, windowSeconds: 2_419_200 }
}

function stretch(begin: number, minutes: number, state: MonthState): Stretch {
  const worstMs = state === 'breached' ? 90_000 : undefined
  return { fromMs: begin, toMs: begin + minutes * minute, state, objectiveRatio: 0.999, worstMs }
}

test.each([
  { device: 'a desktop', options: desktop },
  { device: 'a phone in the dark', options: phone },
])('on $device it shows itself to everybody and asks nobody', async ({ options }) => {
  const { page, complaints, requests } = await openWindow(options)
  await page.goto(pathToFileURL(file).href)
  expect(await page.locator('h1').innerText()).toBe('If a source cluster died, what would be lost?')
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([])
  const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  expect(tooWide, 'no wider than the screen').toBeLessThanOrEqual(0)
  expect(complaints).toEqual([])
  expect(requests).toEqual([pathToFileURL(file).href])
})

test('on paper a flow begins on a new page of A4', async () => {
  const { page } = await openWindow()
  await page.goto(pathToFileURL(file).href)
  const pdf = join(folder, 'report.pdf')
  await page.pdf({ path: pdf, preferCSSPageSize: true })
  const pages = (await readFile(pdf, 'latin1')).match(/\/Type \/Page\b/g)?.length
  // The summary, four flows, one that is gone, and the words.
  expect(pages).toBeGreaterThanOrEqual(7)
  expect(pages).toBeLessThan(16)
})
