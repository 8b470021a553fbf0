import { theme } from '../colours.ts'
import { type PanelOf, Unsupported } from '../schema.ts'
import { type Box, clipped, cut, rectangle, textAt, widthOf } from '../svg.ts'
import { chosenValues, type NamedDisplay, nothing, type PanelContent } from './content.ts'

type BarGauge = PanelOf<'bargauge'>

const gap = 8
const titleLineHeight = 1.5

/** Horizontal bars, one a value, each with its name before or above it. */
export function drawBarGauge(content: PanelContent<BarGauge>): string {
  const { panel, box, id } = content
  const { reduceOptions, minVizHeight = 16, maxVizHeight = 300, sizing = 'auto' } = panel.options
  const values = chosenValues(content, reduceOptions)
  if (values.length === 0) return nothing(content, panel.fieldConfig?.defaults?.noValue)
  const share = (box.height + gap) / values.length - gap
  const [least, most] = sizing === 'auto' ? [8, 300] : [minVizHeight, maxVizHeight]
  const height = Math.min(Math.max(share, least), most)
  const names = values.map(({ title }) => title)
  const texts = values.map(({ text, suffix }) => text + suffix)
  const bars = values.map((value, index) => {
    const place = { x: box.x, y: box.y + index * (height + gap), width: box.width, height }
    return drawBar(value, place, { names, texts }, panel)
  })
  return clipped(id, box, bars.join(''))
}

interface All {
  readonly names: readonly string[]
  readonly texts: readonly string[]
}

function drawBar(value: NamedDisplay, { x, y, width, height }: Box, all: All, { options }: BarGauge): string {
  const { namePlacement = 'auto', valueMode = 'color', showUnfilled = true, text = {} } = options
  if (!Number.isFinite(value.field.config.max ?? Number.NaN))
    throw new Unsupported(`${value.title}: a bar without a greatest value`)
  const isAbove = namePlacement === 'top' || (namePlacement === 'auto' && height > 40)
  const titleSize =
    text.titleSize ??
    (isAbove ? Math.max(Math.min(height * 0.45, 50), 17) : Math.max(height * 0.6, 18)) / titleLineHeight
  const titleHeight = isAbove ? titleSize * titleLineHeight : 0
  const widest = Math.max(...all.names.map(name => widthOf(name, titleSize)))
  const titleWidth = isAbove ? 0 : Math.min(widest + 15, width * 0.4)
  const barHeight = height - titleHeight
  const valueSize = text.valueSize ?? Math.min(barHeight / 1.2, 40)
  const valueWidth =
    valueMode === 'hidden' ? 0 : Math.max(...all.texts.map(it => widthOf(it, valueSize))) + 20
  const bar = {
    x: x + titleWidth,
    y: y + titleHeight,
    width: width - titleWidth - valueWidth,
    height: barHeight,
  }
  const title = isAbove
    ? textAt(x, y + titleSize * 1.1, cut(value.title, width, titleSize), {
        size: titleSize,
        fill: theme.text,
      })
    : textAt(
        x + titleWidth - 10,
        y + height / 2 + titleSize * 0.36,
        cut(value.title, titleWidth - 10, titleSize),
        {
          size: titleSize,
          fill: theme.text,
          anchor: 'end',
        },
      )
  const fill = valueMode === 'text' ? theme.text : value.colour
  const figure =
    valueMode === 'hidden'
      ? ''
      : textAt(x + width - 10, bar.y + barHeight / 2 + valueSize * 0.36, value.text + value.suffix, {
          size: valueSize,
          fill,
          anchor: 'end',
        })
  const filled = Number.isNaN(value.numeric) ? 0 : bar.width * value.share
  return [
    title,
    showUnfilled ? rectangle(bar, { fill: theme.unfilled, rx: 2 }) : '',
    rectangle({ ...bar, width: filled }, { fill: value.colour, rx: 2 }),
    figure,
  ].join('')
}
