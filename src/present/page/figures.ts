import { type Html, html, type Interpolation } from '../html.ts'

/** Figures with what they mean, for people who want to know on what an answer rests. */
export function figures(pairs: readonly (readonly [name: string, value: Interpolation])[]): Html {
  return html`<dl>
${pairs.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
`
}
