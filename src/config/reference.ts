import { z } from 'zod'
import { configSchema, documentation } from './schema.ts'

/** A configuration that sets everything there is to set. */
export const fullExample = `clusters:
  east:
    bootstrapServers: [east-1:9093, east-2:9093]
    tls:
      caFile: /etc/tidemark/east-ca.pem
      certFile: /etc/tidemark/tidemark.pem
      keyFile: /etc/tidemark/tidemark.key
      keyPassphrase: \${env:TIDEMARK_KEY_PASSPHRASE}
      serverName: kafka.east.example
    sasl:
      mechanism: scram-sha-512
      username: tidemark
      password: \${file:/run/secrets/east}
  west:
    bootstrapServers: ["[2001:db8::1]:9093"]
    tls: {}
    sasl:
      mechanism: oauthbearer
      tokenEndpoint: https://login.west.example/oauth2/token
      tokenEndpointCaFile: /etc/tidemark/login-ca.pem
      clientId: tidemark
      clientSecret: \${env:WEST_CLIENT_SECRET}
      scope: kafka
      extensions:
        logicalCluster: lkc-1234
  north:
    bootstrapServers: [b-1.north.kafka.eu-central-1.amazonaws.com:9098]
    tls: {}
    sasl:
      mechanism: aws-msk-iam
      region: eu-central-1
flows:
  - name: east-to-west
    source: east
    target: west
    tier: gold
    replicator:
      kind: mirrormaker2
      policy: default
      separator: "."
      sourceAlias: east
      targetAlias: west
      offsetsTopic: mm2-offsets.east.internal
      statusTopic: mm2-status.east.internal
      offsetSyncsLocation: source
      offsetFlushInterval: 60s
      refreshTopicsInterval: 600s
      isolationLevel: read_uncommitted
    topics:
      include: ["orders.*", payments, "glob:billing-*"]
      exclude: [".*-internal"]
    rpo:
      budget: 5m
      objective: 99.9%
      window: 28d
      newTopicGrace: 15m
      overrides:
        - topics: [payments]
          budget: 2m
    state:
      maintenance:
        until: 2026-12-01T06:00:00Z
        reason: brokers get new disks
  - name: north-to-west
    source: north
    target: west
    replicator: { kind: mirrormaker2 }
    rpo: { budget: 5m }
poll:
  schedule: "*/15 * * * * *"
  timeout: 10s
audit:
  bytesPerPoll: 4MiB
metrics:
  topics: all
  partitions: false
server:
  listen: ":9847"
  webConfig: web.yml
  openProbes: false
`

const head = `# Configuration

<!-- Made from src/config/schema.ts by \`tidemark generate docs\`; a test compares. -->

One YAML file. It is strict: an unknown key, a wrong unit or a name that does not fit is an error with its line and
column, and all errors are shown at once. Warnings are shown and do not stop anything.

- **Durations** are a whole number and a unit: \`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`28d\`.
- **Patterns** are [RE2](https://github.com/google/re2/wiki/Syntax) and match the whole name: \`orders\` is one topic,
  \`orders.*\` every topic that starts so. After \`glob:\` stands a glob with \`*\` and \`?\`: \`glob:orders-*\`.
  A pattern of letters, digits, \`.\`, \`_\` and \`-\` names a topic: it is asked for by name when a listing does not show it.
- **Instants** are RFC 3339 with their offset from UTC: \`2026-12-01T06:00:00Z\`.
- **Secrets** never stand in this file. \`\${env:NAME}\` is an environment variable, \`\${file:path}\` the content of a
  file, without the newline at its end. Files of secrets, certificates and keys are read again when they change, within
  a poll; a relative path counts from the folder of this file. How to connect: [connections.md](connections.md).
- **A budget** below 1.25 x \`offsetFlushInterval\` + 3 polls cannot be proven and gives a warning; a poll is the longest
  gap of \`poll.schedule\`.

## Changing it while Tidemark runs

A change of the file is seen within seconds, also behind the links of a mounted ConfigMap; \`kill -HUP\` reads it at once.
A file with problems is refused as a whole: the log has every one, the configuration that runs stays in force, and the
status page, the API and \`tidemark_config_reload_successful\` say so until a good file is there.

- Flows of which nothing differs go on with their history, and so do those of which only \`tier\`, \`state\`, \`rpo\`,
  \`offsetFlushInterval\`, \`refreshTopicsInterval\` or the size of \`audit.bytesPerPoll\` does.
- With another source, target, server list, replicator or topics, with another \`poll.timeout\`, and when the audit is
  switched on or off, a flow begins anew: what is known of it may be about something else. A flow with another name is a
  new one. The log names what differs.
- Flows that are left out have no series any more.
- \`server.listen\` cannot change without a restart: such a file is refused.

## Settings
`

/** @returns docs/configuration.md: a table of every setting, made from the schema, and a full example */
export function configurationReference(): string {
  const table = [
    '| setting | expected | default | meaning |',
    '|---|---|---|---|',
    ...rowsOf(configSchema, '', undefined).map(cells => `| ${cells.map(escaped).join(' | ')} |`),
  ].join('\n')
  return `${head}\n${table}\n\n## Everything set\n\n\`\`\`yaml\n${fullExample}\`\`\`\n`
}

type Row = readonly [setting: string, expected: string, defaultText: string, meaning: string]

function rowsOf(schema: z.core.$ZodType, path: string, preset: string | undefined): readonly Row[] {
  if (schema instanceof z.ZodPrefault)
    return rowsOf(schema.unwrap(), path, defaultText(schema.def.defaultValue))
  if (schema instanceof z.ZodOptional) return rowsOf(schema.unwrap(), path, preset)

  const documented = documentation.get(schema)
  const own: readonly Row[] =
    documented === undefined
      ? []
      : [
          [
            `\`${path}\``,
            documented.expected,
            preset ?? documented.defaultText ?? 'required',
            documented.meaning,
          ],
        ]
  return [...own, ...innerRows(schema, path)]
}

function innerRows(schema: z.core.$ZodType, path: string): readonly Row[] {
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape
    return Object.entries(shape).flatMap(([key, inner]) =>
      rowsOf(inner, path === '' ? key : `${path}.${key}`, undefined),
    )
  }
  if (schema instanceof z.ZodRecord) return rowsOf(schema.valueType, `${path}.<name>`, undefined)
  if (schema instanceof z.ZodDiscriminatedUnion) {
    return schema.options.flatMap(option => rowsOf(option, path, undefined))
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option: z.core.$ZodType) => innerRows(option, path))
  }
  // Items without a setting of their own are said with their list.
  if (schema instanceof z.ZodArray) return innerRows(schema.element, `${path}[]`)
  return []
}

function defaultText(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|')
}
