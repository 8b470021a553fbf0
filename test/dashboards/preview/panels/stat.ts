import { textOn, theme } from '../colours.ts'
import { displayOf } from '../display.ts'
import type { PanelOf } from '../schema.ts'
import { type Box, clipped, element, number, rectangle, textAt, widthOf } from '../svg.ts'
import { chosenValues, type NamedDisplay, type PanelContent } from './content.ts'

type Stat = PanelOf<'stat'>

const gap = 8
const lineHeight = 1.2
const mostTitle = 30

/** Big figures, a tile each; all have the sizes of the longest text. */
export function drawStat(content: PanelContent<Stat>): string {
  const { panel, box, id } = content
  const { orientation = 'auto', reduceOptions } = panel.options
  const found = chosenValues(content, reduceOptions)
  const values = found.length > 0 ? found : [noValues(content)]
  const tiles = tilesOf(box, values.length, orientation)
  const isNamed = panel.options.textMode === 'name'
  const longest = {
    text: longestOf(values.map(({ text, suffix, title }) => (isNamed ? title : text + suffix))),
    title: longestOf(values.map(({ title }) => title)),
  }
  return values
    .map((value, index) => {
      const tile = tiles[index]
      if (tile === undefined) throw new Error('no tile')
      return clipped(
        `${id}-${index}`,
        tile,
        drawTile(value, tile, longest, values.length, panel, found.length > 0),
      )
    })
    .join('')
}

/** What stands for a panel without any series. */
function noValues({ panel, range }: PanelContent<Stat>): NamedDisplay {
  const field = {
    name: '',
    type: 'number' as const,
    values: [],
    labels: {},
    config: { color: { mode: 'thresholds' as const }, ...panel.fieldConfig?.defaults },
  }
  const context = { nowMs: range.toMs, extent: { min: 0, max: 100 }, seriesIndex: 0 }
  const display = displayOf(null, field, context)
  return { ...display, text: display.text === '' ? 'No data' : display.text, title: '', field }
}

function longestOf(texts: readonly string[]): string {
  return texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '')
}

function tilesOf(box: Box, count: number, orientation: 'auto' | 'horizontal' | 'vertical'): readonly Box[] {
  if (orientation === 'auto') return gridOf(box, count)
  const size = (whole: number): number => (whole + gap) / count - gap
  const [width, height] =
    orientation === 'horizontal' ? [box.width, size(box.height)] : [size(box.width), box.height]
  return Array.from({ length: count }, (_, index) => ({
    x: box.x + (orientation === 'vertical' ? index * (width + gap) : 0),
    y: box.y + (orientation === 'horizontal' ? index * (height + gap) : 0),
    width,
    height,
  }))
}

/** The grid whose cells are nearest to squares; the last row is as wide as the others. */
function gridOf({ x, y, width, height }: Box, count: number): readonly Box[] {
  const square = Math.max(squareIn(width, height, count), squareIn(height, width, count))
  const rows = Math.ceil(count / Math.max(1, Math.floor(width / square)))
  const columns = Math.ceil(count / rows)
  const inLastRow = columns - (columns * rows - count)
  const cellHeight = (height + gap) / rows - gap
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns)
    const inRow = row === rows - 1 ? inLastRow : columns
    const cellWidth = (width + gap) / inRow - gap
    return {
      x: x + (index % columns) * (cellWidth + gap),
      y: y + row * (cellHeight + gap),
      width: cellWidth,
      height: cellHeight,
    }
  })
}

/** The side of squares of which so many find room. */
function squareIn(width: number, height: number, count: number): number {
  const parts = Math.ceil(Math.sqrt((count * width) / height))
  return Math.floor((parts * height) / width) * parts < count
    ? height / Math.ceil((parts * height) / width)
    : width / parts
}

interface Longest {
  readonly text: string
  readonly title: string
}

function drawTile(
  value: NamedDisplay,
  tile: Box,
  longest: Longest,
  count: number,
  { options }: Stat,
  hasData: boolean,
): string {
  const { colorMode = 'value', textMode = 'auto', justifyMode = 'auto', wideLayout = true } = options
  const isSolid = colorMode === 'background_solid'
  const fill = isSolid ? textOn(value.colour) : colorMode === 'value' ? value.colour : theme.text
  const background = isSolid ? rectangle(tile, { fill: value.colour, rx: 2 }) : ''
  if (textMode === 'none') return background
  const showsName = textMode === 'value_and_name' || (textMode === 'auto' && count > 1)
  const title = showsName && hasData ? value.title : ''
  const text = textMode === 'name' ? value.title : value.text
  const suffix = textMode === 'name' ? '' : value.suffix
  const sizes = sizesOf(tile, title === '' ? { ...longest, title: '' } : longest, wideLayout, options.text)
  const isCentred = justifyMode === 'center' || title === ''
  const place = { ...sizes, isCentred, tile }
  return background + written({ title, text, suffix, fill, titleFill: isSolid ? fill : theme.text }, place)
}

interface Sizes {
  readonly title: number
  readonly value: number
  readonly isWide: boolean
  readonly padding: number
}

function sizesOf(
  { width, height }: Box,
  longest: Longest,
  wideLayout: boolean,
  own: Stat['options']['text'],
): Sizes {
  const padding = height > 100 ? 12 : 8
  const [inWidth, inHeight] = [width - 2 * padding, height - 2 * padding]
  const isWide = wideLayout && width / height > 2.5
  const fit = (text: string, most: number, tall: number): number =>
    Math.min(tall / lineHeight, most / (widthOf(text, 1) || 1))
  const hasTitle = longest.title !== ''
  if (isWide) {
    const value = own?.valueSize ?? fit(longest.text, inWidth * (hasTitle ? 0.3 : 1), inHeight)
    const title = Math.min(value * 0.7, mostTitle, fit(longest.title, inWidth * 0.6, inHeight))
    return { value, title: own?.titleSize ?? title, isWide, padding }
  }
  const title = hasTitle ? Math.min(mostTitle, fit(longest.title, inWidth, height * 0.15)) : 0
  const value = own?.valueSize ?? fit(longest.text, inWidth, inHeight - title * lineHeight)
  return { value, title: own?.titleSize ?? Math.min(value * 0.7, title), isWide, padding }
}

interface TileTexts {
  readonly title: string
  readonly text: string
  readonly suffix: string
  readonly fill: string
  readonly titleFill: string
}

function written(
  { title, text, suffix, fill, titleFill }: TileTexts,
  {
    title: titleSize,
    value: valueSize,
    isWide,
    isCentred,
    padding,
    tile,
  }: Sizes & { isCentred: boolean; tile: Box },
): string {
  const { x, y, width, height } = tile
  const middle = y + height / 2
  const centre = x + width / 2
  const [left, right] = [x + padding, x + width - padding]
  const value = (atX: number, atY: number, anchor?: 'middle' | 'end'): string =>
    valueText(atX, atY, text, suffix, valueSize, fill, anchor)
  const name = (atX: number, atY: number, anchor?: 'middle'): string =>
    textAt(atX, atY, title, { size: titleSize, fill: titleFill, ...(anchor === undefined ? {} : { anchor }) })
  if (title === '') return value(centre, middle + valueSize * 0.36, 'middle')
  if (isWide && !isCentred)
    return name(left, middle + titleSize * 0.36) + value(right, middle + valueSize * 0.36, 'end')
  const whole = (titleSize + valueSize) * lineHeight
  const titleY = middle - whole / 2 + titleSize
  const valueY = middle + whole / 2 - valueSize * 0.25
  return isCentred
    ? name(centre, titleY, 'middle') + value(centre, valueY, 'middle')
    : name(left, titleY) + value(left, valueY)
}

/** The figure, with its unit in smaller letters behind it. */
function valueText(
  x: number,
  y: number,
  text: string,
  suffix: string,
  size: number,
  fill: string,
  anchor?: 'middle' | 'end',
): string {
  const style = { size, fill, weight: 500, ...(anchor === undefined ? {} : { anchor }) }
  if (suffix === '') return textAt(x, y, text, style)
  const smaller = size < 20 ? 0.9 : size < 26 ? 0.8 : 0.6
  const unit = element(
    'tspan',
    { 'font-size': number(size * smaller), 'xml:space': 'preserve' },
    escapedSuffix(suffix),
  )
  return textAt(x, y, text, style).replace('</text>', `${unit}</text>`)
}

function escapedSuffix(suffix: string): string {
  return suffix.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
