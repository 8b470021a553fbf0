import { type Html, html, nothing } from '../html.ts'
import type { FlowSummaryView, NotPolledView, TopicSummaryView } from '../schema.ts'
import { count } from '../words.ts'
import { lines } from './document.ts'
import { sparkline } from './sparkline.ts'
import { table } from './table.ts'
import { agoText, flowHref, secondsText, timeText, topicHref } from './texts.ts'
import { type AnyFlowView, isStale, verdictOf } from './verdict.ts'

export interface CardOptions {
  /** Unique in the page. */
  readonly id: string
  readonly now: string
  /** On the page of the flow itself the heading is no link, and its topics stand below. */
  readonly isAlone: boolean
}

/** What is to be known of one flow: the verdict, what would be lost, the budget, what is lost or cannot be seen. */
export function flowCard(flow: AnyFlowView, options: CardOptions): Html {
  const { tone, sign, words } = verdictOf(flow, options.now)
  const name = options.isAlone ? html`${flow.flow}` : html`<a href="${flowHref(flow.flow)}">${flow.flow}</a>`
  return html`<article class="flow ${tone}" data-key="flow ${flow.flow}" aria-labelledby="${options.id}">
<div class="head">
<h2 id="${options.id}">${name}</h2>
<span class="chip full">${sign} ${words}</span>${statusChip(flow.status, flow, options.now)}
<span class="soft">${flow.source} to ${flow.target}${flow.status === 'not_polled' || flow.tier === null ? nothing : `, tier ${flow.tier}`}</span>
</div>
${flow.state.summary === null ? nothing : html`<p><strong>${flow.state.summary}</strong></p>\n`}${flow.status === 'not_polled' ? waiting(flow) : polled(flow, options)}</article>
`
}

/** A status of something in a flow, which is not shown as if it held when it is about a time long gone. */
export function statusChip(status: AnyFlowView['status'], flow: AnyFlowView, now: string): Html {
  if (flow.status === 'not_polled') return nothing
  if (!isStale(flow)) return html` <span class="chip ${status}">${status}</span>`
  return html` <span class="chip unknown">unknown</span> <span class="soft">(${status} at ${timeText(flow.polledAt, now)})</span>`
}

function waiting({ source }: NotPolledView): Html {
  return html`<p class="loss">The first poll has not ended: nobody can tell yet what would be lost if ${source} died.</p>
`
}

function polled(flow: FlowSummaryView, { id, now, isAlone }: CardOptions): Html {
  const { exposureHistory: history, budgetSeconds } = flow
  return html`<div class="body">
<div class="words">
<p class="loss">${flow.summary}</p>
<p>${flow.budget}</p>
${lines('What is lost or wrong', 'breached', flow.damages)}${lines('What cannot be seen', 'blind', flow.blindSpots)}</div>
<div class="aside${isAlone ? ' wide' : ''}">
${bigFigure(flow)}${history === null ? nothing : sparkline({ id: `${id}-exposure`, of: flow.flow, history, budgetSeconds, now })}</div>
<div class="more">
${isAlone ? nothing : worstTopics(flow, now)}<p class="soft small">${observed(flow, now)}</p>
</div>
</div>
`
}

/** Readable from a distance. */
function bigFigure({ exposureSeconds, budgetUsedRatio }: FlowSummaryView): Html {
  if (exposureSeconds === null)
    return html`<p class="figure"><b>no proof</b> of how little would be lost</p>\n`
  return html`<p class="figure"><b>${secondsText(exposureSeconds)}</b> at risk, at most<br><span class="soft">${Math.floor(budgetUsedRatio * 100)} % of the budget used</span></p>\n`
}

function observed({ observedAt, polledAt }: FlowSummaryView, now: string): string {
  const answered =
    observedAt === null
      ? 'Never have both clusters answered.'
      : `Both clusters last answered ${agoText(observedAt, now)}.`
  return `${answered} The last poll ended ${agoText(polledAt, now)}.`
}

/** The topics that matter, where any does: a flow that keeps its budget stays short. */
function worstTopics(summary: FlowSummaryView, now: string): Html {
  const { flow, worstTopics, topicsByStatus } = summary
  if (topicsByStatus === null) return nothing
  const all = Object.values(topicsByStatus).reduce((sum, topics) => sum + topics, 0)
  const isFine = verdictOf(summary, now).tone === 'kept'
  const open = isFine ? [] : worstTopics.filter(({ status }) => status !== 'covered')
  const counts = Object.entries(topicsByStatus)
    .filter(([, topics]) => topics > 0)
    .map(([status, topics]) => `${count(topics)} ${status}`)
  return html`${open.length === 0 ? nothing : topicTable(flow, `The worst topics of ${flow}`, open)}<p><a href="${flowHref(flow)}">${all === 1 ? 'The topic' : `All ${count(all)} topics`} of ${flow}</a>: ${counts.join(', ')}</p>
`
}

/** Topics with their status and what would be lost of them, in the order given. */
export function topicTable(flow: string, caption: string, topics: readonly TopicSummaryView[]): Html {
  return table({
    caption,
    columns: ['Topic', 'Status', 'Would be lost'],
    rows: topics.map(({ topic, status, summary }) => ({
      key: `topic ${topic}`,
      header: html`<a href="${topicHref(flow, topic)}">${topic}</a>`,
      status,
      words: summary,
    })),
  })
}
