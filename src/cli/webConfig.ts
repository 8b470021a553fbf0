import type { RequestHandler } from 'express'
import type { ServerConfig } from '../config/config.ts'
import { formatProblem } from '../config/problems.ts'
import { WebConfigWatch } from '../config/web/watch.ts'
import type { WebTls } from '../config/web/webConfig.ts'
import { BcryptThread } from '../http/bcrypt.ts'
import { createDoor } from '../http/door.ts'
import { Passwords } from '../http/passwords.ts'
import type { ConfigurationState } from '../model/configuration.ts'
import type { Logger } from '../telemetry/logger.ts'

/** The exporter's door, which follows its web configuration. */
export interface OpenDoor {
  /** Undefined without a web configuration: everybody may come in. */
  readonly handler: RequestHandler | undefined
  readonly tls: () => WebTls | undefined
  onTlsChanged(listener: (tls: WebTls) => void): void
  /** Set while the web configuration is refused, and the one before holds. */
  readonly refused: () => ConfigurationState['refused']
  /** Is told when one is refused, or accepted again. */
  onRead(listener: () => void): void
  close(): Promise<void>
}

/** What is left of a certificate's time when somebody should have renewed it: nine days of ninety. */
const lateShare = 0.1

/** @throws ConfigError when the web configuration cannot be used */
export async function openDoor(
  { webConfig: path, openProbes }: ServerConfig,
  log: Logger,
): Promise<OpenDoor> {
  if (path === undefined) {
    return {
      handler: undefined,
      tls: () => undefined,
      onTlsChanged: () => {},
      refused: () => undefined,
      onRead: () => {},
      close: async () => {},
    }
  }
  let refused: ConfigurationState['refused']
  let read: () => void = () => {}
  let tlsChanged: (tls: WebTls) => void = () => {}
  const watch = await WebConfigWatch.start({
    path,
    onChanged: ({ tls }) => {
      if (tls !== undefined) tlsChanged(tls)
      log.info({ file: path, ...certificateOf(tls) }, 'the web configuration changed and holds')
      warnOfEnd(tls, log)
      refused = undefined
      read()
    },
    onRefused: problems => {
      refused = { atMs: Date.now(), problems: problems.length }
      read()
      log.error(
        { problems: problems.map(formatProblem) },
        'the web configuration changed and cannot be used: the one before still holds',
      )
    },
  })
  warnOfEnd(watch.current.tls, log)
  const bcrypt = new BcryptThread()
  const passwords = new Passwords({ compare: (password, hash) => bcrypt.compare(password, hash) })
  return {
    handler: createDoor({ config: () => watch.current, passwords, openProbes }),
    tls: () => watch.current.tls,
    onTlsChanged: listener => {
      tlsChanged = listener
      // It may have changed before anybody listened.
      const { tls } = watch.current
      if (tls !== undefined) listener(tls)
    },
    refused: () => refused,
    onRead: listener => {
      read = listener
    },
    async close(): Promise<void> {
      watch.stop()
      await bcrypt.close()
    },
  }
}

function certificateOf(tls: WebTls | undefined) {
  return tls === undefined ? {} : { certificateEnds: new Date(tls.validity.untilMs).toISOString() }
}

function warnOfEnd(tls: WebTls | undefined, log: Logger): void {
  if (tls === undefined) return
  const { fromMs, untilMs } = tls.validity
  if (untilMs - Date.now() < lateShare * (untilMs - fromMs)) {
    log.warn(certificateOf(tls), "the server's certificate ends soon, or has ended")
  }
}
