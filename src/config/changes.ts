import { isDeepStrictEqual } from 'node:util'
import type { ClusterConfig, Settings, ValidatedConfig } from './config.ts'

/**
 * What becomes of a flow when the configuration changes. `kept`: what is known of it stays true. `anew`: it is about
 * something else now, so that nothing that is known of it can be used.
 */
export type FlowFate = 'kept' | 'anew' | 'added' | 'removed'

export interface FlowChange {
  readonly flow: string
  readonly fate: FlowFate
  /** Names of the settings that differ, such as `rpo.budget`. */
  readonly settings: readonly string[]
}

/** Settings that only decide how a flow is judged; with any other change its offsets may be those of other logs. */
const judging: readonly RegExp[] = [
  /^tier$/,
  /^state$/,
  /^rpo\./,
  /^replicator\.(offsetFlushInterval|refreshTopicsInterval)$/,
]
const audit = 'audit.bytesPerPoll'

/** What becomes of each flow, in the order of `after`, then those that are gone. Pure. */
export function flowChanges(before: ValidatedConfig, after: ValidatedConfig): readonly FlowChange[] {
  const reopened = reopenedClusters(before, after)
  const there = after.flows.map(({ name, source, target }): FlowChange => {
    const [old, now] = [before.settings.get(name), after.settings.get(name)]
    if (old === undefined || now === undefined) return { flow: name, fate: 'added', settings: [] }
    const why = [source, target].flatMap(cluster => reopened.get(cluster) ?? [])
    const settings = [...new Set([...differing(old, now), ...why])]
    return { flow: name, fate: settings.every(key => isJudging(key, old, now)) ? 'kept' : 'anew', settings }
  })
  const gone = before.flows.filter(({ name }) => !after.settings.has(name))
  return [...there, ...gone.map(({ name }): FlowChange => ({ flow: name, fate: 'removed', settings: [] }))]
}

/** Clusters of both configurations that have to be connected to anew, with the setting that is the reason. */
export function reopenedClusters(
  before: ValidatedConfig,
  after: ValidatedConfig,
): ReadonlyMap<string, string> {
  const old = new Map(before.clusters.map(cluster => [cluster.name, cluster]))
  const whyReopened = (cluster: ClusterConfig): string | undefined => {
    const known = old.get(cluster.name)
    if (known === undefined) return undefined
    if (!isDeepStrictEqual(known, cluster)) return `clusters.${cluster.name}`
    // A request has a share of the time of a poll.
    return before.poll.timeoutMs === after.poll.timeoutMs ? undefined : 'poll.timeout'
  }
  return new Map(
    after.clusters.flatMap(cluster => {
      const why = whyReopened(cluster)
      return why === undefined ? [] : [[cluster.name, why] as const]
    }),
  )
}

/** Names of the settings that differ and are of no single flow. */
export function generalChanges(before: ValidatedConfig, after: ValidatedConfig): readonly string[] {
  const [old, now] = [general(before), general(after)]
  return differing(old, now)
}

function general({ poll, metrics }: ValidatedConfig): Settings {
  return {
    'poll.schedule': poll.schedule,
    'poll.timeout': String(poll.timeoutMs),
    'metrics.topics': metrics.topics,
    'metrics.partitions': String(metrics.partitions),
  }
}

function differing(old: Settings, now: Settings): readonly string[] {
  const keys = new Set([...Object.keys(old), ...Object.keys(now)])
  return [...keys].filter(key => old[key] !== now[key])
}

function isJudging(key: string, old: Settings, now: Settings): boolean {
  // Switched off, what was found in records would stand for ever and be taken for new.
  if (key === audit) return old[key] !== '0' && now[key] !== '0'
  return judging.some(pattern => pattern.test(key))
}
