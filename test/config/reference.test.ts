import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/config.ts'
import { configurationReference, fullExample } from '../../src/config/reference.ts'

const reference = configurationReference()
const settings = [...reference.matchAll(/^\| `([^`]+)`/gm)].map(([, setting]) => `${setting}`)

test('docs/configuration.md is what the schema says', () => {
  const committed = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  expect(committed).toBe(reference)
})

test('the full example is valid, without a warning', () => {
  expect(parseConfig(fullExample, 'example')).toMatchObject({ config: { warnings: [] } })
})

describe('every setting has its row and stands in the full example', () => {
  test('there are rows down to the last level', () => {
    expect(settings).toContain('clusters.<name>.bootstrapServers')
    expect(settings).toContain('flows[].rpo.overrides[].budget')
    expect(settings).toContain('server.listen')
  })

  test.each(settings)('%s', setting => {
    const key = setting.split('.').at(-1)
    expect(fullExample).toMatch(new RegExp(`^[ -]*${key}:`, 'm'))
  })
})

test('defaults are shown as they are written', () => {
  expect(reference).toContain('| `flows[].rpo.window` | a duration such as 30s, 5m or 2h | `28d` |')
  expect(reference).toContain('| `flows[].name` | a name | required |')
})
