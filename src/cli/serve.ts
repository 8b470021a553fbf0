import { setTimeout as sleep } from 'node:timers/promises'
import type { ValidatedConfig } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import { createApp } from '../http/app.ts'
import { type RunningServer, startServer } from '../http/server.ts'
import { renderFamilies } from '../metrics/exposition.ts'
import { SelfMetrics } from '../metrics/selfMetrics.ts'
import { ChangeReporter } from '../observe/changes.ts'
import { createClock } from '../observe/clock.ts'
import { Observer } from '../observe/observer.ts'
import { onRequestSent } from '../sources/kafka/client.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { guardAgainstTheClient, openClusters } from './clusters.ts'
import { type CommandOutput, exitCode } from './output.ts'

export interface ServeOptions {
  readonly config: string
  readonly logLevel: string
  readonly version: string
}

/** Answers in flight get this long when the process is told to end. */
const closeGraceMs = 2_000

/** `tidemark serve`: runs until SIGTERM or SIGINT. Listens first and connects later, so that it can say what is wrong. */
export async function serve(options: ServeOptions, output: CommandOutput): Promise<number> {
  let config: ValidatedConfig
  try {
    config = await loadConfig(options.config, process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    output.error(error.message)
    return exitCode.usage
  }
  const log = createLogger(options.logLevel)
  for (const warning of config.warnings) log.warn(formatProblem(warning))

  const ended = signalled()
  const exporter = createExporter(config, options.version, log)
  let server: RunningServer
  try {
    server = await startServer(exporter.app, config.server)
  } catch (error) {
    output.error(error instanceof Error ? error.message : String(error))
    await exporter.close()
    return exitCode.failed
  }
  log.info({ version: options.version, port: server.port, flows: config.flows.length }, 'listening')
  const stopGuarding = guardAgainstTheClient(
    error => log.error({ err: error }, 'a broker sent something that cannot be read'),
    error => {
      log.error({ err: error }, 'uncaught exception')
      process.exit(exitCode.failed)
    },
  )
  exporter.observer.start()

  const signal = await ended
  log.info({ signal }, 'ending')
  await exporter.observer.stop()
  await server.close(closeGraceMs)
  // A connection to a broker that hangs may not close at all.
  await Promise.race([exporter.close(), sleep(closeGraceMs, undefined, { ref: false })])
  stopGuarding()
  return exitCode.ok
}

/** Everything but the socket, wired together. */
function createExporter(config: ValidatedConfig, version: string, log: Logger) {
  const clock = createClock()
  const selfMetrics = new SelfMetrics({
    pollMs: config.poll.longestGapMs,
    version,
    nodeVersion: process.versions.node,
    wallMs: () => Date.now(),
  })
  const stopCounting = onRequestSent(({ kafkaCluster, api }) => selfMetrics.requestSent(kafkaCluster, api))
  const { clusters, close } = openClusters(config, config.flows, (kafka_cluster, detail) =>
    log.warn({ kafka_cluster, detail }, 'credentials have changed and cannot be used; the last ones stay'),
  )
  const changes = new ChangeReporter()
  const malformed = new Set<string>()
  let families = { text: '', openMetricsText: '' }
  const observer = new Observer({
    flows: config.flows,
    clusters,
    schedule: config.poll.schedule,
    pollMs: config.poll.longestGapMs,
    timeoutMs: config.poll.timeoutMs,
    clock,
    onPublished: snapshot => {
      const rendered = renderFamilies(snapshot, config.metrics)
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
  const app = createApp({
    snapshot: () => observer.latest,
    families: () => families,
    selfMetrics,
    clock,
    unpolled: () => observer.unpolled,
    onDefect: error => log.error({ err: error }, 'a route failed: this is a defect of Tidemark'),
  })
  return {
    app,
    observer,
    async close(): Promise<void> {
      stopCounting()
      await close()
    },
  }
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}
