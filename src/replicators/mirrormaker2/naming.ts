import type { EngineNaming } from '../../model/engine.ts'
import type { MirrorMaker2Settings } from '../../model/flow.ts'

/** Names of one MirrorMaker 2 flow: org.apache.kafka.connect.mirror.{DefaultReplicationPolicy, IdentityReplicationPolicy}. */
export interface MirrorMaker2Names extends EngineNaming {
  /**
   * Names that the offset-syncs topic can have: with the policy's separator, and with '.' where
   * `replication.policy.internal.topic.separator.enabled` is false.
   */
  readonly offsetSyncsTopics: readonly string[]
  /** The copy of the source's heartbeats; prefixed under the identity policy too. */
  readonly heartbeatsTopic: string
}

/** The names that these settings give. */
export function mirrorMaker2Names(settings: MirrorMaker2Settings): MirrorMaker2Names {
  const { separator, sourceAlias, targetAlias } = settings
  const prefix = `${sourceAlias}${separator}`
  const syncsAlias = settings.offsetSyncsLocation === 'source' ? targetAlias : sourceAlias
  const syncsTopic = (s: string): string => `mm2-offset-syncs${s}${syncsAlias}${s}internal`
  return {
    targetTopicOf: topic => (settings.policy === 'identity' ? topic : `${prefix}${topic}`),
    sourceTopicOf: topic => {
      // Under the identity policy any topic of the target may as well be its own.
      if (settings.policy === 'identity') return undefined
      return topic.startsWith(prefix) && topic.length > prefix.length ? topic.slice(prefix.length) : undefined
    },
    isLeftOut: topic =>
      isInternal(topic, separator) ||
      isHeartbeats(topic, separator) ||
      (settings.policy === 'default' && isCycle(topic, separator, targetAlias)),
    offsetSyncsTopics: [...new Set([syncsTopic(separator), syncsTopic('.')])],
    heartbeatsTopic: `${prefix}heartbeats`,
  }
}

/** Internal topics by the rule of Kafka 4.0 and later (KIP-1074): a user's `x.internal` is data. */
function isInternal(topic: string, separator: string): boolean {
  if (topic.startsWith('__') || topic.startsWith('.')) return true
  return ['.', '-', separator].some(
    s =>
      (topic.startsWith('mm2') && topic.endsWith(`${s}internal`)) ||
      topic.endsWith(`${s}checkpoints${s}internal`),
  )
}

function isHeartbeats(topic: string, separator: string): boolean {
  return topic === 'heartbeats' || topic.endsWith(`${separator}heartbeats`)
}

/** Whether a topic came from the target, directly or through others: MirrorSourceConnector.isCycle. */
function isCycle(topic: string, separator: string, targetAlias: string): boolean {
  let rest = topic
  for (let at = rest.indexOf(separator); at > 0; at = rest.indexOf(separator)) {
    if (rest.slice(0, at) === targetAlias) return true
    rest = rest.slice(at + separator.length)
  }
  return false
}
