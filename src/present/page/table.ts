import type { Status } from '../../model/assessment.ts'
import { type Html, html, type Interpolation } from '../html.ts'

export interface Table {
  readonly caption: string
  readonly columns: readonly string[]
  readonly rows: readonly {
    /** The same row in the next version of the page has the same one. */
    readonly key: string
    readonly header: Interpolation
    readonly status: Status
    readonly words: Interpolation
  }[]
}

/**
 * A table of things with a status and what is to be said of them. The roles are those that the elements have anyway:
 * on a phone the stylesheet lays rows out as blocks, and some browsers then forget that it is a table.
 */
export function table({ caption, columns, rows }: Table): Html {
  return html`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(column => html`<th role="columnheader" scope="col">${column}</th>`)}</tr></thead>
<tbody role="rowgroup">
${rows.map(({ key, header, status, words }) => html`<tr role="row" data-key="${key}"><th role="rowheader" scope="row">${header}</th><td role="cell"><span class="status ${status}">${status}</span></td><td role="cell">${words}</td></tr>\n`)}</tbody>
</table>
`
}
