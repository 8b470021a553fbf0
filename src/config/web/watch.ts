import { stat } from 'node:fs/promises'
import { ConfigError, type ConfigProblem } from '../problems.ts'
import { readWebConfig, type WebConfigResult } from './load.ts'
import type { WebConfig } from './webConfig.ts'

export interface WebConfigWatchOptions {
  readonly path: string
  /** How often the files are looked at, in milliseconds. */
  readonly everyMs?: number
  /** A new configuration holds; from now on `current` gives it. */
  readonly onChanged: (config: WebConfig, before: WebConfig) => void
  /** A new configuration cannot be used, and the old one stays. Told once for what is in the files. */
  readonly onRefused: (problems: readonly ConfigProblem[]) => void
}

const usualEveryMs = 1_000
/** File systems keep times in steps; what changed so shortly before it was read may have changed again. */
const unsettledMs = 2_000

/** A web configuration that follows its files: the newest that could be used holds. */
export class WebConfigWatch {
  readonly #options: WebConfigWatchOptions
  #current: WebConfig
  #read: WebConfigResult
  #files: readonly string[]
  #seen: string | undefined
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  private constructor(options: WebConfigWatchOptions, read: WebConfigResult, config: WebConfig) {
    this.#options = options
    this.#read = read
    this.#current = config
    this.#files = read.files
  }

  /** @throws ConfigError when the file cannot be used as it is now */
  static async start(options: WebConfigWatchOptions): Promise<WebConfigWatch> {
    const read = await readWebConfig(options.path)
    if ('problems' in read) throw new ConfigError(read.problems)
    const watch = new WebConfigWatch(options, read, read.config)
    watch.#timer = setInterval(() => void watch.look(), options.everyMs ?? usualEveryMs)
    watch.#timer.unref()
    return watch
  }

  get current(): WebConfig {
    return this.#current
  }

  /** Looks at the files now, and reads them when they changed. Never throws. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const { seen, settled } = await stateOf(this.#files)
    if (seen === this.#seen) return
    this.#seen = settled ? seen : undefined
    const read = await readWebConfig(this.#options.path)
    if (read.fingerprint === this.#read.fingerprint) return
    this.#read = read
    // Also those of a configuration that is refused: one of them may be all that is wrong with it.
    this.#files = read.files
    if ('problems' in read) return this.#options.onRefused(read.problems)
    const before = this.#current
    if ((before.tls === undefined) !== (read.config.tls === undefined)) {
      return this.#options.onRefused([tlsSwitched(this.#options.path, before.tls !== undefined)])
    }
    this.#current = read.config
    this.#options.onChanged(read.config, before)
  }
}

async function stateOf(files: readonly string[]): Promise<{ seen: string; settled: boolean }> {
  const now = Date.now()
  let settled = true
  const states = await Promise.all(
    files.map(async file => {
      try {
        const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
        // The time of the change, not of the content: a file that was put in place of another may be old.
        if (Math.abs(now - Number(ctimeNs / 1_000_000n)) < unsettledMs) settled = false
        return `${file} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
      } catch (error) {
        return `${file} ${error instanceof Error && 'code' in error ? error.code : ''}`
      }
    }),
  )
  return { seen: states.join('\n'), settled }
}

function tlsSwitched(file: string, was: boolean): ConfigProblem {
  const [expected, found] = was
    ? ['tls_server_config, with which this process was started', 'none']
    : ['no tls_server_config, without which this process was started', 'one']
  const message = `expected ${expected}, found ${found}: restart to change that`
  return { file, line: 0, column: 0, path: 'tls_server_config', expected, found, message }
}
