import { type Html, html } from '../html.ts'

/** A table that a narrow screen can move sideways, with the keyboard too. */
export function wide(label: string, table: Html): Html {
  return html`<div class="wide" tabindex="0" role="region" aria-label="${label}">
${table}
</div>`
}
