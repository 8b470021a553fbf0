import { performance } from 'node:perf_hooks'
import { afterAll, expect, test } from 'vitest'
import { exposuresAfter } from '../../src/assess/exposures.ts'
import type { ExposureHistory } from '../../src/model/exposures.ts'
import type { Scene } from '../support/noc.ts'
import { sceneOf } from '../support/noc.ts'
import { pollMs } from '../support/world.ts'
import { closeBrowser, openWindow } from './support/browser.ts'
import { siteOf } from './support/site.ts'

// 20,000 topics in one flow hurt neither the server nor the browser.

afterAll(closeBrowser)

const topicsInFlow = 20_000

/** The breached world with its topics many times over, each under its own name. */
function crowdedScene(): Scene {
  const { snapshot, clock } = sceneOf('breached')
  const flows = snapshot.flows.map(shown => {
    if (shown.flow.name !== 'east-to-west' || shown.assessment === undefined) return shown
    const { topics } = shown.assessment
    const many = Array.from({ length: topicsInFlow }, (_, index) => {
      const topic = topics[index % topics.length]
      if (topic === undefined) throw new Error('there is a topic')
      return { ...topic, topic: `${topic.topic}-${String(index).padStart(5, '0')}` }
    }).sort((a, b) => a.deadline - b.deadline)
    const count = (status: string): number => many.filter(topic => topic.status === status).length
    const topicsByStatus = {
      stalled: count('stalled'),
      unknown: count('unknown'),
      behind: count('behind'),
      pending: count('pending'),
      covered: count('covered'),
    }
    const assessment = { ...shown.assessment, topics: many, topicsByStatus }
    const exposures: ExposureHistory = exposuresAfter(undefined, assessment, pollMs)
    return { ...shown, assessment, exposures }
  })
  return { snapshot: { ...snapshot, flows }, clock }
}

const crowded = crowdedScene()

test.each([
  '/',
  '/flows/east-to-west',
  '/flows/east-to-west?filter=PAYMENTS-1&page=3',
  '/flows/east-to-west/topics/payments-00001',
])('%s: the first byte and the whole page come at once', async path => {
  const site = await siteOf(crowded)
  // Not the first request of the process.
  for (let i = 0; i < 5; i++) await (await fetch(site.url + path)).text()
  const firstBytes: number[] = []
  for (let i = 0; i < 9; i++) {
    const asked = performance.now()
    const response = await fetch(site.url + path)
    firstBytes.push(performance.now() - asked)
    expect((await response.text()).length).toBeLessThan(120_000)
  }
  const { page } = await openWindow()
  await page.goto(site.url + path)
  const drawn = await page.evaluate<number>(`new Promise(resolve => {
    const firstOf = list => list.getEntriesByName('first-contentful-paint').forEach(entry => resolve(entry.startTime))
    new PerformanceObserver(firstOf).observe({ type: 'paint', buffered: true })
  })`)
  const nodes = await page.locator('*').count()
  const firstByte = firstBytes.sort((a, b) => a - b)[4] ?? Number.NaN
  console.log(
    `${path}: first byte after ${firstByte.toFixed(1)} ms (median), drawn after ${drawn.toFixed(0)} ms, ${nodes} elements`,
  )
  // Generous: the machine may be busy. What matters is that it does not grow with the number of topics.
  expect(firstByte).toBeLessThan(250)
  expect(drawn).toBeLessThan(3_000)
  expect(nodes).toBeLessThan(2_000)
})

test('somebody finds one topic among them: by the filter, by status, by pages', async () => {
  const site = await siteOf(crowded)
  const { page, complaints } = await openWindow()
  await page.goto(site.url)
  await page.getByRole('link', { name: 'All 20,000 topics of east-to-west' }).click()
  expect(await page.locator('caption').innerText()).toBe('20,000 topics, worst first, page 1 of 200')
  expect(await page.locator('tbody tr').count()).toBe(100)
  expect(await page.locator('tbody tr').first().innerText()).toContain('stalled')
  await page.getByRole('link', { name: 'Last' }).click()
  expect(await page.locator('tbody tr').last().innerText()).toContain('behind')
  await page.getByLabel('Part of the name').fill('Payments-0012')
  await page.getByLabel('Part of the name').press('Enter')
  expect(await page.locator('caption').innerText()).toMatch(/^\d topics? found, worst first$/)
  await page.getByRole('link', { name: 'payments-00121' }).click()
  expect(await page.locator('h1').innerText()).toBe('payments-00121')
  expect(complaints).toEqual([])
})
