import type { MonthOfFlow } from '../../assess/month/account.ts'
import { type Html, html, nothing, trusted } from '../html.ts'
import { type AnyFlowView, verdictOf, worstFlowsFirst } from '../page/verdict.ts'
import type { FlowsView } from '../schema.ts'
import { duration } from '../words.ts'
import { flowInFigures, flowInWords, type ReportedFlow } from './flow.ts'
import { glossary, monthDefinition } from './glossary.ts'
import { keptText, monthSection, verdictText } from './month.ts'
import { reportStyle } from './style.ts'
import { exactDuration, instantText, monthText, spentText, viewedInstant } from './text.ts'
import { wide } from './wide.ts'

/** Where what is known now comes from. */
export type Origin =
  | { readonly kind: 'exporter'; readonly url: string }
  | { readonly kind: 'configuration'; readonly file: string; readonly polls: number; readonly ms: number }

export interface ReportedMonth {
  /** `2026-10` */
  readonly name: string
  readonly fromMs: number
  /** Until when it was judged, and when it ends. */
  readonly untilMs: number
  readonly toMs: number
  /** The address of Prometheus, without secrets. */
  readonly url: string
  readonly flows: readonly MonthOfFlow[]
  /** What Prometheus warned of. */
  readonly warnings: readonly string[]
}

export interface Report {
  readonly madeAtMs: number
  readonly version: string
  readonly origin: Origin
  /** The time of everything but the month, by the clock of who knows it, RFC 3339. */
  readonly knownAt: string
  readonly clusters: FlowsView['clusters']
  readonly flows: readonly ReportedFlow[]
  /** The only flow that was asked for. */
  readonly onlyFlow: string | undefined
  readonly month: ReportedMonth | undefined
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** The report as one HTML document that needs nothing else: no request, no script. */
export function reportPage(report: Report): string {
  const flows = worstFirst(report)
  const { month } = report
  const title = `Tidemark report of ${instantText(report.madeAtMs).slice(0, 16)} UTC`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="generator" content="Tidemark ${report.version}">
<title>${title}</title>
<style>${trusted(reportStyle)}</style>
</head>
<body>
<header>
<h1>If a source cluster died, what would be lost?</h1>
${originTable(report)}
</header>
<main>
<section>
<h2>In short</h2>
${wide('All flows in short', shortTable(report, flows))}
${flows.length === 0 ? html`<p>No flow is configured.</p>` : nothing}
${wide('The clusters', clusterTable(report))}
</section>
${flows.map((flow, index) => flowSection(flow, index, report))}
${month === undefined ? nothing : unwatchedMonths(month, unwatched(report))}
${month === undefined ? nothing : monthDefinition(intervalText(month))}
${glossary()}
</main>
</body>
</html>
`.toString()
}

function originTable({ madeAtMs, knownAt, version, origin, onlyFlow, month }: Report): Html {
  const rows: readonly (readonly [string, string])[] = [
    ['made', `${instantText(madeAtMs)} UTC by Tidemark ${version}`],
    [
      'from',
      origin.kind === 'exporter'
        ? `the running exporter at ${origin.url}, as it was at ${viewedInstant(knownAt)} UTC by its clock`
        : `${origin.polls} polls of its own within ${duration(origin.ms)}, by the configuration ${origin.file}`,
    ],
    ...(origin.kind === 'configuration'
      ? [
          [
            'what it cannot know',
            'Recovery points come from history, and this report has only seen some seconds of it. What was missing when it began has no proven recovery point here, nothing can be seen to stall, losses and audits of before are not counted. A running exporter knows them.',
          ] as const,
        ]
      : []),
    ...(onlyFlow === undefined ? [] : [['about', `only the flow ${onlyFlow}`] as const]),
    ...(month === undefined
      ? []
      : [
          ['month', `${monthRange(month)}, from the recorded series of Prometheus at ${month.url}`] as const,
          ...month.warnings.map(warning => ['Prometheus warns', warning] as const),
        ]),
  ]
  return html`<table class="facts"><tbody>${rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>
`,
  )}</tbody></table>`
}

function monthRange({ fromMs, untilMs, toMs }: ReportedMonth): string {
  return untilMs < toMs
    ? `${monthText(fromMs)} so far, until ${instantText(untilMs)} UTC`
    : `${monthText(fromMs)} (UTC)`
}

function shortTable(report: Report, flows: readonly ReportedFlow[]): Html {
  const { month } = report
  return html`<table class="short">
<thead><tr><th>flow</th><th>now</th><th class="number">exposure</th><th class="number">budget</th>${
    month === undefined
      ? nothing
      : html`<th>${monthText(month.fromMs)}${month.untilMs < month.toMs ? ' so far' : ''}</th><th class="number">budget kept</th><th class="number">error budget spent</th><th class="number heading">breaches</th>`
  }</tr></thead>
<tbody>${flows.flatMap(flow => shortRows(flow, report))}${month === undefined ? nothing : unwatchedRows(month, unwatched(report))}</tbody>
</table>`
}

function shortRows({ view: flow }: ReportedFlow, report: Report): readonly Html[] {
  const now = html`<td>${flow.flow}<br><span class="soft">${flow.source} to ${flow.target}</span></td>${nowCells(flow, report.knownAt)}`
  if (report.month === undefined) return [html`<tr>${now}</tr>\n`]
  const months = monthsOf(report.month, flow.flow)
  if (months.length === 0) {
    return [
      html`<tr>${now}<td class="word blind">nothing recorded</td><td class="number">unknown</td><td class="number">unknown</td><td class="number">unknown</td></tr>\n`,
    ]
  }
  return months.map(
    (month, index) =>
      html`<tr>${index === 0 ? now : html`<td>${flow.flow}</td><td></td><td></td><td></td>`}${monthCells(month, apartText(month, months))}</tr>
`,
  )
}

function unwatchedRows(month: ReportedMonth, names: readonly string[]): readonly Html[] {
  return names.flatMap(name => {
    const months = monthsOf(month, name)
    return months.map(
      one =>
        html`<tr><td>${name}</td><td class="word grey">not watched now</td><td></td><td></td>${monthCells(one, apartText(one, months))}</tr>
`,
    )
  })
}

function nowCells(flow: AnyFlowView, now: string): Html {
  const { tone, words } = verdictOf(flow, now)
  const verdict = html`<td><span class="word ${tone}">${words}</span>${flow.status === 'not_polled' ? nothing : html`<span class="note">${flow.status}</span>`}</td>`
  if (flow.status === 'not_polled') {
    return html`${verdict}<td class="number">unknown</td><td class="number">unknown</td>`
  }
  const exposure = flow.exposureSeconds === null ? 'not proven' : duration(flow.exposureSeconds * 1000)
  return html`${verdict}<td class="number">${exposure}</td><td class="number">${duration(flow.budgetSeconds * 1000)}</td>`
}

function monthCells({ account }: MonthOfFlow, apart: string): Html {
  const { word, colour } = verdictText(account)
  const { errorBudgetMs, badMs, untoldMs } = account
  const spent =
    errorBudgetMs === undefined || errorBudgetMs < 0.5
      ? badMs === 0 && untoldMs === 0
        ? 'none'
        : exactDuration(badMs)
      : `${untoldMs > 0 ? 'at least ' : ''}${spentText(badMs / errorBudgetMs)}`
  return html`<td><span class="word ${colour}">${word}</span>${apart === '' ? nothing : html`<span class="note">${apart}</span>`}</td><td class="number">${keptText(account)}</td><td class="number">${spent}</td><td class="number">${account.breaches.length}</td>`
}

function clusterTable({ clusters }: Report): Html {
  return html`<table>
<thead><tr><th>cluster</th><th>answers</th><th>answered last (UTC)</th></tr></thead>
<tbody>${clusters.map(
    ({ cluster, up, unknown, answeredAt }) =>
      html`<tr><td>${cluster}</td><td>${up ? 'yes' : html`<span class="word unknown">no</span>${unknown === null ? '' : `: ${unknown.detail}`}`}</td><td>${viewedInstant(answeredAt)}</td></tr>
`,
  )}</tbody>
</table>`
}

function flowSection(flow: ReportedFlow, index: number, { month, knownAt }: Report): Html {
  const { view } = flow
  return html`<section class="flow">
<h2>${view.flow} <span class="soft">from ${view.source} to ${view.target}</span></h2>
${flowInWords(view)}
${month === undefined ? nothing : flowMonths(view.flow, month)}
${flowInFigures(flow, `exposure-${index}`, knownAt)}
</section>
`
}

function worstFirst({ flows, knownAt }: Report): readonly ReportedFlow[] {
  const order = worstFlowsFirst(
    flows.map(({ view }) => view),
    knownAt,
  )
  return flows.toSorted((a, b) => order.indexOf(a.view) - order.indexOf(b.view))
}

function flowMonths(flow: string, month: ReportedMonth): Html {
  const months = monthsOf(month, flow)
  const title = `${monthText(month.fromMs)}${month.untilMs < month.toMs ? ` so far, until ${instantText(month.untilMs)} UTC` : ''}`
  if (months.length === 0) {
    return html`<h3>${title}</h3>
<p><strong class="blind">Nothing is recorded</strong> of this flow in this month: whether its budget was kept cannot be told. Are the rules (docs/alerting.md) loaded where its exporter is scraped?</p>`
  }
  return html`${months.length > 1 ? apartNote(months.length) : nothing}${months.map(one => monthSection(one, title, apartText(one, months)))}`
}

function apartNote(series: number): Html {
  return html`<p><strong>Prometheus has ${series} recorded series for this flow</strong>, which differ in their labels: several exporters with a flow of this name, or labels that were changed. They are not added up.</p>`
}

/** Flows that Prometheus has of the month and that are not watched now: taken out of the configuration, or of others. */
function unwatched({ month, flows, onlyFlow }: Report): readonly string[] {
  if (onlyFlow !== undefined || month === undefined) return []
  const watched = new Set(flows.map(({ view }) => view.flow))
  return [...new Set(month.flows.map(({ flow }) => flow))].filter(name => !watched.has(name))
}

function unwatchedMonths(month: ReportedMonth, names: readonly string[]): readonly Html[] {
  return names.map(
    name => html`<section class="flow">
<h2>${name} <span class="soft">not watched now</span></h2>
<p>Prometheus has recorded this flow in the month, and it is not among those above: it was taken out of the configuration, or belongs to another exporter.</p>
${flowMonths(name, month)}
</section>
`,
  )
}

function monthsOf({ flows }: ReportedMonth, flow: string): readonly MonthOfFlow[] {
  return flows.filter(month => month.flow === flow)
}

/** The labels in which the series of one flow differ. */
function apartText(month: MonthOfFlow, all: readonly MonthOfFlow[]): string {
  const names = [...new Set(all.flatMap(({ labels }) => Object.keys(labels)))].sort()
  return names
    .filter(name => new Set(all.map(({ labels }) => labels[name])).size > 1)
    .map(name => `${name}=${JSON.stringify(month.labels[name] ?? '')}`)
    .join(', ')
}

function intervalText({ flows }: ReportedMonth): string {
  const intervals = [...new Set(flows.flatMap(({ intervalMs }) => intervalMs ?? []))].sort((a, b) => a - b)
  return intervals.length === 0 ? 'not known' : intervals.map(ms => exactDuration(ms)).join(' and ')
}
