import { type Html, html } from '../html.ts'
import { spentText } from './text.ts'

const width = 92
/** The whole bar is twice the budget, so that the mark of the budget stands in its middle. */
const budgets = 2

/** How much of a budget is used, as a share of it: a bar with a mark at the budget, and the figure. */
export function budgetBar(share: number | null): Html {
  if (share === null) return html`<span class="unknown">unknown</span>`
  const used = Math.round(Math.min(1, share / budgets) * width * 10) / 10
  const state = share > 1 ? 'past' : share > 0.5 ? 'near' : 'half'
  return html`<svg class="bar" viewBox="0 0 ${width} 9" aria-hidden="true"><rect class="room" width="${width}" height="9"/><rect class="${state}" width="${used}" height="9"/><line class="mark" x1="${width / budgets}" x2="${width / budgets}" y1="0" y2="9"/></svg> ${spentText(share)}`
}
