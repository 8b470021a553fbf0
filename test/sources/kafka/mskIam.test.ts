import { describe, expect, test } from 'vitest'
import { MskTokens, type Signer, SignerError } from '../../../src/sources/kafka/mskIam.ts'

const signs = (token: string): Signer => ({
  generateAuthToken: ({ region }) => Promise.resolve({ token: `${token}${region}`, expiryTime: 0 }),
})

describe('tokens of MSK IAM', () => {
  test('are signed for the region, a new one for each login', async () => {
    let signed = 0
    const tokens = new MskTokens('eu-central-1', async () => {
      signed += 1
      return signs(`aHR0cHM6-${signed}-`)
    })
    expect((await tokens.token()).reveal()).toBe('aHR0cHM6-1-eu-central-1')
    expect((await tokens.token()).reveal()).toBe('aHR0cHM6-2-eu-central-1')
  })

  test.each<[string, () => Promise<Signer>, boolean]>([
    ['the signer is not there', () => Promise.reject(new Error('canary')), false],
    [
      'AWS gives no credentials',
      async () => ({ generateAuthToken: () => Promise.reject(new Error('canary')) }),
      true,
    ],
    ['what was signed is no token', async () => signs('canary\u0001'), true],
  ])('%s', async (_, load, isInstalled) => {
    const error: unknown = await new MskTokens('eu-central-1', load).token().catch((it: unknown) => it)
    expect(error).toBeInstanceOf(SignerError)
    expect(error).toMatchObject({ isInstalled })
    expect(String(error)).not.toContain('canary')
    expect((error as Error).cause).toBeUndefined()
  })

  test('the real signer is asked for, and missed, where it is not installed', async () => {
    await expect(new MskTokens('eu-central-1').token()).rejects.toMatchObject({ isInstalled: false })
  })
})
