import { describe, expect, test } from 'vitest'
import { html, nothing, trusted } from '../../src/present/html.ts'

const markup = (fragment: unknown) => String(fragment)

describe('what is interpolated is text', () => {
  test.each([
    ['an element', '<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ['an entity', '&lt;', '&amp;lt;'],
    ['the end of an attribute', `" onclick="x' y`, '&quot; onclick=&quot;x&#39; y'],
    ['a count', 12, '12'],
    ['an offset', 9007199254740993n, '9007199254740993'],
    ['zero', 0, '0'],
    ['nothing', '', ''],
    ['a control character', 'a\u0000b\u001b[2J\u007f', 'a\\u0000b\\u001B[2J\\u007F'],
    ['text that turns around', 'orders\u202Egpj.exe\u2066', 'orders\\u202Egpj.exe\\u2066'],
    ['half a character', 'a\uD800b', 'a\uFFFDb'],
    ['other alphabets', 'Überweisungen 注文', 'Überweisungen 注文'],
  ])('%s', (_, value, shown) => {
    expect(markup(html`<p title="${value}">${value}</p>`)).toBe(`<p title="${shown}">${shown}</p>`)
  })

  test('a list of texts, each of them', () => {
    expect(markup(html`${['<', '>']}`)).toBe('&lt;&gt;')
  })
})

describe('what html made stands as it is', () => {
  test('a fragment in a fragment', () => {
    expect(markup(html`<p>${html`<b>${'<'}</b>`}</p>`)).toBe('<p><b>&lt;</b></p>')
  })

  test('a list of fragments, and lists in it', () => {
    const rows = ['a', 'b'].map(name => html`<li>${name}</li>`)
    expect(markup(html`<ul>${[rows, html`<li>c</li>`]}</ul>`)).toBe('<ul><li>a</li><li>b</li><li>c</li></ul>')
  })

  test('nothing, and what is trusted', () => {
    expect(markup(html`${nothing}${trusted('a > b {}')}`)).toBe('a > b {}')
  })

  test('a text that looks like a fragment is none', () => {
    const fragment = JSON.parse('{"toString":"<b>"}') as string
    expect(() => markup(html`${fragment}`)).toThrow()
  })
})

test('an attribute without quotes is refused', () => {
  expect(() => html`<a href=${'x onclick=y'}>`).toThrow('an attribute without quotes: <a href=')
})
