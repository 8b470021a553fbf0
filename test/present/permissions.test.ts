import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { permissionsReference } from '../../src/artifacts/permissionsReference.ts'
import { aclCommands, permissionsOf, resourcesOf } from '../../src/present/permissions.ts'
import { aFlow } from '../support/world.ts'

const { replicator } = aFlow()
const literal = (...names: string[]) => names.map(name => ({ name, pattern: 'literal' as const }))
const prefixed = (...names: string[]) => names.map(name => ({ name, pattern: 'prefixed' as const }))
const who = { bootstrapServer: 'east-1:9092', principal: 'User:tidemark' }

test('docs/permissions.md is what the table says', () => {
  const committed = readFileSync(new URL('../../docs/permissions.md', import.meta.url), 'utf8')
  expect(committed).toBe(permissionsReference())
})

test('the table names every API that Tidemark may send, but for the handshakes', () => {
  const client = readFileSync(new URL('../../src/sources/kafka/client.ts', import.meta.url), 'utf8')
  const apis = [...client.matchAll(/versionsOf<\w+>\('(\w+)'/g)].map(([, name = '']) => name.toLowerCase())
  expect(apis.length).toBeGreaterThan(4)
  const named = new Set(
    permissionsOf(replicator).flatMap(({ requests }) => requests.map(it => it.toLowerCase())),
  )
  expect(new Set(apis)).toEqual(named)
})

test('each permission stands once, and says what it is for', () => {
  const permissions = permissionsOf(replicator)
  const keys = permissions.map(({ role, subject, operation }) => `${role} ${subject} ${operation}`)
  expect(new Set(keys).size).toBe(keys.length)
  for (const { without, figures } of permissions) {
    expect(without).toMatch(/\.$/)
    expect(figures.length).toBeGreaterThan(0)
  }
})

test.each(['source', 'target'] as const)('offset syncs on the %s', offsetSyncsLocation => {
  const found = permissionsOf({ offsetSyncsLocation }).filter(({ subject }) => subject === 'offsetSyncs')
  expect(found.map(({ role }) => role)).toEqual([offsetSyncsLocation])
})

describe('the topics that a permission is about', () => {
  const scope = [...literal('payments'), ...prefixed('orders')]
  test.each([
    ['topics', scope],
    ['copies', [...literal('east.payments'), ...prefixed('east.orders')]],
    ['offsets', literal('mm2-offsets.east.internal')],
    ['offsetSyncs', literal('mm2-offset-syncs.west.internal')],
    ['status', literal('mm2-status.east.internal')],
    ['heartbeats', literal('east.heartbeats')],
  ] as const)('%s', (subject, expected) => {
    expect(resourcesOf(subject, replicator, scope)).toEqual(expected)
  })

  test('copies of all topics', () => {
    expect(resourcesOf('copies', replicator, literal('*'))).toEqual(prefixed('east.'))
    const identity = { ...replicator, policy: 'identity' as const }
    expect(resourcesOf('copies', identity, literal('*'))).toEqual(literal('*'))
    expect(resourcesOf('copies', identity, scope)).toEqual(scope)
  })

  test('offset syncs with another separator can have two names', () => {
    expect(resourcesOf('offsetSyncs', { ...replicator, separator: '_' }, scope)).toEqual(
      literal('mm2-offset-syncs_west_internal', 'mm2-offset-syncs.west.internal'),
    )
  })
})

describe('the command that grants', () => {
  const base =
    'kafka-acls.sh --bootstrap-server east-1:9092 --command-config admin.properties --add --allow-principal'

  test('one for names, one for prefixes', () => {
    expect(aclCommands(who, 'Read', [...literal('a', 'b', 'a'), ...prefixed('c')])).toEqual([
      `${base} User:tidemark --operation Read --topic a --topic b`,
      `${base} User:tidemark --operation Read --resource-pattern-type prefixed --topic c`,
    ])
    expect(aclCommands(who, 'Read', [])).toEqual([])
  })

  test('what a shell would take for its own is quoted', () => {
    const principal = "User:CN=o'brien, O=x"
    expect(aclCommands({ ...who, principal }, 'Describe', literal('*'))).toEqual([
      `${base} 'User:CN=o'\\''brien, O=x' --operation Describe --topic '*'`,
    ])
  })
})
