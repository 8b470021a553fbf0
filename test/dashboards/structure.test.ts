import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { describe, expect, test } from 'vitest'
import { uid } from '../../src/artifacts/dashboards/assemble.ts'
import { byUid, committed, figuresOf, panelsOf, queriesOf, variablesOf } from './support/dashboards.ts'
import { problemsOf, urlsIn } from './support/structure.ts'

const uids = new Set(byUid.keys())

test.each(committed.map(it => [it.title ?? '', it] as const))('%s is well built', (_, dashboard) => {
  expect(problemsOf(dashboard, uids)).toEqual([])
})

test('there is one of every address', () => {
  expect([...uids].sort()).toEqual(Object.values(uid).sort())
})

describe('the NOC wall', () => {
  const wall = dashboardOf(uid.noc)

  test('is one screen', () => {
    const bottom = Math.max(...panelsOf(wall).map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)))
    const pixels = bottom * (30 + 8) - 8
    // Of 1080 pixels, Grafana's bar and controls, a row of variables and its margins.
    expect(pixels).toBeLessThanOrEqual(1080 - 40 - 40 - 60 - 2 * 16)
    expect(panelsOf(wall).every(({ gridPos }) => gridPos !== undefined && gridPos.y < bottom)).toBe(true)
  })

  test('asks at most ten queries', () => {
    const queries = figuresOf(wall).flatMap(queriesOf)
    expect(queries.length).toBeGreaterThan(0)
    expect(queries.length).toBeLessThanOrEqual(10)
  })

  test('leads down to a flow, which it names', () => {
    expect(
      urlsIn(wall).filter(url => url.startsWith(`/d/${uid.flow}?`) && url.includes('var-flow=')).length,
    ).toBeGreaterThan(3)
    expect(variablesOf(dashboardOf(uid.flow)).map(({ name }) => name)).toContain('flow')
  })
})

test('a flow leads down to its topics', () => {
  expect(urlsIn(dashboardOf(uid.flow)).join('\n')).toMatch(/^\/d\/tidemark-topic\?.*var-flow=.*var-topic=/m)
})

describe('tells what is wrong', () => {
  const first = (dashboard: Dashboard): Panel => {
    const panel = figuresOf(dashboard)[0]
    if (panel === undefined) throw new Error('a dashboard without figures')
    return panel
  }
  const cases: readonly (readonly [string, (dashboard: Dashboard) => void])[] = [
    ['id is not null', it => Object.assign(it, { id: 1 })],
    ['times are not UTC', it => Object.assign(it, { timezone: 'browser' })],
    ['Grafana 10 does not know schema 42', it => Object.assign(it, { schemaVersion: 42 })],
    ['it asks for inputs', it => Object.assign(it, { __inputs: [] })],
    ['its first variable is no data source', it => it.templating.list?.shift()],
    [
      'another data source',
      it => Object.assign(queriesOf(first(it))[0] ?? {}, { datasource: { uid: 'p1' } }),
    ],
    ['$flow: another data source', it => Object.assign(variablesOf(it)[1] ?? {}, { datasource: null })],
    ['ids are not unique', it => Object.assign(first(it), { id: panelsOf(it)[1]?.id })],
    ['no description', it => Object.assign(first(it), { description: '' })],
    ['no unit', it => Object.assign(first(it).fieldConfig?.defaults ?? {}, { unit: '' })],
    ['nothing is said', it => Object.assign(first(it).fieldConfig?.defaults ?? {}, { noValue: undefined })],
    ['the names of its queries', it => Object.assign(queriesOf(first(it))[0] ?? {}, { refId: '' })],
    ['reaches beyond 24 columns', it => Object.assign(first(it).gridPos ?? {}, { x: 22 })],
    ['overlap', it => Object.assign(first(it).gridPos ?? {}, { w: 5 })],
    ['a link to nowhere', it => Object.assign(linkOf(it), { url: '/d/tidemark-elsewhere?x' })],
    ['a variable that is not there', it => Object.assign(linkOf(it), { url: `/d/${uid.flow}?\${job}` })],
  ]

  test.each(cases)('%s', (problem, spoil) => {
    const dashboard = structuredClone(dashboardOf(uid.flow))
    spoil(dashboard)
    expect(problemsOf(dashboard, uids).join('\n')).toContain(problem)
  })

  function linkOf(dashboard: Dashboard): object {
    const properties = figuresOf(dashboard).flatMap(({ fieldConfig }) => fieldConfig?.overrides ?? [])
    const links = properties.flatMap(it => it.properties).find(({ id }) => id === 'links')?.value
    return (links as readonly object[])[0] ?? {}
  }
})

function dashboardOf(address: string): Dashboard {
  const found = byUid.get(address)
  if (found === undefined) throw new Error(`there is no dashboard ${address}`)
  return found
}
