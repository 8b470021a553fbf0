import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabCluster } from '../../../lab/cluster.ts'
import { type Exit, SupervisedProcess } from '../../../lab/process.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { Exposition } from '../../support/exposition.ts'

/** What a test configures; it is written as JSON, which is YAML. */
export type ConfigObject = Readonly<Record<string, unknown>>

export interface FlowOptions {
  readonly topics: readonly string[]
  readonly name?: string
  readonly tier?: string
  readonly replicator?: ConfigObject
  readonly rpo?: ConfigObject
  readonly state?: ConfigObject
}

export interface ExporterOptions {
  readonly source: LabCluster
  readonly target: LabCluster
  readonly poll?: ConfigObject
  readonly metrics?: ConfigObject
  /** A free one unless told. */
  readonly port?: number
}

export const flowName = 'east-to-west'
/** The lab's MirrorMaker flushes this often, and the tests poll this often. */
export const flushMs = 2_000
export const pollMs = 1_000

/** A configuration with one flow over two lab clusters, polled once a second. */
export function configFor(options: ExporterOptions & FlowOptions): ConfigObject {
  return configOf(options, [options])
}

/** The same with several flows. */
export function configOf(options: ExporterOptions, flows: readonly FlowOptions[]): ConfigObject {
  const { source, target, port = 0 } = options
  return {
    clusters: {
      [source.name]: { bootstrapServers: source.bootstrapServers },
      [target.name]: { bootstrapServers: target.bootstrapServers },
    },
    flows: flows.map(flow => ({ source: source.name, target: target.name, ...flowSettings(flow) })),
    poll: { schedule: '* * * * * *', timeout: '3s', ...options.poll },
    metrics: { topics: 'all', partitions: true, ...options.metrics },
    server: { listen: `127.0.0.1:${port}` },
  }
}

function flowSettings({ name = flowName, topics, replicator, rpo, tier, state }: FlowOptions): ConfigObject {
  return {
    name,
    replicator: {
      kind: 'mirrormaker2',
      offsetFlushInterval: `${flushMs}ms`,
      refreshTopicsInterval: '1s',
      ...replicator,
    },
    topics: { include: topics },
    rpo: { budget: '1m', ...rpo },
    ...(tier === undefined ? {} : { tier }),
    ...(state === undefined ? {} : { state }),
  }
}

/** A running `tidemark serve`, as a process of its own. */
export class Exporter {
  readonly url: string
  readonly #process: SupervisedProcess
  readonly #folder: string

  private constructor(process: SupervisedProcess, folder: string, url: string) {
    this.#process = process
    this.#folder = folder
    this.url = url
  }

  /** Starts it and resolves as soon as it listens, whatever the clusters do. */
  static async start(config: ConfigObject, nodeArguments: readonly string[] = []): Promise<Exporter> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-exporter-'))
    const file = join(folder, 'tidemark.yaml')
    await writeFile(file, JSON.stringify(config))
    const child = new SupervisedProcess({
      name: 'tidemark',
      command: process.execPath,
      args: [...nodeArguments, 'src/main.ts', 'serve', '--config', file],
      logFile: join(folder, 'log'),
    })
    const port = await waitUntil('tidemark listens', () => /"port":(\d+)/.exec(child.tail(1_000))?.[1], {
      giveUp: () => (child.exit === undefined ? undefined : new Error(`tidemark ended:\n${child.tail()}`)),
      everyMs: 30,
    })
    return new Exporter(child, folder, `http://127.0.0.1:${port}`)
  }

  /** Replaces its configuration, in one step; a text is written as it is. */
  async configure(config: ConfigObject | string): Promise<void> {
    const text = typeof config === 'string' ? config : JSON.stringify(config)
    const file = join(this.#folder, 'tidemark.yaml')
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  }

  /** SIGHUP */
  hangUp(): void {
    process.kill(this.pid, 'SIGHUP')
  }

  /** Freezes it: it polls nothing and answers nothing. */
  pause(): void {
    this.#process.pause()
  }

  resume(): void {
    this.#process.resume()
  }

  get pid(): number {
    const { pid } = this.#process
    if (pid === undefined) throw new Error('tidemark does not run')
    return pid
  }

  /** The parsed page of /metrics, and how long it took to get. */
  async scrape(): Promise<Exposition> {
    const started = performance.now()
    const response = await fetch(`${this.url}/metrics`, { signal: AbortSignal.timeout(5_000) })
    const text = await response.text()
    return new Exposition(text, performance.now() - started)
  }

  async json(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(5_000) })
    return response.json()
  }

  async status(path: string): Promise<number> {
    return (await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(5_000) })).status
  }

  log(): string {
    return this.#process.tail(10_000)
  }

  /** The scrape for which the condition holds. */
  async until(
    description: string,
    condition: (page: Exposition) => boolean,
    timeoutMs = 30_000,
  ): Promise<Exposition> {
    let last: Exposition | undefined
    try {
      return await waitUntil(
        description,
        async () => {
          last = await this.scrape()
          return condition(last) ? last : undefined
        },
        { timeoutMs, everyMs: 100 },
      )
    } catch (error) {
      const page = last?.ofInterest() ?? 'no page'
      throw new Error(`${(error as Error).message}\n${page}\n${this.#process.tail(20)}`)
    }
  }

  /** kill -9 */
  async kill(): Promise<void> {
    await this.#process.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** SIGTERM; how it ended and how long that took. */
  async stop(): Promise<Exit & { readonly tookMs: number }> {
    const started = performance.now()
    const exit = await this.#process.stop()
    const tookMs = performance.now() - started
    await rm(this.#folder, { recursive: true, force: true })
    return { ...exit, tookMs }
  }
}
