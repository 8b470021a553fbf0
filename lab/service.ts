import type { SupervisedProcess } from './process.ts'

/** A program of the lab that can be started, ended and frozen as often as one likes; each life is a new process. */
export abstract class Service {
  #process: SupervisedProcess | undefined

  /** For messages, such as "broker 1 of east". */
  abstract readonly title: string

  /** Starts a new process and returns it. */
  protected abstract launch(): SupervisedProcess

  /** Resolves when a process that was started does its work. */
  protected abstract ready(): Promise<void>

  get running(): boolean {
    return this.#process !== undefined && this.#process.exit === undefined
  }

  get paused(): boolean {
    return this.running && this.#process?.paused === true
  }

  /** The process id of the present (or last) life. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Starts it unless it runs, and waits until it is ready. Throws with the end of the log when it does not get there. */
  async start(): Promise<void> {
    if (!this.running) this.#process = this.launch()
    await this.ready()
  }

  /** Ends it in order (SIGTERM; SIGKILL after 20 s). */
  async stop(): Promise<void> {
    await this.#process?.stop()
  }

  /** kill -9 */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  /** SIGSTOP: connections stay open and nobody answers. */
  pause(): void {
    this.#process?.pause()
  }

  /** SIGCONT after pause. */
  resume(): void {
    this.#process?.resume()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Brings it back from whatever was done to it: resumes it when paused, starts it when it is not running. */
  async heal(): Promise<void> {
    this.resume()
    if (!this.running) await this.start()
  }

  /** Returns the last lines of the log. */
  tail(lines = 30): string {
    return this.#process?.tail(lines) ?? '(never started)'
  }

  /** Returns an error with the end of the log when the process has ended, for those who wait for it. */
  protected deathNotice(): Error | undefined {
    const exit = this.#process?.exit
    if (exit === undefined) return undefined
    const how = exit.signal ?? (exit.code === null ? 'it could not be started' : `exit code ${exit.code}`)
    return new Error(`${this.title} ended while starting (${how}). Its log ends with:\n${this.tail()}`)
  }

  /** Returns the error with the end of the log added. */
  protected withLog(error: unknown): Error {
    const message = error instanceof Error ? error.message : String(error)
    return new Error(`${this.title}: ${message}\nIts log ends with:\n${this.tail()}`, { cause: error })
  }
}
