import { durationMs } from './durations.ts'
import type { Field, Frame } from './frames.ts'
import type { AnsweredSeries, FilledPrometheus, Labels, TimeRange } from './prometheus.ts'
import { type DrawnPanel, type Target, Unsupported } from './schema.ts'
import { type Choices, interpolate } from './variables.ts'

/** What all panels of a picture share. */
export interface QueryContext {
  readonly prometheus: FilledPrometheus
  readonly range: TimeRange
  readonly choices: Choices
}

/** The interval that Grafana takes for a scrape when the data source does not say another one. */
const scrapeIntervalMs = 15_000
/** Steps as Grafana rounds them. */
const steps = [15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600].map(seconds => seconds * 1_000)

/** Runs the queries of a panel that is so many pixels wide. */
export async function framesOf(
  panel: DrawnPanel,
  width: number,
  context: QueryContext,
): Promise<readonly Frame[]> {
  const targets = panel.targets ?? []
  const frames: Frame[] = []
  for (const target of targets) frames.push(...(await framesOfTarget(panel, target, width, context)))
  return frames
}

async function framesOfTarget(
  panel: DrawnPanel,
  target: Target,
  width: number,
  { prometheus, range, choices }: QueryContext,
): Promise<readonly Frame[]> {
  const { refId, expr, format = 'time_series', instant = false, range: isRange = !instant } = target
  if (instant && isRange) throw new Unsupported(`query ${refId}: both instant and range`)
  const stepMs = stepOf(panel.maxDataPoints ?? width, range, intervalOf(target.interval ?? panel.interval))
  const macros = macrosOf(range, stepMs)
  const promql = interpolate(interpolate(expr, macros), choices)
  const series = isRange
    ? await prometheus.queryRange(promql, aligned(range, stepMs), stepMs)
    : await prometheus.query(promql, range.toMs)
  if (format === 'table') {
    const tables = (panel.targets ?? []).filter(other => other.format === 'table')
    return series.length === 0
      ? []
      : [tableOf(refId, series, tables.length > 1 ? `Value #${refId}` : 'Value')]
  }
  return series.map(it =>
    seriesFrame(target, it, isRange ? allSteps(aligned(range, stepMs), stepMs) : undefined),
  )
}

/** A frame for a series; where a step has no value it is null, so that lines break. */
function seriesFrame(
  { refId, legendFormat }: Target,
  { labels, values }: AnsweredSeries,
  times: readonly number[] | undefined,
): Frame {
  const at = new Map(values)
  const all = times ?? values.map(([atMs]) => atMs)
  return {
    refId,
    fields: [
      { name: 'Time', type: 'time', values: all, labels: {}, config: {} },
      {
        name: 'Value',
        type: 'number',
        values: all.map(time => at.get(time) ?? null),
        labels,
        legend: legendOf(refId, legendFormat, labels),
        config: {},
      },
    ],
  }
}

/** Where nobody gave a name, a series is called what it is. */
function legendOf(refId: string, legendFormat: string | undefined, labels: Labels): string {
  if (legendFormat === '__auto') throw new Unsupported(`query ${refId}: the legend __auto`)
  if (legendFormat === undefined || legendFormat === '') {
    const { __name__: name = '', ...others } = labels
    const list = Object.entries(others).map(([label, value]) => `${label}="${value}"`)
    return `${name}{${list.join(', ')}}`
  }
  return legendFormat.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? '')
}

/** One frame for all series of an instant query: the time, a column for each label, the value. */
function tableOf(refId: string, series: readonly AnsweredSeries[], valueName: string): Frame {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort()
  const column = (name: string, type: Field['type'], values: Field['values']): Field => ({
    name,
    type,
    values,
    labels: {},
    config: {},
  })
  const samples = series.flatMap(({ labels, values }) =>
    values.map(([atMs, value]) => ({ labels, atMs, value })),
  )
  return {
    refId,
    fields: [
      column(
        'Time',
        'time',
        samples.map(({ atMs }) => atMs),
      ),
      ...names.map(name =>
        column(
          name,
          'string',
          samples.map(({ labels }) => labels[name] ?? ''),
        ),
      ),
      column(
        valueName,
        'number',
        samples.map(({ value }) => value),
      ),
    ],
  }
}

function stepOf(points: number, { fromMs, toMs }: TimeRange, leastMs = scrapeIntervalMs): number {
  const wanted = Math.max(leastMs, (toMs - fromMs) / points)
  const found = steps.find(step => step >= wanted) ?? steps.at(-1)
  if (found === undefined) throw new Error('no steps')
  return found
}

function intervalOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationMs(text)
}

/** Grafana asks for instants that are multiples of the step. */
function aligned({ fromMs, toMs }: TimeRange, stepMs: number): TimeRange {
  return { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.floor(toMs / stepMs) * stepMs }
}

function allSteps({ fromMs, toMs }: TimeRange, stepMs: number): readonly number[] {
  return Array.from({ length: (toMs - fromMs) / stepMs + 1 }, (_, index) => fromMs + index * stepMs)
}

function macrosOf({ fromMs, toMs }: TimeRange, stepMs: number): Choices {
  const rateMs = Math.max(stepMs + scrapeIntervalMs, 4 * scrapeIntervalMs)
  const seconds = (ms: number): string => `${Math.round(ms / 1000)}s`
  const all: Readonly<Record<string, string>> = {
    __interval: seconds(stepMs),
    __interval_ms: String(stepMs),
    __rate_interval: seconds(rateMs),
    __range: seconds(toMs - fromMs),
    __range_s: String(Math.round((toMs - fromMs) / 1000)),
    __range_ms: String(toMs - fromMs),
  }
  return new Map(
    Object.entries(all).map(([name, value]) => [name, { values: [value], text: value, isMulti: false }]),
  )
}
