import {
  type AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type RowPanel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { datasource, reference } from './panels.ts'

/** The addresses of the dashboards below /d/; they stay, because people link to them. */
export const uid = {
  noc: 'tidemark-noc',
  flow: 'tidemark-flow',
  topic: 'tidemark-topic',
  self: 'tidemark-self',
} as const

const tag = 'tidemark'

/**
 * Grafana 10.0 has this version; later ones bring a dashboard up to their own. A newer one is refused by some versions
 * of Grafana 12, so that it is not the builder's.
 */
const schemaVersion = 38

/** Columns of Grafana's grid. */
export const gridColumns = 24

/** Panels side by side, of one height. */
export interface PanelLine {
  /** In cells of the grid: 30 pixels each, and 8 between two. */
  readonly height: number
  readonly panels: readonly (readonly [width: number, panel: Panel])[]
}

/** A row of a dashboard: a title that folds what is below it, or nothing above the lines where there is none. */
export interface Section {
  readonly title?: string
  readonly lines: readonly PanelLine[]
}

export interface DashboardOptions {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly refresh: string
  readonly from: string
  readonly variables: readonly QueryVariableBuilder[]
  readonly annotations: readonly AnnotationQueryBuilder[]
  readonly sections: readonly Section[]
}

/** A dashboard as classic JSON that Grafana 10 to 13 import and provision. */
export function assembled(options: DashboardOptions): Dashboard {
  const builder = new DashboardBuilder(options.title)
    .id(null)
    .uid(options.uid)
    .description(options.description)
    .tags([tag])
    .timezone('utc')
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh(options.refresh)
    .time({ from: options.from, to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .link(
      new DashboardLinkBuilder('Tidemark')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .includeVars(true)
        .keepTime(true),
    )
    .annotations([...options.annotations])
  for (const variable of options.variables) builder.withVariable(variable)
  return { ...builder.build(), schemaVersion, version: 1, panels: placed(options.sections) }
}

/**
 * Panels at their places, from the left and from the top. Ids count within a section, so that a panel that is added
 * to one changes no address of another.
 */
export function placed(sections: readonly Section[]): (Panel | RowPanel)[] {
  const panels: (Panel | RowPanel)[] = []
  let y = 0
  sections.forEach(({ title, lines }, index) => {
    let id = 100 * (index + 1)
    if (title !== undefined) {
      panels.push(
        new RowBuilder(title).id(id).collapsed(false).gridPos({ x: 0, y, w: gridColumns, h: 1 }).build(),
      )
      y += 1
    }
    for (const { height, panels: line } of lines) {
      let x = 0
      for (const [width, panel] of line) {
        id += 1
        panels.push({ ...panel, id, gridPos: { x, y, w: width, h: height } })
        x += width
      }
      y += height
    }
  })
  return panels
}

/** A variable with the values that a label of some series has. */
export function labelVariable(options: {
  readonly name: string
  readonly title: string
  readonly label: string
  /** A selector of the series. */
  readonly of: string
}): QueryVariableBuilder {
  const query = `label_values(${options.of}, ${options.label})`
  return new QueryVariableBuilder(options.name)
    .label(options.title)
    .datasource(datasource)
    .query({ query, refId: options.name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
}

/** Where a click leads: another dashboard, with values for its variables, the same data source and time. */
export function linkTo(
  dashboard: string,
  title: string,
  variables: Readonly<Record<string, string>>,
): { readonly title: string; readonly url: string } {
  const values = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`)
  return {
    title,
    url: `/d/${dashboard}?${[reference('datasource:queryparam'), ...values, reference('__url_time_range')].join('&')}`,
  }
}
