import { describe, expect, test } from 'vitest'
import { flowChanges, generalChanges, reopenedClusters } from '../../src/config/changes.ts'
import { parseConfig, type ValidatedConfig } from '../../src/config/config.ts'
import { formatProblem } from '../../src/config/problems.ts'

const file = `clusters:
  east: { bootstrapServers: [east-1:9092] }
  west: { bootstrapServers: [west-1:9092] }
  north: { bootstrapServers: [north-1:9092] }
flows:
  - name: a
    source: east
    target: west
    tier: gold
    replicator: { kind: mirrormaker2, offsetFlushInterval: 10s }
    topics: { include: ["orders.*", payments], exclude: [] }
    rpo: { budget: 5m, overrides: [{ topics: [payments], budget: 2m }] }
    state: active
  - name: b
    source: west
    target: north
    replicator: { kind: mirrormaker2 }
    rpo: { budget: 5m }
poll: { schedule: "*/15 * * * * *", timeout: 10s }
metrics: { topics: all }
audit: { bytesPerPoll: 4MiB }
`

function configOf(text: string): ValidatedConfig {
  const result = parseConfig(text, 'tidemark.yaml')
  if ('problems' in result) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.config
}

/** The file with some texts in it replaced: each has to be there. */
function changed(...replacements: readonly (readonly [string, string])[]): ValidatedConfig {
  return configOf(
    replacements.reduce((text, [from, to]) => {
      expect(text).toContain(from)
      return text.replace(from, () => to)
    }, file),
  )
}

const told = (before: ValidatedConfig, after: ValidatedConfig) =>
  flowChanges(before, after).map(({ flow, fate, settings }) => [flow, fate, ...settings])

describe('what becomes of flows', () => {
  test('nothing differs: everything is kept, also when the file is written in another way', () => {
    expect(told(configOf(file), configOf(file))).toEqual([
      ['a', 'kept'],
      ['b', 'kept'],
    ])
    const other = changed(
      ['    state: active\n', ''],
      [
        '    target: north\n    replicator: { kind: mirrormaker2 }',
        '    target: north\n    replicator: { kind: mirrormaker2, sourceAlias: west }',
      ],
      ['budget: 2m', 'budget: 120s'],
    )
    expect(told(configOf(file), other)).toEqual([
      ['a', 'kept'],
      ['b', 'kept'],
    ])
  })

  test.each([
    ['kept', 'tier', 'tier: gold', 'tier: silver'],
    ['kept', 'state', 'state: active', 'state: failed_over'],
    ['kept', 'rpo.budget', 'rpo: { budget: 5m, overrides', 'rpo: { budget: 6m, overrides'],
    ['kept', 'rpo.overrides', 'topics: [payments], budget', 'topics: ["pay.*"], budget'],
    [
      'kept',
      'rpo.newTopicGrace',
      'rpo: { budget: 5m, overrides',
      'rpo: { budget: 5m, newTopicGrace: 1m, overrides',
    ],
    ['kept', 'replicator.offsetFlushInterval', 'offsetFlushInterval: 10s', 'offsetFlushInterval: 20s'],
    [
      'anew',
      'replicator.offsetsTopic',
      'offsetFlushInterval: 10s',
      'offsetFlushInterval: 10s, offsetsTopic: other',
    ],
    [
      'anew',
      'replicator.isolationLevel',
      'offsetFlushInterval: 10s',
      'offsetFlushInterval: 10s, isolationLevel: read_committed',
    ],
    ['anew', 'topics', '"orders.*", payments', '"orders.+", payments'],
    ['anew', 'topics', 'exclude: []', 'exclude: ["orders.old"]'],
  ])('%s when %s of it differs', (fate, setting, from, to) => {
    expect(told(configOf(file), changed([from, to]))).toEqual([
      ['a', fate, setting],
      ['b', 'kept'],
    ])
  })

  test('another source is another flow, and so are its aliases', () => {
    expect(told(configOf(file), changed(['source: east', 'source: north']))[0]).toEqual([
      'a',
      'anew',
      'source',
      'replicator.sourceAlias',
      'replicator.offsetsTopic',
      'replicator.statusTopic',
    ])
  })

  test('other servers of a cluster: the flows that it is source or target of', () => {
    const other = changed(['north-1:9092', 'north-2:9092'])
    expect(told(configOf(file), other)).toEqual([
      ['a', 'kept'],
      ['b', 'anew', 'clusters.north'],
    ])
    expect([...reopenedClusters(configOf(file), other)]).toEqual([['north', 'clusters.north']])
  })

  test('another time-out: connections have a share of it, so that all are made anew', () => {
    expect(told(configOf(file), changed(['timeout: 10s', 'timeout: 5s']))).toEqual([
      ['a', 'anew', 'poll.timeout'],
      ['b', 'anew', 'poll.timeout'],
    ])
  })

  test('a flow that comes, one that goes, and one with another name, which is both', () => {
    const [without = ''] = file.split('  - name: b')
    expect(told(configOf(`${without}\n`), configOf(file))).toEqual([
      ['a', 'kept'],
      ['b', 'added'],
    ])
    expect(told(configOf(file), configOf(`${without}\n`)).at(-1)).toEqual(['b', 'removed'])
    expect(told(configOf(file), changed(['name: a', 'name: c']))).toEqual([
      ['c', 'added'],
      ['b', 'kept'],
      ['a', 'removed'],
    ])
  })

  test.each([
    ['4MiB', '8MiB', 'kept'],
    ['4MiB', '"0"', 'anew'],
    ['"0"', '4MiB', 'anew'],
  ])('audit.bytesPerPoll from %s to %s: %s', (from, to, fate) => {
    const [before, after] = [changed(['4MiB', from]), changed(['4MiB', to])]
    expect(told(before, after)[0]).toEqual(['a', fate, 'audit.bytesPerPoll'])
  })
})

test('settings of no single flow', () => {
  const other = changed(['*/15 *', '*/5 *'], ['topics: all', 'topics: summary'])
  expect(generalChanges(configOf(file), other)).toEqual(['poll.schedule', 'metrics.topics'])
  expect(told(configOf(file), other)).toEqual([
    ['a', 'kept'],
    ['b', 'kept'],
  ])
  expect(generalChanges(configOf(file), configOf(file))).toEqual([])
})
