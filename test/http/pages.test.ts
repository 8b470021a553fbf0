import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { pages } from '../../src/http/pages.ts'
import type { Snapshot } from '../../src/model/assessment.ts'
import { pagePolicy } from '../../src/present/page/document.ts'
import { nocWorlds, sceneOf } from '../support/noc.ts'
import { clockAt, coveredWorld, snapshotOf } from '../support/snapshots.ts'

const world = coveredWorld()
const assessment = world.poll()
const named = { ...world.flow, name: 'east/west & "süd"' }
const snapshot = snapshotOf(named, { ...assessment, flow: named })
const path = `/flows/${encodeURIComponent(named.name)}`

const app = (shown: Snapshot = snapshot) =>
  request(
    express()
      .disable('etag')
      .use(pages({ snapshot: () => shown, clock: () => clockAt(world.now) })),
  )

test.each([
  '/',
  path,
  `${path}?filter=ord&status=covered&page=1`,
  `${path}?filter=&status=&page=`,
  `${path}/topics/orders`,
  `${path}/topics/orders?page=1`,
])('%s is a page with its policy', async address => {
  const response = await app().get(address).expect(200).expect('content-type', 'text/html; charset=utf-8')
  expect(response.headers['content-security-policy']).toBe(pagePolicy)
  expect(response.text).toContain('<main id="main"')
  const head = await app().head(address).set('accept-encoding', 'gzip').expect(200)
  expect(head.headers['content-length']).toBe(response.headers['content-length'])
  expect(head.text ?? '').toBe('')
})

test('a page is sent packed to those who take that', async () => {
  const packed = await app().get('/').set('accept-encoding', 'gzip').expect('content-encoding', 'gzip')
  expect(packed.text).toContain('<main id="main"')
  const plain = await app().get('/').set('accept-encoding', 'identity').expect(200)
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(plain.headers['vary']).toBe('Accept-Encoding')
  expect(Number(packed.headers['content-length'])).toBeLessThan(Number(plain.headers['content-length']) / 2)
})

test('an address behind the last page gives the last page', async () => {
  const response = await app().get(`${path}?page=7`).expect(200)
  expect(response.text).toContain('1 topic, worst first')
})

describe('what is not there: 404, with what was asked and where else to look', () => {
  test.each([
    ['/flows/none', 'There is no flow &quot;none&quot; in the configuration of this process.'],
    ['/flows/__proto__', 'There is no flow &quot;__proto__&quot;'],
    ['/flows/none/topics/orders', 'There is no flow &quot;none&quot;'],
    ['/flows/<img src=x>', 'There is no flow &quot;&lt;img src=x&gt;&quot;'],
    [
      `${path}/topics/none`,
      'has no topic &quot;none&quot; in its scope: it may be gone, excluded, or not visible.',
    ],
    ['/flows', 'There is no page at /flows.'],
    [`${path}/partitions`, 'There is no page at /flows/east%2Fwest'],
  ])('%s', async (address, line) => {
    const response = await app().get(encodeURI(address).replaceAll('%25', '%')).expect(404)
    expect(response.text).toContain(line)
    expect(response.text).toContain(`href="${path.replaceAll("'", '&#39;')}"`)
    expect(response.headers['content-security-policy']).toBe(pagePolicy)
  })

  test('the topic of a flow that was not polled yet, or whose scope is not known', async () => {
    const waiting = await app(snapshotOf(named, undefined)).get(`${path}/topics/orders`).expect(404)
    expect(waiting.text).toContain('its topics are not known yet')
    const { snapshot: empty } = sceneOf('empty')
    const none = await app(empty).get('/flows/east-to-west/topics/orders').expect(404)
    expect(none.text).toContain('no topic of east is in scope')
  })

  test('without any flow', async () => {
    const response = await app({ ...snapshot, flows: [] })
      .get('/flows/none')
      .expect(404)
    expect(response.text).toContain('No flow is configured: nothing is watched.')
  })
})

describe('what is asked in the wrong way: 400, with what was expected', () => {
  test.each([
    [
      '?status=broken',
      'status: expected one of stalled, unknown, behind, pending, covered, found &quot;broken&quot;',
    ],
    ['?page=0', 'page: expected a whole number from 1, found &quot;0&quot;'],
    ['?page=-1', 'page: expected a whole number from 1'],
    ['?page=1.5', 'page: expected a whole number from 1'],
    ['?page=99999999', 'page: expected a whole number from 1'],
    ['?filter=a&filter=b', 'filter: expected one value, found several'],
    ['?filter[a]=b', 'expected no parameter but filter, status, page, found &quot;filter[a]&quot;'],
    ['?stauts=stalled', 'expected no parameter but filter, status, page, found &quot;stauts&quot;'],
    ['?__proto__=1', 'expected no parameter but filter, status, page, found &quot;__proto__&quot;'],
    [`?filter=${'x'.repeat(250)}`, 'at most 249 characters, found 250'],
    ['/topics/orders?filter=a', 'expected no parameter but page'],
  ])('%s', async (query, line) => {
    const response = await app().get(`${path}${query}`).expect(400)
    expect(response.text).toContain(line)
    expect(response.text).toContain('Asked was /flows/east%2Fwest')
  })
})

test.each(nocWorlds)('%s: every link on every page leads to a page', async name => {
  const scene = sceneOf(name)
  const site = request(
    express()
      .use(pages({ snapshot: () => scene.snapshot, clock: () => scene.clock }))
      .get(['/metrics', '/api/*rest'], (_request, response) => void response.send('')),
  )
  const seen = new Set(['/'])
  for (const address of seen) {
    const { text } = await site.get(address).expect(200)
    for (const [, href = ''] of text.matchAll(/href="([^#"][^"]*)"/g)) seen.add(href.replaceAll('&amp;', '&'))
  }
  expect(seen.size).toBeGreaterThan(3)
})
