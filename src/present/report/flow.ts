import { type Html, html, nothing } from '../html.ts'
import { sparkline } from '../page/sparkline.ts'
import type { AnyFlowView } from '../page/verdict.ts'
import type { FlowSummaryView, TopicSummaryView } from '../schema.ts'
import { count, duration } from '../words.ts'
import { budgetBar } from './exposure.ts'
import { configuredShare, viewedInstant } from './text.ts'
import { wide } from './wide.ts'

export interface ReportedFlow {
  readonly view: AnyFlowView
  /** Worst first; no more than a report shows. */
  readonly topics: readonly TopicSummaryView[]
  /** Those that it does not. */
  readonly topicsLeftOut: number
}

/** What would be lost of one flow now, in words: first what matters most. */
export function flowInWords(view: AnyFlowView): Html {
  const state =
    view.state.summary === null ? nothing : html`<p><strong class="grey">${view.state.summary}</strong></p>`
  if (view.status === 'not_polled') {
    return html`<p class="loss">Its first poll has not ended: nobody can tell yet what would be lost if ${view.source} died.</p>
${state}`
  }
  return html`<p class="loss">${view.summary}</p>
<p>${view.budget}</p>
${state}
${list('What cannot be seen', view.blindSpots, 'Everything could be seen.')}
${list('What is lost, or wrong on the target', view.damages, damageless(view))}`
}

/** On what that rests: the exposure of the last hours, figures, the audit of the copy, topics. */
export function flowInFigures(flow: ReportedFlow, id: string, now: string): Html {
  const { view } = flow
  if (view.status === 'not_polled') return nothing
  return html`${history(view, id, now)}
<h3>The flow in figures</h3>
${factTable(view)}
<h3>Audit of the copy</h3>
${auditText(view)}
<h3>Topics, worst first</h3>
${wide(`Topics of ${view.flow}`, topicTable(flow))}`
}

function history({ flow, exposureHistory, budgetSeconds }: FlowSummaryView, id: string, now: string): Html {
  if (exposureHistory === null) return nothing
  return html`<div class="keep"><h3>Exposure of the last hours</h3>
${sparkline({ id, of: flow, history: exposureHistory, budgetSeconds, now })}</div>`
}

/** Nothing found is only said to be nothing where all could be looked at. */
function damageless({ blindSpots, topicsByStatus }: FlowSummaryView): string {
  return blindSpots.length === 0 && topicsByStatus !== null
    ? 'Nothing that was found since the exporter was started.'
    : 'Nothing was found in what could be seen since the exporter was started.'
}

function list(title: string, lines: readonly string[], empty: string): Html {
  return html`<h3>${title}</h3>
${lines.length === 0 ? html`<p>${empty}</p>` : html`<ul>${lines.map(line => html`<li>${line}</li>`)}</ul>`}`
}

function factTable(flow: FlowSummaryView): Html {
  const rows: readonly (readonly [string, string | Html])[] = [
    ['status', html`<span class="word ${flow.status}">${flow.status}</span>${why(flow)}`],
    [
      'proven recovery point',
      pointText(flow.recoveryPoint, flow.exposureSeconds, 'no: a topic has none that is proven'),
    ],
    ...(flow.recoveryPoint === null
      ? [
          [
            'of the topics that have one',
            pointText(flow.knownRecoveryPoint, flow.knownExposureSeconds, 'none'),
          ] as const,
        ]
      : []),
    [
      'estimated recovery point',
      pointText(flow.estimatedRecoveryPoint, flow.estimatedExposureSeconds, 'none'),
    ],
    [
      'budget used by the worst topic',
      budgetBar(flow.exposureSeconds === null ? null : flow.budgetUsedRatio),
    ],
    ['budget', `${seconds(flow.budgetSeconds)}, single topics may have their own (see the topics)`],
    ['smallest budget that can be proven', seconds(flow.provableExposureSeconds)],
    ['objective', `${configuredShare(flow.objectiveRatio)} of the time, over ${seconds(flow.windowSeconds)}`],
    ['deadline', `${viewedInstant(flow.deadline)} UTC`],
    [
      'records that may be missing',
      flow.lagRecords === null ? 'unknown' : `at most ${count(BigInt(flow.lagRecords))}`,
    ],
    [
      'lost, possibly lost',
      `${count(BigInt(flow.lostRecords))}, ${count(BigInt(flow.possiblyLostRecords))} offsets`,
    ],
    ['first retention deadline', dated(flow.retentionDeadline, 'none is known')],
    ['topics', topicCounts(flow)],
    ['partitions that could be judged', counted(flow.partitionsObserved, flow.partitionsExpected)],
    ['replicator', `${flow.replicator}, last heartbeat ${dated(flow.heartbeatAt, 'unknown')}`],
    [
      'observed',
      `last poll ended ${viewedInstant(flow.polledAt)} UTC, both clusters answered ${dated(flow.observedAt, 'never')}, history since ${viewedInstant(flow.observedSince)} UTC`,
    ],
    ...(flow.retractedAt === null
      ? []
      : [['recovery point moved back', `${viewedInstant(flow.retractedAt)} UTC`] as const]),
  ]
  return html`<table class="facts"><tbody>${rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>
`,
  )}</tbody></table>`
}

function why({ unknown }: FlowSummaryView): string {
  return unknown === null ? '' : `: ${unknown.detail}`
}

function pointText(point: string | null, exposure: number | null, missing: string): string {
  if (point === null || exposure === null) return missing
  return `${viewedInstant(point)} UTC, ${seconds(exposure)} ago`
}

function dated(iso: string | null, missing: string): string {
  return iso === null ? missing : `${viewedInstant(iso)} UTC`
}

function topicCounts({ topicsByStatus, unprovenTopics }: FlowSummaryView): string {
  if (topicsByStatus === null || unprovenTopics === null) return 'unknown: the scope could not be read'
  const counts = Object.entries(topicsByStatus).map(([status, topics]) => `${count(topics)} ${status}`)
  return `${counts.join(', ')}; ${count(unprovenTopics)} without a proven recovery point`
}

function counted(observed: number | null, expected: number | null): string {
  return observed === null || expected === null ? 'unknown' : `${count(observed)} of ${count(expected)}`
}

function auditText({ audit, partitionsExpected }: FlowSummaryView): Html {
  const { proven, contradicted, inconclusive, unreadable, partitionsAudited, auditedSince } = audit
  const all = partitionsExpected === null ? '' : ` of ${count(partitionsExpected)}`
  const since =
    auditedSince === null
      ? 'Not every partition that has records has been looked at yet.'
      : `Every partition that has records was looked at since ${viewedInstant(auditedSince)} UTC.`
  return html`<p>Of ${count(partitionsAudited)}${all} partitions the newest look at records proved the copy. ${since} Looks since the exporter was started: ${count(proven)} proven, ${contradicted > 0 ? html`<strong class="bad">${count(contradicted)} contradicted</strong>` : html`0 contradicted`}, ${count(inconclusive)} inconclusive, ${count(unreadable)} unreadable.</p>`
}

function topicTable({ topics, topicsLeftOut }: ReportedFlow): Html {
  if (topics.length === 0) return html`<p>No topic could be listed.</p>`
  return html`<table class="topics">
<thead><tr><th>topic</th><th>status</th><th>what is at risk</th><th>budget used</th><th class="number">budget</th></tr></thead>
<tbody>${topics.map(
    ({ topic, targetTopic, status, summary, exposureSeconds, budgetSeconds }) =>
      html`<tr><td>${topic}${targetTopic === topic ? nothing : html` <span class="soft">→ ${targetTopic}</span>`}</td><td class="word ${status}">${status}</td><td>${summary}</td><td class="number">${budgetBar(exposureSeconds === null ? null : exposureSeconds / budgetSeconds)}</td><td class="number">${seconds(budgetSeconds)}</td></tr>
`,
  )}</tbody>
</table>
${topicsLeftOut > 0 ? html`<p><strong>${count(topicsLeftOut)} more topics are left out</strong>: none of them is worse than the last one here.</p>` : nothing}`
}

function seconds(value: number): string {
  return duration(value * 1000)
}
