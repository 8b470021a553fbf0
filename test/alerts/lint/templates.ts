/** A flow's name, in place of what a template fills in. */
const flowName = 'orders'

/** The queries in a template of Prometheus: the text that each `printf` writes, with its %q filled in. */
export function queriesIn(template: string): readonly string[] {
  return [...template.matchAll(/printf `([^`]*)`/g)].map(([, text = '']) =>
    text.replaceAll('%q', `"${flowName}"`),
  )
}

/** The query of a link to a graph of Prometheus; undefined where the link is none. */
export function queryOfLink(link: string): string | undefined {
  const filled = link.replaceAll(/\{\{.*?\}\}/g, flowName)
  return new URL(filled, 'http://prometheus').searchParams.get('g0.expr') ?? undefined
}
