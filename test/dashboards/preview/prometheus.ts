import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../lab/ports.ts'
import { SupervisedProcess } from '../../../lab/process.ts'
import { Service } from '../../../lab/service.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { remoteWrite, type WrittenSeries } from './remoteWrite.ts'

export type Labels = Readonly<Record<string, string>>

/** A series of an answer: an instant query gives one value, a range query one for each step at which there is one. */
export interface AnsweredSeries {
  readonly labels: Labels
  /** Times in milliseconds since the epoch. */
  readonly values: readonly (readonly [atMs: number, value: number])[]
}

export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/** A real Prometheus that scrapes nothing: it is filled with series of some past hours, and asked about them. */
export class FilledPrometheus extends Service {
  readonly title = 'Prometheus'
  /** host:port */
  readonly address: string
  readonly #folder: string

  private constructor(folder: string, port: number) {
    super()
    this.#folder = folder
    this.address = `127.0.0.1:${port}`
  }

  /** An empty one that runs. */
  static async started(): Promise<FilledPrometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-preview-'))
    await writeFile(join(folder, 'prometheus.yaml'), 'global: {}\n')
    const prometheus = new FilledPrometheus(folder, await freePort())
    await prometheus.start()
    return prometheus
  }

  write(series: readonly WrittenSeries[]): Promise<void> {
    return remoteWrite(this.address, series)
  }

  query(promql: string, atMs: number): Promise<readonly AnsweredSeries[]> {
    return this.#ask('query', { query: promql, time: String(atMs / 1000) })
  }

  queryRange(
    promql: string,
    { fromMs, toMs }: TimeRange,
    stepMs: number,
  ): Promise<readonly AnsweredSeries[]> {
    return this.#ask('query_range', {
      query: promql,
      start: String(fromMs / 1000),
      end: String(toMs / 1000),
      step: String(stepMs / 1000),
    })
  }

  /** Ends it and deletes its data. */
  async close(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #ask(path: string, parameters: Record<string, string>): Promise<readonly AnsweredSeries[]> {
    const response = await fetch(`http://${this.address}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
      signal: AbortSignal.timeout(60_000),
    })
    const answer = (await response.json()) as Answer
    if (answer.status !== 'success') throw new Error(`${parameters['query']}: ${answer.error}`)
    return seriesOf(answer)
  }

  protected launch(): SupervisedProcess {
    return new SupervisedProcess({
      name: this.title,
      command: 'prometheus',
      args: [
        `--config.file=${join(this.#folder, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(this.#folder, 'data')}`,
        // Into its newest block it takes samples that are older by up to half of that block's length.
        '--storage.tsdb.min-block-duration=2d',
        '--storage.tsdb.max-block-duration=2d',
        '--storage.tsdb.retention.time=100y',
        '--web.enable-remote-write-receiver',
        `--web.listen-address=${this.address}`,
      ],
      logFile: join(this.#folder, 'log'),
    })
  }

  protected async ready(): Promise<void> {
    await waitUntil(
      'Prometheus is ready',
      async () => (await fetch(`http://${this.address}/-/ready`, { signal: AbortSignal.timeout(2_000) })).ok,
      { everyMs: 50, giveUp: () => this.deathNotice() },
    )
  }
}

type AnsweredValue = readonly [seconds: number, value: string]

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly resultType: string
    readonly result: readonly unknown[]
  }
}

function seriesOf({ data: { resultType, result } }: Answer): readonly AnsweredSeries[] {
  if (resultType === 'scalar') return [{ labels: {}, values: [sampleOf(result as unknown as AnsweredValue)] }]
  const found = result as readonly {
    readonly metric: Labels
    readonly value?: AnsweredValue
    readonly values?: readonly AnsweredValue[]
  }[]
  return found.map(({ metric, value, values }) => ({
    labels: metric,
    values: (values ?? (value === undefined ? [] : [value])).map(sampleOf),
  }))
}

function sampleOf([seconds, value]: AnsweredValue): readonly [number, number] {
  return [Math.round(seconds * 1000), Number(value.replace('Inf', 'Infinity'))]
}
