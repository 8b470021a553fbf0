import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from '../../../../lab/ports.ts'
import { SupervisedProcess } from '../../../../lab/process.ts'
import { Service } from '../../../../lab/service.ts'
import { waitUntil } from '../../../../lab/wait.ts'
import { yaml } from '../../../../src/artifacts/alerts/files.ts'
import type { WrittenGroup } from '../../../../src/artifacts/alerts/ruleGroups.ts'
import { promDuration } from '../../../../src/artifacts/alerts/timings.ts'

/**
 * How often it repeats to Alertmanager what still fires; a minute by default. It finds an Alertmanager only some five
 * seconds after its own start, and what it told nobody before waits for this. Alertmanager takes an alert for resolved
 * that it was not told of for four times as long: longer than Prometheus takes to start.
 */
const resendMs = 10_000

export interface PrometheusOptions {
  /** Addresses of exporters by job. */
  readonly targets: Readonly<Record<string, readonly string[]>>
  readonly scrapeMs: number
  readonly groups: readonly WrittenGroup[]
  /** host:port */
  readonly alertmanager: string
}

export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A real Prometheus; each of its lives has the same data and the same port. */
export class Prometheus extends Service {
  readonly title = 'Prometheus'
  /** host:port */
  readonly address: string
  readonly #folder: string

  private constructor(folder: string, port: number) {
    super()
    this.#folder = folder
    this.address = `127.0.0.1:${port}`
  }

  /** Writes its configuration and its rules; nothing runs yet. */
  static async create(options: PrometheusOptions): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-prometheus-'))
    await writeFile(join(folder, 'prometheus.yaml'), stringify(configurationOf(options)))
    await writeFile(join(folder, 'rules.yaml'), yaml({ groups: options.groups }))
    return new Prometheus(folder, await freePort())
  }

  /** The samples of an instant query. */
  async query(promql: string): Promise<readonly PrometheusSample[]> {
    const response = await fetch(`http://${this.address}/api/v1/query?query=${encodeURIComponent(promql)}`, {
      signal: AbortSignal.timeout(2_000),
    })
    const { status, data, error } = (await response.json()) as QueryAnswer
    if (status !== 'success') throw new Error(`${promql}: ${error}`)
    return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }))
  }

  /** Resolves when an instant query finds something. */
  async until(description: string, promql: string, timeoutMs = 30_000): Promise<void> {
    await waitUntil(description, async () => (await this.query(promql)).length > 0, { timeoutMs })
  }

  /** Ends it and deletes its data. */
  async close(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  protected launch(): SupervisedProcess {
    return new SupervisedProcess({
      name: this.title,
      command: 'prometheus',
      args: [
        `--config.file=${join(this.#folder, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(this.#folder, 'data')}`,
        `--web.listen-address=${this.address}`,
        `--rules.alert.resend-delay=${promDuration(resendMs)}`,
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

interface QueryAnswer {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>
      readonly value: readonly [at: number, value: string]
    }[]
  }
}

function configurationOf({ targets, scrapeMs, alertmanager }: PrometheusOptions) {
  const interval = promDuration(scrapeMs)
  return {
    global: { scrape_interval: interval, scrape_timeout: interval },
    rule_files: ['rules.yaml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      static_configs: [{ targets: addresses }],
    })),
  }
}
