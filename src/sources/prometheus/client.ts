import { z } from 'zod'
import { type HttpAddress, HttpSource } from '../http.ts'

export interface PrometheusSample {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly value: number
}

export interface PrometheusSeries {
  /** Without the name. */
  readonly labels: Readonly<Record<string, string>>
  readonly name: string
  readonly samples: readonly PrometheusSample[]
}

/** What a report asks a Prometheus. */
export interface PrometheusSource {
  /** The address for people, without secrets. */
  readonly url: string
  /**
   * All samples that a selector finds from one instant (included) to another (not included), in milliseconds since the
   * epoch, as they are stored: no steps, no lookback.
   * @throws SourceError
   */
  samples(selector: string, fromMs: number, toMs: number): Promise<readonly PrometheusSeries[]>
  /** What it warned of so far, each once: answers that are not complete, above all. */
  readonly warnings: readonly string[]
}

const requestTimeoutMs = 60_000
const maxBytes = 256 * 1_048_576

// https://prometheus.io/docs/prometheus/latest/querying/api/
const answerSchema = z.object({
  status: z.enum(['success', 'error']),
  error: z.string().optional(),
  errorType: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  data: z.unknown().optional(),
})

const matrixSchema = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.unknown()) })),
})

/** A Prometheus, or what speaks its API: Thanos, Mimir. */
export class PrometheusClient implements PrometheusSource {
  readonly #http: HttpSource
  readonly #warnings = new Set<string>()

  constructor(address: HttpAddress, timeoutMs: number = requestTimeoutMs) {
    this.#http = new HttpSource({
      address,
      title: 'Prometheus',
      example: 'http://prometheus:9090 (with its path prefix, without /api/v1)',
      timeoutMs,
      maxBytes,
    })
  }

  get url(): string {
    return this.#http.url
  }

  get warnings(): readonly string[] {
    return [...this.#warnings]
  }

  async samples(selector: string, fromMs: number, toMs: number): Promise<readonly PrometheusSeries[]> {
    // A range is closed at its old end in Prometheus 2 and open in 3: ask for a millisecond more, and keep what is meant.
    const query = `${selector}[${toMs - fromMs}ms]`
    const { result } = await this.#matrix(query, toMs - 1)
    return result.map(({ metric: { __name__: name = '', ...labels }, values }) => ({
      name,
      labels,
      samples: values.map(value => this.#sampleOf(value)).filter(({ atMs }) => atMs >= fromMs && atMs < toMs),
    }))
  }

  async #matrix(query: string, atMs: number): Promise<z.output<typeof matrixSchema>> {
    const answer = answerSchema.safeParse(
      await this.#http.json(
        '/api/v1/query',
        // Thanos: an error instead of an answer without the stores that do not answer.
        { query, time: (atMs / 1000).toFixed(3), partial_response: 'false' },
        [400, 422, 503],
      ),
    )
    if (!answer.success) throw this.#http.error('/api/v1/query does not answer as a Prometheus does')
    const { status, error, errorType, warnings, data } = answer.data
    if (status === 'error')
      throw this.#http.error(`it cannot answer: ${error ?? errorType ?? 'no reason given'}`)
    for (const warning of warnings ?? []) this.#warnings.add(warning)
    const matrix = matrixSchema.safeParse(data)
    if (!matrix.success) throw this.#http.error('/api/v1/query answers something else than samples')
    return matrix.data
  }

  #sampleOf(pair: unknown): PrometheusSample {
    const [seconds, text] = Array.isArray(pair) ? (pair as readonly unknown[]) : []
    if (typeof seconds !== 'number' || typeof text !== 'string') {
      throw this.#http.error('/api/v1/query answers something else than samples')
    }
    return { atMs: Math.round(seconds * 1000), value: parseSampleValue(text) }
  }
}

/** A value as Prometheus writes it: `NaN`, `+Inf`, `-Inf` or a number. */
export function parseSampleValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

/** A selector of one of several names, and of one flow where one is given. */
export function selectorOf(names: readonly string[], flow: string | undefined): string {
  const byFlow = flow === undefined ? '' : `, flow=${JSON.stringify(flow)}`
  return `{__name__=~${JSON.stringify(names.join('|'))}${byFlow}}`
}
