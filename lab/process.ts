import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { lastLines } from './command.ts'
import { afterDeathOfThisProcess } from './lastResort.ts'

export interface ProcessOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Gets stdout and stderr, appended. */
  readonly logFile: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const running = new Set<SupervisedProcess>()

/** Ends with SIGKILL, without waiting, whatever this module has started and is still alive: for the 'exit' event. */
export function killAllProcesses(): void {
  for (const process of running) process.signal('SIGKILL')
}

/**
 * One life of a child process. It runs in a process group of its own, so that Ctrl-C in the terminal reaches
 * only us and we decide the order of the ending; it ends with us, even when we are killed with SIGKILL.
 */
export class SupervisedProcess {
  readonly name: string
  readonly logFile: string
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<Exit>
  #child: ChildProcess
  #exit: Exit | undefined
  #paused = false

  /** Starts the process. A program that cannot be started shows as one that ended at once; the log says why. */
  constructor({ name, command, args, logFile, cwd, env }: ProcessOptions) {
    this.name = name
    this.logFile = logFile
    mkdirSync(dirname(logFile), { recursive: true })
    const log = openSync(logFile, 'a')
    this.#child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    })
    closeSync(log)
    running.add(this)
    const cancelGuard =
      this.#child.pid === undefined
        ? undefined
        : afterDeathOfThisProcess('kill -KILL "$1"', String(this.#child.pid))
    this.exited = new Promise(resolve => {
      const ended = (exit: Exit) => {
        cancelGuard?.()
        this.#exit = exit
        running.delete(this)
        resolve(exit)
      }
      this.#child.once('exit', (code, signal) => ended({ code, signal }))
      this.#child.once('error', error => {
        if (this.#child.pid !== undefined) return
        if (existsSync(dirname(logFile))) appendFileSync(logFile, `${command}: ${error.message}\n`)
        ended({ code: null, signal: null })
      })
    })
  }

  /** undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** How it ended, or undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Asks it to end with SIGTERM (a paused one is woken first), and kills it when the grace is over. */
  async stop({ graceMs = 20_000 }: { readonly graceMs?: number } = {}): Promise<Exit> {
    this.resume()
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs)
    const exit = await this.exited
    clearTimeout(timer)
    return exit
  }

  /** kill -9 */
  async kill(): Promise<Exit> {
    this.signal('SIGKILL')
    return this.exited
  }

  /** Freezes it with SIGSTOP: its connections stay open and nobody answers. */
  pause(): void {
    this.signal('SIGSTOP')
    this.#paused = true
  }

  resume(): void {
    if (this.#paused) this.signal('SIGCONT')
    this.#paused = false
  }

  /** Sends a signal while it runs; afterwards does nothing (the pid may belong to somebody else by then). */
  signal(signal: NodeJS.Signals): void {
    if (this.#exit === undefined && this.#child.pid !== undefined) this.#child.kill(signal)
  }

  /** Returns the last lines of the log, or a note that there are none. */
  tail(lines = 30): string {
    const text = existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : ''
    return text.trim() === '' ? '(the log is empty)' : lastLines(text, lines)
  }
}
