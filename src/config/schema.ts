import { z } from 'zod'
import { parseAddress, parseListenAddress } from './addresses.ts'
import {
  isExtension,
  parseEndpoint,
  parsePath,
  parseTextReference,
  passwordMechanisms,
  textExpected,
} from './connections.ts'
import { parseDuration } from './durations.ts'
import { parseInstant } from './instants.ts'
import type { Parsed } from './parsed.ts'
import { parsePattern } from './patterns.ts'
import { parseSchedule } from './schedule.ts'
import { parseSecretReference, secretExpected } from './secrets.ts'
import { parseSize } from './sizes.ts'

interface Documentation {
  readonly expected: string
  readonly meaning: string
  /** For defaults that are no constant. */
  readonly defaultText?: string
}

/** What each setting expects and means; docs/configuration.md is made from it. */
export const documentation = z.registry<Documentation>()

/** The message of an unknown key: the known ones, so that one can be suggested. */
export const knownKeysSeparator = ', '

const longestTimeoutMs = 3_600_000

// In messages of issues stands what was expected; in params.why what is wrong with what was found.
export function scalar<T>(documented: Documentation, parse: (text: string) => Parsed<T>) {
  return z
    .string({ error: documented.expected })
    .transform((text, context): T => {
      const parsed = parse(text)
      if ('value' in parsed) return parsed.value
      context.addIssue({ code: 'custom', message: documented.expected, params: { why: parsed.why } })
      return z.NEVER
    })
    .register(documentation, documented)
}

export function mapping<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(knownKeysSeparator)
  return z.strictObject(shape, {
    error: issue => (issue.code === 'unrecognized_keys' ? known : 'a mapping'),
  })
}

export function list<Item extends z.ZodType>(documented: Documentation, item: Item) {
  return z.array(item, { error: documented.expected }).register(documentation, documented)
}

export function choice<const Words extends readonly [string, ...string[]]>(words: Words, meaning: string) {
  const expected = words.join(' or ')
  return z.enum(words, { error: expected }).register(documentation, { expected, meaning })
}

function duration(meaning: string) {
  return scalar({ expected: 'a duration such as 30s, 5m or 2h', meaning }, parseDuration)
}

export function word(meaning: string, expected = 'a name', defaultText?: string) {
  const documented = defaultText === undefined ? { expected, meaning } : { expected, meaning, defaultText }
  return scalar(documented, text => {
    if (text.trim() === '') return { why: 'it is blank' }
    // Browsers take them out of any path.
    if (text === '.' || text === '..') return { why: 'it cannot be part of an address' }
    return /\p{Cc}/u.test(text) ? { why: 'it holds control characters' } : { value: text }
  })
}

/** Kafka's rule for topic names, org.apache.kafka.common.internals.Topic; aliases and separators are parts of such names. */
function topicWord(expected: string, meaning: string, defaultText?: string) {
  const documented = defaultText === undefined ? { expected, meaning } : { expected, meaning, defaultText }
  return scalar(documented, text => (isTopicWord(text) ? { value: text } : { why: topicWordRule }))
}

export const topicWordRule = 'only letters, digits, ".", "_" and "-" can stand in a topic name'

/** True when the text can be part of a topic's name. */
export function isTopicWord(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,249}$/.test(text)
}

const pattern = scalar(
  { expected: 'a pattern: RE2 for the whole name, or "glob:" and a glob', meaning: '' },
  parsePattern,
)

function patterns(meaning: string) {
  return list({ expected: 'a list of patterns', meaning }, pattern)
}

function somePatterns(meaning: string) {
  const expected = 'a list of at least one pattern'
  return list({ expected, meaning }, pattern)
    .min(1, { error: expected })
    .register(documentation, { expected, meaning })
}

const objective = scalar(
  {
    expected: 'a percentage above 0% and below 100%, such as 99.9%',
    meaning: 'Share of the window in which the budget is to be kept.',
  },
  text => {
    const [, number] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
    if (number === undefined) return { why: '' }
    // In decimal: 99.9 / 100 is 0.9990000000000001.
    const ratio = Number(`${number}e-2`)
    return ratio > 0 && ratio < 1 ? { value: ratio } : { why: '' }
  },
)

const addresses = {
  expected: 'a list of at least one host:port',
  meaning: 'Brokers to start from, as `bootstrap.servers`.',
}

function secret(meaning: string, defaultText?: string) {
  const documented = { expected: secretExpected, meaning }
  return scalar(defaultText === undefined ? documented : { ...documented, defaultText }, parseSecretReference)
}

function text(meaning: string) {
  return scalar({ expected: textExpected, meaning }, parseTextReference)
}

function pemFile(meaning: string, defaultText: string) {
  return scalar({ expected: 'the path of a PEM file', meaning, defaultText }, parsePath).optional()
}

const tls = {
  expected: 'a mapping; `{}` is TLS with the authorities that Node trusts',
  meaning: 'Connect with TLS.',
  defaultText: 'plaintext',
}

const tlsSettings = mapping({
  caFile: pemFile(
    "Authorities that may have signed the brokers' certificates.",
    'the authorities that Node trusts',
  ),
  certFile: pemFile("Tidemark's own certificate, with the chain behind it, for mutual TLS.", 'none'),
  keyFile: pemFile('The key of `certFile`.', 'none'),
  keyPassphrase: secret('What `keyFile` is encrypted with.', 'not encrypted').optional(),
  serverName: scalar(
    {
      expected: 'a host name',
      meaning: "The name that the brokers' certificates have, sent to them too (SNI).",
      defaultText: "each broker's host",
    },
    name => (/^[A-Za-z0-9._-]+$/.test(name) ? { value: name } : { why: '' }),
  ).optional(),
}).register(documentation, tls)

const mechanisms = [...passwordMechanisms, 'oauthbearer', 'aws-msk-iam']

const passwordLogin = mapping({
  mechanism: choice(passwordMechanisms, 'SASL with a user name and a password.'),
  username: text('The principal.'),
  password: secret('Its password.'),
})

const extension = z.string({ error: 'a text' })

const oauthLogin = mapping({
  mechanism: z.literal('oauthbearer', { error: 'oauthbearer' }).register(documentation, {
    expected: 'oauthbearer',
    meaning: 'SASL with a token of OAuth 2.0, by client credentials (RFC 6749, 4.4).',
  }),
  tokenEndpoint: scalar(
    { expected: 'an address such as https://login.example/token', meaning: 'Where tokens are given.' },
    parseEndpoint,
  ),
  tokenEndpointCaFile: pemFile(
    "Authorities that may have signed the token endpoint's certificate.",
    'the authorities that Node trusts',
  ),
  clientId: text('Who asks for a token.'),
  clientSecret: secret('Its secret.'),
  scope: scalar(
    { expected: 'words with a space between', meaning: 'The scope to ask for.', defaultText: 'none' },
    // RFC 6749, section 3.3.
    scope =>
      /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(scope) ? { value: scope } : { why: '' },
  ).optional(),
  extensions: z
    .record(z.string(), extension, { error: 'a mapping of texts' })
    .refine(named => Object.entries(named).every(([name, value]) => isExtension(name, value)), {
      error: 'names of letters, and texts without control characters',
    })
    .register(documentation, {
      expected: 'a mapping of texts',
      meaning: 'SASL extensions that go with the token, such as `logicalCluster`.',
    })
    .prefault({}),
})

const mskLogin = mapping({
  mechanism: z.literal('aws-msk-iam', { error: 'aws-msk-iam' }).register(documentation, {
    expected: 'aws-msk-iam',
    meaning:
      "Amazon MSK with IAM; needs the npm package `aws-msk-iam-sasl-signer-js`, and credentials where Amazon's SDK looks for them.",
  }),
  region: scalar({ expected: 'a region such as eu-central-1', meaning: 'Where the cluster is.' }, name =>
    /^[a-z]{2}(-[a-z]+)+-\d+$/.test(name) ? { value: name } : { why: '' },
  ),
})

const sasl = z.discriminatedUnion('mechanism', [passwordLogin, oauthLogin, mskLogin], {
  error: issue => (issue.code === 'invalid_union' ? mechanisms.join(' or ') : 'a mapping with mechanism'),
})

const cluster = mapping({
  bootstrapServers: list(
    addresses,
    scalar({ expected: 'host:port, such as east-1:9092', meaning: '' }, parseAddress),
  )
    .min(1, { error: addresses.expected })
    .register(documentation, addresses),
  tls: tlsSettings.optional(),
  sasl: sasl.optional(),
})

const mirrorMaker2 = mapping({
  kind: z.literal('mirrormaker2', { error: 'mirrormaker2' }).register(documentation, {
    expected: 'mirrormaker2',
    meaning: 'The engine: MirrorMaker 2, dedicated or in Kafka Connect.',
  }),
  policy: choice(
    ['default', 'identity'],
    '`replication.policy.class`: DefaultReplicationPolicy puts the source alias before topic names, IdentityReplicationPolicy keeps them.',
  ).prefault('default'),
  separator: topicWord('characters of a topic name', '`replication.policy.separator`.').prefault('.'),
  sourceAlias: topicWord(
    'an alias',
    "The source's alias in MirrorMaker's configuration; it names topics.",
    "the source cluster's name",
  ).optional(),
  targetAlias: topicWord(
    'an alias',
    "The target's alias in MirrorMaker's configuration.",
    "the target cluster's name",
  ).optional(),
  offsetsTopic: topicWord(
    'a topic name',
    'Where Connect keeps source offsets on the target; `offset.storage.topic` in Connect mode.',
    '`mm2-offsets.<sourceAlias>.internal`',
  ).optional(),
  statusTopic: topicWord(
    'a topic name',
    'Where Connect keeps task states on the target; `status.storage.topic` in Connect mode.',
    '`mm2-status.<sourceAlias>.internal`',
  ).optional(),
  offsetSyncsLocation: choice(
    ['source', 'target'],
    '`offset-syncs.topic.location`: the cluster that holds the offset syncs.',
  ).prefault('source'),
  isolationLevel: choice(
    ['read_uncommitted', 'read_committed'],
    "`isolation.level` of MirrorMaker's consumers on the source; Kafka's default copies aborted records too.",
  ).prefault('read_uncommitted'),
  offsetFlushInterval: duration(
    '`offset.flush.interval.ms`: how often MirrorMaker commits its position.',
  ).prefault('60s'),
  refreshTopicsInterval: duration(
    '`refresh.topics.interval.seconds`: how often MirrorMaker looks for new topics.',
  ).prefault('600s'),
})

/** Other engines join here, each with its own `kind`. */
const replicator = z.discriminatedUnion('kind', [mirrorMaker2], {
  error: issue => (issue.code === 'invalid_union' ? 'mirrormaker2' : 'a mapping with kind'),
})

const override = mapping({
  topics: somePatterns('Source topics that have this budget.'),
  budget: duration('RPO budget of these topics.'),
})

const maintenance = mapping({
  until: scalar(
    {
      expected: 'an instant such as 2026-12-01T06:00:00Z',
      meaning: 'When it ends: from then on the flow is active again, by itself.',
    },
    parseInstant,
  ),
  reason: word('Shown wherever the maintenance is.', 'a few words'),
})

const stateExpected = 'active, failed_over or maintenance with until and reason'

/** A word or a mapping; problems inside the mapping are told at their place. */
const state = z
  .union([z.enum(['active', 'failed_over']), mapping({ maintenance })], { error: stateExpected })
  .register(documentation, {
    expected: stateExpected,
    meaning:
      'Whether the flow is expected to keep its budget. `failed_over` and `maintenance` are observed as ever, page nobody and spend no error budget.',
  })

const flow = mapping({
  name: word('Name of the flow, unique; the `flow` label.'),
  source: word('The cluster that producers write to.', 'the name of a cluster'),
  target: word('The cluster that holds the copy.', 'the name of a cluster'),
  tier: scalar({ expected: 'a word', meaning: 'Free word that routes pages.', defaultText: 'none' }, text =>
    text.trim() === '' || /\p{Cc}/u.test(text) ? { why: '' } : { value: text },
  ).optional(),
  replicator,
  topics: mapping({
    include: somePatterns('Source topics to watch.').prefault(['.*']),
    exclude: patterns('Source topics to leave out, whatever `include` says.').prefault([]),
  }).prefault({}),
  rpo: mapping({
    budget: duration('Exposure that the business accepts.'),
    objective: objective.prefault('99.9%'),
    window: duration('Time over which the objective is judged.').prefault('28d'),
    newTopicGrace: duration('Age below which a topic is too new to judge.').prefault('15m'),
    overrides: list(
      { expected: 'a list of overrides', meaning: 'Budgets of some topics; the first that matches wins.' },
      override,
    ).prefault([]),
  }),
  state: state.prefault('active'),
})

const flows = {
  expected: 'a list of at least one flow',
  meaning: 'One direction of replication each; active-active is two.',
}

const clusters = {
  expected: 'a mapping of at least one cluster by name',
  meaning: 'Kafka clusters by the names that flows use.',
}

/** The one schema: validation, defaults and the reference come from it. Its output still holds what the file says, flow by flow. */
export const configSchema = mapping({
  clusters: z
    .record(word('Name of the cluster.'), cluster, { error: clusters.expected })
    .refine(named => Object.keys(named).length > 0, { error: clusters.expected })
    .register(documentation, clusters),
  flows: list(flows, flow).min(1, { error: flows.expected }).register(documentation, flows),
  poll: mapping({
    schedule: scalar(
      {
        expected: 'a cron expression with seconds, such as "*/15 * * * * *"',
        meaning:
          'When to poll, in UTC: second minute hour day-of-month month day-of-week; a day must match both.',
      },
      parseSchedule,
    ).prefault('*/15 * * * * *'),
    timeout: scalar(
      { expected: 'a duration such as 30s, 5m or 2h', meaning: 'When to give up on a poll; at most 1h.' },
      text => {
        const parsed = parseDuration(text)
        return 'value' in parsed && parsed.value > longestTimeoutMs
          ? { why: 'it must be at most 1h' }
          : parsed
      },
    ).prefault('10s'),
  }).prefault({}),
  audit: mapping({
    bytesPerPoll: scalar(
      {
        expected: 'a size such as 512KiB or 4MiB, or "0"',
        meaning:
          'Records that one poll may read of each flow, both clusters together, to prove positions and to audit the copy; `"0"` reads none. Needs READ on the topics.',
      },
      parseSize,
    ).prefault('4MiB'),
  }).prefault({}),
  metrics: mapping({
    topics: choice(['all', 'summary'], 'Series for every topic, or the flow only.').prefault('all'),
    partitions: z
      .boolean({ error: 'true or false' })
      .register(documentation, { expected: 'true or false', meaning: 'Series for every partition as well.' })
      .prefault(false),
  }).prefault({}),
  server: mapping({
    listen: scalar(
      {
        expected: 'host:port or :port, such as ":9847"',
        meaning: 'Where HTTP listens; `:port` is every interface, port 0 a free one.',
      },
      parseListenAddress,
    ).prefault(':9847'),
    webConfig: word(
      "Who may come in, and over TLS or not: a file in the format of Prometheus' exporter-toolkit ([web configuration](web-configuration.md)). A relative path starts at this file's folder.",
      'the path of a file',
      'none: plain HTTP for everyone',
    ).optional(),
    openProbes: z
      .boolean({ error: 'true or false' })
      .register(documentation, {
        expected: 'true or false',
        meaning: '/healthz and /readyz answer without a password too, and then name no flow.',
      })
      .prefault(false),
  }).prefault({}),
})

/** A configuration that has the right shape; names are not yet known to fit together. */
export type ShapedConfig = z.output<typeof configSchema>
export type ShapedCluster = ShapedConfig['clusters'][string]
export type ShapedFlow = ShapedConfig['flows'][number]
