import type { DiagLogger } from '@opentelemetry/api'
import type { Logger } from './logger.ts'

export interface Tracing {
  /** Sends what has not been sent, and ends. */
  shutdown(): Promise<void>
}

type Environment = Readonly<Record<string, string | undefined>>

const asks = ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']

/** Whether the environment asks for traces, by the variables of OpenTelemetry's specification. */
export function tracingWanted(environment: Environment): boolean {
  const value = (name: string) => environment[name]?.trim() ?? ''
  if (value('OTEL_SDK_DISABLED').toLowerCase() === 'true') return false
  if (value('OTEL_TRACES_EXPORTER').toLowerCase() === 'none') return false
  return asks.some(name => value(name) !== '')
}

/**
 * Starts to send spans where the environment (OTEL_*) says, and only traces: metrics are for Prometheus to scrape, and
 * logs are on stdout. Without its asking nothing is loaded.
 * @returns undefined when the environment does not ask for traces
 */
export async function startTracing(log: Logger): Promise<Tracing | undefined> {
  const { env } = process
  if (!tracingWanted(env)) return undefined
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  const { diag, DiagLogLevel } = await import('@opentelemetry/api')
  // Unless asked for neither the command line nor the user: what is written there is nobody else's business.
  env['OTEL_NODE_RESOURCE_DETECTORS'] ??= 'env,host,serviceinstance'
  const isNamed =
    env['OTEL_SERVICE_NAME'] !== undefined ||
    /(^|,)\s*service\.name=/.test(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')
  const sdk = new NodeSDK({
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
    ...(isNamed ? {} : { serviceName: 'tidemark' }),
  })
  diag.setLogger(diagnostics(log, env), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
  sdk.start()
  return { shutdown: () => sdk.shutdown() }
}

const quietMs = 60_000

/** What the SDK has to say, in our log: the same kind of thing at most once a minute, and without what it sends. */
export function diagnostics(
  log: Pick<Logger, 'warn'>,
  environment: Environment,
  now: () => number = () => performance.now(),
): DiagLogger {
  const hide = hiderOf(environment)
  let quietUntil = Number.NEGATIVE_INFINITY
  const say = (message: string, ...details: readonly unknown[]): void => {
    if (now() < quietUntil) return
    quietUntil = now() + quietMs
    const detail = [message, ...details.map(textOf)].join(' ').split('\n')[0] ?? ''
    log.warn({ detail: hide(detail).slice(0, 300) }, 'traces cannot be sent, or not all of them')
  }
  const nothing = (): void => {}
  return { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing }
}

/** The message of an error; of the JSON that the SDK makes of one, too. */
function textOf(detail: unknown): string {
  if (detail instanceof Error) return detail.message
  return typeof detail === 'string' ? detail : ''
}

/** Takes out of a text what OTEL_*_HEADERS hold, as keys of vendors, and users with passwords in addresses. */
function hiderOf(environment: Environment): (text: string) => string {
  const secrets = Object.entries(environment)
    .filter(([name]) => /^OTEL_.*_HEADERS$/.test(name))
    .flatMap(([, value]) => (value ?? '').split(','))
    .flatMap(pair => {
      const value = pair.slice(pair.indexOf('=') + 1).trim()
      return value === '' ? [] : [value, decoded(value)]
    })
  return text =>
    secrets
      .reduce((shown, secret) => shown.replaceAll(secret, '[secret]'), text)
      .replaceAll(/:\/\/[^/\s@]*@/g, '://[secret]@')
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
