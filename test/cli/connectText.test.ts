import { describe, expect, test } from 'vitest'
import type { TriedPermission } from '../../src/cli/validate/connect.ts'
import { connectionText, type Grantee, standingOf } from '../../src/cli/validate/connectText.ts'
import type { Reading } from '../../src/model/reading.ts'
import type { Trial } from '../../src/observe/permissionTrials.ts'
import { type Permission, permissionsOf } from '../../src/present/permissions.ts'

const [describeTopics] = permissionsOf({ offsetSyncsLocation: 'source' }) as [Permission]
const readSyncs = permissionsOf({ offsetSyncsLocation: 'source' }).find(
  ({ subject }) => subject === 'offsetSyncs',
) as Permission

function tried(trial: Partial<Trial> | undefined, parts: Partial<TriedPermission> = {}): TriedPermission {
  return {
    permission: describeTopics,
    cluster: 'east',
    resources: [
      { name: 'payments', pattern: 'literal' },
      { name: 'orders', pattern: 'prefixed' },
    ],
    trial: trial && { allowed: [], refused: [], absent: [], failed: undefined, ...trial },
    untried: 0,
    ...parts,
  }
}

const grantee: Grantee = { bootstrapServer: 'east-1:9092', principal: 'User:tidemark', mechanism: 'plain' }
const textOf = (permission: TriedPermission, as: Grantee = grantee) =>
  connectionText(
    {
      clusters: new Map([['east', { value: 3 }]]),
      flows: [{ flow: 'east-to-west', permissions: [permission] }],
    },
    new Map([['east', as]]),
  )

describe('how a permission stands', () => {
  const failed = { reason: 'leaderless', detail: 'orders-0 has no leader' } as const
  test.each<[string, TriedPermission, string]>([
    ['the cluster cannot be asked', tried(undefined), 'unknown'],
    ['one is refused, others are not', tried({ allowed: ['a'], refused: ['b'] }), 'missing'],
    ['refused counts before failed', tried({ refused: ['b'], failed }), 'missing'],
    ['one could not be tried', tried({ allowed: ['a'], failed }), 'unknown'],
    ['all are allowed', tried({ allowed: ['a'] }), 'granted'],
    ['what is there is allowed', tried({ allowed: ['a'], absent: ['b'] }), 'granted'],
    ['no topic can be seen at all', tried({}), 'hidden'],
    ['nothing of it is there', tried({ absent: ['b'] }, { permission: readSyncs }), 'nothing'],
    ['nothing to try it on', tried({}, { permission: readSyncs }), 'nothing'],
  ])('%s', (_, permission, standing) => {
    expect(standingOf(permission)).toBe(standing)
  })
})

test('a missing one says on what, what it costs, and how it is granted', () => {
  expect(textOf(tried({ allowed: ['orders'], refused: ['a', 'b', 'c', 'd', 'e', 'f'] }))).toBe(
    [
      'east: connected as User:tidemark, 3 topics can be seen',
      'east-to-west',
      '  MISSING  Describe on topics in scope of east: refused on a, b, c, d, e and 1 more, and not on 1 other',
      `             without it: ${describeTopics.without}`,
      `             unknown or not what they would be: ${describeTopics.figures.join(', ')}`,
      '             kafka-acls.sh --bootstrap-server east-1:9092 --command-config admin.properties --add --allow-principal User:tidemark --operation Describe --topic payments',
      '             kafka-acls.sh --bootstrap-server east-1:9092 --command-config admin.properties --add --allow-principal User:tidemark --operation Describe --resource-pattern-type prefixed --topic orders',
    ].join('\n'),
  )
})

test('where no topic can be seen, it may be missing', () => {
  const text = textOf(tried({}))
  expect(text).toContain('MISSING? Describe on topics in scope of east: no topic that the filter matches')
  expect(text).toContain('kafka-acls.sh')
})

test('a cluster that cannot be asked is told once', () => {
  const text = connectionText(
    {
      clusters: new Map<string, Reading<number>>([
        ['east', { unknown: { reason: 'unreachable', detail: 'cluster east: nobody listens' } }],
        ['west', { value: 3 }],
      ]),
      flows: [{ flow: 'east-to-west', permissions: [tried(undefined), tried(undefined)] }],
    },
    new Map([['east', grantee]]),
  )
  expect(text.split('\n')).toEqual([
    'east: UNKNOWN, cluster east: nobody listens',
    'west: connected, 3 topics can be seen',
    'east-to-west',
    '  UNKNOWN  everything on east: it cannot be asked, see above',
  ])
})

test('the rest says how far it was tried', () => {
  expect(textOf(tried({ allowed: ['a', 'b'] }, { untried: 7 }))).toContain(
    'granted  Describe on topics in scope of east: 2 topics (the first; 7 topics more not tried)',
  )
  const absent = tried({ absent: ['mm2-offset-syncs.west.internal'] }, { permission: readSyncs })
  expect(textOf(absent)).toContain(
    'untried  Read on offset syncs of east: there is no mm2-offset-syncs.west.internal',
  )
})

test("where Amazon's policies decide, their actions are named", () => {
  const text = textOf(tried({ refused: ['payments'] }), { ...grantee, mechanism: 'aws-msk-iam' })
  expect(text).toContain('in its IAM policy: kafka-cluster:DescribeTopic on the topics payments, orders*')
  expect(text).not.toContain('kafka-acls.sh')
})
