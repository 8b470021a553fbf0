import { type FlowChange, flowChanges, generalChanges } from '../config/changes.ts'
import type { ValidatedConfig } from '../config/config.ts'
import { type FileMark, FileWatch, markOf } from '../config/fileWatch.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import type { ConfigurationState } from '../model/configuration.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface ReloadOptions {
  readonly path: string
  readonly running: ValidatedConfig
  /** The file as it was right before it was read. */
  readonly mark: FileMark
  /** Makes the process do what the configuration says; what throws here is a defect. */
  readonly apply: (next: ValidatedConfig, changes: readonly FlowChange[]) => Promise<void>
  readonly onState: (state: ConfigurationState) => void
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly wallMs: () => number
}

/**
 * Reads the configuration again when it is told to and when its file changes. A file with problems is refused as a
 * whole: what runs goes on.
 */
export class ConfigReload {
  readonly #options: ReloadOptions
  readonly #watch: FileWatch
  #running: ValidatedConfig
  #state: ConfigurationState
  #work: Promise<void> | undefined
  #next: string | undefined
  #isOver = false

  constructor(options: ReloadOptions) {
    this.#options = options
    this.#running = options.running
    this.#state = { loadedAtMs: options.wallMs(), refused: undefined }
    this.#watch = new FileWatch(options.path, options.mark, () => void this.reload('its file changed'))
  }

  get state(): ConfigurationState {
    return this.#state
  }

  watch(everyMs: number): void {
    this.#watch.start(everyMs)
  }

  /** Nothing is read or applied any more, but for what is under way. */
  end(): void {
    this.#isOver = true
    this.#watch.stop()
  }

  /** Reads the file and applies it; asked for again meanwhile, once more. Resolves when that has ended; never throws. */
  reload(why: string): Promise<void> {
    this.#next = why
    this.#work ??= this.#reloadWhileAsked().finally(() => {
      this.#work = undefined
    })
    return this.#work
  }

  async #reloadWhileAsked(): Promise<void> {
    for (let why = this.#next; why !== undefined && !this.#isOver; why = this.#next) {
      this.#next = undefined
      await this.#reloadOnce(why)
    }
  }

  async #reloadOnce(why: string): Promise<void> {
    const { path, apply, log, wallMs } = this.#options
    try {
      this.#watch.handled(await markOf(path))
      const next = await loadConfig(path, process.env, this.#running)
      const changes = flowChanges(this.#running, next)
      const settings = generalChanges(this.#running, next)
      await apply(next, changes)
      this.#running = next
      this.#become({ loadedAtMs: wallMs(), refused: undefined })
      for (const warning of next.warnings) log.warn(formatProblem(warning))
      for (const { flow, fate, settings: differ } of changes) {
        if (fate !== 'kept' || differ.length > 0) log.info({ flow, settings: differ }, told[fate])
      }
      log.info({ why, settings, flows: next.flows.length }, 'configuration is reloaded')
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : [String(error)]
      this.#become({ ...this.#state, refused: { atMs: wallMs(), problems: problems.length } })
      if (error instanceof ConfigError) {
        log.error({ why, problems }, 'configuration is refused, and the old one stays in force')
      } else log.error({ why, err: error }, 'a reload failed: this is a defect of Tidemark')
    }
  }

  #become(state: ConfigurationState): void {
    this.#state = state
    this.#options.onState(state)
  }
}

const told: Readonly<Record<FlowChange['fate'], string>> = {
  kept: 'flow is changed and keeps its history',
  anew: 'flow is about something else and begins anew',
  added: 'flow is added',
  removed: 'flow is removed',
}
