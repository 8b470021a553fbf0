/** Markup that stands in a page as it is. Only `html` and `trusted` make it. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

/** What may be interpolated. Not `undefined`: what is missing is said in words, or is `nothing` on purpose. */
export type Interpolation = string | number | bigint | Html | readonly Interpolation[]

/** No markup at all, for what a page leaves out on purpose. */
export const nothing = new Html('')

/**
 * A template whose interpolations are shown as text, in elements and in attributes between double quotes; fragments
 * made by `html` itself, and lists of them, stand as they are. Throws where an interpolation is an attribute without
 * quotes, which escaping does not make safe.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Interpolation[]): Html {
  let markup = ''
  strings.forEach((literal, index) => {
    markup += literal
    const value = values[index]
    if (value === undefined) return
    if (literal.endsWith('=')) throw new Error(`an attribute without quotes: ${literal.slice(-40)}`)
    markup += markupOf(value)
  })
  return new Html(markup)
}

/** Markup of our own that is made elsewhere, such as a stylesheet. Never for anything that was read. */
export function trusted(markup: string): Html {
  return new Html(markup)
}

function markupOf(value: Interpolation): string {
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(markupOf).join('')
  return escaped(value.toString())
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text as HTML shows it. Names come from clusters: controls and characters that turn the direction of the text around,
 * with which one name can look like another, are shown by their code.
 */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[&<>"']/g, character => entities[character] ?? character)
    .replaceAll(/(?![\t\n])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, character => {
      const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')
      return `\\u${code}`
    })
}
