import { type Html, html, nothing } from '../html.ts'
import { count } from '../words.ts'

export interface Pager {
  readonly path: string
  /** Query parameters that stay. */
  readonly chosen: readonly (readonly [name: string, value: string])[]
  readonly page: number
  readonly pages: number
}

/** Links to the other pages; nothing where there is one. */
export function pager({ path, chosen, page, pages }: Pager): Html {
  if (pages <= 1) return nothing
  const to = (target: number, words: string): Html => {
    const query = [...chosen, ['page', String(target)] as const].map(
      ([name, value]) => `${name}=${encodeURIComponent(value)}`,
    )
    return html`<a href="${path}?${query.join('&')}">${words}</a>`
  }
  return html`<nav class="pages" aria-label="Pages">
${page > 1 ? html`${to(1, 'First')} ${to(page - 1, 'Previous')}` : nothing}
<span>Page ${count(page)} of ${count(pages)}</span>
${page < pages ? html`${to(page + 1, 'Next')} ${to(pages, 'Last')}` : nothing}
</nav>
`
}
