import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import {
  annotationsOf,
  byUid,
  figuresOf,
  filledIn,
  labelQueryOf,
  queriesOf,
  variablesOf,
} from '../../dashboards/support/dashboards.ts'

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** Of an instant query one. */
  readonly values: readonly number[]
}

/** What a query of a dashboard found: its series, or what Prometheus said against it. */
export interface Found {
  /** Whether its series become rows of a table. */
  readonly isTable: boolean
  readonly series: readonly Series[]
  readonly problems: readonly string[]
}

export interface Look {
  /** host:port of Prometheus. */
  readonly address: string
  /** Values of the variables, with which the queries are filled in. */
  readonly variables: Readonly<Record<string, string>>
  /** Since when the panels over time look, in seconds since the epoch. */
  readonly since: number
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly warnings?: readonly string[]
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>
      readonly value?: readonly [number, string]
      readonly values?: readonly (readonly [number, string])[]
    }[]
  }
}

/** What every query of every dashboard finds now, by the names of `mayBeEmpty`. */
export async function lookAtAll(look: Look): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>()
  for (const [uid, dashboard] of byUid) {
    for (const { name, expr, isInstant, isTable } of queriesAskedBy(dashboard)) {
      const query = filledIn(expr, { __rate_interval: '15s', ...look.variables })
      found.set(`${uid}: ${name}`, { ...(await ask(look, query, isInstant)), isTable })
    }
  }
  return found
}

function queriesAskedBy(dashboard: Dashboard) {
  return [
    ...figuresOf(dashboard).flatMap(panel =>
      queriesOf(panel).map(({ refId, expr, instant, format }) => ({
        name: `${panel.title} ${refId}`,
        expr,
        isInstant: instant,
        isTable: format === 'table',
      })),
    ),
    ...annotationsOf(dashboard).map(({ name, expr }) => ({
      name,
      expr,
      isInstant: false,
      isTable: false,
    })),
  ]
}

async function ask(
  { address, since }: Look,
  query: string,
  isInstant: boolean,
): Promise<Omit<Found, 'isTable'>> {
  const range = { start: String(since), end: String(Date.now() / 1000), step: '1' }
  const {
    error,
    warnings = [],
    data,
  } = await answerOf(
    `http://${address}/api/v1/${isInstant ? 'query' : 'query_range'}`,
    new URLSearchParams(isInstant ? { query } : { query, ...range }),
  )
  const series = (data?.result ?? []).map(({ metric, value, values }) => ({
    labels: metric,
    values: (values ?? (value === undefined ? [] : [value])).map(([, text]) => Number(text)),
  }))
  return { series, problems: [...(error === undefined ? [] : [error]), ...warnings] }
}

async function answerOf(url: string, body: URLSearchParams): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(5_000) })
  return (await response.json()) as Answer
}

/** The values that a variable of a dashboard offers, asked for as Grafana does. */
export async function offered(
  { address, variables }: Look,
  uid: string,
  name: string,
): Promise<readonly string[]> {
  const dashboard = byUid.get(uid)
  const variable = dashboard && variablesOf(dashboard).find(it => it.name === name)
  const query = variable && labelQueryOf(variable)
  if (query === undefined) throw new Error(`${uid} has no variable ${name}`)
  const matching = new URLSearchParams({ 'match[]': filledIn(query.selector, variables) })
  const response = await fetch(`http://${address}/api/v1/label/${query.label}/values?${matching}`, {
    signal: AbortSignal.timeout(5_000),
  })
  const { data } = (await response.json()) as { readonly data: readonly string[] }
  return data
}
