import { configured } from '../fields.ts'
import type { Cell, Field, Frame } from '../frames.ts'
import type { PanelContent } from '../panels/content.ts'
import { type Dashboard, type DrawnPanel, parseDashboard } from '../schema.ts'
import { transformed } from '../transformations.ts'

/** Minutes of a graph, in milliseconds. */
export const minutes = [0, 1, 2, 3, 4, 5].map(minute => minute * 60_000)

type Json = Readonly<Record<string, unknown>>

/** A dashboard of one panel, of which only what matters is given. */
export function dashboardOf(panel: Json): Dashboard {
  return parseDashboard({
    uid: 'one',
    title: 'One panel',
    timezone: 'utc',
    time: { from: 'now-1h', to: 'now' },
    schemaVersion: 38,
    templating: { list: [] },
    panels: [{ id: 7, title: 'How much?', gridPos: { x: 0, y: 0, w: 12, h: 8 }, options: {}, ...panel }],
  })
}

/** The panel, and what it would draw of these frames. */
export function contentOf<Type extends DrawnPanel['type']>(
  type: Type,
  panel: Json,
  frames: readonly Frame[],
): PanelContent<Extract<DrawnPanel, { type: Type }>> {
  const [parsed] = dashboardOf({ type, ...panel }).panels as readonly Extract<DrawnPanel, { type: Type }>[]
  if (parsed === undefined) throw new Error('no panel')
  return {
    panel: parsed,
    frames: configured(transformed(frames, parsed.transformations ?? []), parsed),
    box: { x: 0, y: 0, width: 600, height: 300 },
    range: { fromMs: 0, toMs: 300_000 },
    id: 'p7',
  }
}

export function fieldOf(name: string, values: readonly Cell[], parts: Partial<Field> = {}): Field {
  const type = typeof values.find(value => value !== null) === 'string' ? 'string' : 'number'
  return { name, type, values, labels: {}, config: {}, ...parts }
}

export function frameOf(refId: string, columns: Readonly<Record<string, readonly Cell[]>>): Frame {
  return { refId, fields: Object.entries(columns).map(([name, values]) => fieldOf(name, values)) }
}

/** One line of a graph, a value a minute. */
export function seriesOf(legend: string, values: readonly Cell[], refId = 'A'): Frame {
  return {
    refId,
    fields: [
      fieldOf('Time', minutes.slice(0, values.length), { type: 'time' }),
      fieldOf('Value', values, { legend, type: 'number' }),
    ],
  }
}

/** The columns of a frame by name, as rows of plain values. */
export function valuesOf(frame: Frame | undefined): Readonly<Record<string, readonly Cell[]>> {
  return Object.fromEntries((frame?.fields ?? []).map(({ name, values }) => [name, values]))
}

/** What stands in a picture, in its order. */
export function wordsIn(svg: string): readonly string[] {
  return Array.from(svg.matchAll(/<text[^>]*>(.*?)<\/text>/g), ([, inner = '']) =>
    inner.replaceAll(/<[^>]*>/g, ''),
  )
}
