import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestHandler } from 'express'
import { type FlowChange, reopenedClusters } from '../config/changes.ts'
import type { ValidatedConfig } from '../config/config.ts'
import { type FileMark, markOf } from '../config/fileWatch.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import { createApp } from '../http/app.ts'
import { type RunningServer, startServer } from '../http/server.ts'
import { renderFamilies } from '../metrics/exposition.ts'
import { SelfMetrics } from '../metrics/selfMetrics.ts'
import { ChangeReporter } from '../observe/changes.ts'
import { createClock } from '../observe/clock.ts'
import { type Observed, Observer } from '../observe/observer.ts'
import { onRequestSent } from '../sources/kafka/client.ts'
import type { KafkaCluster } from '../sources/kafka/port.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { guardAgainstTheClient, openClusters } from './clusters.ts'
import { type CommandOutput, exitCode } from './output.ts'
import { ConfigReload } from './reload.ts'
import { type OpenDoor, openDoor } from './webConfig.ts'

export interface ServeOptions {
  readonly config: string
  readonly logLevel: string
  readonly version: string
}

/** Answers in flight get this long when the process is told to end. */
const closeGraceMs = 2_000
/** A look is one stat. A change is read when two looks have found it the same. */
const lookAtFileEveryMs = 1_000

/** `tidemark serve`: runs until SIGTERM or SIGINT. Listens first and connects later, so that it can say what is wrong. */
export async function serve(options: ServeOptions, output: CommandOutput): Promise<number> {
  const log = createLogger(options.logLevel)
  let config: ValidatedConfig
  // Before the file is read, so that nobody who tells of a change ends the process, and no change is missed.
  const hangUps = onHangUp()
  const mark = await markOf(options.config)
  let door: OpenDoor
  try {
    config = await loadConfig(options.config, process.env)
    door = await openDoor(config.server, log)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    hangUps.end()
    output.error(error.message)
    return exitCode.usage
  }
  for (const warning of config.warnings) log.warn(formatProblem(warning))

  const ended = signalled()
  const exporter = createExporter(config, { ...options, mark, log, door: door.handler })
  let server: RunningServer
  try {
    server = await startServer(exporter.app, { ...config.server, tls: door.tls() })
  } catch (error) {
    output.error(error instanceof Error ? error.message : String(error))
    hangUps.end()
    await Promise.all([exporter.close(), door.close()])
    return exitCode.failed
  }
  door.onTlsChanged(tls => server.renewTls(tls))
  const { port } = server
  log.info(
    { version: options.version, port, tls: door.tls() !== undefined, flows: config.flows.length },
    'listening',
  )
  const stopGuarding = guardAgainstTheClient(
    error => log.error({ err: error }, 'a broker sent something that cannot be read'),
    error => {
      log.error({ err: error }, 'uncaught exception')
      process.exit(exitCode.failed)
    },
  )
  exporter.observer.start()
  exporter.reload.watch(lookAtFileEveryMs)
  hangUps.listen(() => void exporter.reload.reload('SIGHUP'))

  const signal = await ended
  log.info({ signal }, 'ending')
  exporter.reload.end()
  await exporter.observer.stop()
  await server.close(closeGraceMs)
  await door.close()
  // A connection to a broker that hangs may not close at all.
  await Promise.race([exporter.close(), sleep(closeGraceMs, undefined, { ref: false })])
  hangUps.end()
  stopGuarding()
  return exitCode.ok
}

interface ExporterOptions {
  /** The path of the configuration. */
  readonly config: string
  readonly mark: FileMark
  readonly version: string
  readonly log: Logger
  readonly door: RequestHandler | undefined
}

/** Everything but the socket, wired together. */
function createExporter(
  config: ValidatedConfig,
  { config: path, mark, version, log, door }: ExporterOptions,
) {
  const clock = createClock()
  const selfMetrics = new SelfMetrics({
    pollMs: config.poll.longestGapMs,
    version,
    nodeVersion: process.versions.node,
    wallMs: () => Date.now(),
  })
  const stopCounting = onRequestSent(({ kafkaCluster, api }) => selfMetrics.requestSent(kafkaCluster, api))
  let running = config
  const openFor = (next: ValidatedConfig, kept?: ReadonlyMap<string, KafkaCluster>) =>
    openClusters(next, next.flows, kept, (kafka_cluster, detail) =>
      log.warn({ kafka_cluster, detail }, 'credentials have changed and cannot be used; the last ones stay'),
    )
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
    onState: ({ loadedAtMs, refused }) => {
      if (refused === undefined) selfMetrics.configLoaded(loadedAtMs)
      else selfMetrics.configRefused()
    },
    log,
    wallMs: () => Date.now(),
  })
  const app = createApp({
    snapshot: () => ({ ...observer.latest, configuration: reload.state }),
    families: () => families,
    selfMetrics,
    clock,
    unpolled: () => observer.unpolled,
    ...(door === undefined ? {} : { door }),
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

/** SIGHUP, which would end the process: it is kept until somebody listens. */
function onHangUp() {
  let pending = false
  let told = (): void => {
    pending = true
  }
  const onSignal = (): void => told()
  process.on('SIGHUP', onSignal)
  return {
    listen(listener: () => void): void {
      told = listener
      if (pending) listener()
    },
    end(): void {
      process.off('SIGHUP', onSignal)
    },
  }
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}
