import { format, inspect } from 'node:util'
import { serialize } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/model/secret.ts'

const text = 'hunter2-canary'
const secret = new Secret(text)

describe('a secret', () => {
  test.each<[string, () => string]>([
    ['String', () => String(secret)],
    ['a template', () => `${secret}`],
    ['concatenation', () => `password: ${[secret]}`],
    ['JSON', () => JSON.stringify({ deep: [{ secret }] })],
    ['util.inspect', () => inspect({ secret })],
    ['util.inspect with everything hidden shown', () => inspect(secret, { showHidden: true, depth: null })],
    ['util.inspect without custom functions', () => inspect(secret, { customInspect: false })],
    ['util.format', () => format('%s %o %O %j', secret, secret, secret, secret)],
    ['the message of an error that was made of it', () => String(new Error(`wrong: ${secret}`))],
    ['an error that carries it', () => inspect(new Error('wrong', { cause: { secret } }))],
    ['its own keys', () => JSON.stringify([Reflect.ownKeys(secret), Object.entries(secret), { ...secret }])],
    ['a structured clone', () => serialize(secret).toString('latin1')],
  ])('is not told by %s', (_, print) => {
    const printed = print()
    expect(printed).not.toContain(text)
    expect(printed).not.toBe('')
  })

  test('is shown as what it is', () => {
    expect([`${secret}`, JSON.stringify(secret), inspect(secret)]).toEqual([
      '[secret]',
      '"[secret]"',
      '[secret]',
    ])
  })

  test('gives its text to who asks for it', () => {
    expect(secret.reveal()).toBe(text)
  })

  test('is equal to one of the same text', () => {
    expect(secret.equals(new Secret(text))).toBe(true)
    expect(secret.equals(new Secret('other'))).toBe(false)
  })
})
