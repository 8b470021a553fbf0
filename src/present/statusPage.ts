import { createHash } from 'node:crypto'
import {
  type FlowAssessment,
  type Snapshot,
  type Status,
  statuses,
  type TopicAssessment,
} from '../model/assessment.ts'
import { type Flow, stateAt } from '../model/flow.ts'
import type { ClockReading } from '../model/time.ts'
import { type Html, html, nothing, trusted } from './html.ts'
import {
  blindSpots,
  budgetSentence,
  count,
  damages,
  duration,
  isStale,
  lossSentence,
  stateSentence,
  timeOfDay,
  topicSentence,
} from './words.ts'

const refreshSeconds = 5
const topicsShown = 10

const style = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #57606a; --line: #d0d7de;
  --good: #116329; --warn: #7d4e00; --bad: #a40e26; --blind: #5a32a3; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6edf3; --bg: #0d1117; --soft: #9da7b3; --line: #30363d;
  --good: #56d364; --warn: #e3b341; --bad: #ff7b72; --blind: #d2a8ff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.2rem; } h2 { font-size: 1.1rem; margin: 0; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
.loss { font-size: 1.5rem; line-height: 1.3; margin: .5rem 0; overflow-wrap: anywhere; }
.status { font-weight: 700; } .covered { color: var(--good); } .behind, .pending { color: var(--warn); }
.stalled { color: var(--bad); } .unknown { color: var(--blind); }
p { margin: .4rem 0; } .soft { color: var(--soft); } ul { margin: .4rem 0; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
`

/** The content security policy that goes with the page: its one stylesheet and nothing else. */
export const statusPagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The page at `/`: per flow, worst first, what would be lost now and since when. HTML that needs no script. */
export function statusPage(snapshot: Snapshot, clock: ClockReading): string {
  const polled = snapshot.flows.flatMap(({ assessment }) => assessment ?? [])
  const waiting = snapshot.flows.flatMap(({ flow, assessment }) => (assessment === undefined ? flow : []))
  const worstFirst = polled.toSorted(
    (a, b) =>
      Number(isPastBudget(b, clock)) - Number(isPastBudget(a, clock)) ||
      statuses.indexOf(a.status) - statuses.indexOf(b.status) ||
      a.deadline - b.deadline,
  )
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${refreshSeconds}">
<title>${title(waiting, worstFirst[0], snapshot.pollMs, clock)}</title>
<style>${trusted(style)}</style>
</head>
<body>
<h1>If a source cluster died now</h1>
<main>
${waiting.map(flow => waitingSection(flow, clock))}${worstFirst.map(flow => flowSection(flow, snapshot.pollMs, clock))}</main>
<footer class="soft">
<p>${clusterLine(snapshot, clock)}</p>
<p>Shown at ${timeOfDay(clock.now, clock)}. Polled at least every ${duration(snapshot.pollMs)}. <a href="/metrics">/metrics</a>, <a href="/api/v1/flows">/api/v1/flows</a></p>
</footer>
</body>
</html>
`.toString()
}

/** For the tab: the worst that there is to say, over all flows. */
function title(
  [waiting]: readonly Flow[],
  worst: FlowAssessment | undefined,
  pollMs: number,
  clock: ClockReading,
): string {
  if (worst !== undefined && isPastBudget(worst, clock)) return `past its budget: ${worst.flow.name}`
  if (waiting !== undefined) return `not polled yet: ${waiting.name}`
  if (worst === undefined) return 'Tidemark'
  return `${isStale(worst, clock, pollMs) ? 'unknown' : worst.status}: ${worst.flow.name}`
}

function stateLine(flow: Flow, clock: ClockReading): Html {
  const sentence = stateSentence(flow, clock)
  return sentence === undefined ? nothing : html`<p class="status pending">${sentence}</p>\n`
}

function waitingSection(flow: Flow, clock: ClockReading): Html {
  const { name, source } = flow
  return html`<section>
<h2>${name}: <span class="status unknown">not polled yet</span></h2>
${stateLine(flow, clock)}<p class="loss">The first poll has not ended: nobody can tell yet what would be lost if ${source} died.</p>
</section>
`
}

function flowSection(assessment: FlowAssessment, pollMs: number, clock: ClockReading): Html {
  const { flow, facts, topics } = assessment
  const blind = blindSpots(assessment, clock, pollMs)
  const lost = damages(assessment)
  const observed =
    facts.observedAt === undefined
      ? 'Never have both clusters answered.'
      : `Both clusters last answered ${duration(clock.now - facts.observedAt)} ago.`
  return html`<section>
<h2>${flow.name}: ${flowWord(assessment, pollMs, clock)} <span class="soft">(${flow.source} to ${flow.target}${flow.tier === undefined ? '' : `, ${flow.tier}`})</span></h2>
${stateLine(flow, clock)}<p class="loss">${lossSentence(assessment, clock)}</p>
<p>${budgetSentence(assessment, clock)}</p>
${lost.length === 0 ? nothing : html`<p class="stalled">What is lost or wrong:</p>\n<ul>${lost.map(line => html`<li>${line}</li>`)}</ul>\n`}${blind.length === 0 ? nothing : html`<p class="unknown">What cannot be seen:</p>\n<ul>${blind.map(line => html`<li>${line}</li>`)}</ul>\n`}${topics.length === 0 ? nothing : topicTable(topics, clock)}<p class="soft">${observed} <a href="/api/v1/flows/${encodeURIComponent(flow.name)}">All ${count(topics.length)} topics as JSON</a></p>
</section>
`
}

function topicTable(topics: readonly TopicAssessment[], clock: ClockReading): Html {
  const shown = topics.slice(0, topicsShown)
  const rest = topics.length - shown.length
  return html`<table>
<thead><tr><th scope="col">Topic</th><th scope="col">Status</th><th scope="col">Would be lost</th></tr></thead>
<tbody>
${shown.map(topic => html`<tr><td>${topic.topic}</td><td>${statusWord(topic.status)}</td><td>${topicSentence(topic, clock)}</td></tr>`)}
</tbody>
</table>
${rest > 0 ? html`<p class="soft">and ${count(rest)} more, whose deadlines come later</p>\n` : nothing}`
}

function clusterLine({ clusters }: Snapshot, clock: ClockReading): Html {
  const lines = clusters.map(({ name, up, unknown, answeredAt }) => {
    // When, not that: nobody knows whether it still does.
    if (up && answeredAt !== undefined) return html`${name} answered ${duration(clock.now - answeredAt)} ago`
    if (unknown === undefined) return html`${name} has not been asked yet`
    const last = answeredAt === undefined ? '' : `, last answered ${timeOfDay(answeredAt, clock)}`
    return html`<strong class="unknown">${name} does not answer</strong>${last}`
  })
  return html`${lines.flatMap((line, index) => (index === 0 ? [line] : ['; ', line]))}`
}

/** A flow that is in maintenance or failed over is not expected to keep its budget. */
function isPastBudget({ deadline, flow }: FlowAssessment, clock: ClockReading): boolean {
  return deadline < clock.now && stateAt(flow, clock.wallMs).kind === 'active'
}

/** The status, which is not shown as if it held when it is about a time long gone. */
function flowWord(assessment: FlowAssessment, pollMs: number, clock: ClockReading): Html {
  const past = isPastBudget(assessment, clock)
    ? html`, <span class="status stalled">past its budget</span>`
    : nothing
  if (!isStale(assessment, clock, pollMs)) return html`${statusWord(assessment.status)}${past}`
  const was = `${assessment.status} at ${timeOfDay(assessment.facts.at, clock)}`
  return html`${statusWord('unknown')} <span class="soft">(${was})</span>${past}`
}

function statusWord(status: Status): Html {
  return html`<span class="status ${status}">${status}</span>`
}
