import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Unknown } from '../model/reading.ts'

// Spans by OpenTelemetry's API, which does nothing until startTracing has loaded its SDK.

export type { Attributes, Span }

/** Requests sent to clusters within spans that have not ended. */
const requests = new WeakMap<Span, number>()

export interface SpanOptions {
  /** Begins a trace, whatever runs around it. */
  readonly root?: boolean
  /** A call to something outside of this process. */
  readonly client?: boolean
  /** Asked for only when the span is recorded. */
  readonly attributes?: () => Attributes
}

/**
 * Runs `work` inside of a span, whose children are the spans that it opens. What it throws is thrown on; the span
 * then tells the kind of error, and not its text.
 */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
  const { root = false, client = false, attributes } = options
  const kind = client ? SpanKind.CLIENT : SpanKind.INTERNAL
  return trace.getTracer('tidemark').startActiveSpan(name, { root, kind }, span => {
    const end = (): void => {
      const sent = requests.get(span)
      if (sent !== undefined) span.setAttribute('tidemark.requests', sent)
      span.end()
    }
    const fail = (error: unknown): never => {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
      end()
      throw error
    }
    if (span.isRecording() && attributes !== undefined) span.setAttributes(attributes())
    let result: T
    try {
      result = work(span)
    } catch (error) {
      return fail(error)
    }
    if (result instanceof Promise) {
      return result.then(value => {
        end()
        return value
      }, fail) as T
    }
    end()
    return result
  })
}

/** Facts of what a span did, asked for only when it is recorded. */
export function describeSpan(span: Span, attributes: () => Attributes): void {
  if (span.isRecording()) span.setAttributes(attributes())
}

/** Marks a span as failed with the reason for which something is unknown. */
export function failSpan(span: Span, { reason, detail }: Unknown): void {
  span.setAttribute('error.type', reason)
  span.setStatus({ code: SpanStatusCode.ERROR, message: detail })
}

/** Counts a request to a cluster at the span in which it is sent. */
export function requestSentInSpan(): void {
  const span = trace.getActiveSpan()
  if (span !== undefined) requests.set(span, (requests.get(span) ?? 0) + 1)
}
