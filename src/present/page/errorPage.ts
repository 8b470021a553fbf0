import { html, nothing } from '../html.ts'
import { page } from './document.ts'
import { flowHref } from './texts.ts'

export interface WrongRequest {
  /** RFC 3339. */
  readonly now: string
  readonly title: string
  /** What was asked, what was expected, what was found: a line each. */
  readonly lines: readonly string[]
  readonly flows: readonly string[]
}

const flowsShown = 100

/** A page for what there is not: it says what was asked for and where else to look. */
export function errorPage({ now, title, lines, flows }: WrongRequest): string {
  return page({
    title,
    now,
    path: [{ name: 'All flows', href: '/' }, { name: title }],
    json: '/api/v1/flows',
    main: html`<div class="verdict blind"><h1>? ${title}</h1>
${lines.map(line => html`<p>${line}</p>\n`)}</div>
<h2>Flows</h2>
${flows.length === 0 ? html`<p>No flow is configured: nothing is watched.</p>\n` : html`<ul>${flows.slice(0, flowsShown).map(flow => html`<li><a href="${flowHref(flow)}">${flow}</a></li>`)}${flows.length > flowsShown ? html`<li><a href="/">all ${flows.length} flows</a></li>` : nothing}</ul>\n`}`,
  })
}
