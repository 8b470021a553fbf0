import { createHash } from 'node:crypto'
import { type Html, html, nothing, trusted } from '../html.ts'
import type { ConfigurationView } from '../schema.ts'
import { count } from '../words.ts'
import { refreshSeconds, script } from './script.ts'
import { style } from './style.ts'
import { timeText } from './texts.ts'

/** The content security policy of all pages: their own stylesheet and script, requests to where they came from. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "connect-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

export interface PageParts {
  readonly title: string
  /** RFC 3339: what the page shows is of then. */
  readonly now: string
  /** From the first page down to this one; the last has no address. */
  readonly path: readonly Step[]
  readonly main: Html
  /** The same as JSON. */
  readonly json: string
  readonly configuration?: ConfigurationView
}

export interface Step {
  readonly name: string
  readonly href?: string
}

/** The whole document. Needs no script: without one the browser loads it again. */
export function page({ title, now, path, main, json, configuration = null }: PageParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<p class="brand">Tidemark</p>
<nav aria-label="Where this page is"><ol>${path.map(step)}</ol></nav>
<button type="button" id="pause" hidden>Stop refreshing</button>
<p class="old" id="old" role="alert" hidden></p>
<p class="unseen" id="said" role="status"></p>
</header>
<main id="main" tabindex="-1" data-at="${now}">
${main}${refusedLine(configuration, now)}</main>
<footer>
<p>What would be lost if a source Kafka cluster died now. <a href="${json}">This page as JSON</a>, <a href="/metrics">metrics</a></p>
</footer>
<script>${trusted(script)}</script>
</body>
</html>
`.toString()
}

/** What is shown is by a configuration that is not the one in the file. */
function refusedLine(configuration: ConfigurationView, now: string): Html {
  if (configuration === null || configuration.refused === null) return nothing
  const { loadedAt, refused } = configuration
  const problems = refused.problems === 1 ? 'one problem' : `${count(refused.problems)} problems`
  return html`<p><strong class="status unknown">The configuration was refused</strong> at ${timeText(refused.at, now)}: it has ${problems}, which the log names. What runs was read at ${timeText(loadedAt, now)}.</p>
`
}

function step({ name, href }: Step): Html {
  return href === undefined
    ? html`<li aria-current="page">${name}</li>`
    : html`<li><a href="${href}">${name}</a></li>`
}

/** Lines under a heading, those behind the first twenty only by their number; nothing where there are none. */
export function lines(heading: string, tone: string, texts: readonly string[]): Html {
  if (texts.length === 0) return nothing
  const rest = texts.length - linesShown
  return html`<div class="list ${tone}"><h3>${heading}</h3>
<ul>${texts.slice(0, linesShown).map(text => html`<li>${text}</li>`)}${rest > 0 ? html`<li>and ${rest} more, which the JSON has</li>` : nothing}</ul></div>
`
}

const linesShown = 20
