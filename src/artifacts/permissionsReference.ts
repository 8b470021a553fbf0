import type { MirrorMaker2Settings } from '../model/flow.ts'
import {
  aclCommands,
  type Permission,
  permissionsOf,
  type Resource,
  resourcesOf,
  type Subject,
  subjectWords,
} from '../present/permissions.ts'

const example: MirrorMaker2Settings = {
  kind: 'mirrormaker2',
  policy: 'default',
  separator: '.',
  sourceAlias: 'east',
  targetAlias: 'west',
  offsetsTopic: 'mm2-offsets.east.internal',
  statusTopic: 'mm2-status.east.internal',
  isolationLevel: 'read_uncommitted',
  offsetSyncsLocation: 'source',
  offsetFlushIntervalMs: 60_000,
  refreshTopicsIntervalMs: 600_000,
}
const scope: readonly Resource[] = [
  { name: 'payments', pattern: 'literal' },
  { name: 'orders', pattern: 'prefixed' },
]
const servers = { source: 'east-1:9092', target: 'west-1:9092' } as const

/** Names of internal topics, as the default policy makes them. */
const examples: Readonly<Partial<Record<Subject, string>>> = {
  offsets: '`mm2-offsets.*`',
  offsetSyncs: '`mm2-offset-syncs.*`',
  status: '`mm2-status.*`',
  heartbeats: '`*.heartbeats`',
}

/** docs/permissions.md, from the table of what is read. */
export function permissionsReference(): string {
  const permissions = permissionsOf(example)
  return `# Permissions

<!-- Generated from src/present/permissions.ts: npm run generate -->

Tidemark only reads, and needs no more than this table. What it may not read is unknown with its reason, and the rest is
known all the same. The first three rows are what every figure rests on. READ implies DESCRIBE. It needs nothing on
groups, nothing on the cluster, and nothing on any other topic.

\`tidemark validate --config tidemark.yaml --connect\` tries all of it on the clusters, by reading, and prints for what is
refused what it costs and the commands that grant it, with the principal and the names of the configuration.

| cluster | on | operation | requests | without it | figures |
|---|---|---|---|---|---|
${permissions.map(row).join('\n')}

Offset syncs are on the target with \`offsetSyncsLocation: target\`. With \`audit.bytesPerPoll: "0"\` no records are read, so
that READ on topics and copies is not needed.

Brokers give a principal without DESCRIBE the same answer for a topic that it may not see and for one that is not there.
Grant DESCRIBE on all topics that the filter can match, also on those that are still to come: with prefixes, or on all
topics (\`--topic '*'\`).

## Commands
For a flow from \`east\` to \`west\` with \`topics: { include: [payments, "orders.*"] }\`, and a Tidemark that logs in as
\`tidemark\`:
\`\`\`
${permissions.flatMap(commands).join('\n')}
\`\`\`
`
}

function row({ role, subject, operation, requests, without, figures }: Permission): string {
  const names = figures.map(name => `\`${name}\``).join(', ')
  return `| ${role} | ${[subjectWords[subject], examples[subject] ?? []].flat().join(', ')} | ${operation} | ${requests.join(', ')} | ${without} | ${names} |`
}

function commands({ role, subject, operation }: Permission): readonly string[] {
  const who = { bootstrapServer: servers[role], principal: 'User:tidemark' }
  return aclCommands(who, operation, resourcesOf(subject, example, scope))
}
