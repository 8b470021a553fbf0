import type { ClusterConfig, ValidatedConfig } from '../config/config.ts'
import type { Flow } from '../model/flow.ts'
import { TracedCluster } from '../observe/tracedCluster.ts'
import { RealKafkaCluster } from '../sources/kafka/cluster.ts'
import { CredentialsWatch } from '../sources/kafka/credentialsWatch.ts'
import type { KafkaCluster } from '../sources/kafka/port.ts'

/** One request may take this share of a poll's time, so that a second broker can be tried within it. */
const requestShare = 0.4

export interface OpenOptions {
  /** The clusters of these are opened; without it, those of all flows. */
  readonly flows?: readonly Flow[]
  /** Clusters that are open already, and are taken as they are. */
  readonly kept?: ReadonlyMap<string, KafkaCluster> | undefined
  /** Whether each read becomes a span of a trace. */
  readonly isTraced?: boolean
  /** Is told of files that have changed and cannot be used. */
  readonly onCredentialsKept?: (cluster: string, problem: string) => void
}

/** The clusters of a configuration by name; connections are made when they are asked something. */
export function openClusters(
  config: ValidatedConfig,
  { flows = config.flows, kept, isTraced = false, onCredentialsKept = () => {} }: OpenOptions = {},
) {
  const requestTimeoutMs = Math.max(1, Math.round(config.poll.timeoutMs * requestShare))
  const used = new Set(flows.flatMap(({ source, target }) => [source, target]))
  const open = (cluster: ClusterConfig): KafkaCluster => {
    const { name, bootstrapServers: bootstrap } = cluster
    const credentials = credentialsOf(cluster, problem => onCredentialsKept(name, problem))
    const opened = new RealKafkaCluster({ cluster: name, bootstrap, requestTimeoutMs, ...credentials })
    return isTraced ? new TracedCluster(opened) : opened
  }
  const clusters: ReadonlyMap<string, KafkaCluster> = new Map(
    config.clusters
      .filter(({ name }) => used.has(name))
      .map(cluster => [cluster.name, kept?.get(cluster.name) ?? open(cluster)]),
  )
  return {
    clusters,
    async close(): Promise<void> {
      await Promise.all(Array.from(clusters.values(), cluster => cluster.close()))
    },
  }
}

function credentialsOf(cluster: ClusterConfig, onKept: (problem: string) => void) {
  if (cluster.tls === undefined && cluster.sasl === undefined) return {}
  return { credentials: new CredentialsWatch(cluster, process.env, onKept) }
}

/**
 * The Kafka client throws outside of any call when a broker's answer is corrupt: that is one failed poll and no
 * reason to end. Anything else is a defect.
 * @returns what ends the guarding
 */
export function guardAgainstTheClient(
  onCorrupt: (error: unknown) => void,
  onDefect: (error: unknown) => void,
): () => void {
  const onUncaught = (error: unknown): void => {
    const isOfClient = error instanceof Error && error.stack?.includes('@platformatic/kafka') === true
    if (isOfClient) onCorrupt(error)
    else onDefect(error)
  }
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUncaught)
  return () => {
    process.off('uncaughtException', onUncaught)
    process.off('unhandledRejection', onUncaught)
  }
}
