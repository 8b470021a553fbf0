import { statuses } from '../../model/assessment.ts'
import { type Html, html, nothing } from '../html.ts'
import type { FlowSummaryView, TopicsView } from '../schema.ts'
import { count, plural } from '../words.ts'
import { page } from './document.ts'
import { figures } from './figures.ts'
import { flowCard, topicTable } from './flowCard.ts'
import { asOf } from './flowsPage.ts'
import { pager } from './pager.ts'
import { agoText, flowHref, offsetText, secondsText, timeText } from './texts.ts'
import { titleOf } from './verdict.ts'

/** The page at `/flows/{flow}`: the flow and a page of its topics, worst first. */
export function flowPage(view: TopicsView): string {
  const { flow, now } = view
  return page({
    title: titleOf([flow], now),
    now,
    path: [{ name: 'All flows', href: '/' }, { name: flow.flow }],
    json: `/api/v1/flows/${encodeURIComponent(flow.flow)}`,
    configuration: view.configuration,
    main: html`<h1 class="unseen">Flow ${flow.flow}</h1>
${asOf(view)}${flowCard(flow, { id: 'flow', now, isAlone: true })}${flow.status === 'not_polled' ? nothing : html`${allFigures(flow, now)}${topics(view)}`}`,
  })
}

function topics(view: TopicsView): Html {
  const { flow, filter, status, matching, page, pages } = view
  const narrowed = filter !== null || status !== null
  const path = flowHref(flow.flow)
  const chosen = [
    ...(filter === null ? [] : [['filter', filter] as const]),
    ...(status === null ? [] : [['status', status] as const]),
  ]
  const found = plural(matching ?? view.topics.length, 'topic')
  const caption = `${narrowed ? `${found} found` : found}, worst first${pages > 1 ? `, page ${page} of ${count(pages)}` : ''}`
  return html`<section aria-labelledby="topics">
<h2 id="topics">Topics</h2>
<form method="get" action="${path}">
<div><label for="filter">Part of the name</label><input id="filter" name="filter" type="search" maxlength="249" value="${filter ?? ''}"></div>
<div><label for="status">Status</label>${statusChoice(view)}</div>
<button>Show</button>${narrowed ? html` <a href="${path}">Show all</a>` : nothing}
</form>
${view.topics.length === 0 ? html`<p>${whyNone(flow, narrowed)}</p>\n` : topicTable(flow.flow, caption, view.topics)}${pager({ path, chosen, page, pages })}</section>
`
}

function whyNone(flow: TopicsView['flow'], narrowed: boolean): string {
  const unknown = flow.status === 'not_polled' || flow.topicsByStatus !== null ? null : flow.unknown
  if (unknown !== null && unknown.reason !== 'empty_scope')
    return `Which topics are in scope is not known: ${unknown.detail}.`
  return narrowed ? 'No topic matches.' : 'No topic is in scope.'
}

function statusChoice({ flow, status }: TopicsView): Html {
  const counts = flow.status === 'not_polled' ? null : flow.topicsByStatus
  const option = (value: string, words: string): Html =>
    html`<option value="${value}"${value === (status ?? '') ? html` selected` : nothing}>${words}</option>`
  return html`<select id="status" name="status">${option('', 'any')}${statuses.map(each => option(each, counts === null ? each : `${each} (${count(counts[each])})`))}</select>`
}

function allFigures(flow: FlowSummaryView, now: string): Html {
  const time = (instant: string | null, none: string): string =>
    instant === null ? none : `${timeText(instant, now)}, ${agoText(instant, now)}`
  const { audit, engine, partitionsExpected: expected, partitionsObserved: seen } = flow
  return html`<details data-key="figures"><summary>All figures of this flow</summary>
${figures([
  ['Proven recovery point', time(flow.recoveryPoint, 'none: a topic has none, see below')],
  [
    'Worst of the topics that have one',
    flow.recoveryPoint === null ? time(flow.knownRecoveryPoint, 'none of them has') : 'the same',
  ],
  ['Estimated recovery point', time(flow.estimatedRecoveryPoint, 'none')],
  [
    'Records missing, at most',
    flow.lagRecords === null ? 'unknown: the scope or a topic is unknown' : offsetText(flow.lagRecords),
  ],
  ['Deadline of the budget', timeText(flow.deadline, now)],
  ['Budget of the flow', secondsText(flow.budgetSeconds)],
  [
    'Objective',
    `kept ${Math.round(flow.objectiveRatio * 1e6) / 1e4} % of ${secondsText(flow.windowSeconds)}`,
  ],
  ['Least exposure that can be proven', secondsText(flow.provableExposureSeconds)],
  ['Recovery point last moved back', time(flow.retractedAt, 'never seen')],
  [
    'Partitions judged by the last poll',
    expected === null || seen === null
      ? 'unknown: the scope is unknown'
      : `${count(seen)} of ${count(expected)}`,
  ],
  [
    'Topics without a proven point',
    flow.unprovenTopics === null ? 'unknown: the scope is unknown' : count(flow.unprovenTopics),
  ],
  ["Replicator's positions", engine.positions === null ? 'readable' : `unknown: ${engine.positions.detail}`],
  ['Offset syncs', engine.offsetSyncs === null ? 'readable' : `unknown: ${engine.offsetSyncs.detail}`],
  [
    'Newest heartbeat',
    engine.heartbeats === null ? time(flow.heartbeatAt, 'none seen') : `unknown: ${engine.heartbeats.detail}`,
  ],
  [
    'Audit of the copy',
    `${plural(audit.partitionsAudited, 'partition')} proven; looks: ${count(audit.proven)} proven, ${count(audit.contradicted)} contradicted, ${count(audit.inconclusive)} inconclusive, ${count(audit.unreadable)} unreadable`,
  ],
  ['Every partition looked at since', time(audit.auditedSince, 'not yet')],
  ['Found lost since this process started', offsetText(flow.lostRecords)],
  ['Found possibly lost', offsetText(flow.possiblyLostRecords)],
  ['Found wrong on the target', count(flow.mismatchedRecords)],
  [
    'Retention starts to delete what waits',
    flow.retentionDeadline === null
      ? 'never, nothing waits, or it cannot be told'
      : timeText(flow.retentionDeadline, now),
  ],
  ['Observed since', time(flow.observedSince, '')],
])}</details>
`
}
