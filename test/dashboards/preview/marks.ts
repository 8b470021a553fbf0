import { colourOf } from './colours.ts'
import { durationMs } from './durations.ts'
import type { Mark } from './panels/timeSeries.ts'
import type { QueryContext } from './queries.ts'
import { type Annotation, type Dashboard, Unsupported } from './schema.ts'
import { interpolate } from './variables.ts'

/** What the annotations of a dashboard mark on its graphs: samples that follow each other are one region. */
export async function drawMarks({ annotations }: Dashboard, context: QueryContext): Promise<readonly Mark[]> {
  const marks: Mark[] = []
  for (const annotation of annotations?.list ?? []) {
    if (annotation.builtIn === 1 || !annotation.enable) continue
    marks.push(...(await marksOf(annotation, context)))
  }
  return marks
}

async function marksOf(
  { name, expr, step = '60s', iconColor }: Annotation,
  { prometheus, range, choices }: QueryContext,
): Promise<readonly Mark[]> {
  if (expr === undefined) throw new Unsupported(`annotation ${name}: without a query`)
  const stepMs = durationMs(step)
  const fromMs = Math.floor(range.fromMs / stepMs) * stepMs
  const found = await prometheus.queryRange(interpolate(expr, choices), { ...range, fromMs }, stepMs)
  return found.flatMap(({ values }) => {
    const regions: { fromMs: number; toMs: number; colour: string }[] = []
    for (const [atMs] of values) {
      const last = regions.at(-1)
      if (last !== undefined && atMs - last.toMs <= stepMs) last.toMs = atMs
      else regions.push({ fromMs: atMs, toMs: atMs, colour: colourOf(iconColor) })
    }
    return regions
  })
}
