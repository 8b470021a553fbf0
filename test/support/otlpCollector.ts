import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** A span as OTLP carries it, with its attributes as plain values. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  /** 1 internal, 3 client: SpanKind of opentelemetry/proto/trace/v1/trace.proto. */
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: Readonly<Record<string, unknown>>
  /** Code 2 is an error. */
  readonly status: { readonly code?: number; readonly message?: string }
}

interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  /** A 64-bit number is a text in JSON; what fits in a number may be one. */
  readonly intValue?: string | number
  readonly doubleValue?: number
  readonly arrayValue?: { readonly values?: readonly AnyValue[] }
}
type KeyValues = readonly { readonly key: string; readonly value: AnyValue }[]

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: KeyValues }
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'attributes'> & { readonly attributes: KeyValues })[]
    }[]
  }[]
}

/**
 * A collector made from the specification of OTLP/HTTP in its JSON encoding (opentelemetry.io/docs/specs/otlp): POST
 * to /v1/traces, answered with 200 and an empty ExportTraceServiceResponse.
 */
export class OtlpCollector {
  readonly spans: ReceivedSpan[] = []
  readonly resources: Readonly<Record<string, unknown>>[] = []
  /** Requests as they came, headers and all. */
  readonly raw: string[] = []
  status = 200
  readonly #server: Server

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const isTraces = request.method === 'POST' && request.url === '/v1/traces'
      const isJson = request.headers['content-type'] === 'application/json'
      if (!isTraces || !isJson) return void response.writeHead(isTraces ? 415 : 404).end()
      const body = (await json(request)) as ExportRequest
      this.raw.push(JSON.stringify({ headers: request.headers, body }))
      if (this.status === 200) this.#take(body)
      response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}')
    })
  }

  static async start(): Promise<OtlpCollector> {
    const collector = new OtlpCollector()
    await new Promise<void>(resolve => collector.#server.listen(0, '127.0.0.1', resolve))
    return collector
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #take({ resourceSpans }: ExportRequest): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      this.resources.push(plain(resource.attributes))
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({ ...span, attributes: plain(span.attributes) })
      }
    }
  }
}

function plain(attributes: KeyValues): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]))
}

function plainValue({ intValue, arrayValue, ...rest }: AnyValue): unknown {
  if (intValue !== undefined) return Number(intValue)
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(plainValue)
  return Object.values(rest)[0]
}
