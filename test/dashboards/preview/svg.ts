/** Where something is drawn, in pixels. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

type Attributes = Readonly<Record<string, string | number | undefined>>

/** An element with its attributes; numbers to a tenth of a pixel, `children` as they are. */
export function element(name: string, attributes: Attributes, children?: string): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? number(value) : escaped(String(value))}"`)
    .join('')
  return children === undefined ? `<${name}${written}/>` : `<${name}${written}>${children}</${name}>`
}

/** To a tenth, without zeros at the end. */
export function number(value: number): string {
  return String(Math.round(value * 10) / 10 || 0)
}

/** A text as content or attribute of an element. Control characters, which no XML may have, become a box. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/\p{Cc}|[\ufffe\uffff]/gu, sign => (sign === '\n' || sign === '\t' ? ' ' : '\u25a1'))
}

export function rectangle({ x, y, width, height }: Box, attributes: Attributes): string {
  return element('rect', { x, y, width: Math.max(0, width), height: Math.max(0, height), ...attributes })
}

export interface TextStyle {
  readonly size: number
  readonly fill: string
  readonly weight?: number
  readonly anchor?: 'middle' | 'end'
}

/** A line of text; `y` is its base line. */
export function textAt(
  x: number,
  y: number,
  text: string,
  { size, fill, weight, anchor }: TextStyle,
): string {
  return element(
    'text',
    { x, y, 'font-size': size, fill, 'font-weight': weight, 'text-anchor': anchor },
    escaped(text),
  )
}

/** What is inside is only seen within the box. */
export function clipped(id: string, box: Box, inner: string): string {
  const clip = element('clipPath', { id }, rectangle(box, {}))
  return clip + element('g', { 'clip-path': `url(#${id})` }, inner)
}

export function inset({ x, y, width, height }: Box, by: number): Box {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by }
}

// Widths of Helvetica's characters from the space to the tilde, in thousandths of the size.
const widths = [
  ...[
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
  ],
  ...[
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
  ],
  ...[
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
  ],
  ...[
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
  ],
  ...[278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584],
]
/** Fonts differ: Inter and DejaVu are wider. */
const slack = 1.12
/** Of the size, for signs such as an emoji. */
const otherWidth = 600
const emojiWidth = 1_250

/** About how wide a text is, in pixels. */
export function widthOf(text: string, size: number): number {
  let width = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    width += widths[code - 32] ?? (code > 0x1f000 ? emojiWidth : otherWidth)
  }
  return (width / 1000) * size * slack
}

/** The largest size at which a text fits, up to a largest one. */
export function fittingSize(text: string, width: number, height: number, most: number): number {
  return Math.max(1, Math.floor(Math.min(most, height / 1.2, width / Math.max(0.01, widthOf(text, 1)))))
}

/** A text cut to a width, with an ellipsis. */
export function cut(text: string, width: number, size: number): string {
  if (widthOf(text, size) <= width) return text
  const characters = [...text]
  while (characters.length > 0 && widthOf(`${characters.join('')}…`, size) > width) characters.pop()
  return `${characters.join('')}…`
}
