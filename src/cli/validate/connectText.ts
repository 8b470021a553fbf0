import type { ClusterConfig } from '../../config/config.ts'
import { isKnown } from '../../model/reading.ts'
import { aclCommands, subjectWords } from '../../present/permissions.ts'
import type { TriedClusters, TriedFlow, TriedPermission } from './connect.ts'
import { anyPrincipal } from './principal.ts'

/** Where somebody who may change ACLs does that, and for whom. */
export interface Grantee {
  readonly bootstrapServer: string
  readonly principal: string
  /** Permissions are in Amazon's policies: a broker has no ACLs for them. */
  readonly mechanism: NonNullable<ClusterConfig['sasl']>['mechanism'] | undefined
}

const mostNamed = 5

/** `granted`: all that could be tried; `nothing`: there was nothing to try; `hidden`: and there should have been. */
export type Standing = 'granted' | 'missing' | 'unknown' | 'nothing' | 'hidden'

/** What is to be made of the trial of one permission. */
export function standingOf({ permission: { subject, operation }, trial }: TriedPermission): Standing {
  if (trial === undefined) return 'unknown'
  if (trial.refused.length > 0) return 'missing'
  if (trial.failed !== undefined) return 'unknown'
  if (trial.allowed.length > 0) return 'granted'
  return subject === 'topics' && operation === 'Describe' ? 'hidden' : 'nothing'
}

const words: Readonly<Record<Standing, string>> = {
  granted: 'granted',
  missing: 'MISSING',
  unknown: 'UNKNOWN',
  nothing: 'untried',
  hidden: 'MISSING?',
}

/** What was found, for people: clusters, then flows as they are configured, the most important permission first. */
export function connectionText(
  { clusters, flows }: TriedClusters,
  grantees: ReadonlyMap<string, Grantee>,
): string {
  return [
    ...Array.from(clusters, ([name, seen]) =>
      isKnown(seen)
        ? `${name}: connected${asWhom(grantees.get(name))}, ${plural(seen.value, 'topic')} can be seen`
        : `${name}: UNKNOWN, ${seen.unknown.detail}`,
    ),
    ...flows.flatMap(flow => flowText(flow, grantees)),
  ].join('\n')
}

function asWhom(grantee: Grantee | undefined): string {
  return grantee === undefined || grantee.principal === anyPrincipal ? '' : ` as ${grantee.principal}`
}

function flowText(
  { flow, permissions }: TriedFlow,
  grantees: ReadonlyMap<string, Grantee>,
): readonly string[] {
  const dark = new Set(permissions.flatMap(({ trial, cluster }) => (trial === undefined ? [cluster] : [])))
  return [
    flow,
    ...Array.from(
      dark,
      cluster => `  ${words.unknown.padEnd(9)}everything on ${cluster}: it cannot be asked, see above`,
    ),
    ...permissions
      .filter(({ cluster }) => !dark.has(cluster))
      .flatMap(tried => permissionText(tried, grantees.get(tried.cluster))),
  ]
}

function permissionText(tried: TriedPermission, grantee: Grantee | undefined): readonly string[] {
  const { permission, cluster, resources } = tried
  const standing = standingOf(tried)
  const what = `${permission.operation} on ${subjectWords[permission.subject]} of ${cluster}`
  const line = `  ${words[standing].padEnd(9)}${what}: ${detailOf(tried, standing)}`
  if (standing !== 'missing' && standing !== 'hidden') return [line]
  const grants = grantee === undefined ? [] : grantsOf(grantee, tried)
  return [
    line,
    `             without it: ${permission.without}`,
    `             unknown or not what they would be: ${permission.figures.join(', ')}`,
    ...grants.map(grant => `             ${grant}`),
    ...(resources.length === 0 ? ['             no name or pattern of the flow needs it'] : []),
  ]
}

function detailOf({ trial, untried, resources }: TriedPermission, standing: Standing): string {
  if (trial === undefined) return ''
  const left = untried > 0 ? ` (the first; ${plural(untried, 'topic')} more not tried)` : ''
  switch (standing) {
    case 'granted':
      return `${plural(trial.allowed.length, 'topic')}${left}`
    case 'missing': {
      const { allowed, refused } = trial
      const rest = allowed.length > 0 ? `, and not on ${plural(allowed.length, 'other')}` : ''
      return `refused on ${named(refused)}${rest}${left}`
    }
    case 'unknown':
      return trial.failed?.detail ?? 'not tried'
    case 'nothing':
      return trial.absent.length > 0
        ? `there is no ${named(trial.absent)}`
        : `nothing is there to try it on${resources.length > 0 ? ` (${named(resources.map(({ name }) => name))})` : ''}`
    case 'hidden':
      return 'no topic that the filter matches can be seen: there is none, or this is missing'
  }
}

/** @returns commands, or what stands in their place */
function grantsOf({ mechanism, ...grantee }: Grantee, { permission, resources }: TriedPermission) {
  if (mechanism === 'aws-msk-iam') {
    return [
      `in its IAM policy: ${iamActions[permission.operation]} on the topics ${named(resources.map(({ name, pattern }) => (pattern === 'prefixed' ? `${name}*` : name)))}`,
    ]
  }
  return aclCommands(grantee, permission.operation, resources)
}

/** Of Amazon's service authorization reference for MSK ("Apache Kafka APIs for Amazon MSK clusters"). */
const iamActions = {
  Describe: 'kafka-cluster:DescribeTopic',
  Read: 'kafka-cluster:DescribeTopic and kafka-cluster:ReadData',
  DescribeConfigs: 'kafka-cluster:DescribeTopicDynamicConfiguration',
} as const

function named(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).join(', ')
  return names.length > mostNamed ? `${shown} and ${names.length - mostNamed} more` : shown
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
