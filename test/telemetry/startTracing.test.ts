import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { diagnostics, tracingWanted } from '../../src/telemetry/startTracing.ts'

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

test.each([
  [{}, false],
  [endpoint, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, false],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, true],
  [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
  [{ OTEL_TRACES_EXPORTER: 'none' }, false],
  [{ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }, false],
  [{ ...endpoint, OTEL_SDK_DISABLED: 'TRUE' }, false],
  [{ ...endpoint, OTEL_SDK_DISABLED: 'false' }, true],
  [{ OTEL_METRICS_EXPORTER: 'otlp', OTEL_SERVICE_NAME: 'x' }, false],
])('%j asks for traces: %s', (environment, wanted) => {
  expect(tracingWanted(environment)).toBe(wanted)
})

test.each([
  [{}, 'off', false],
  [endpoint, 'on', true],
])('with %j tracing is %s, and the SDK is loaded: %s', (environment, state, loaded) => {
  const program = `
    import { registerHooks } from 'node:module'
    let sdk = false
    registerHooks({ load(url, context, next) { sdk ||= url.includes('@opentelemetry/sdk'); return next(url, context) } })
    const { startTracing } = await import('./src/telemetry/startTracing.ts')
    await import('./src/observe/poller.ts')
    const tracing = await startTracing({ warn() {} })
    console.log(tracing === undefined ? 'off' : 'on', sdk)
    process.exit(0)`
  const { PATH } = process.env
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH, ...environment },
    encoding: 'utf8',
  })
  expect(stdout).toBe(`${state} ${loaded}\n`)
})

describe('what the SDK has to say', () => {
  const said: { detail: string }[] = []
  const log = { warn: (fields: { detail: string }) => said.push(fields) } as never
  const environment = {
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=key-of-the-vendor,x=Bearer%20token-of-ours',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'second=',
  }

  test('is logged at most once a minute, without keys and passwords', () => {
    let now = 0
    const logger = diagnostics(log, environment, () => now)
    logger.error(
      'cannot reach http://user:hunter2@collector:4318',
      'key-of-the-vendor, Bearer token-of-ours\nstack',
    )
    logger.warn('again')
    logger.debug('nothing')
    expect(said).toEqual([{ detail: 'cannot reach http://[secret]@collector:4318 [secret], [secret]' }])
    now = 60_000
    logger.error('later', new Error('refused'), { headers: 'key-of-the-vendor' })
    expect(said.at(-1)).toEqual({ detail: 'later refused ' })
  })
})
