import { type Html, html, nothing } from '../html.ts'
import type { ClusterView, FlowsView } from '../schema.ts'
import { count } from '../words.ts'
import { page } from './document.ts'
import { flowCard } from './flowCard.ts'
import { agoText, dateText, secondsText, timeText } from './texts.ts'
import { type AnyFlowView, type Tone, titleOf, tones, verdictOf, worstFlowsFirst } from './verdict.ts'

/** The page at `/`: all flows, worst first. */
export function flowsPage(view: FlowsView): string {
  const { now } = view
  const flows = worstFlowsFirst(view.flows, now)
  return page({
    title: titleOf(flows, now),
    now,
    path: [{ name: 'All flows' }],
    json: '/api/v1/flows',
    configuration: view.configuration,
    main: html`${overall(flows, view)}${flows.map((flow, index) => flowCard(flow, { id: `flow-${index}`, now, isAlone: false }))}`,
  })
}

/** The answer to the first question of all: is anything wrong? */
function overall(flows: readonly AnyFlowView[], view: FlowsView): Html {
  const [worst] = flows
  if (worst === undefined) {
    return html`<div class="verdict blind"><h1>? No flow is configured: nothing is watched.</h1>
${asOf(view)}</div>
`
  }
  const { tone } = verdictOf(worst, view.now)
  const alike = flows.filter(flow => verdictOf(flow, view.now).tone === tone)
  return html`<div class="verdict ${tone}">
<h1>${headline(alike, flows.length, view.now)}</h1>
${alike.length === flows.length ? nothing : html`<p>${others(flows.slice(alike.length), view.now)}</p>\n`}${asOf(view)}</div>
`
}

/** The worst flows: one by its name, several by their number. */
function headline([worst, ...more]: readonly AnyFlowView[], all: number, now: string): string {
  if (worst === undefined) return ''
  const { tone, sign, says } = verdictOf(worst, now)
  if (more.length === 0) return `${sign} ${worst.flow} ${says}.`
  const n = more.length + 1
  if (tone === 'blind' && n === all) return `${sign} None of the ${count(n)} flows can be judged.`
  return `${sign} ${n === all ? `All ${count(n)} flows` : `${count(n)} of ${count(all)} flows`} ${severalSay[tone]}.`
}

/** The flows that are better off, by their number. */
function others(flows: readonly AnyFlowView[], now: string): string {
  const parts = tones.flatMap(tone => {
    const [one, ...more] = flows.filter(flow => verdictOf(flow, now).tone === tone)
    if (one === undefined) return []
    return more.length === 0
      ? `${one.flow} ${verdictOf(one, now).says}`
      : `${count(more.length + 1)} flows ${severalSay[tone]}`
  })
  return `${parts.join('; ')}.`
}

const severalSay: Readonly<Record<Tone, string>> = {
  breached: 'are past their budgets or have lost records',
  blind: 'cannot be judged',
  near: 'need a look',
  kept: 'keep their budgets',
  idle: 'are in maintenance or failed over',
}

/** Of when the page is, and how current that can be. */
export function asOf({
  now,
  pollSeconds,
  clusters,
}: Pick<FlowsView, 'now' | 'pollSeconds' | 'clusters'>): Html {
  return html`<p>As of <strong>${dateText(now)}</strong>; polled at least every ${secondsText(pollSeconds)}.${clusters.length === 0 ? nothing : html` ${clusters.map((cluster, index) => html`${index === 0 ? nothing : '; '}${clusterLine(cluster, now)}`)}.`}</p>
`
}

function clusterLine({ cluster, up, unknown, answeredAt }: ClusterView, now: string): Html {
  // When, not that: nobody knows whether it still does.
  if (up && answeredAt !== null) return html`${cluster} answered ${agoText(answeredAt, now)}`
  if (unknown === null) return html`${cluster} has not been asked yet`
  const last = answeredAt === null ? 'has never answered' : `last answered at ${timeText(answeredAt, now)}`
  return html`<strong class="status unknown">${cluster} does not answer</strong> (${last}: ${unknown.detail})`
}
