import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { freePort } from '../../../../lab/ports.ts'
import { SupervisedProcess } from '../../../../lab/process.ts'
import { Service } from '../../../../lab/service.ts'
import { waitUntil } from '../../../../lab/wait.ts'
import { promDuration } from '../../../../src/artifacts/alerts/timings.ts'
import { parseDuration } from '../../../../src/config/durations.ts'
import { hurry } from './timings.ts'

const alerts = new URL('../../../../alerts/', import.meta.url)
const template = 'tidemark.tmpl'

type Node = Readonly<Record<string, unknown>>

interface Route extends Node {
  readonly routes?: readonly Route[]
}

interface Receiver extends Node {
  readonly name: string
  readonly pagerduty_configs?: readonly (Node & { readonly routing_key_file: string })[]
  readonly webhook_configs?: readonly Node[]
}

interface Configuration extends Node {
  readonly route: Route
  readonly receivers: readonly Receiver[]
}

/** A real Alertmanager with the project's own example: only addresses and keys are others, and it is in a hurry. */
export class Alertmanager extends Service {
  readonly title = 'Alertmanager'
  /** host:port */
  readonly address: string
  /** As the example's, in this hurry. */
  readonly groupWaitMs: number
  readonly #folder: string

  private constructor(folder: string, port: number, groupWaitMs: number) {
    super()
    this.#folder = folder
    this.address = `127.0.0.1:${port}`
    this.groupWaitMs = groupWaitMs
  }

  /** Writes the configuration, which notifies only `notifyUrl`; nothing runs yet. */
  static async create(notifyUrl: string): Promise<Alertmanager> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-alertmanager-'))
    const example: Configuration = parse(await readFile(new URL('alertmanager.example.yaml', alerts), 'utf8'))
    const configuration = {
      ...example,
      route: hurried(example.route),
      receivers: example.receivers.map(receiver => notifying(receiver, notifyUrl, folder)),
    }
    await writeFile(join(folder, 'alertmanager.yaml'), stringify(configuration))
    await copyFile(new URL(template, alerts), join(folder, template))
    for (const { pagerduty_configs = [], name } of configuration.receivers)
      for (const { routing_key_file } of pagerduty_configs) await writeFile(routing_key_file, keyOf(name))
    return new Alertmanager(folder, await freePort(), shortened(example.route['group_wait']))
  }

  /** Resolves when it was told of the alert of a flow after an instant, in milliseconds since the epoch. */
  async untilToldOf(flow: string, after: number): Promise<void> {
    const filter = encodeURIComponent(`flow="${flow}"`)
    await waitUntil(`Alertmanager was told of ${flow}`, async () => {
      const response = await fetch(`http://${this.address}/api/v2/alerts?filter=${filter}`)
      const alerts = (await response.json()) as readonly { readonly updatedAt: string }[]
      return alerts.some(({ updatedAt }) => Date.parse(updatedAt) > after)
    })
  }

  /** Ends it and deletes its folder. */
  async close(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  protected launch(): SupervisedProcess {
    return new SupervisedProcess({
      name: this.title,
      command: 'prometheus-alertmanager',
      args: [
        `--config.file=${join(this.#folder, 'alertmanager.yaml')}`,
        `--storage.path=${join(this.#folder, 'data')}`,
        `--web.listen-address=${this.address}`,
        '--cluster.listen-address=',
      ],
      logFile: join(this.#folder, 'log'),
    })
  }

  protected async ready(): Promise<void> {
    await waitUntil(
      'Alertmanager is ready',
      async () => (await fetch(`http://${this.address}/-/ready`, { signal: AbortSignal.timeout(2_000) })).ok,
      { everyMs: 50, giveUp: () => this.deathNotice() },
    )
  }
}

/** The key that PagerDuty gets from a receiver. */
export function keyOf(receiver: string): string {
  return `key of ${receiver}`
}

const intervals = ['group_wait', 'group_interval', 'repeat_interval'] as const

function hurried(route: Route): Route {
  const written = intervals.filter(name => route[name] !== undefined)
  return {
    ...route,
    ...Object.fromEntries(written.map(name => [name, promDuration(shortened(route[name]))])),
    ...(route.routes === undefined ? {} : { routes: route.routes.map(hurried) }),
  }
}

/** Milliseconds of what the example writes, in this hurry. */
function shortened(interval: unknown): number {
  if (interval === '0s') return 0
  const parsed = parseDuration(String(interval))
  if ('why' in parsed) throw new Error(`the example has the interval ${interval}: ${parsed.why}`)
  return Math.ceil(parsed.value / hurry)
}

function notifying(receiver: Receiver, url: string, folder: string): Receiver {
  const { pagerduty_configs: pages, webhook_configs: webhooks } = receiver
  return {
    ...receiver,
    ...(pages === undefined
      ? {}
      : {
          pagerduty_configs: pages.map(page => ({
            ...page,
            url: `${url}/v2/enqueue`,
            routing_key_file: page.routing_key_file.replace('/etc/alertmanager', folder),
          })),
        }),
    ...(webhooks === undefined
      ? {}
      : { webhook_configs: webhooks.map(webhook => ({ ...webhook, url: `${url}/${receiver.name}` })) }),
  }
}
