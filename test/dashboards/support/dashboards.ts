import type {
  AnnotationQuery,
  Dashboard,
  Panel,
  RowPanel,
  VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { defaultTimings } from '../../../src/artifacts/alerts/timings.ts'
import { dashboardFiles } from '../../../src/artifacts/dashboards/files.ts'

export interface Query {
  readonly expr: string
  readonly refId: string
  readonly legendFormat?: string
  readonly instant: boolean
  readonly format: 'table' | 'time_series'
  readonly datasource: unknown
}

/** The dashboards as they are committed. */
export const committed: readonly Dashboard[] = Array.from(
  dashboardFiles(defaultTimings).values(),
  text => JSON.parse(text) as Dashboard,
)

export const byUid: ReadonlyMap<string, Dashboard> = new Map(committed.map(it => [it.uid ?? '', it]))

/** What shows figures: neither rows nor texts. */
export function figuresOf(dashboard: Dashboard): readonly Panel[] {
  return panelsOf(dashboard).filter((panel): panel is Panel => !['row', 'text'].includes(panel.type))
}

export function panelsOf({ panels = [] }: Dashboard): readonly (Panel | RowPanel)[] {
  return panels
}

export function queriesOf({ targets = [] }: Panel): readonly Query[] {
  return targets as unknown as readonly Query[]
}

export function variablesOf({ templating }: Dashboard): readonly VariableModel[] {
  return templating.list ?? []
}

export function annotationsOf({ annotations }: Dashboard): readonly (AnnotationQuery & { expr: string })[] {
  return (annotations.list ?? []) as (AnnotationQuery & { expr: string })[]
}

export interface LabelQuery {
  /** The selector of the series whose label is asked for. */
  readonly selector: string
  readonly label: string
}

/** The query of a variable such as `label_values(selector, label)`; undefined for one of another type. */
export function labelQueryOf({ type, query }: VariableModel): LabelQuery | undefined {
  if (type !== 'query') return undefined
  const { query: text = '' } = query as { query?: string }
  const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? []
  if (selector === undefined || label === undefined) throw new Error(`no query of label values: ${text}`)
  return { selector, label }
}

/** An expression as Grafana would send it. */
export function filledIn(expression: string, values: Readonly<Record<string, string>>): string {
  const filled = expression.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (found, braced: string, bare: string) => {
    const value = values[braced ?? bare]
    if (value === undefined) throw new Error(`nothing is known of ${found} in ${expression}`)
    return value
  })
  return filled
}
