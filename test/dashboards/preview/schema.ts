import { z } from 'zod'

// Grafana's classic dashboard JSON, as far as the preview draws it. Every object is strict: a key or a value that is
// not in here would be drawn wrongly, and so is an error.

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own notation
const chosenSource = z.literal('${datasource}')
const datasource = z.union([
  z.strictObject({ type: z.literal('prometheus'), uid: chosenSource }),
  chosenSource,
])

const link = z.strictObject({
  title: z.string(),
  url: z.string().optional(),
  type: z.enum(['link', 'dashboards']).optional(),
  icon: z.string().optional(),
  tooltip: z.string().optional(),
  tags: z.array(z.string()).optional(),
  asDropdown: z.boolean().optional(),
  includeVars: z.boolean().optional(),
  placement: z.string().optional(),
  keepTime: z.boolean().optional(),
  targetBlank: z.boolean().optional(),
})

const target = z.strictObject({
  refId: z.string(),
  datasource: datasource.optional(),
  expr: z.string(),
  legendFormat: z.string().optional(),
  instant: z.boolean().optional(),
  range: z.boolean().optional(),
  format: z.enum(['table', 'time_series']).optional(),
  interval: z.string().optional(),
  exemplar: z.literal(false).optional(),
  hide: z.literal(false).optional(),
  editorMode: z.string().optional(),
})

const mappingResult = z.strictObject({
  text: z.string().optional(),
  color: z.string().optional(),
  index: z.number().optional(),
})

const mapping = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('value'), options: z.record(z.string(), mappingResult) }),
  z.strictObject({
    type: z.literal('range'),
    options: z.strictObject({
      from: z.number().nullable().optional(),
      to: z.number().nullable().optional(),
      result: mappingResult,
    }),
  }),
  z.strictObject({
    type: z.literal('special'),
    options: z.strictObject({
      match: z.enum(['true', 'false', 'null', 'nan', 'null+nan', 'empty']),
      result: mappingResult,
    }),
  }),
  z.strictObject({
    type: z.literal('regex'),
    options: z.strictObject({ pattern: z.string(), result: mappingResult }),
  }),
])

const thresholds = z.strictObject({
  mode: z.enum(['absolute', 'percentage']),
  steps: z.array(z.strictObject({ value: z.number().nullable(), color: z.string() })).min(1),
})

const color = z.strictObject({
  mode: z.enum(['thresholds', 'fixed', 'shades', 'palette-classic', 'palette-classic-by-name']),
  fixedColor: z.string().optional(),
  seriesBy: z.literal('last').optional(),
})

const hidden = z.strictObject({ legend: z.boolean(), tooltip: z.boolean(), viz: z.boolean() })

const cellOptions = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto'), wrapText: z.literal(false).optional() }),
  z.strictObject({
    type: z.literal('color-text'),
    mode: z.literal('basic').optional(),
    wrapText: z.literal(false).optional(),
  }),
  z.strictObject({
    type: z.literal('color-background'),
    mode: z.literal('basic').optional(),
    applyToRow: z.literal(false).optional(),
    wrapText: z.literal(false).optional(),
  }),
  z.strictObject({
    type: z.literal('gauge'),
    mode: z.literal('basic').optional(),
    valueDisplayMode: z.enum(['color', 'text', 'hidden']).optional(),
  }),
])

const scaleDistribution = z.strictObject({ type: z.enum(['linear', 'log']), log: z.number().optional() })

/** What `custom` may say in any panel; which of it a panel understands is told below. */
const custom = z.strictObject({
  align: z.enum(['auto', 'left', 'center', 'right']).optional(),
  cellOptions: cellOptions.optional(),
  width: z.number().optional(),
  minWidth: z.number().optional(),
  filterable: z.boolean().optional(),
  inspect: z.boolean().optional(),
  hidden: z.boolean().optional(),
  drawStyle: z.literal('line').optional(),
  lineInterpolation: z.enum(['linear', 'stepAfter']).optional(),
  lineWidth: z.number().optional(),
  lineStyle: z
    .strictObject({ fill: z.enum(['solid', 'dash', 'dot']), dash: z.array(z.number()).optional() })
    .optional(),
  fillOpacity: z.number().optional(),
  gradientMode: z.literal('none').optional(),
  showPoints: z.enum(['never', 'auto']).optional(),
  pointSize: z.number().optional(),
  spanNulls: z.union([z.boolean(), z.number()]).optional(),
  insertNulls: z.literal(false).optional(),
  axisPlacement: z.enum(['auto', 'left', 'hidden']).optional(),
  axisLabel: z.string().optional(),
  axisSoftMin: z.number().optional(),
  axisSoftMax: z.number().optional(),
  axisColorMode: z.literal('text').optional(),
  axisBorderShow: z.literal(false).optional(),
  axisCenteredZero: z.literal(false).optional(),
  scaleDistribution: scaleDistribution.optional(),
  stacking: z.strictObject({ mode: z.enum(['none', 'normal']), group: z.string().optional() }).optional(),
  thresholdsStyle: z
    .strictObject({ mode: z.enum(['off', 'line', 'dashed', 'area', 'line+area']) })
    .optional(),
  barAlignment: z.number().optional(),
  hideFrom: hidden.optional(),
})

const fieldConfig = z.strictObject({
  unit: z.string().optional(),
  decimals: z.number().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  noValue: z.string().optional(),
  displayName: z.string().optional(),
  description: z.string().optional(),
  color: color.optional(),
  thresholds: thresholds.optional(),
  mappings: z.array(mapping).optional(),
  links: z.array(link).optional(),
  custom: custom.optional(),
})

const override = z.strictObject({
  matcher: z.strictObject({
    id: z.enum(['byName', 'byRegexp', 'byType', 'byFrameRefID']),
    options: z.string(),
  }),
  properties: z.array(z.strictObject({ id: z.string(), value: z.unknown() })),
})

const names = z.strictObject({ names: z.array(z.string()).optional(), pattern: z.string().optional() })

const transformation = z.discriminatedUnion('id', [
  z.strictObject({ id: z.literal('merge'), options: z.strictObject({}).optional() }),
  z.strictObject({
    id: z.literal('organize'),
    options: z.strictObject({
      excludeByName: z.record(z.string(), z.boolean()).optional(),
      indexByName: z.record(z.string(), z.number()).optional(),
      renameByName: z.record(z.string(), z.string()).optional(),
      includeByName: z.strictObject({}).optional(),
    }),
  }),
  z.strictObject({
    id: z.literal('joinByField'),
    options: z.strictObject({ byField: z.string(), mode: z.literal('outer').optional() }),
  }),
  z.strictObject({
    id: z.literal('sortBy'),
    options: z.strictObject({
      fields: z.strictObject({}).optional(),
      sort: z.array(z.strictObject({ field: z.string(), desc: z.boolean().optional() })).length(1),
    }),
  }),
  z.strictObject({ id: z.literal('limit'), options: z.strictObject({ limitField: z.number() }) }),
  z.strictObject({
    id: z.literal('filterFieldsByName'),
    options: z.strictObject({ include: names.optional(), exclude: names.optional() }),
  }),
  z.strictObject({
    id: z.literal('renameByRegex'),
    options: z.strictObject({ regex: z.string(), renamePattern: z.string() }),
  }),
])

const gridPos = z.strictObject({
  x: z.number(),
  y: z.number(),
  w: z.number(),
  h: z.number(),
})

const panelBase = {
  id: z.number(),
  title: z.string().optional(),
  description: z.string().optional(),
  gridPos,
  datasource: datasource.optional(),
  targets: z.array(target).optional(),
  fieldConfig: z
    .strictObject({ defaults: fieldConfig.optional(), overrides: z.array(override).optional() })
    .optional(),
  transformations: z.array(transformation).optional(),
  transparent: z.boolean().optional(),
  links: z.array(link).optional(),
  interval: z.string().optional(),
  maxDataPoints: z.number().optional(),
  pluginVersion: z.string().optional(),
  repeatDirection: z.string().optional(),
}

const reduceOptions = z.strictObject({
  calcs: z
    .array(z.enum(['lastNotNull', 'last', 'max', 'min', 'mean']))
    .max(1)
    .optional(),
  fields: z.string().optional(),
  values: z.boolean().optional(),
  limit: z.number().optional(),
})

const textSizes = z.strictObject({ titleSize: z.number().optional(), valueSize: z.number().optional() })

const legend = z.strictObject({
  showLegend: z.boolean().optional(),
  displayMode: z.enum(['list', 'table', 'hidden']).optional(),
  placement: z.enum(['bottom', 'right']).optional(),
  calcs: z.array(z.enum(['lastNotNull', 'last', 'max', 'min', 'mean'])).optional(),
  sortBy: z.string().optional(),
  sortDesc: z.boolean().optional(),
  width: z.number().optional(),
})

const tooltip = z.strictObject({
  mode: z.string().optional(),
  sort: z.string().optional(),
  maxHeight: z.number().optional(),
  hideZeros: z.boolean().optional(),
})

const stat = z.strictObject({
  ...panelBase,
  type: z.literal('stat'),
  options: z.strictObject({
    reduceOptions: reduceOptions.optional(),
    orientation: z.enum(['auto', 'horizontal', 'vertical']).optional(),
    textMode: z.enum(['auto', 'value', 'value_and_name', 'name', 'none']).optional(),
    colorMode: z.enum(['none', 'value', 'background_solid']).optional(),
    graphMode: z.enum(['none', 'area']).optional(),
    justifyMode: z.enum(['auto', 'center']).optional(),
    wideLayout: z.boolean().optional(),
    showPercentChange: z.literal(false).optional(),
    percentChangeColorMode: z.string().optional(),
    text: textSizes.optional(),
  }),
})

const table = z.strictObject({
  ...panelBase,
  type: z.literal('table'),
  options: z.strictObject({
    showHeader: z.boolean().optional(),
    showTypeIcons: z.literal(false).optional(),
    cellHeight: z.enum(['sm', 'md', 'lg']).optional(),
    frameIndex: z.literal(0).optional(),
    footer: z
      .strictObject({
        show: z.literal(false).optional(),
        reducer: z.array(z.string()).optional(),
        countRows: z.literal(false).optional(),
        enablePagination: z.literal(false).optional(),
        fields: z.unknown().optional(),
      })
      .optional(),
    sortBy: z
      .array(z.strictObject({ displayName: z.string(), desc: z.boolean().optional() }))
      .max(1)
      .optional(),
    enablePagination: z.literal(false).optional(),
  }),
})

const timeSeries = z.strictObject({
  ...panelBase,
  type: z.literal('timeseries'),
  options: z.strictObject({ legend: legend.optional(), tooltip: tooltip.optional() }),
})

const stateTimeline = z.strictObject({
  ...panelBase,
  type: z.literal('state-timeline'),
  options: z.strictObject({
    legend: legend.optional(),
    tooltip: tooltip.optional(),
    mergeValues: z.boolean().optional(),
    showValue: z.enum(['auto', 'always', 'never']).optional(),
    alignValue: z.enum(['left', 'center', 'right']).optional(),
    rowHeight: z.number().optional(),
    perPage: z.number().optional(),
  }),
})

const barGauge = z.strictObject({
  ...panelBase,
  type: z.literal('bargauge'),
  options: z.strictObject({
    reduceOptions: reduceOptions.optional(),
    orientation: z.literal('horizontal'),
    displayMode: z.literal('basic'),
    valueMode: z.enum(['color', 'text', 'hidden']).optional(),
    namePlacement: z.enum(['auto', 'left', 'top']).optional(),
    sizing: z.enum(['auto', 'manual']).optional(),
    showUnfilled: z.boolean().optional(),
    minVizWidth: z.number().optional(),
    minVizHeight: z.number().optional(),
    maxVizHeight: z.number().optional(),
    legend: legend.optional(),
    text: textSizes.optional(),
  }),
})

const text = z.strictObject({
  ...panelBase,
  type: z.literal('text'),
  options: z.strictObject({
    mode: z.enum(['markdown', 'html']),
    content: z.string(),
    code: z.unknown().optional(),
  }),
})

const drawnPanel = z.discriminatedUnion('type', [stat, table, timeSeries, stateTimeline, barGauge, text])

const row = z.strictObject({
  ...panelBase,
  type: z.literal('row'),
  collapsed: z.boolean().optional(),
  panels: z.array(drawnPanel).optional(),
})

const variable = z.strictObject({
  type: z.enum(['datasource', 'query', 'custom', 'constant', 'textbox']),
  name: z.string(),
  label: z.string().optional(),
  description: z.string().optional(),
  query: z
    .union([
      z.string(),
      z.strictObject({ query: z.string(), refId: z.string().optional(), qryType: z.number().optional() }),
    ])
    .optional(),
  definition: z.string().optional(),
  datasource: datasource.optional(),
  regex: z.literal('').optional(),
  current: z.unknown().optional(),
  options: z.unknown().optional(),
  multi: z.boolean().optional(),
  includeAll: z.boolean().optional(),
  allValue: z.string().nullable().optional(),
  allowCustomValue: z.boolean().optional(),
  hide: z.number().optional(),
  refresh: z.number().optional(),
  sort: z.number().optional(),
  skipUrlSync: z.boolean().optional(),
  auto: z.boolean().optional(),
  auto_min: z.string().optional(),
  auto_count: z.number().optional(),
})

const annotation = z.strictObject({
  name: z.string(),
  enable: z.boolean(),
  hide: z.boolean().optional(),
  iconColor: z.string(),
  datasource: z.unknown(),
  builtIn: z.number().optional(),
  type: z.string().optional(),
  expr: z.string().optional(),
  step: z.string().optional(),
  titleFormat: z.string().optional(),
  textFormat: z.string().optional(),
  tagKeys: z.string().optional(),
  useValueForTime: z.union([z.literal(false), z.literal('false')]).optional(),
  filter: z.unknown().optional(),
  target: z.unknown().optional(),
  placement: z.string().optional(),
})

const dashboard = z.strictObject({
  id: z.null().optional(),
  uid: z.string(),
  title: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  style: z.string().optional(),
  timezone: z.literal('utc'),
  editable: z.boolean().optional(),
  graphTooltip: z.number().optional(),
  fiscalYearStartMonth: z.number().optional(),
  liveNow: z.boolean().optional(),
  weekStart: z.string().optional(),
  time: z.strictObject({ from: z.string(), to: z.literal('now') }),
  timepicker: z.unknown().optional(),
  refresh: z.union([z.string(), z.boolean()]).optional(),
  preload: z.boolean().optional(),
  schemaVersion: z.number(),
  version: z.number().optional(),
  templating: z.strictObject({ list: z.array(variable) }),
  annotations: z.strictObject({ list: z.array(annotation) }).optional(),
  links: z.array(link).optional(),
  panels: z.array(z.looseObject({ type: z.string() })),
})

export type DrawnPanel = z.infer<typeof drawnPanel>
export type PanelOf<Type extends DrawnPanel['type']> = Extract<DrawnPanel, { type: Type }>
export type RowPanel = z.infer<typeof row>
export type FieldConfig = z.infer<typeof fieldConfig>
export type Custom = z.infer<typeof custom>
export type Override = z.infer<typeof override>
export type Mapping = z.infer<typeof mapping>
export type Thresholds = z.infer<typeof thresholds>
export type Target = z.infer<typeof target>
export type Transformation = z.infer<typeof transformation>
export type ReduceOptions = z.infer<typeof reduceOptions>
export type Legend = z.infer<typeof legend>
export type GridPos = z.infer<typeof gridPos>
export type Variable = z.infer<typeof variable>
export type Annotation = z.infer<typeof annotation>
export type Dashboard = Omit<z.infer<typeof dashboard>, 'panels'> & {
  readonly panels: readonly (DrawnPanel | RowPanel)[]
}

/** A panel says something that the preview does not draw: it must not be drawn wrongly instead. */
export class Unsupported extends Error {}

/** Reads a dashboard. Throws `Unsupported` with the panel and the feature that the preview does not draw. */
export function parseDashboard(json: unknown): Dashboard {
  const { panels, ...rest } = parsed(dashboard, json, 'the dashboard')
  return {
    ...rest,
    panels: panels.map(panel =>
      panel.type === 'row'
        ? parsed<RowPanel>(row, panel, titleOf(panel))
        : parsed<DrawnPanel>(drawnPanel, panel, titleOf(panel)),
    ),
  }
}

/** Reads the value of an overridden property, of which `path` is such as `custom.width`. */
export function parseFieldConfig(json: unknown, where: string): FieldConfig {
  return parsed(fieldConfig, json, where)
}

function parsed<T>(schema: z.ZodType<T>, json: unknown, where: string): T {
  const { success, data, error } = schema.safeParse(json)
  if (success) return data
  const issues = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Unsupported(`${where}: the preview cannot draw ${issues.join('; ')}`)
}

function titleOf(panel: { readonly type: string; readonly [key: string]: unknown }): string {
  return `panel ${panel['id']} "${panel['title'] ?? ''}" (${panel.type})`
}
