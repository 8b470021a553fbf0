import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { waitUntil } from '../../../../lab/wait.ts'

/** What an Events API v2 client sends; https://developer.pagerduty.com/docs/events-api-v2-overview */
export interface PagerDutyEvent {
  /** When it arrived, in milliseconds since the epoch. */
  readonly at: number
  readonly routing_key: string
  readonly dedup_key: string
  readonly event_action: 'trigger' | 'resolve'
  readonly client?: string
  readonly client_url?: string
  readonly payload: {
    readonly summary: string
    readonly severity: string
    readonly class?: string
    readonly component?: string
    readonly group?: string
    readonly custom_details: Readonly<Record<string, unknown>>
  }
}

/** As PagerDuty has it: triggers with the same key join the incident that is open. */
export interface Incident {
  /** What opened it. */
  readonly trigger: PagerDutyEvent
  readonly resolve: PagerDutyEvent | undefined
}

export interface WebhookCall {
  /** When it arrived, in milliseconds since the epoch. */
  readonly at: number
  readonly path: string
  readonly body: unknown
}

/**
 * A fake of all that Alertmanager notifies: PagerDuty's Events API v2, made from its public description, and the
 * webhooks of tickets and watchdog.
 */
export class PagerDutyStub {
  /** Everything that arrived at /v2/enqueue, in order. */
  readonly events: PagerDutyEvent[] = []
  /** Everything that arrived at other paths, in order. */
  readonly calls: WebhookCall[] = []
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(): Promise<PagerDutyStub> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const stub = new PagerDutyStub(server)
    server.on('request', async (request, response) => {
      const at = Date.now()
      const path = request.url ?? ''
      const body: unknown = JSON.parse(await bodyOf(request))
      if (path === '/v2/enqueue') stub.events.push({ ...(body as Omit<PagerDutyEvent, 'at'>), at })
      else stub.calls.push({ at, path, body })
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"success"}')
    })
    return stub
  }

  /** Incidents about a flow, in the order in which they were opened; a resolve for nothing that is open is dropped. */
  incidents(flow: string): readonly Incident[] {
    const incidents: Incident[] = []
    for (const event of this.events.filter(({ payload }) => payload.component === flow)) {
      const open = incidents.findIndex(
        ({ trigger, resolve }) => trigger.dedup_key === event.dedup_key && resolve === undefined,
      )
      const incident = incidents[open]
      if (event.event_action === 'trigger') {
        if (incident === undefined) incidents.push({ trigger: event, resolve: undefined })
      } else if (incident !== undefined) incidents[open] = { ...incident, resolve: event }
    }
    return incidents
  }

  /** Resolves when the last incident of a flow is open. */
  untilOpen(flow: string, timeoutMs: number): Promise<Incident> {
    const open = (): Incident | undefined => {
      const last = this.incidents(flow).at(-1)
      return last?.resolve === undefined ? last : undefined
    }
    return waitUntil(`PagerDuty has an open incident of ${flow}`, open, { timeoutMs, everyMs: 20 })
  }

  /** Resolves when the last incident of a flow is closed. */
  untilResolved(flow: string, timeoutMs: number): Promise<Incident> {
    const closed = (): Incident | undefined => {
      const last = this.incidents(flow).at(-1)
      return last?.resolve === undefined ? undefined : last
    }
    return waitUntil(`the incident of ${flow} is resolved`, closed, { timeoutMs })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
