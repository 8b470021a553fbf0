import bcrypt from 'bcryptjs'
import { afterEach, describe, expect, test } from 'vitest'
import { BcryptThread } from '../../src/http/bcrypt.ts'
import { Passwords, parseBasic } from '../../src/http/passwords.ts'
import { Secret } from '../../src/model/secret.ts'

const users = new Map([
  ['alice', new Secret('hash of wonderland')],
  ['bob', new Secret('hash of builder')],
])
const compared: string[] = []
afterEach(() => {
  compared.length = 0
})

function passwords(limits: { mostWaiting?: number; mostKept?: number } = {}): Passwords {
  return new Passwords({
    ...limits,
    compare: async (password, hash) => {
      compared.push(`${password} with ${hash}`)
      return hash === `hash of ${password}`
    },
  })
}

describe('who is right', () => {
  test.each([
    ['alice', 'wonderland', 'right'],
    ['alice', 'builder', 'wrong'],
    ['alice', '', 'wrong'],
    // Their hashes may be what an unknown user is compared with.
    ['mallory', 'wonderland', 'wrong'],
    ['mallory', 'builder', 'wrong'],
    ['__proto__', 'x', 'wrong'],
  ])('%s with "%s": %s', async (user, password, verdict) => {
    expect(await passwords().judge(users, { user, password })).toBe(verdict)
    expect(compared).toHaveLength(1)
  })

  test('an unknown user is always compared with the same hash', async () => {
    const judge = passwords({ mostKept: 0 })
    for (let i = 0; i < 20; i++) await judge.judge(users, { user: 'mallory', password: `${i}` })
    expect(new Set(compared.map(line => line.split(' with ')[1])).size).toBe(1)
  })
})

describe('what was found is kept', () => {
  test('right and wrong: a scrape costs no comparison', async () => {
    const judge = passwords()
    for (let i = 0; i < 3; i++) {
      expect(await judge.judge(users, { user: 'alice', password: 'wonderland' })).toBe('right')
      expect(await judge.judge(users, { user: 'alice', password: 'x' })).toBe('wrong')
      expect(await judge.judge(users, { user: 'mallory', password: 'wonderland' })).toBe('wrong')
    }
    expect(compared).toHaveLength(3)
  })

  test('for the hash that was there: another hash is asked anew', async () => {
    const judge = passwords()
    await judge.judge(users, { user: 'alice', password: 'wonderland' })
    const changed = new Map([['alice', new Secret('hash of mirrors')]])
    expect(await judge.judge(changed, { user: 'alice', password: 'wonderland' })).toBe('wrong')
    expect(await judge.judge(new Map(), { user: 'alice', password: 'wonderland' })).toBe('wrong')
  })

  test('for the user that it was: parts that join to the same text are not the same', async () => {
    const judge = passwords()
    const same = new Map([
      ['a', new Secret('b')],
      ['ab', new Secret('b')],
    ])
    await judge.judge(same, { user: 'a', password: 'bc' })
    await judge.judge(same, { user: 'ab', password: 'c' })
    expect(compared).toHaveLength(2)
  })

  test('not more than so many, and guessing pushes no right one out', async () => {
    const judge = passwords({ mostKept: 3 })
    await judge.judge(users, { user: 'alice', password: 'wonderland' })
    for (let i = 0; i < 10; i++) await judge.judge(users, { user: 'alice', password: `guess ${i}` })
    compared.length = 0
    await judge.judge(users, { user: 'alice', password: 'wonderland' })
    expect(compared).toEqual([])
    await judge.judge(users, { user: 'alice', password: 'guess 0' })
    expect(compared).toHaveLength(1)
  })

  test('what is asked at the same time is compared once', async () => {
    const judge = passwords()
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, () => judge.judge(users, { user: 'alice', password: 'wonderland' })),
    )
    expect(new Set(verdicts)).toEqual(new Set(['right']))
    expect(compared).toHaveLength(1)
  })
})

test('with too many comparisons under way others are told to come back, known ones are let in', async () => {
  const held: (() => void)[] = []
  let hold = false
  const judge = new Passwords({
    mostWaiting: 2,
    compare: async (password, hash) => {
      if (hold) await new Promise<void>(resolve => held.push(resolve))
      return hash === `hash of ${password}`
    },
  })
  await judge.judge(users, { user: 'bob', password: 'builder' })
  hold = true
  const guesses = [1, 2].map(guess => judge.judge(users, { user: 'alice', password: `${guess}` }))
  expect(await judge.judge(users, { user: 'alice', password: 'wonderland' })).toBe('busy')
  expect(await judge.judge(users, { user: 'bob', password: 'builder' })).toBe('right')
  for (const release of held) release()
  expect(await Promise.all(guesses)).toEqual(['wrong', 'wrong'])
  hold = false
  expect(await judge.judge(users, { user: 'alice', password: 'wonderland' })).toBe('right')
})

describe('bcrypt', () => {
  // htpasswd writes $2y$, others $2a$ and $2b$.
  test.each(['$2a$', '$2b$', '$2y$'])('%s', async prefix => {
    const thread = new BcryptThread()
    const hash = bcrypt.hashSync('wonderland', 4).replace(/^\$2.\$/, prefix)
    expect(await Promise.all(['wonderland', 'x'].map(text => thread.compare(text, hash)))).toEqual([
      true,
      false,
    ])
    await thread.close()
  })

  test('leaves the process free meanwhile', async () => {
    const thread = new BcryptThread()
    const hash = bcrypt.hashSync('wonderland', 4).replace('$04$', '$12$')
    let longestGapMs = 0
    let last = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      longestGapMs = Math.max(longestGapMs, now - last)
      last = now
    }, 5)
    const started = performance.now()
    await thread.compare('wonderland', hash)
    const tookMs = performance.now() - started
    clearInterval(timer)
    expect(longestGapMs).toBeLessThan(tookMs / 2)
    await thread.close()
  })

  test('a thread that ended is told to who waits, and the next question starts another', async () => {
    const thread = new BcryptThread()
    const hash = bcrypt.hashSync('wonderland', 4)
    const slow = thread.compare('wonderland', hash.replace('$04$', '$14$'))
    const refused = expect(slow).rejects.toThrow('ended')
    await thread.close()
    await refused
    expect(thread.waiting).toBe(0)
    expect(await thread.compare('wonderland', hash)).toBe(true)
    await thread.close()
  })
})

test.each([
  ['Basic YWxpY2U6d29uZGVybGFuZA==', { user: 'alice', password: 'wonderland' }],
  ['basic  YWxpY2U6d29uZGVybGFuZA==', { user: 'alice', password: 'wonderland' }],
  [`Basic ${Buffer.from('süd:a:b').toString('base64')}`, { user: 'süd', password: 'a:b' }],
  [`Basic ${Buffer.from(':').toString('base64')}`, { user: '', password: '' }],
  [`Basic ${Buffer.from('alice').toString('base64')}`, undefined],
  ['Basic', undefined],
  ['Basic a b', undefined],
  ['Bearer YWxpY2U6d29uZGVybGFuZA==', undefined],
  ['', undefined],
  [undefined, undefined],
])('Authorization "%s"', (header, credentials) => {
  expect(parseBasic(header)).toEqual(credentials)
})
