import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConfig, type ValidatedConfig } from '../../src/config/config.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { budgetOf } from '../../src/model/flow.ts'

interface World {
  clusters?: string
  rpo?: string
  topics?: string
  replicator?: string
  rest?: string
}

function yaml({
  clusters = '',
  rpo = '{ budget: 5m }',
  topics,
  replicator = '',
  rest = '',
}: World = {}): string {
  return `clusters:
  east: { bootstrapServers: [east-1:9092] }
  west: { bootstrapServers: [west-1:9092] }
${clusters}flows:
  - name: east-to-west
    source: east
    target: west
    replicator: { kind: mirrormaker2${replicator} }
    rpo: ${rpo}
${topics === undefined ? '' : `    topics: ${topics}\n`}${rest}`
}

function problemsOf(text: string): readonly string[] {
  const result = parseConfig(text, 'tidemark.yaml')
  return 'problems' in result ? result.problems.map(formatProblem) : []
}

function valid(text: string): ValidatedConfig {
  const result = parseConfig(text, 'tidemark.yaml')
  if ('problems' in result) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.config
}

const warningsOf = (world: World) => valid(yaml(world)).warnings.map(formatProblem)

describe('bad configurations give exactly the message beside them', () => {
  const folder = new URL('bad/', import.meta.url)
  const files = readdirSync(folder)
  const stems = (ending: string) =>
    files.filter(file => file.endsWith(ending)).map(file => file.slice(0, -ending.length))
  const cases = stems('.yaml')

  test('every file has its other half', () => {
    expect(stems('.txt')).toEqual(cases)
    expect(files).toHaveLength(2 * cases.length)
    expect(cases.length).toBeGreaterThanOrEqual(25)
  })

  test.each(cases)('%s', stem => {
    const read = (ending: string) => readFileSync(new URL(`${stem}${ending}`, folder), 'utf8')
    const told = `${problemsOf(read('.yaml')).join('\n')}\n`
    expect(told).toBe(read('.txt'))
    // What stands in these files for a secret.
    expect(told).not.toMatch(/hunter|4711/i)
  })
})

test('the smallest configuration has every default', () => {
  const config = valid(yaml())
  expect(config).toMatchObject({
    clusters: [
      { name: 'east', bootstrapServers: [{ host: 'east-1', port: 9092 }] },
      { name: 'west', bootstrapServers: [{ host: 'west-1', port: 9092 }] },
    ],
    flows: [
      {
        name: 'east-to-west',
        source: 'east',
        target: 'west',
        tier: undefined,
        topics: { literals: [] },
        rpo: {
          budgetMs: 300_000,
          objectiveRatio: 0.999,
          windowMs: 2_419_200_000,
          newTopicGraceMs: 900_000,
          overrides: [],
        },
      },
    ],
    poll: { schedule: '*/15 * * * * *', longestGapMs: 15_000, timeoutMs: 10_000 },
    metrics: { topics: 'all', partitions: false },
    server: { host: undefined, port: 9847 },
    warnings: [],
  })
  expect(config.flows[0]?.replicator).toEqual({
    kind: 'mirrormaker2',
    isolationLevel: 'read_uncommitted',
    policy: 'default',
    separator: '.',
    sourceAlias: 'east',
    targetAlias: 'west',
    offsetsTopic: 'mm2-offsets.east.internal',
    statusTopic: 'mm2-status.east.internal',
    offsetSyncsLocation: 'source',
    offsetFlushIntervalMs: 60_000,
    refreshTopicsIntervalMs: 600_000,
  })
  expect(config.flows[0]?.topics.includes('anything')).toBe(true)
})

test('what the file says wins over the defaults', () => {
  const config = valid(`
clusters:
  east: { bootstrapServers: [east-1:9092, "[::1]:9093"] }
  west: { bootstrapServers: [west-1:9092] }
flows:
  - name: east-to-west
    source: east
    target: west
    tier: gold
    replicator:
      { kind: mirrormaker2, policy: identity, separator: "_", sourceAlias: primary, targetAlias: backup,
        statusTopic: connect-status, offsetSyncsLocation: target, offsetFlushInterval: 10s, refreshTopicsInterval: 30s }
    topics: { include: ["orders.*", "payments"], exclude: [orders-internal] }
    rpo: { budget: 5m, objective: 99.95%, window: 7d, newTopicGrace: 1m, overrides: [{ topics: ["payments"], budget: 2m }, { topics: ["glob:pay*"], budget: 3m }] }
  - name: west-to-east
    source: west
    target: east
    replicator: { kind: mirrormaker2, sourceAlias: backup, offsetsTopic: connect-offsets }
    rpo: { budget: 5m }
poll: { schedule: "*/10 * * * * *", timeout: 5s }
metrics: { topics: summary, partitions: true }
server: { listen: "[::1]:0" }
`)
  const [eastToWest, westToEast] = config.flows
  expect(config.clusters[0]?.bootstrapServers).toEqual([
    { host: 'east-1', port: 9092 },
    { host: '::1', port: 9093 },
  ])
  expect(eastToWest).toMatchObject({
    tier: 'gold',
    replicator: {
      policy: 'identity',
      separator: '_',
      sourceAlias: 'primary',
      targetAlias: 'backup',
      offsetsTopic: 'mm2-offsets.primary.internal',
      statusTopic: 'connect-status',
      offsetSyncsLocation: 'target',
      offsetFlushIntervalMs: 10_000,
      refreshTopicsIntervalMs: 30_000,
    },
    topics: { literals: ['payments'] },
    rpo: { objectiveRatio: 0.9995, windowMs: 604_800_000, newTopicGraceMs: 60_000 },
  })
  const names = ['orders', 'orders-internal', 'payments', 'users']
  expect(names.filter(name => eastToWest?.topics.includes(name))).toEqual(['orders', 'payments'])
  const budgets = ['payments', 'paychecks', 'orders'].map(
    topic => eastToWest && budgetOf(eastToWest.rpo, topic),
  )
  expect(budgets).toEqual([120_000, 180_000, 300_000])
  expect(westToEast?.replicator).toMatchObject({
    targetAlias: 'east',
    offsetsTopic: 'connect-offsets',
    statusTopic: 'mm2-status.backup.internal',
  })
  expect(config.poll).toEqual({ schedule: '*/10 * * * * *', longestGapMs: 10_000, timeoutMs: 5_000 })
  expect(config.metrics).toEqual({ topics: 'summary', partitions: true })
  expect(config.server).toEqual({ host: '::1', port: 0, webConfig: undefined, openProbes: false })
  expect(config.warnings).toEqual([])
})

test('two flows may share clusters and replicator, and settings through an anchor', () => {
  const text = yaml({
    rpo: '&gold { budget: 5m }',
    rest: '  - { name: again, source: east, target: west, replicator: { kind: mirrormaker2 }, rpo: *gold }\n',
  })
  expect(valid(text).flows.map(flow => [flow.name, flow.rpo.budgetMs])).toEqual([
    ['east-to-west', 300_000],
    ['again', 300_000],
  ])
})

test('how to connect comes with the cluster, without any secret in it', () => {
  const text = yaml({
    clusters: `  north:
    bootstrapServers: [north-1:9093]
    tls: { caFile: certs/ca.pem, serverName: kafka.north }
    sasl: { mechanism: scram-sha-512, username: tidemark, password: "\${file:secrets/north}" }
  south:
    bootstrapServers: [south-1:9093]
    tls: {}
    sasl:
      mechanism: oauthbearer
      tokenEndpoint: https://login.example/token
      clientId: "\${env:CLIENT_ID}"
      clientSecret: "\${file:/run/secrets/south}"
      extensions: { logicalCluster: lkc-1 }
`,
  })
  const parsed = parseConfig(text, 'conf/tidemark.yaml')
  if ('problems' in parsed) throw new Error(parsed.problems.map(formatProblem).join('\n'))
  expect(parsed.config.clusters.map(({ tls, sasl }) => ({ tls, sasl })).slice(1)).toEqual([
    { tls: undefined, sasl: undefined },
    {
      tls: {
        caFile: 'conf/certs/ca.pem',
        certFile: undefined,
        keyFile: undefined,
        keyPassphrase: undefined,
        serverName: 'kafka.north',
      },
      sasl: {
        mechanism: 'scram-sha-512',
        username: { text: 'tidemark' },
        password: { file: 'conf/secrets/north' },
      },
    },
    {
      tls: {
        caFile: undefined,
        certFile: undefined,
        keyFile: undefined,
        keyPassphrase: undefined,
        serverName: undefined,
      },
      sasl: {
        mechanism: 'oauthbearer',
        tokenEndpoint: 'https://login.example/token',
        tokenEndpointCaFile: undefined,
        clientId: { env: 'CLIENT_ID' },
        clientSecret: { file: '/run/secrets/south' },
        scope: undefined,
        extensions: { logicalCluster: 'lkc-1' },
      },
    },
  ])
})

test('windows line ends and a byte order mark are fine', () => {
  expect(problemsOf(`\uFEFF${yaml().replaceAll('\n', '\r\n')}`)).toEqual([])
})

describe('warnings do not stop anything', () => {
  const noAudit = 'audit: { bytesPerPoll: "0" }\n'

  test('comparison by content can prove a budget that commits cannot', () => {
    expect(warningsOf({ rpo: '{ budget: 1s }' })).toEqual([])
  })

  test('a budget at the edge of what can be proven is fine', () => {
    expect(warningsOf({ rpo: '{ budget: 2m }' })).toEqual([])
  })

  test('a budget that cannot be proven says what to change', () => {
    expect(
      warningsOf({
        rpo: '{ budget: 119s, overrides: [{ topics: [a], budget: 2m }, { topics: [b], budget: 1s }] }',
        rest: noAudit,
      }),
    ).toEqual([
      "tidemark.yaml:9:20 flows[0].rpo.budget: expected a budget that can be proven, at least 1.25 x 1m of offsetFlushInterval + 3 polls of 15s, found 119s: raise it to at least 2m, lower MirrorMaker's offset.flush.interval.ms and replicator.offsetFlushInterval, or let audit.bytesPerPoll read records",
      "tidemark.yaml:9:90 flows[0].rpo.overrides[1].budget: expected a budget that can be proven, at least 1.25 x 1m of offsetFlushInterval + 3 polls of 15s, found 1s: raise it to at least 2m, lower MirrorMaker's offset.flush.interval.ms and replicator.offsetFlushInterval, or let audit.bytesPerPoll read records",
    ])
  })

  test('a poll counts with its longest gap', () => {
    const rest = `poll: { schedule: "0,10 * * * * *" }\n${noAudit}`
    expect(warningsOf({ rpo: '{ budget: 225s }', rest })).toEqual([])
    expect(warningsOf({ rpo: '{ budget: 224s }', rest })).toHaveLength(1)
    expect(warningsOf({ rpo: '{ budget: 163s }', replicator: ', offsetFlushInterval: 10s', rest })).toEqual(
      [],
    )
    expect(warningsOf({ rpo: '{ budget: 162s }', replicator: ', offsetFlushInterval: 10s', rest })).toEqual([
      "tidemark.yaml:9:20 flows[0].rpo.budget: expected a budget that can be proven, at least 1.25 x 10s of offsetFlushInterval + 3 polls of 50s, found 162s: raise it to at least 163s, lower MirrorMaker's offset.flush.interval.ms and replicator.offsetFlushInterval, or let audit.bytesPerPoll read records",
    ])
  })

  test('a time-out as long as the gap skips polls', () => {
    expect(warningsOf({ rest: 'poll: { timeout: 14s }\n' })).toEqual([])
    expect(warningsOf({ rest: 'poll: { timeout: 15s }\n' })).toEqual([
      'tidemark.yaml:10:18 poll.timeout: expected less than the 15s between two polls, found 15s: a slow poll would skip the next; lower poll.timeout or poll less often',
    ])
  })

  test('a default can be what is doubtful: the warning stands where its section does', () => {
    expect(warningsOf({ rest: 'poll: { schedule: "*/5 * * * * *" }\n' })).toEqual([
      'tidemark.yaml:10:7 poll.timeout: expected less than the 5s between two polls, found 10s: a slow poll would skip the next; lower poll.timeout or poll less often',
    ])
  })

  test('secrets that can be read on the wire', () => {
    const endpoint = `tokenEndpoint: "http://login/token", clientId: a, clientSecret: "\${env:B}"`
    const sasl = (settings: string) =>
      valid(yaml().replace('west-1:9092]', `west-1:9092], ${settings.replaceAll('$', '$$$$')}`)).warnings.map(
        ({ path, message }) => `${path}: ${message}`,
      )
    const login = `username: a, password: "\${env:B}"`
    expect(sasl(`sasl: { mechanism: scram-sha-256, ${login} }`)).toEqual([])
    expect(sasl(`tls: {}, sasl: { mechanism: plain, ${login} }`)).toEqual([])
    expect(sasl(`sasl: { mechanism: plain, ${login} }`)).toEqual([
      'clusters.west.sasl.mechanism: expected tls, found plain without tls: the password can be read on the wire; add tls: {}',
    ])
    expect(sasl(`sasl: { mechanism: oauthbearer, ${endpoint} }`)).toEqual([
      'clusters.west.sasl.mechanism: expected tls, found oauthbearer without tls: the token can be read on the wire; add tls: {}',
      'clusters.west.sasl.tokenEndpoint: expected https, found http: the client secret can be read on the wire',
    ])
  })

  test('a cluster that no flow uses', () => {
    expect(warningsOf({ clusters: '  "north.1": { bootstrapServers: [north-1:9092] }\n' })).toEqual([
      'tidemark.yaml:4:3 clusters["north.1"]: expected a flow that names it as source or target, found none',
    ])
  })
})

test('a problem tells its parts', () => {
  const result = parseConfig(yaml({ rpo: '{ budget: 5 minutes }' }), 'conf/tidemark.yaml')
  expect(result).toEqual({
    problems: [
      {
        file: 'conf/tidemark.yaml',
        line: 9,
        column: 20,
        path: 'flows[0].rpo.budget',
        expected: 'a duration such as 30s, 5m or 2h',
        found: '"5 minutes"',
        message: 'expected a duration such as 30s, 5m or 2h, found "5 minutes"',
      },
    ],
  })
})

test('long values are cut, and what could steer a terminal is escaped', () => {
  const [problem] = problemsOf(yaml({ rpo: `{ budget: "${'x'.repeat(500)}" }` }))
  expect(problem).toContain(`found "${'x'.repeat(80)}..."`)
  expect(problemsOf(yaml({ rpo: '{ budget: "\\e[2J\\u009b\\u202e" }' }))).toEqual([
    'tidemark.yaml:9:20 flows[0].rpo.budget: expected a duration such as 30s, 5m or 2h, found "\\u001b[2J\\u009b\\u202e"',
  ])
})

describe('parseConfig never throws', () => {
  const outcome = (text: string) => {
    const result = parseConfig(text, 'f')
    return 'config' in result || result.problems.length > 0
  }

  test('for arbitrary text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), outcome), { numRuns: 500 })
  })

  test('for text made of what YAML finds special', () => {
    const pieces = fc.constantFrom(
      ...'&*!|>%@`{}[],:?-#\'"\n \t~',
      '<<',
      '---',
      '...',
      '\r\n',
      'a',
      '__proto__',
    )
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 40 }).map(parts => parts.join('')),
        outcome,
      ),
      {
        numRuns: 1_000,
      },
    )
  })

  test('for a good file with a part replaced', () => {
    const good = yaml({ topics: '{ include: ["orders.*"], exclude: [] }', rest: 'poll: { timeout: 5s }\n' })
    const edit = fc.tuple(fc.nat(good.length), fc.nat(8), fc.string({ maxLength: 8 }))
    fc.assert(
      fc.property(edit, ([start, length, text]) =>
        outcome(good.slice(0, start) + text + good.slice(start + length)),
      ),
      { numRuns: 500 },
    )
  })

  test('for any JSON', () => {
    const anything = fc.jsonValue()
    const shaped = fc.record({
      clusters: anything,
      flows: fc.oneof(anything, fc.array(anything)),
      poll: anything,
    })
    fc.assert(
      fc.property(shaped, value => outcome(JSON.stringify(value))),
      { numRuns: 500 },
    )
  })

  test('for nesting without end', () => {
    expect(outcome('['.repeat(50_000))).toBe(true)
    expect(outcome('{a: '.repeat(50_000))).toBe(true)
  })
})

describe('read again while it runs', () => {
  const listening = (address: string) => yaml({ rest: `server: { listen: "${address}" }\n` })
  const again = (text: string, running: string) => {
    const result = parseConfig(text, 'tidemark.yaml', valid(running))
    return 'problems' in result ? result.problems.map(formatProblem) : []
  }

  test.each([
    [':9847', ':9848'],
    ['127.0.0.1:9847', '127.0.0.2:9847'],
    ['[::1]:9847', ':9847'],
  ])('a process that listens on %s cannot listen on %s', (bound, wanted) => {
    expect(again(listening(wanted), listening(bound))).toEqual([
      `tidemark.yaml:10:19 server.listen: expected "${bound}", which it listens on until it is restarted, found "${wanted}"`,
    ])
  })

  test('an address that is left out is the default', () => {
    expect(again(yaml(), listening(':9847'))).toEqual([])
    expect(again(yaml(), listening(':1'))).toEqual([
      'tidemark.yaml:1:1 server.listen: expected ":1", which it listens on until it is restarted, found ":9847"',
    ])
  })

  test('what it follows for its door is fixed as well', () => {
    const withDoor = yaml({ rest: 'server: { webConfig: web.yml, openProbes: true }\n' })
    expect(again(withDoor, withDoor)).toEqual([])
    expect(again(withDoor, yaml())).toEqual([
      'tidemark.yaml:10:22 server.webConfig: expected none, which it runs with until it is restarted, found "web.yml"',
      'tidemark.yaml:10:43 server.openProbes: expected false, which it runs with until it is restarted, found true',
    ])
    expect(again(yaml(), withDoor)[0]).toContain('expected "web.yml", which it runs with')
  })

  test('it is told beside all other problems', () => {
    const text = yaml({ rpo: '{ budget: 5m }', rest: 'server: { listen: ":1" }\n' })
    expect(again(text.replace('source: east', 'source: est'), yaml())).toHaveLength(2)
  })
})

test('the web configuration lies beside the file that names it, unless its path is absolute', () => {
  const text = yaml({ rest: 'server: { webConfig: web.yml, openProbes: true }\n' })
  const webConfigOf = (source: string, file: string) => {
    const result = parseConfig(source, file)
    return 'config' in result ? result.config.server.webConfig : undefined
  }
  expect(webConfigOf(text, '/etc/tidemark/tidemark.yaml')).toBe('/etc/tidemark/web.yml')
  expect(webConfigOf(text.replace('web.yml', '/run/web.yml'), '/etc/tidemark/tidemark.yaml')).toBe(
    '/run/web.yml',
  )
  expect(valid(text).server.openProbes).toBe(true)
})
