import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
  LineStyleBuilder,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TableCellHeight,
  TableSortByFieldStateBuilder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TextBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { colour } from './meanings.ts'

/** What Grafana replaces by the value of a variable, or by a field of the row that was clicked. */
export function reference(name: string): string {
  return `\${${name}}`
}

/** The one data source of every query: a variable, so that nothing has to be edited. */
export const datasource: DataSourceRef = { type: 'prometheus', uid: reference('datasource') }

/** From each value on, a colour; the first has no lower end. */
export type Steps = readonly (readonly [from: number | null, colour: string])[]

/** A figure that is neither good nor bad, however large. */
export const plain: Steps = [[null, colour.plain]]
/** Shares of an RPO budget or of an error budget that are used. */
export const usedSteps: Steps = [
  [null, colour.kept],
  [0.5, colour.waits],
  [1, colour.broken],
]

/** The colour of text would be a white tile. */
function isPlain(steps: Steps | undefined): boolean {
  return steps?.[0]?.[1] === colour.plain
}

interface Common {
  readonly title: string
  /** What it shows, what its colours mean, and what it means when there is nothing. */
  readonly description: string
  readonly unit: string
  readonly decimals?: number
  /** Instead of a value that is not there. */
  readonly noValue: string
  readonly mappings?: readonly ValueMapping[]
  readonly steps?: Steps
  /** Where a click on a figure leads: a path below Grafana's own address. */
  readonly link?: DataLink
}

export interface DataLink {
  readonly title: string
  readonly url: string
}

export interface StatOptions extends Common {
  readonly queries: readonly string[]
  /** One tile a row of the table that the queries give together; else one a series. */
  readonly rows?: {
    /** The column whose values are shown, and the one that sorts, the largest first. */
    readonly show: string
    readonly sortBy: string
    /** The label that names a row. */
    readonly label: string
    readonly count: number
  }
  readonly legend?: string
  /** Instead of figures the names of their series. */
  readonly isOfNames?: true
  readonly fontSizes?: { readonly title: number; readonly value: number }
}

/** Big figures, of now. */
export function stat(options: StatOptions): Panel {
  const { queries, rows, legend, fontSizes } = options
  const builder = new StatBuilder()
    .graphMode(BigValueGraphMode.None)
    .colorMode(isPlain(options.steps) ? BigValueColorMode.Value : BigValueColorMode.BackgroundSolid)
    .textMode(textModeOf(options))
    .orientation(rows === undefined ? VizOrientation.Auto : VizOrientation.Horizontal)
    .reduceOptions(
      new ReduceDataOptionsBuilder()
        .values(rows !== undefined)
        .calcs(['lastNotNull'])
        .fields(rows === undefined ? '' : `/^${rows.show}$/`),
    )
    .targets(queries.map((expr, index) => instantQuery(expr, index, rows !== undefined, legend)))
  if (fontSizes !== undefined) {
    builder.text(new VizTextDisplayOptionsBuilder().titleSize(fontSizes.title).valueSize(fontSizes.value))
  }
  if (rows !== undefined) {
    builder.transformations([
      { id: 'merge', options: {} },
      { id: 'sortBy', options: { fields: {}, sort: [{ field: rows.sortBy, desc: true }] } },
      { id: 'limit', options: { limitField: rows.count } },
      // All other labels would become part of the names.
      { id: 'filterFieldsByName', options: { include: { names: [rows.label, rows.show] } } },
    ])
  }
  return finished(builder, options)
}

function textModeOf({ isOfNames, legend, rows }: StatOptions): BigValueTextMode {
  if (isOfNames === true) return BigValueTextMode.Name
  return legend === undefined && rows === undefined ? BigValueTextMode.Value : BigValueTextMode.ValueAndName
}

export interface Column {
  readonly query: string
  readonly name: string
  readonly unit: string
  readonly decimals?: number
  readonly mappings?: readonly ValueMapping[]
  readonly steps?: Steps
  readonly width?: number
}

export interface TableOptions extends Omit<Common, 'unit' | 'mappings' | 'steps' | 'decimals' | 'link'> {
  /** The label that tells rows apart, and what its column is called. */
  readonly key: {
    readonly label: string
    readonly name: string
    readonly link?: DataLink
    readonly width?: number
  }
  readonly columns: readonly Column[]
  /** Rows close to each other, where there are many. */
  readonly isDense?: true
  /** The column that sorts, the largest first. */
  readonly sortBy: string
}

/** What is the same in every row, or tells nobody anything; a namespace or an environment stays. */
const hidden = [
  ...['Time', 'job', 'service', 'endpoint', 'container', 'pod', 'prometheus', 'prometheus_replica'],
  ...['flow', 'topic', 'instance'],
]

/** A row for each value of a label, a query a column. */
export function table(options: TableOptions): Panel {
  const { key, columns, sortBy } = options
  const valueColumn = (index: number): string => (columns.length === 1 ? 'Value' : `Value #${refId(index)}`)
  const names = Object.fromEntries([
    [key.label, key.name],
    ...columns.map(({ name }, index) => [valueColumn(index), name] as const),
  ])
  const builder = new TableBuilder()
    .cellHeight(options.isDense === true ? TableCellHeight.Sm : TableCellHeight.Md)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(true)])
    .targets(columns.map(({ query }, index) => instantQuery(query, index, true)))
    .transformations([
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: organized({
          hidden: hidden.filter(label => label !== key.label),
          names,
          order: [key.label, ...columns.map((_, index) => valueColumn(index))],
        }),
      },
    ])
    .overrideByName(key.name, [
      ...(key.link === undefined ? [] : [property('links', [key.link])]),
      ...widthOf(key.width),
    ])
  for (const column of columns) builder.overrideByName(column.name, columnProperties(column))
  return finished(builder, { ...options, unit: 'none', steps: plain })
}

function columnProperties({ unit, decimals, mappings, steps, width }: Column): DynamicConfigValue[] {
  const isColoured = mappings !== undefined || steps !== undefined
  return [
    property('unit', unit),
    ...(decimals === undefined ? [] : [property('decimals', decimals)]),
    ...(mappings === undefined ? [] : [property('mappings', mappings)]),
    ...(steps === undefined ? [] : [property('thresholds', thresholds(steps).build())]),
    ...(isColoured
      ? [
          property('custom.cellOptions', {
            type: isPlain(steps) ? 'color-text' : 'color-background',
            mode: 'basic',
          }),
        ]
      : []),
    // Words belong beside what they are about, figures below each other.
    ...(mappings !== undefined && steps === undefined ? [property('custom.align', 'left')] : []),
    ...widthOf(width),
  ]
}

function widthOf(width: number | undefined): DynamicConfigValue[] {
  return width === undefined ? [] : [property('custom.width', width)]
}

function property(id: string, value: unknown): DynamicConfigValue {
  return { id, value }
}

export interface Line {
  readonly query: string
  readonly legend: string
  /** A fixed colour, for lines whose colour means something. */
  readonly colour?: string
  readonly isDashed?: true
}

export interface TimeseriesOptions extends Omit<Common, 'mappings' | 'steps' | 'link'> {
  readonly lines: readonly Line[]
  readonly stacked?: true
  readonly max?: number
}

/** Lines over time; a gap is a time of which nothing is known. */
export function timeseries(options: TimeseriesOptions): Panel {
  const { lines, stacked, max } = options
  const builder = new TimeseriesBuilder()
    .lineWidth(stacked === true ? 1 : 2)
    .fillOpacity(stacked === true ? 60 : 5)
    .showPoints(VisibilityMode.Auto)
    .spanNulls(false)
    .min(0)
    .stacking(new StackingConfigBuilder().mode(stacked === true ? StackingMode.Normal : StackingMode.None))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    // Shades of one colour, because the others mean something.
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Shades).fixedColor('blue'))
    .targets(lines.map(({ query, legend }, index) => rangeQuery(query, index, legend)))
  if (max !== undefined) builder.max(max)
  lines.forEach(({ colour: color, isDashed }, index) => {
    if (color === undefined) return
    builder.overrideByQuery(refId(index), [
      property('color', { mode: FieldColorModeId.Fixed, fixedColor: color }),
      ...(isDashed === true
        ? [
            property('custom.lineStyle', new LineStyleBuilder().fill('dash').dash([10, 10]).build()),
            property('custom.fillOpacity', 0),
          ]
        : []),
    ])
  })
  return finished(builder, options)
}

export interface StateTimelineOptions extends Omit<Common, 'link'> {
  readonly query: string
  readonly legend: string
}

/** What held when, a bar a series; a gap is a time of which nothing is known. */
export function stateTimeline(options: StateTimelineOptions): Panel {
  const builder = new StateTimelineBuilder()
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(80)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(false),
    )
    .targets([rangeQuery(options.query, 0, options.legend)])
  return finished(builder, options)
}

/** Words that stay as they are, as Markdown. */
export function text(title: string, content: string): Panel {
  return new TextBuilder().title(title).mode(TextMode.Markdown).content(content).build()
}

interface FieldBuilder {
  title(title: string): this
  description(description: string): this
  datasource(datasource: DataSourceRef): this
  unit(unit: string): this
  decimals(decimals: number): this
  noValue(noValue: string): this
  mappings(mappings: ValueMapping[]): this
  thresholds(thresholds: ThresholdsConfigBuilder): this
  build(): Panel
}

function finished(
  builder: FieldBuilder,
  options: Omit<Common, 'mappings'> & Partial<Pick<Common, 'mappings'>>,
): Panel {
  builder
    .title(options.title)
    .description(options.description)
    .datasource(datasource)
    .unit(options.unit)
    .noValue(options.noValue)
    .thresholds(thresholds(options.steps ?? plain))
  if (options.decimals !== undefined) builder.decimals(options.decimals)
  if (options.mappings !== undefined) builder.mappings([...options.mappings])
  const panel = builder.build()
  const { link } = options
  if (link === undefined || panel.fieldConfig === undefined) return panel
  const { defaults, overrides } = panel.fieldConfig
  // The builder knows links of dashboards only; those of figures have a title and an address.
  return { ...panel, fieldConfig: { defaults: { ...defaults, links: [link as never] }, overrides } }
}

function thresholds(steps: Steps): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })))
}

function organized(columns: {
  readonly hidden: readonly string[]
  readonly names: Readonly<Record<string, string>>
  readonly order: readonly string[]
}) {
  return {
    excludeByName: Object.fromEntries(columns.hidden.map(name => [name, true])),
    renameByName: columns.names,
    indexByName: Object.fromEntries(columns.order.map((name, index) => [name, index])),
  }
}

/** A, B, … Z. */
function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index)
}

function instantQuery(expr: string, index: number, asTable: boolean, legend?: string): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .datasource(datasource)
    .expr(expr)
    .instant()
    .format(asTable ? PromQueryFormat.Table : PromQueryFormat.TimeSeries)
    .refId(refId(index))
  return legend === undefined ? query : query.legendFormat(legend)
}

function rangeQuery(expr: string, index: number, legend: string): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(datasource)
    .expr(expr)
    .range()
    .format(PromQueryFormat.TimeSeries)
    .legendFormat(legend)
    .refId(refId(index))
}
