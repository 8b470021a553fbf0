import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { type NocWorld, nocWorlds, sceneOf } from '../support/noc.ts'
import { closeBrowser, desktop, openWindow, phone } from './support/browser.ts'
import { siteOf } from './support/site.ts'

// The pages in a real browser, in every world: for everybody, on every device.

afterAll(closeBrowser)

const headlines: Readonly<Record<NocWorld, string>> = {
  healthy: '✔ All 2 flows keep their budgets.',
  breached: '✖ east-to-west is past its budget.',
  blind: '? east-to-west cannot be judged.',
  empty: '? None of the 2 flows can be judged.',
}

const devices = [
  { device: 'a desktop, light and dark', options: desktop },
  { device: 'a phone, dark and light', options: phone },
]

const paths = (world: NocWorld): string[] => [
  '/',
  '/flows/east-to-west',
  ...(world === 'empty' ? [] : ['/flows/east-to-west/topics/payments']),
]

/** What axe finds wrong, in short; with everything unfolded. */
async function barriers(page: Page): Promise<string[]> {
  for (const summary of await page.locator('summary').all()) await summary.click()
  return found(await new AxeBuilder({ page }).analyze())
}

/** The same of nothing but the contrast, in the other colours. */
async function contrastIn(page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
  await page.emulateMedia({ colorScheme })
  return found(await new AxeBuilder({ page }).withRules(['color-contrast']).analyze())
}

function found({ violations }: Awaited<ReturnType<AxeBuilder['analyze']>>): string[] {
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
}

describe.each(nocWorlds)('%s', world => {
  test.each(devices)('on $device', async ({ options }) => {
    const site = await siteOf(sceneOf(world))
    const { page, complaints, requests } = await openWindow(options)
    for (const path of paths(world)) {
      await page.emulateMedia({ colorScheme: options.colorScheme })
      await page.goto(site.url + path)
      if (path === '/') expect(await page.locator('h1').innerText()).toBe(headlines[world])
      expect(await barriers(page), path).toEqual([])
      expect(await contrastIn(page, options.colorScheme === 'dark' ? 'light' : 'dark'), path).toEqual([])
      const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      expect(tooWide, `${path} is no wider than the screen`).toBeLessThanOrEqual(0)
    }
    expect(complaints).toEqual([])
    for (const request of requests) expect(new URL(request).origin).toBe(site.url)
  })

  test('without JavaScript all is there', async () => {
    const site = await siteOf(sceneOf(world))
    const { page, complaints } = await openWindow({ ...phone, javaScriptEnabled: false })
    await page.goto(site.url)
    expect(await page.locator('h1').innerText()).toBe(headlines[world])
    expect(await page.locator('#pause').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })
})

test('without JavaScript the browser loads the page again', async () => {
  const site = await siteOf(sceneOf('healthy'))
  const { page } = await openWindow({ ...desktop, javaScriptEnabled: false })
  await page.goto(site.url)
  site.scene = sceneOf('breached')
  await page.getByRole('heading', { name: headlines.breached }).waitFor()
})

test('without JavaScript a filter is a form like any other', async () => {
  const site = await siteOf(sceneOf('breached'))
  const { page } = await openWindow({ ...desktop, javaScriptEnabled: false })
  await page.goto(`${site.url}/flows/east-to-west`)
  await page.getByLabel('Part of the name').fill('pay')
  await page.getByLabel('Status').selectOption('stalled')
  await page.getByRole('button', { name: 'Show' }).click()
  expect(new URL(page.url()).search).toBe('?filter=pay&status=stalled')
  expect(await page.getByRole('row').count()).toBe(2)
  expect(await page.getByLabel('Part of the name').inputValue()).toBe('pay')
})

test.each([
  ['/flows/none', 404, 'There is no flow "none"'],
  ['/flows/east-to-west?page=x', 400, 'page: expected a whole number from 1, found "x"'],
])('%s is %d, and says why', async (path, status, why) => {
  const site = await siteOf(sceneOf('healthy'))
  const { page } = await openWindow(phone)
  const response = await page.goto(site.url + path)
  expect(response?.status()).toBe(status)
  expect(await page.locator('main').innerText()).toContain(why)
  expect(await barriers(page)).toEqual([])
  await page.getByRole('main').getByRole('link', { name: 'east-to-west' }).click()
  expect(page.url()).toBe(`${site.url}/flows/east-to-west`)
})

test('by keyboard: over the head to the content, and down to a partition', async () => {
  const site = await siteOf(sceneOf('breached'))
  const { page } = await openWindow()
  await page.goto(site.url)
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
  expect((await page.getByText('Skip to the content').boundingBox())?.x).toBeGreaterThan(0)
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('east-to-west')
  expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/flows/east-to-west')
  await page.getByRole('link', { name: 'payments' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL('**/topics/payments')
  await page.getByText('Basis').first().focus()
  await page.keyboard.press('Enter')
  expect(await page.getByText('Committed offset').first().isVisible()).toBe(true)
})

test('for a screen reader: landmarks, a table with its caption and headers also on a phone, the chart in words', async () => {
  const site = await siteOf(sceneOf('breached'))
  const { page } = await openWindow(phone)
  await page.goto(`${site.url}/flows/east-to-west`)
  const heard = await page.locator('body').ariaSnapshot()
  expect(heard).toContain('- banner:')
  expect(heard).toContain('- main:')
  expect(heard).toContain('- contentinfo:')
  expect(heard).toContain('- navigation "Where this page is":')
  expect(heard).toMatch(/- table "6 topics, worst first":/)
  expect(heard).toMatch(/- row "orders stalled at most [^"]*":\n\s+- rowheader "orders":/)
  expect(heard).toMatch(/- columnheader "Would be lost"/)
  expect(heard).toMatch(
    /- img "Exposure of east-to-west since 10:29:20 UTC, budget 5 min The greatest was 9 min 46 s/,
  )
})

test('on paper: everything that is folded, nothing that is to be pressed', async () => {
  const site = await siteOf(sceneOf('breached'))
  const { page } = await openWindow({ ...desktop, colorScheme: 'dark' })
  await page.goto(`${site.url}/flows/east-to-west`)
  expect(await page.getByText('Least exposure that can be proven').isVisible()).toBe(false)
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
  expect(await page.getByText('Least exposure that can be proven').isVisible()).toBe(true)
  expect(await page.getByRole('button', { name: 'Show' }).isVisible()).toBe(false)
  expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
})

test('names that are made of markup are shown as text', async () => {
  const evil = '<img src=x onerror=alert(1)>'
  const { snapshot, clock } = sceneOf('breached')
  const flows = snapshot.flows.map(shown => {
    if (shown.assessment === undefined) return shown
    const topics = shown.assessment.topics.map(topic => ({
      ...topic,
      topic: `${topic.topic}${evil}`,
      unknown: { reason: 'error' as const, detail: evil },
      status: 'unknown' as const,
    }))
    return { ...shown, assessment: { ...shown.assessment, topics } }
  })
  const site = await siteOf({ snapshot: { ...snapshot, flows }, clock })
  const { page, complaints, requests } = await openWindow()
  await page.goto(site.url)
  await page.getByRole('link', { name: `payments${evil}` }).click()
  expect(await page.locator('h1').innerText()).toBe(`payments${evil}`)
  expect(await page.locator('img').count()).toBe(0)
  expect(complaints).toEqual([])
  expect(requests.filter(request => request.endsWith('/x'))).toEqual([])
})
