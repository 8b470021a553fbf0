import { theme } from '../colours.ts'
import { type PanelOf, Unsupported } from '../schema.ts'
import { clipped, cut, element, escaped, textAt, widthOf } from '../svg.ts'
import type { PanelContent } from './content.ts'

const size = 14
const lineHeight = 22

/** Plain Markdown: headings, paragraphs, lists; `**bold**`, `code` and links. Anything else is an error. */
export function drawText({ panel, box, id }: PanelContent<PanelOf<'text'>>, content: string): string {
  if (panel.options.mode !== 'markdown') throw new Unsupported('a text in HTML')
  const unknown = /^\s*(\||>|```|!\[|\d+\.\s)|<[a-z]/m.exec(content)
  if (unknown !== null) throw new Unsupported(`Markdown with "${unknown[0].trim()}"`)
  let y = box.y
  const drawn: string[] = []
  for (const { text, isHeading, indent } of linesOf(content)) {
    const fontSize = isHeading ? 18 : size
    for (const part of wrapped(text, box.width - indent, fontSize)) {
      y += lineHeight
      drawn.push(styled(part, box.x + indent, y - 4, fontSize, isHeading))
    }
    y += isHeading || text === '' ? 6 : 2
  }
  return clipped(id, box, drawn.join(''))
}

interface TextLine {
  readonly text: string
  readonly isHeading: boolean
  readonly indent: number
}

function linesOf(content: string): readonly TextLine[] {
  const paragraphs = content.split(/\n\s*\n/)
  return paragraphs.flatMap(paragraph => {
    const lines = paragraph.split('\n')
    const isList = lines.every(it => /^\s*[-*] /.test(it))
    const found = isList ? lines.map(it => it.replace(/^\s*[-*] /, '• ')) : [lines.join(' ')]
    return found.map(text => ({
      text: text.replace(/^#+ /, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'),
      isHeading: text.startsWith('#'),
      indent: isList ? 12 : 0,
    }))
  })
}

function wrapped(text: string, width: number, fontSize: number): readonly string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (current !== '' && widthOf(plain(longer), fontSize) > width) {
      lines.push(current)
      current = word
    } else current = longer
  }
  return [...lines, cut(current, width * 1.2, fontSize)]
}

function plain(text: string): string {
  return text.replaceAll('**', '').replaceAll('`', '')
}

function styled(text: string, x: number, y: number, fontSize: number, isHeading: boolean): string {
  const parts = text.split(/(\*\*.*?\*\*|`.*?`)/).filter(part => part !== '')
  const spans = parts.map(part => {
    const isBold = part.startsWith('**')
    const isCode = part.startsWith('`')
    const attributes = {
      'font-weight': isBold || isHeading ? 600 : undefined,
      'font-family': isCode ? 'monospace' : undefined,
      'xml:space': 'preserve',
    }
    return element('tspan', attributes, escaped(plain(part)))
  })
  return textAt(x, y, '', { size: fontSize, fill: theme.text }).replace('</text>', `${spans.join('')}</text>`)
}
