import type { Account, Breach, MonthOfFlow } from '../../assess/month/account.ts'
import type { MonthState } from '../../assess/month/states.ts'
import { type Html, html, nothing } from '../html.ts'
import { calendar, calendarTitle } from './calendar.ts'
import { configuredShare, exactDuration, instantText, shareText, spentText } from './text.ts'
import { wide } from './wide.ts'

/** More breaches than that are no table that people read: the longest are shown. */
export const breachesShown = 200

export const stateWords: Readonly<Record<MonthState, { readonly word: string; readonly means: string }>> = {
  kept: { word: 'kept', means: 'the budget was shown to be kept' },
  breached: { word: 'deadline passed', means: 'the budget was not shown to be kept any more: bad' },
  unreported: {
    word: 'nobody reported',
    means: 'no exporter told a deadline for longer than a restart takes: bad',
  },
  maintenance: { word: 'maintenance', means: 'announced: outside of the SLO' },
  failed_over: { word: 'failed over', means: 'the target had taken over: outside of the SLO' },
  unjudged: {
    word: 'not judged',
    means: 'the rules ran, and no exporter could tell yet: neither good nor bad',
  },
  no_data: { word: 'no data', means: 'Prometheus has recorded nothing: neither good nor bad' },
}

/** The order of tables and legends: what the SLO is about, what is outside of it, what nobody knows. */
const shownStates: readonly MonthState[] = [
  'kept',
  'breached',
  'unreported',
  'maintenance',
  'failed_over',
  'unjudged',
  'no_data',
]

/** How a month went, in one word with its class. */
export function verdictText({ verdict }: Account): { readonly word: string; readonly colour: string } {
  switch (verdict) {
    case 'kept':
      return { word: 'objective kept', colour: 'good' }
    case 'not_kept':
      return { word: 'objective not kept', colour: 'bad' }
    case 'cannot_tell':
      return { word: 'cannot be told', colour: 'blind' }
    case 'not_expected':
      return { word: 'outside of the SLO', colour: 'grey' }
  }
}

/** The share of time in which the budget was kept: a number only where every moment of it was judged. */
export function keptText({ keptRatio, atLeastRatio, atMostRatio, untoldMs, badMs }: Account): string {
  if (atLeastRatio === undefined) return 'not expected'
  if (keptRatio === undefined || atMostRatio === undefined) return 'unknown'
  if (untoldMs === 0) return shareText(keptRatio)
  if (badMs === 0) return `at least ${shareText(atLeastRatio)}`
  return `${shareText(atLeastRatio)} to ${shareText(atMostRatio)}`
}

/** The month of one flow: verdict, shares, picture, breaches. */
export function monthSection(month: MonthOfFlow, title: string, apart: string): Html {
  const { account, flow, stretches } = month
  const { word, colour } = verdictText(account)
  const named = apart === '' ? flow : `${flow}, ${apart}`
  return html`<div class="month">
<h3>${title}${apart === '' ? nothing : html` <span class="soft">${apart}</span>`}</h3>
<p class="verdict"><strong class="${colour}">${word}</strong>: ${keptSentence(account)}</p>
<p>${errorBudgetSentence(month)}</p>
${account.untoldMs > 0 ? html`<p>${untoldSentence(account)}</p>` : nothing}
<figure>
${calendar(account.period, stretches, calendarTitle(flow, account.period, account.breaches.length))}
<figcaption>A row a day, midnight to midnight UTC. ${legend()}</figcaption>
</figure>
${wide(`Where the time of ${named} went`, timeTable(account))}
${account.breaches.length === 0 ? html`<p>No breach was recorded.</p>` : wide(`Breaches of ${named}`, breachTable(account))}
</div>`
}

function keptSentence(account: Account): string {
  const { keptRatio, countedMs, objectiveRatio, untoldMs } = account
  const objective = objectiveRatio === undefined ? 'no objective was recorded' : objectiveText(account)
  if (keptRatio === undefined) {
    return untoldMs > 0
      ? `nothing of the time could be judged; ${objective}.`
      : `the flow was not expected to keep its budget in all this time; ${objective}.`
  }
  return `the budget was kept in ${shareText(keptRatio)} of the ${exactDuration(countedMs)} that could be judged; ${objective}.`
}

function objectiveText({ objectives, objectiveRatio }: Account): string {
  const [only, ...others] = objectives
  if (only === undefined || objectiveRatio === undefined) return 'no objective was recorded'
  if (others.length === 0) return `the objective is ${configuredShare(only.ratio)}`
  const list = objectives.map(
    ({ fromMs, ratio }) => `${configuredShare(ratio)} from ${instantText(fromMs)} UTC`,
  )
  return `the objective was changed (${list.join(', ')}), ${shareText(objectiveRatio)} by time`
}

function errorBudgetSentence({ account, windowSeconds }: MonthOfFlow): string {
  const { errorBudgetMs, badMs, untoldMs } = account
  const configured =
    windowSeconds === undefined
      ? ''
      : ` The objective is configured over ${exactDuration(windowSeconds * 1000)}; here it is held against the month.`
  if (errorBudgetMs === undefined) return `Without an objective there is no error budget.${configured}`
  if (errorBudgetMs < 0.5) {
    return `The objective bears no bad time; ${exactDuration(badMs)} were bad.${configured}`
  }
  const least = untoldMs > 0 ? 'at least ' : ''
  return `Error budget: the objective bears ${exactDuration(errorBudgetMs)} of bad time; ${least}${exactDuration(badMs)} were spent, ${spentText(badMs / errorBudgetMs)} of it.${configured}`
}

function untoldSentence({ untoldMs, atLeastRatio, atMostRatio, badMs }: Account): string {
  const worst = atLeastRatio === undefined ? '' : `, it is ${shareText(atLeastRatio)} if all of it was bad`
  const best =
    badMs === 0 || atMostRatio === undefined ? '' : ` and ${shareText(atMostRatio)} if none of it was`
  return `Of ${exactDuration(untoldMs)} nobody knows whether it was good or bad: of the whole time in which the budget was to be kept${worst}${best}.`
}

function legend(): Html {
  return html`${shownStates.map(
    state =>
      html`<span class="key"><svg viewBox="0 0 12 9" aria-hidden="true"><rect class="${state}" width="12" height="9"/></svg> ${stateWords[state].word}</span> `,
  )}`
}

function timeTable({ time, period }: Account): Html {
  const whole = period.toMs - period.fromMs
  return html`<table class="keep">
<caption>Where the time went</caption>
<thead><tr><th>state</th><th>means</th><th class="number">time</th><th class="number">of the whole</th></tr></thead>
<tbody>${shownStates.map(
    state =>
      html`<tr><td>${stateWords[state].word}</td><td>${stateWords[state].means}</td><td class="number">${exactDuration(time[state])}</td><td class="number">${shareText(time[state] / whole)}</td></tr>
`,
  )}</tbody>
</table>`
}

function breachTable({ breaches, period }: Account): Html {
  const longest = breaches.toSorted((a, b) => b.badInPeriodMs - a.badInPeriodMs).slice(0, breachesShown)
  const shown = breaches.filter(breach => longest.includes(breach))
  const left = breaches.length - shown.length
  const word = breaches.length === 1 ? '1 breach' : `${breaches.length} breaches`
  return html`<table>
<caption>${word}${left > 0 ? `: the ${shown.length} longest, ${left} shorter ones are left out` : ''}</caption>
<thead><tr><th>begin (UTC)</th><th>end (UTC)</th><th class="number">bad time</th><th class="number">of it nobody reported</th><th class="number">nobody knows</th><th class="number">worst, beyond the budget</th></tr></thead>
<tbody>${shown.map(
    breach => html`<tr><td>${beginText(breach)}</td><td>${endText(breach)}</td><td class="number">${badText(breach, period.fromMs)}</td><td class="number">${dash(breach.unreportedMs)}</td><td class="number">${dash(breach.untoldMs)}</td><td class="number">${worstText(breach)}</td></tr>
`,
  )}</tbody>
</table>`
}

function beginText({ fromMs, toldUntilMs }: Breach): Html {
  if (toldUntilMs === fromMs) return dated(fromMs)
  return toldUntilMs === undefined
    ? dated(fromMs, 'or earlier: nothing was told before it')
    : dated(fromMs, `or earlier: nobody could tell since ${instantText(toldUntilMs)}`)
}

function endText({ toMs, ended }: Breach): Html {
  if (ended === undefined) return dated(toMs, 'or later: no end is recorded')
  const by = ended.state === 'kept' ? '' : `${stateWords[ended.state].word} began`
  if (ended.atMs === toMs) return dated(toMs, by)
  const later = `or later: nobody could tell until ${instantText(ended.atMs)}`
  return dated(toMs, by === '' ? later : `${later}, when ${by}`)
}

function dated(atMs: number, note = ''): Html {
  return html`<span class="instant">${instantText(atMs)}</span>${noted(note)}`
}

function noted(note: string): Html {
  return note === '' ? nothing : html`<span class="note">${note}</span>`
}

function badText({ badMs, badInPeriodMs }: Breach, fromMs: number): Html {
  const note =
    badMs === badInPeriodMs ? '' : `in ${instantText(fromMs).slice(0, 7)}; ${exactDuration(badMs)} in all`
  return html`${exactDuration(badInPeriodMs)}${noted(note)}`
}

function worstText({ worstMs, unreportedMs, untoldMs }: Breach): string {
  if (worstMs === undefined) return 'unknown: nobody told'
  return `${unreportedMs + untoldMs > 0 ? 'at least ' : ''}${exactDuration(worstMs)}`
}

function dash(ms: number): string {
  return ms === 0 ? '–' : exactDuration(ms)
}
