import { type FlowChange, reopenedClusters } from '../config/changes.ts'
import type { ValidatedConfig } from '../config/config.ts'
import type { FileMark } from '../config/fileWatch.ts'
import { createApp } from '../http/app.ts'
import { renderFamilies } from '../metrics/exposition.ts'
import { SelfMetrics } from '../metrics/selfMetrics.ts'
import type { ConfigurationState } from '../model/configuration.ts'
import { ChangeReporter } from '../observe/changes.ts'
import { createClock } from '../observe/clock.ts'
import { type Observed, Observer } from '../observe/observer.ts'
import { onRequestSent } from '../sources/kafka/client.ts'
import type { KafkaCluster } from '../sources/kafka/port.ts'
import type { Logger } from '../telemetry/logger.ts'
import { requestSentInSpan } from '../telemetry/tracing.ts'
import { openClusters } from './clusters.ts'
import { ConfigReload } from './reload.ts'
import type { OpenDoor } from './webConfig.ts'

export interface ExporterOptions {
  /** The path of the configuration. */
  readonly config: string
  readonly mark: FileMark
  readonly version: string
  readonly log: Logger
  readonly door: OpenDoor
  readonly isTraced: boolean
}

/** Everything but the socket, wired together. */
export function createExporter(
  config: ValidatedConfig,
  { config: path, mark, version, log, door, isTraced }: ExporterOptions,
) {
  const clock = createClock()
  const selfMetrics = new SelfMetrics({
    pollMs: config.poll.longestGapMs,
    version,
    nodeVersion: process.versions.node,
    wallMs: () => Date.now(),
  })
  const stopCounting = onRequestSent(({ kafkaCluster, api }) => {
    selfMetrics.requestSent(kafkaCluster, api)
    if (isTraced) requestSentInSpan()
  })
  let running = config
  const openFor = (next: ValidatedConfig, kept?: ReadonlyMap<string, KafkaCluster>) =>
    openClusters(next, {
      kept,
      isTraced,
      onCredentialsKept: (kafka_cluster, detail) =>
        log.warn(
          { kafka_cluster, detail },
          'credentials have changed and cannot be used; the last ones stay',
        ),
    })
  let open = openFor(config)
  const changes = new ChangeReporter()
  const malformed = new Set<string>()
  let families = { text: '', openMetricsText: '' }
  const observer = new Observer({
    ...observedOf(config, open.clusters),
    clock,
    onPublished: snapshot => {
      const rendered = renderFamilies(snapshot, running.metrics)
      families = rendered
      selfMetrics.seriesOmitted(rendered.omitted)
      for (const { level, message, fields } of changes.changes(snapshot)) log[level](fields, message)
    },
    onPollEnded: (outcome, seconds) => selfMetrics.pollEnded(outcome, seconds),
    onDefect: error => log.error({ err: error }, 'a poll failed: this is a defect of Tidemark'),
    onMalformed: (flow, topic) => {
      const place = `${flow} ${topic}`
      if (malformed.has(place)) return
      malformed.add(place)
      log.warn({ flow, topic }, 'records of this internal topic cannot be understood and do not count')
    },
  })
  const apply = async (next: ValidatedConfig, changes: readonly FlowChange[]): Promise<void> => {
    const before = open
    const reopened = reopenedClusters(running, next)
    const unchanged = Array.from(before.clusters).filter(([name]) => !reopened.has(name))
    open = openFor(next, new Map(unchanged))
    running = next
    malformed.clear()
    selfMetrics.pollsEvery(next.poll.longestGapMs)
    selfMetrics.asksClusters(open.clusters.keys())
    const kept = changes.filter(({ fate }) => fate === 'kept').map(({ flow }) => flow)
    await observer.change(observedOf(next, open.clusters), new Set(kept))
    const still = new Set(open.clusters.values())
    for (const cluster of before.clusters.values()) if (!still.has(cluster)) void cluster.close()
  }
  const reload = new ConfigReload({
    path,
    running: config,
    mark,
    apply,
    onState: () => tellState(),
    log,
    wallMs: () => Date.now(),
  })
  const stateOf = (): ConfigurationState => ({
    ...reload.state,
    refused: reload.state.refused ?? door.refused(),
  })
  const tellState = (): void => {
    const { loadedAtMs, refused } = stateOf()
    if (refused === undefined) selfMetrics.configLoaded(loadedAtMs)
    else selfMetrics.configRefused()
  }
  door.onRead(tellState)
  const app = createApp({
    snapshot: () => ({ ...observer.latest, configuration: stateOf() }),
    families: () => families,
    selfMetrics,
    clock,
    unpolled: () => observer.unpolled,
    ...(door.handler === undefined ? {} : { door: door.handler }),
    onDefect: error => log.error({ err: error }, 'a route failed: this is a defect of Tidemark'),
  })
  return {
    app,
    observer,
    reload,
    async close(): Promise<void> {
      stopCounting()
      await open.close()
    },
  }
}

function observedOf({ flows, poll }: ValidatedConfig, clusters: ReadonlyMap<string, KafkaCluster>): Observed {
  return {
    flows,
    clusters,
    schedule: poll.schedule,
    pollMs: poll.longestGapMs,
    timeoutMs: poll.timeoutMs,
  }
}
