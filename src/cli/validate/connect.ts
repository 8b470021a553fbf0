import { setTimeout as sleep } from 'node:timers/promises'
import { isInScope, sourceNamesToAsk } from '../../compare/scope.ts'
import type { ValidatedConfig } from '../../config/config.ts'
import type { Flow } from '../../model/flow.ts'
import { isKnown, type Reading, type Unknown } from '../../model/reading.ts'
import { PermissionTrials, type Trial } from '../../observe/permissionTrials.ts'
import {
  type Permission,
  permissionsOf,
  type Resource,
  type Role,
  resourcesOf,
  scopeOf,
} from '../../present/permissions.ts'
import { mirrorMaker2Names } from '../../replicators/mirrormaker2/naming.ts'
import type { KafkaCluster } from '../../sources/kafka/port.ts'
import { openClusters } from '../clusters.ts'

/** Of many topics so many are tried, those that come first. */
export const mostTried = 500
const closeGraceMs = 2_000

/** One permission of a flow, and what came of trying it. */
export interface TriedPermission {
  readonly permission: Permission
  readonly cluster: string
  /** What it is to be granted on. */
  readonly resources: readonly Resource[]
  /** Undefined where the cluster could not be asked. */
  readonly trial: Trial | undefined
  /** Topics that were left out, because there are so many. */
  readonly untried: number
}

export interface TriedFlow {
  readonly flow: string
  readonly permissions: readonly TriedPermission[]
}

export interface TriedClusters {
  /** By name: how many topics the principal may see, or why the cluster cannot be asked. */
  readonly clusters: ReadonlyMap<string, Reading<number>>
  readonly flows: readonly TriedFlow[]
}

/** Connects to the clusters of all flows and tries everything that Tidemark reads there; changes nothing. */
export async function tryConnections(config: ValidatedConfig): Promise<TriedClusters> {
  const { clusters, close } = openClusters(config)
  const deadline = (): number => performance.now() + config.poll.timeoutMs
  try {
    const trials = new Map(
      await Promise.all(
        Array.from(clusters, async ([name, cluster]) => [name, await onCluster(cluster, deadline)] as const),
      ),
    )
    const flows: TriedFlow[] = []
    // One after the other: a cluster of many flows is not asked everything at once.
    for (const flow of config.flows) flows.push(await tryFlow(flow, trials))
    const seen = Array.from(trials, ([name, on]): [string, Reading<number>] => [
      name,
      isKnown(on) ? { value: on.value.listing.size } : on,
    ])
    return { clusters: new Map(seen), flows }
  } finally {
    // A connection to a broker that hangs may not close at all.
    await Promise.race([close(), sleep(closeGraceMs, undefined, { ref: false })])
  }
}

type Trials = ReadonlyMap<string, Reading<PermissionTrials>>

/** Brokers that are slow to log in get a second chance. */
async function onCluster(cluster: KafkaCluster, deadline: () => number): Promise<Reading<PermissionTrials>> {
  const first = await PermissionTrials.on(cluster, deadline)
  const isLate = !isKnown(first) && first.unknown.reason === 'timeout'
  return isLate ? PermissionTrials.on(cluster, deadline) : first
}

async function tryFlow(flow: Flow, trials: Trials): Promise<TriedFlow> {
  const sides: Readonly<Record<Role, string>> = { source: flow.source, target: flow.target }
  const on = (role: Role): PermissionTrials | undefined => {
    const side = trials.get(sides[role])
    return side !== undefined && isKnown(side) ? side.value : undefined
  }
  const scope = namesInScope(flow, on('source'), on('target'))
  const permissions: TriedPermission[] = []
  for (const permission of permissionsOf(flow.replicator, flow.auditBytesPerPoll > 0)) {
    const { role, subject } = permission
    const resources = resourcesOf(subject, flow.replicator, scopeOf(flow.topics))
    const isOfScope = subject === 'topics' || subject === 'copies'
    const names = isOfScope
      ? resourcesOf(
          subject,
          flow.replicator,
          scope.map(name => ({ name, pattern: 'literal' })),
        ).map(({ name }) => name)
      : resources.map(({ name }) => name)
    const tried = names.slice(0, mostTried)
    const side = on(role)
    permissions.push({
      permission,
      cluster: sides[role],
      resources,
      trial: side === undefined ? undefined : await tryOperation(side, permission, tried),
      untried: names.length - tried.length,
    })
  }
  return { flow: flow.name, permissions }
}

function tryOperation(
  side: PermissionTrials,
  { operation }: Permission,
  names: readonly string[],
): Promise<Trial> {
  switch (operation) {
    case 'Describe':
      return side.describe(names)
    case 'Read':
      return side.read(names)
    case 'DescribeConfigs':
      return side.describeConfigs(names)
  }
}

/** What the source lists, what the filter names, and what has a copy; in order. */
function namesInScope(
  flow: Flow,
  source: PermissionTrials | undefined,
  target: PermissionTrials | undefined,
): readonly string[] {
  const names = mirrorMaker2Names(flow.replicator)
  const notKnown: { readonly unknown: Unknown } = { unknown: { reason: 'unreachable', detail: '' } }
  const listed = [...(source?.listing.keys() ?? [])].filter(name => isInScope(flow, names, name))
  const hidden = sourceNamesToAsk(
    undefined,
    flow,
    names,
    source === undefined ? { value: new Map() } : { value: source.listing },
    target === undefined ? notKnown : { value: target.listing },
  )
  return [...new Set([...listed, ...hidden])].toSorted()
}
