import type { MonthOfFlow } from '../assess/month/account.ts'
import { loadConfig } from '../config/load.ts'
import { type Month, parseMonth } from '../config/months.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import { type ReportedMonth, reportPage } from '../present/report/report.ts'
import { type HttpAddress, parseHttpAddress, SourceError } from '../sources/http.ts'
import { PrometheusClient } from '../sources/prometheus/client.ts'
import { type CommandOutput, exitCode } from './output.ts'
import { exporterViews } from './report/exporterViews.ts'
import { type Known, UnknownFlow } from './report/known.ts'
import { ownPolls } from './report/ownPolls.ts'
import { readMonth } from './report/readMonth.ts'
import { readSecret } from './report/secrets.ts'
import { whyNotWritable, writeWhole } from './report/writeWhole.ts'

export interface ReportOptions {
  readonly version: string
  readonly out: string
  readonly config?: string
  readonly from?: string
  readonly flow?: string
  readonly prometheus?: string
  readonly prometheusToken?: string
  readonly prometheusUser?: string
  readonly prometheusPassword?: string
  readonly month?: string
}

export interface ReportSurroundings {
  readonly wallMs: () => number
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The newest evaluations may still be under way to where they are read. */
const settledMs = 2 * 60_000

/** What of the options could be understood. */
interface Question {
  readonly from: HttpAddress | undefined
  readonly month:
    | { readonly prometheus: HttpAddress; readonly month: Month; readonly untilMs: number }
    | undefined
}

/** `tidemark report`: writes one HTML file with what is known now, and how a month went. */
export async function report(
  options: ReportOptions,
  output: CommandOutput,
  surroundings: ReportSurroundings = { wallMs: () => Date.now(), environment: process.env },
): Promise<number> {
  const { question, problems } = await questionOf(options, surroundings)
  if (problems.length > 0) {
    output.error(problems.join('\n'))
    return exitCode.usage
  }
  try {
    const known = await knownNow(options, question, output)
    const month =
      question.month && (await monthOf(question.month, options.flow, surroundings.wallMs(), output))
    const page = reportPage({
      madeAtMs: surroundings.wallMs(),
      version: options.version,
      ...known,
      onlyFlow: options.flow,
      month,
    })
    await writeWhole(options.out, page)
    output.write(`wrote ${options.out}`)
    return exitCode.ok
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UnknownFlow) {
      output.error(error.message)
      return exitCode.usage
    }
    if (error instanceof SourceError) output.error(error.message)
    else if (error instanceof Error && 'syscall' in error)
      output.error(`--out ${options.out}: ${error.message}`)
    else throw error
    return exitCode.failed
  }
}

/** Everything that is wrong with the options, at once. */
async function questionOf(
  options: ReportOptions,
  surroundings: ReportSurroundings,
): Promise<{ readonly question: Question; readonly problems: readonly string[] }> {
  const problems: string[] = []
  const { config, from, out } = options
  if ((config === undefined) === (from === undefined)) {
    problems.push(
      '--from <url>, --config <file>: expected exactly one of them, the exporter that runs or the configuration to poll by',
    )
  }
  const address = (flag: string, text: string, example: string): HttpAddress | undefined => {
    const parsed = parseHttpAddress(text)
    if ('value' in parsed) return parsed.value
    problems.push(`--${flag}: expected an address such as ${example}, found ${parsed.why}`)
    return undefined
  }
  const exporter = from === undefined ? undefined : address('from', from, 'http://tidemark:9847')
  const unwritable = await whyNotWritable(out)
  if (unwritable !== undefined) problems.push(`--out ${out}: ${unwritable}`)
  const month = await monthQuestion(options, surroundings, address, problems)
  return { question: { from: exporter, month }, problems }
}

async function monthQuestion(
  options: ReportOptions,
  { wallMs, environment }: ReportSurroundings,
  address: (flag: string, text: string, example: string) => HttpAddress | undefined,
  problems: string[],
): Promise<Question['month']> {
  const { prometheus, month: name, prometheusToken, prometheusUser, prometheusPassword } = options
  if (prometheus === undefined || name === undefined) {
    const isHalf = prometheus !== undefined || name !== undefined
    if (isHalf) problems.push('--prometheus <url>, --month <YYYY-MM>: expected both of them or neither')
    else if (
      prometheusToken !== undefined ||
      prometheusUser !== undefined ||
      prometheusPassword !== undefined
    ) {
      problems.push(
        '--prometheus-token, --prometheus-user, --prometheus-password: they need --prometheus <url>',
      )
    }
    return undefined
  }
  const found = address('prometheus', prometheus, 'http://prometheus:9090')
  const credentials = await credentialsOf(options, found, environment, problems)
  const parsed = parseMonth(name)
  if (!('value' in parsed)) {
    const why = parsed.why === '' ? '' : `: ${parsed.why}`
    problems.push(`--month: expected a month such as 2026-10, found ${JSON.stringify(name)}${why}`)
    return undefined
  }
  const month = parsed.value
  const untilMs = Math.min(month.toMs, Math.floor((wallMs() - settledMs) / 60_000) * 60_000)
  if (untilMs <= month.fromMs) {
    const found = wallMs() < month.fromMs ? 'one that has not begun' : 'one that has only just begun'
    problems.push(`--month ${name}: expected a month that has passed or is running (UTC), found ${found}`)
    return undefined
  }
  if (found === undefined) return undefined
  return { prometheus: { url: found.url, credentials }, month, untilMs }
}

async function credentialsOf(
  { prometheusToken, prometheusUser, prometheusPassword }: ReportOptions,
  address: HttpAddress | undefined,
  environment: ReportSurroundings['environment'],
  problems: string[],
): Promise<HttpAddress['credentials']> {
  const isBasic = prometheusUser !== undefined || prometheusPassword !== undefined
  const ways = [address?.credentials !== undefined, prometheusToken !== undefined, isBasic].filter(
    Boolean,
  ).length
  if (ways > 1) {
    problems.push(
      '--prometheus: expected one way to say who asks, found several of: user in the address, --prometheus-token, --prometheus-user',
    )
    return undefined
  }
  const secretOf = async (flag: string, text: string): Promise<string | undefined> => {
    const secret = await readSecret(text, environment)
    if ('value' in secret) return secret.value
    problems.push(`--${flag}: ${secret.why}`)
    return undefined
  }
  if (prometheusToken !== undefined) {
    const token = await secretOf('prometheus-token', prometheusToken)
    return token === undefined ? undefined : { kind: 'bearer', token }
  }
  if (!isBasic) return address?.credentials
  if (prometheusUser === undefined || prometheusPassword === undefined) {
    problems.push('--prometheus-user, --prometheus-password: expected both of them')
    return undefined
  }
  const password = await secretOf('prometheus-password', prometheusPassword)
  return password === undefined ? undefined : { kind: 'basic', user: prometheusUser, password }
}

async function knownNow(options: ReportOptions, { from }: Question, output: CommandOutput): Promise<Known> {
  const { config: path, flow } = options
  if (from !== undefined) return exporterViews(from, flow)
  const config = await loadConfig(path ?? '', process.env)
  for (const warning of config.warnings) output.error(`warning: ${formatProblem(warning)}`)
  return ownPolls({
    config,
    file: path ?? '',
    onlyFlow: flow,
    onProgress: line => output.error(line),
    onDefect: what => output.error(`a defect of Tidemark: ${what}`),
  })
}

async function monthOf(
  { prometheus: address, month, untilMs }: NonNullable<Question['month']>,
  flow: string | undefined,
  nowMs: number,
  output: CommandOutput,
): Promise<ReportedMonth> {
  const prometheus = new PrometheusClient(address)
  let said = 0
  const flows: readonly MonthOfFlow[] = await readMonth(prometheus, {
    period: { fromMs: month.fromMs, toMs: untilMs },
    flow,
    nowMs,
    onProgress: done => {
      const quarter = Math.floor(done * 4)
      if (quarter <= said) return
      said = quarter
      output.error(`${month.name}: ${quarter * 25} % read`)
    },
  })
  if (flows.length === 0) {
    throw new SourceError(
      `Prometheus at ${prometheus.url}: it has recorded nothing of ${flow === undefined ? 'any flow' : `the flow ${flow}`} in ${month.name}. Expected the series of alerts/tidemark.rules.yaml: are the rules loaded there (docs/alerting.md), and does it keep samples for that long?`,
    )
  }
  const { url, warnings } = prometheus
  return { ...month, untilMs, url, flows, warnings }
}
