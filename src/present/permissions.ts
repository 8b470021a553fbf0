import { catalog } from '../metrics/catalog.ts'
import type { MirrorMaker2Settings, NameFilter } from '../model/flow.ts'
import { mirrorMaker2Names } from '../replicators/mirrormaker2/naming.ts'

export type Role = 'source' | 'target'

/** An operation of Kafka's ACLs, as kafka-acls.sh spells it. Read implies Describe. */
export type Operation = 'Describe' | 'Read' | 'DescribeConfigs'

/** What is read of a cluster for a flow. */
export type Subject = 'topics' | 'copies' | 'offsets' | 'offsetSyncs' | 'status' | 'heartbeats'

/** In words. */
export const subjectWords: Readonly<Record<Subject, string>> = {
  topics: 'topics in scope',
  copies: 'their copies',
  offsets: "Connect's source offsets",
  offsetSyncs: 'offset syncs',
  status: 'states of tasks',
  heartbeats: 'copied heartbeats',
}

/** One thing that Tidemark is to be allowed on one cluster of a flow, and what nobody knows without it. */
export interface Permission {
  readonly role: Role
  readonly subject: Subject
  readonly operation: Operation
  /** Kafka's requests that need it. */
  readonly requests: readonly string[]
  /** What the user loses. */
  readonly without: string
  /** Metrics that are absent, or not what they would be, without it. */
  readonly figures: readonly string[]
}

const { topicStatus, topicLag, topicRecoveryPoint, topicEstimatedRecoveryPoint, topicMissing } = catalog
const fetches = ['Metadata', 'ListOffsets', 'Fetch'] as const

const namesOf = (...families: readonly { readonly name: string }[]): readonly string[] =>
  families.map(({ name }) => name)

/**
 * Everything that a flow of these settings needs, the most important first.
 * @param audits whether records are read (`audit.bytesPerPoll` is not 0)
 */
export function permissionsOf(
  { offsetSyncsLocation }: Pick<MirrorMaker2Settings, 'offsetSyncsLocation'>,
  audits = true,
): readonly Permission[] {
  const all: readonly Permission[] = [
    {
      role: 'source',
      subject: 'topics',
      operation: 'Describe',
      requests: ['Metadata', 'ListOffsets', 'OffsetForLeaderEpoch'],
      without:
        'A topic is left out of the listing. One that the filter names, that was seen before, that has a copy or a committed position is unknown (unauthorized); another one is not known to exist.',
      figures: namesOf(topicStatus, topicLag, topicRecoveryPoint, topicEstimatedRecoveryPoint),
    },
    {
      role: 'target',
      subject: 'offsets',
      operation: 'Read',
      requests: fetches,
      without: "The replicator's committed positions are not known: every topic of the flow is unknown.",
      figures: namesOf(topicStatus, topicLag, topicRecoveryPoint, topicEstimatedRecoveryPoint),
    },
    {
      role: 'target',
      subject: 'copies',
      operation: 'Describe',
      requests: ['Metadata', 'ListOffsets', 'OffsetForLeaderEpoch'],
      without:
        "Whether the copy is there, and is still the same topic, is not known: the topic is unknown, and its recovery point rests on the replicator's word alone.",
      figures: namesOf(topicStatus, topicLag, topicRecoveryPoint),
    },
    {
      role: offsetSyncsLocation,
      subject: 'offsetSyncs',
      operation: 'Read',
      requests: fetches,
      without:
        'There is no estimate between two commits, and whether groups could be translated after a failover is not known.',
      figures: namesOf(topicEstimatedRecoveryPoint, catalog.topicOffsetSync, catalog.topicOffsetSyncFresh),
    },
    {
      role: 'source',
      subject: 'topics',
      operation: 'Read',
      requests: ['Fetch', 'DescribeProducers'],
      without:
        'Records are not read: lag behind transaction markers, aborted and compacted records stays, nothing is proven between two commits, no copy is audited, an open transaction is not named.',
      figures: namesOf(topicMissing, catalog.flowPartitionsAudited, catalog.flowAuditedSince),
    },
    {
      role: 'target',
      subject: 'copies',
      operation: 'Read',
      requests: ['Fetch'],
      without:
        'Copies are not compared with their originals: nothing is proven between two commits, no copy is audited.',
      figures: namesOf(topicMissing, catalog.flowPartitionsAudited, catalog.flowAuditedSince),
    },
    {
      role: 'source',
      subject: 'topics',
      operation: 'DescribeConfigs',
      requests: ['DescribeConfigs'],
      without: 'When the source will delete what was not copied is not known.',
      figures: namesOf(catalog.topicRetentionDeadline, catalog.flowRetentionDeadline),
    },
    {
      role: 'target',
      subject: 'heartbeats',
      operation: 'Read',
      requests: fetches,
      without: "The replicator's sign of life is not known.",
      figures: namesOf(catalog.heartbeat),
    },
    {
      role: 'target',
      subject: 'status',
      operation: 'Read',
      requests: fetches,
      without: 'That a task was restarted is not known: the estimate may be too new right after it.',
      figures: namesOf(topicEstimatedRecoveryPoint),
    },
  ]
  const isOfRecords = ({ subject, operation }: Permission): boolean =>
    operation === 'Read' && (subject === 'topics' || subject === 'copies')
  return audits ? all : all.filter(permission => !isOfRecords(permission))
}

/** A topic by its name, all topics whose names begin so, or all (`*`). */
export interface Resource {
  readonly name: string
  readonly pattern: 'literal' | 'prefixed'
}

/** What a filter selects, as ACLs can say it: its names, and what the others begin with. */
export function scopeOf({
  literals,
  prefixes,
}: Pick<NameFilter, 'literals' | 'prefixes'>): readonly Resource[] {
  if (prefixes.includes('')) return [{ name: '*', pattern: 'literal' }]
  return [
    ...literals.map((name): Resource => ({ name, pattern: 'literal' })),
    ...prefixes.map((name): Resource => ({ name, pattern: 'prefixed' })),
  ]
}

/**
 * The topics of a cluster that a permission is about.
 * @param scope the topics of the source that the flow is to copy
 */
export function resourcesOf(
  subject: Subject,
  settings: MirrorMaker2Settings,
  scope: readonly Resource[],
): readonly Resource[] {
  const names = mirrorMaker2Names(settings)
  const literal = (name: string): Resource => ({ name, pattern: 'literal' })
  switch (subject) {
    case 'topics':
      return scope
    case 'copies':
      return scope.map(({ name, pattern }) => copyOf(name, pattern, names.targetTopicOf))
    case 'offsets':
      return [literal(settings.offsetsTopic)]
    case 'status':
      return [literal(settings.statusTopic)]
    case 'heartbeats':
      return [literal(names.heartbeatsTopic)]
    case 'offsetSyncs':
      return names.offsetSyncsTopics.map(literal)
  }
}

/** Of all topics the copies begin with what is put before a name; where nothing is, they may be all. */
function copyOf(
  name: string,
  pattern: Resource['pattern'],
  targetTopicOf: (topic: string) => string,
): Resource {
  if (name !== '*') return { name: targetTopicOf(name), pattern }
  const prefix = targetTopicOf('')
  return prefix === '' ? { name, pattern } : { name: prefix, pattern: 'prefixed' }
}

/** How somebody who may change ACLs grants an operation, a command for each kind of pattern. */
export function aclCommands(
  { bootstrapServer, principal }: { readonly bootstrapServer: string; readonly principal: string },
  operation: Operation,
  resources: readonly Resource[],
): readonly string[] {
  return (['literal', 'prefixed'] as const).flatMap(pattern => {
    const names = resources.filter(resource => resource.pattern === pattern).map(({ name }) => name)
    if (names.length === 0) return []
    const topics = [...new Set(names)].map(name => `--topic ${quoted(name)}`)
    const parts = [
      `kafka-acls.sh --bootstrap-server ${quoted(bootstrapServer)} --command-config admin.properties --add`,
      `--allow-principal ${quoted(principal)} --operation ${operation}`,
      ...(pattern === 'prefixed' ? ['--resource-pattern-type prefixed'] : []),
      ...topics,
    ]
    return [parts.join(' ')]
  })
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w.:/@=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
