import type { Dashboard, GridPos } from '@grafana/grafana-foundation-sdk/dashboard'
import { annotationsOf, figuresOf, labelQueryOf, panelsOf, queriesOf, variablesOf } from './dashboards.ts'

/** Columns of Grafana's grid; what is wider overlaps the panel below. */
const columns = 24
const theVariable = JSON.stringify({ type: 'prometheus', uid: `\${datasource}` })

/** What is wrong with how a dashboard is built, in words. */
export function problemsOf(dashboard: Dashboard, uids: ReadonlySet<string>): readonly string[] {
  return [
    ...documentProblems(dashboard),
    ...datasourceProblems(dashboard),
    ...panelProblems(dashboard),
    ...placeProblems(dashboard),
    ...linkProblems(dashboard, uids),
  ]
}

function documentProblems(dashboard: Dashboard): readonly string[] {
  const { id, uid, timezone, schemaVersion } = dashboard
  return [
    ...unless(id === null, 'id is not null: an import would overwrite a dashboard'),
    ...unless(uid !== undefined && /^[\w-]{1,40}$/.test(uid), `uid ${uid} is none`),
    ...unless(timezone === 'utc', 'times are not UTC'),
    ...unless(schemaVersion <= 38, `Grafana 10 does not know schema ${schemaVersion}`),
    ...unless(!('__inputs' in dashboard), 'it asks for inputs'),
  ]
}

function datasourceProblems(dashboard: Dashboard): readonly string[] {
  const variables = variablesOf(dashboard)
  const [first] = variables
  return [
    ...unless(
      first?.type === 'datasource' && first.name === 'datasource',
      'its first variable is no data source',
    ),
    ...figuresOf(dashboard).flatMap(({ title, datasource }) =>
      unless(isTheVariable(datasource), `${title}: another data source`),
    ),
    ...figuresOf(dashboard).flatMap(panel =>
      queriesOf(panel).flatMap(({ refId, datasource }) =>
        unless(isTheVariable(datasource), `${panel.title}, ${refId}: another data source`),
      ),
    ),
    ...variables
      .filter(it => labelQueryOf(it) !== undefined)
      .flatMap(({ name, datasource }) => unless(isTheVariable(datasource), `$${name}: another data source`)),
    ...annotationsOf(dashboard).flatMap(({ name, datasource }) =>
      unless(isTheVariable(datasource), `annotation ${name}: another data source`),
    ),
  ]
}

function isTheVariable(datasource: unknown): boolean {
  return JSON.stringify(datasource) === theVariable
}

function panelProblems(dashboard: Dashboard): readonly string[] {
  const ids = panelsOf(dashboard).map(({ id }) => id)
  return [
    ...unless(
      !ids.includes(undefined) && new Set(ids).size === ids.length,
      `ids are not unique: ${ids.join(', ')}`,
    ),
    ...figuresOf(dashboard).flatMap(panel => {
      const { title = '', description = '', fieldConfig } = panel
      const refIds = queriesOf(panel).map(({ refId }) => refId)
      return [
        ...unless(title !== '', 'a panel without a title'),
        ...unless(description.length > 10, `${title}: no description`),
        ...unless((fieldConfig?.defaults.unit ?? '') !== '', `${title}: no unit`),
        ...unless(
          (fieldConfig?.defaults.noValue ?? '') !== '',
          `${title}: nothing is said where there is no value`,
        ),
        ...unless(refIds.length > 0, `${title}: no query`),
        ...unless(
          refIds.every(it => /^[A-Z]$/.test(it)) && new Set(refIds).size === refIds.length,
          `${title}: the names of its queries are not unique: ${refIds.join(', ')}`,
        ),
      ]
    }),
  ]
}

function placeProblems(dashboard: Dashboard): readonly string[] {
  const placed = panelsOf(dashboard).map(({ title = '', gridPos }) => ({ title, gridPos }))
  return placed.flatMap(({ title, gridPos }, index) => {
    if (gridPos === undefined) return [`${title}: has no place`]
    const { x, w, h } = gridPos
    return [
      ...unless(x >= 0 && w > 0 && h > 0 && x + w <= columns, `${title}: reaches beyond ${columns} columns`),
      ...placed
        .slice(index + 1)
        .filter(other => other.gridPos !== undefined && overlap(gridPos, other.gridPos))
        .map(other => `${title} and ${other.title} overlap`),
    ]
  })
}

function overlap(a: GridPos, b: GridPos): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

function linkProblems(dashboard: Dashboard, uids: ReadonlySet<string>): readonly string[] {
  const names = new Set(variablesOf(dashboard).map(({ name }) => name))
  return urlsIn(dashboard).flatMap(url => {
    const [, uid = ''] = /^\/d\/([\w-]+)\?/.exec(url) ?? []
    const used = [...url.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name)
    return [
      ...unless(uids.has(uid), `a link to nowhere: ${url}`),
      ...used
        .filter(name => !name.startsWith('__') && !names.has(name))
        .map(name => `a link with a variable that is not there, ${name}: ${url}`),
    ]
  })
}

/** Every address that something in it leads to. */
export function urlsIn(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'url' && typeof inner === 'string' ? [inner] : urlsIn(inner),
  )
}

function unless(isWell: boolean, problem: string): readonly string[] {
  return isWell ? [] : [problem]
}
