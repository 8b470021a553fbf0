import { theme } from '../colours.ts'
import type { TimeRange } from '../prometheus.ts'
import { type Box, element, number, textAt } from '../svg.ts'

const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map(minutes => minutes * 60_000)
const labelSize = 12

/** The x of an instant. */
export function timeScale({ x, width }: Box, { fromMs, toMs }: TimeRange): (ms: number) => number {
  return ms => x + ((ms - fromMs) / (toMs - fromMs)) * width
}

/** Lines and words of the time below a plot, UTC. */
export function timeAxis(plot: Box, range: TimeRange): string {
  const most = Math.max(2, Math.floor(plot.width / 100))
  const stepMs = timeSteps.find(step => (range.toMs - range.fromMs) / step <= most) ?? 1440 * 60_000
  const at = timeScale(plot, range)
  const marks: string[] = []
  for (let ms = Math.ceil(range.fromMs / stepMs) * stepMs; ms <= range.toMs; ms += stepMs) {
    marks.push(
      line(at(ms), plot.y, at(ms), plot.y + plot.height),
      textAt(at(ms), plot.y + plot.height + 17, new Date(ms).toISOString().slice(11, 16), {
        size: labelSize,
        fill: theme.text,
        anchor: 'middle',
      }),
    )
  }
  return marks.join('')
}

export function line(x1: number, y1: number, x2: number, y2: number, colour: string = theme.grid): string {
  const path = `M${number(x1)} ${number(y1)}L${number(x2)} ${number(y2)}`
  return element('path', { d: path, stroke: colour, 'stroke-width': 1, fill: 'none' })
}

/** Round values between two ends, about `count` of them; of bytes powers of two. */
export function ticksBetween(min: number, max: number, count: number, unit = 'none'): readonly number[] {
  const rough = (max - min) / Math.max(1, count)
  const step = unit === 'bytes' ? 2 ** Math.ceil(Math.log2(rough)) : roundStep(rough)
  const first = Math.ceil(min / step)
  const last = Math.floor(max / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
}

function roundStep(rough: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 2.5, 5, 10].map(it => it * magnitude).find(it => it >= rough) ?? rough
}
