import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { type Scene, scene, sceneOf, Traffic } from '../support/noc.ts'
import { closeBrowser, openWindow, type WatchedPage } from './support/browser.ts'
import { type Site, siteOf } from './support/site.ts'

// An open page keeps itself current, and says so when it does not. The browser's clock is turned by hand.

afterAll(closeBrowser)

async function open(path: string, shown: Scene = sceneOf('healthy')): Promise<WatchedPage & { site: Site }> {
  const site = await siteOf(shown)
  const window = await openWindow()
  await window.page.clock.install()
  await window.page.goto(site.url + path)
  return { ...window, site }
}

/** The time of the next refresh comes, and its answer. */
async function refreshed(page: Page): Promise<void> {
  const before = await page.locator('main').getAttribute('data-at')
  await page.clock.runFor(5_000)
  await expect.poll(() => page.locator('main').getAttribute('data-at')).not.toBe(before)
}

const notCurrent = (page: Page) => page.getByRole('alert')
const east = '/flows/east-to-west'

describe('what changed is taken over', () => {
  test('the headline, the colours, the title, and one word for a screen reader', async () => {
    const { page, site, complaints, requests } = await open('/')
    expect(await page.title()).toBe('Budget kept: east-to-west')
    await refreshed(page)
    expect(await page.getByRole('status').textContent()).toBe('')
    site.scene = sceneOf('breached')
    await refreshed(page)
    expect(await page.locator('h1').innerText()).toBe('✖ east-to-west is past its budget.')
    expect(await page.locator('article').first().getAttribute('class')).toBe('flow breached')
    expect(await page.title()).toBe('Past its budget: east-to-west')
    expect(await page.getByRole('status').textContent()).toBe('Past its budget: east-to-west')
    expect(complaints).toEqual([])
    expect(new Set(requests)).toEqual(new Set([`${site.url}/`]))
  })

  test('nothing flickers: what is the same is the same node, and rows follow their topic', async () => {
    const { page, site } = await open(east)
    const mark = `for (const row of document.querySelectorAll('tr, h2, svg, a, article')) row.mark = row.dataset.key ?? 'kept'`
    await page.evaluate(mark)
    site.scene = sceneOf('breached')
    await refreshed(page)
    const marks =
      '[...document.querySelectorAll("main :is(tr, h2, svg, a, article)")].map(node => [node.mark, node.dataset.key ?? "kept"])'
    const nodes = (await page.evaluate(marks)) as [string, string][]
    expect(nodes.length).toBeGreaterThan(10)
    for (const [was, is] of nodes) expect(was).toBe(is)
    expect(await page.locator('tbody tr').first().innerText()).toContain('orders')
  })
})

describe('the place of the reader is kept', () => {
  test('scroll, an unfolded part, what was typed and chosen, and where the cursor is in it', async () => {
    const { page, site } = await open(east)
    await page.getByText('All figures of this flow').click()
    await page.getByLabel('Status').selectOption('stalled')
    await page.getByLabel('Part of the name').fill('payments')
    await page.evaluate("document.getElementById('filter').setSelectionRange(2, 5)")
    await page.evaluate('scrollTo(0, 333)')
    const filterAt = (await page.getByLabel('Part of the name').boundingBox())?.y
    site.scene = sceneOf('breached')
    await refreshed(page)
    expect(await page.locator('.chip.full').innerText()).toBe('✖ Past its budget')
    const filterIsAt = (await page.getByLabel('Part of the name').boundingBox())?.y ?? 0
    expect(Math.abs(filterIsAt - (filterAt ?? 0)), 'pixels that the field has moved').toBeLessThan(2)
    expect(await page.getByText('Least exposure that can be proven').isVisible()).toBe(true)
    expect(await page.getByLabel('Part of the name').inputValue()).toBe('payments')
    expect(await page.getByLabel('Status').inputValue()).toBe('stalled')
    expect(await page.evaluate('document.activeElement.id')).toBe('filter')
    expect(await page.evaluate("document.getElementById('filter').selectionStart")).toBe(2)
    expect(await page.evaluate("document.getElementById('filter').selectionEnd")).toBe(5)
  })

  test('the focus goes with its topic, wherever that moves', async () => {
    const { page, site } = await open(east)
    await page.getByRole('link', { name: 'payments' }).focus()
    const place = (): Promise<unknown> =>
      page.evaluate('[...document.querySelectorAll("tbody a")].indexOf(document.activeElement)')
    expect(await place()).toBe(2)
    site.scene = sceneOf('breached')
    await refreshed(page)
    expect(await place()).toBe(1)
    expect(await page.evaluate('document.activeElement.textContent')).toBe('payments')
  })

  test('a topic that leaves takes its row with it, one that comes brings its own', async () => {
    const shown = (topics: string[]) => scene([new Traffic('east-to-west', topics).minutes(2)])
    const { page, site } = await open(east, shown(['a', 'b', 'c']))
    site.scene = shown(['b', 'd', 'c'])
    await refreshed(page)
    expect(await page.locator('tbody a').allInnerTexts()).toEqual(['b', 'c', 'd'])
  })

  test('the same on the page of a topic: an unfolded basis stays so', async () => {
    const { page } = await open(`${east}/topics/payments`)
    await page.getByText('Basis').nth(1).click()
    await refreshed(page)
    expect(
      await page.locator('details').evaluateAll(all => all.map(one => one.hasAttribute('open'))),
    ).toEqual([false, true])
  })
})

describe('a page that is not current says so, and since when', () => {
  async function expectOld(page: Page, words: string): Promise<void> {
    const at = (await page.locator('main').getAttribute('data-at')) ?? ''
    await page.clock.runFor(5_000)
    await expect.poll(() => notCurrent(page).textContent()).toContain(words)
    expect(await notCurrent(page).textContent()).toContain(
      `NOT CURRENT since ${at.slice(0, 10)} ${at.slice(11, 19)} UTC`,
    )
    expect(await notCurrent(page).isVisible()).toBe(true)
    expect(await page.title()).toBe('NOT CURRENT: Budget kept: east-to-west')
    expect(await page.evaluate('getComputedStyle(document.getElementById("main")).filter')).toBe(
      'grayscale(1)',
    )
  }

  async function expectCurrentAgain(page: Page): Promise<void> {
    await refreshed(page)
    await expect.poll(() => notCurrent(page).isVisible()).toBe(false)
    expect(await page.title()).toBe('Budget kept: east-to-west')
    expect(await page.evaluate('getComputedStyle(document.getElementById("main")).filter')).toBe('none')
  }

  test('Tidemark is gone, and comes back', async () => {
    const { page, site } = await open('/')
    await refreshed(page)
    await site.stop()
    await expectOld(page, 'Tidemark cannot be reached.')
    // Wherever somebody has scrolled to, and for everybody.
    await page.setViewportSize({ width: 360, height: 300 })
    await page.evaluate('scrollTo(0, 9999)')
    const box = await notCurrent(page).boundingBox()
    expect(box).toMatchObject({ x: 0, y: 0, width: 360 })
    const { violations } = await new AxeBuilder({ page }).withRules(['color-contrast']).analyze()
    expect(violations).toEqual([])
    await site.start()
    await expectCurrentAgain(page)
  })

  test('a proxy answers instead', async () => {
    const { page, site } = await open('/')
    site.instead = (_, response) => response.writeHead(502).end('bad gateway')
    await expectOld(page, 'Tidemark answers with an error (502).')
    site.instead = undefined
    await expectCurrentAgain(page)
  })

  test('a cache gives the old page again', async () => {
    const { page, site } = await open('/')
    const old = await page.content()
    site.instead = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(old)
    await expectOld(page, 'The same old answer has come again.')
    site.instead = undefined
    await expectCurrentAgain(page)
  })

  test('no answer comes', async () => {
    const { page, site } = await open('/')
    const asked = new Promise<void>(resolve => {
      site.instead = () => resolve()
    })
    await page.clock.runFor(5_000)
    await asked
    await page.clock.runFor(10_000)
    await expect
      .poll(() => notCurrent(page).textContent())
      .toContain('Tidemark has not answered within 10 s.')
    site.instead = undefined
    await expectCurrentAgain(page)
  })

  test('somebody has stopped it', async () => {
    const { page, requests } = await open('/')
    await page.getByRole('button', { name: 'Stop refreshing' }).click()
    const at = await page.locator('main').getAttribute('data-at')
    expect(await notCurrent(page).textContent()).toContain('you have stopped the refreshing')
    await page.clock.runFor(60_000)
    expect(await page.locator('main').getAttribute('data-at')).toBe(at)
    expect(requests).toHaveLength(1)
    await page.getByRole('button', { name: 'Refresh again' }).click()
    await expect.poll(() => notCurrent(page).isVisible()).toBe(false)
    expect(await page.getByRole('button', { name: 'Stop refreshing' }).isVisible()).toBe(true)
  })

  test('a topic that has gone: the page says that', async () => {
    const { page, site } = await open(`${east}/topics/payments`)
    site.scene = sceneOf('empty')
    await refreshed(page)
    expect(await page.locator('h1').innerText()).toBe('? There is no such page')
  })
})

test('a Tidemark with another stylesheet: the page is loaded anew', async () => {
  const { page, site } = await open('/')
  const next = (await page.content())
    .replace('--bg: #fff', '--bg: #fefefe')
    .replace(/data-at="[^"]*"/, 'data-at="x"')
  site.instead = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(next)
  const loaded = page.waitForEvent('load')
  await page.clock.runFor(5_000)
  await loaded
  expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(254, 254, 254)')
})
