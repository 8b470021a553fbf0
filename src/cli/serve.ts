import { setTimeout as sleep } from 'node:timers/promises'
import type { ValidatedConfig } from '../config/config.ts'
import { markOf } from '../config/fileWatch.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import { type RunningServer, startServer } from '../http/server.ts'
import { createLogger } from '../telemetry/logger.ts'
import { startTracing } from '../telemetry/startTracing.ts'
import { guardAgainstTheClient } from './clusters.ts'
import { createExporter } from './exporter.ts'
import { type CommandOutput, exitCode } from './output.ts'
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
  const tracing = await startTracing(log)
  const isTraced = tracing !== undefined
  const exporter = createExporter(config, { ...options, mark, log, door, isTraced })
  let server: RunningServer
  try {
    server = await startServer(exporter.app, { ...config.server, tls: door.tls() })
  } catch (error) {
    output.error(error instanceof Error ? error.message : String(error))
    hangUps.end()
    await Promise.all([exporter.close(), door.close(), tracing?.shutdown()])
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
  await Promise.race([
    Promise.all([exporter.close(), tracing?.shutdown()]),
    sleep(closeGraceMs, undefined, { ref: false }),
  ])
  hangUps.end()
  stopGuarding()
  return exitCode.ok
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
