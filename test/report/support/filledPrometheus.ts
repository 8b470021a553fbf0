import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../lab/ports.ts'
import { SupervisedProcess } from '../../../lab/process.ts'
import { Service } from '../../../lab/service.ts'
import { ensureTools } from '../../../lab/tools.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { promtool } from '../../support/promtool.ts'

/** A real Prometheus that scrapes nothing and holds what it was filled with. */
export class FilledPrometheus extends Service {
  readonly title = 'Prometheus'
  readonly address: string
  readonly #folder: string

  private constructor(folder: string, port: number) {
    super()
    this.#folder = folder
    this.address = `http://127.0.0.1:${port}`
  }

  /** Writes blocks from a text in the OpenMetrics format whose samples have timestamps, and starts it. */
  static async start(openMetrics: string): Promise<FilledPrometheus> {
    await ensureTools(['promtool'])
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-filled-'))
    const [source, data] = [join(folder, 'samples'), join(folder, 'data')]
    await writeFile(source, openMetrics)
    await writeFile(join(folder, 'prometheus.yaml'), 'global: {}\n')
    // Hundreds of blocks of two hours would take it a minute.
    const filling = ['tsdb', 'create-blocks-from', '--quiet', '--max-block-duration=2160h', 'openmetrics']
    const { code, said } = await promtool([...filling, source, data])
    const prometheus = new FilledPrometheus(folder, await freePort())
    try {
      if (code !== 0) throw new Error(`promtool ${filling.join(' ')}: ${said}`)
      await prometheus.start()
      return prometheus
    } catch (error) {
      await prometheus.close()
      throw error
    }
  }

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
        '--storage.tsdb.retention.time=3650d',
        `--web.listen-address=${this.address.slice('http://'.length)}`,
      ],
      logFile: join(this.#folder, 'log'),
    })
  }

  protected async ready(): Promise<void> {
    await waitUntil(
      'Prometheus is ready',
      async () => (await fetch(`${this.address}/-/ready`, { signal: AbortSignal.timeout(2_000) })).ok,
      { everyMs: 50, giveUp: () => this.deathNotice() },
    )
  }
}
