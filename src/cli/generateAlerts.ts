import { explain } from '../artifacts/alerts/explain.ts'
import { alertFiles } from '../artifacts/alerts/files.ts'
import { type AlertTimings, defaultTimings } from '../artifacts/alerts/timings.ts'
import { formatDuration, parseDuration } from '../config/durations.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import { type CommandOutput, exitCode } from './output.ts'
import { writeFiles } from './writeFiles.ts'

/** Where the documentation of a version is read. */
const projectUrl = 'https://github.com/tidemark/tidemark'

export interface GenerateAlertsOptions {
  readonly version: string
  readonly out?: string
  readonly explain?: boolean
  readonly config?: string
  readonly scrapeInterval?: string
  readonly evaluationInterval?: string
  readonly restart?: string
  readonly keepFiring?: string
  readonly groupWait?: string
  readonly retention?: string
  readonly runbooksUrl?: string
  readonly dashboardUrl?: string
}

const defaults = { groupWait: 10_000, retention: 15 * 86_400_000 } as const

/** The runbooks as the version's own documentation has them. */
export function defaultRunbooksUrl(version: string): string {
  return `${projectUrl}/blob/v${version}/docs/runbooks`
}

/** `tidemark generate alerts`: writes the files, or explains how long each alert takes. */
export async function generateAlerts(options: GenerateAlertsOptions, output: CommandOutput): Promise<number> {
  const problems: string[] = []
  const duration = (flag: string, text: string | undefined, preset: number): number => {
    if (text === undefined) return preset
    const parsed = parseDuration(text)
    if ('value' in parsed) return parsed.value
    problems.push(`--${flag}: expected a duration such as 30s, 5m or 2h, found "${text}"`)
    return preset
  }
  const timings: AlertTimings = {
    ...defaultTimings,
    scrapeMs: duration('scrape-interval', options.scrapeInterval, defaultTimings.scrapeMs),
    evaluationMs: duration('evaluation-interval', options.evaluationInterval, defaultTimings.evaluationMs),
    restartMs: duration('restart', options.restart, defaultTimings.restartMs),
    keepFiringMs: duration('keep-firing', options.keepFiring, defaultTimings.keepFiringMs),
  }
  const groupWaitMs = duration('group-wait', options.groupWait, defaults.groupWait)
  const retentionMs = duration('retention', options.retention, defaults.retention)
  if (options.explain === true) {
    if (options.config === undefined)
      problems.push('--explain: needs --config <file>, for its polls and objectives')
  } else if (options.out === undefined) problems.push('--out <dir>: where to write, or --explain')
  if (problems.length > 0) {
    output.error(problems.join('\n'))
    return exitCode.usage
  }
  const { version } = options
  if (options.explain === true && options.config !== undefined) {
    return explainFor(options.config, { version, timings, groupWaitMs, retentionMs }, output)
  }
  const { dashboardUrl, runbooksUrl = defaultRunbooksUrl(version) } = options
  const files = alertFiles({
    version,
    timings,
    runbooksUrl: runbooksUrl.replace(/\/+$/, ''),
    ...(dashboardUrl === undefined ? {} : { dashboardUrl }),
  })
  return writeFiles(options.out ?? '.', files, output)
}

async function explainFor(
  path: string,
  options: Omit<Parameters<typeof explain>[0], 'flows' | 'pollMs'>,
  output: CommandOutput,
): Promise<number> {
  try {
    const config = await loadConfig(path)
    for (const warning of config.warnings) output.error(`warning: ${formatProblem(warning)}`)
    const { lines, warnings } = explain({
      ...options,
      pollMs: config.poll.longestGapMs,
      flows: config.flows.map(({ name, rpo }) => ({ name, ...rpo })),
    })
    output.write(lines.join('\n'))
    for (const warning of warnings) output.error(`warning: ${warning}`)
    const { scrapeMs, evaluationMs } = options.timings
    output.write(
      `\nFor a scrape interval of ${formatDuration(scrapeMs)} and an evaluation interval of ${formatDuration(evaluationMs)}, group_wait ${formatDuration(options.groupWaitMs)}, samples kept for ${formatDuration(options.retentionMs)}: --scrape-interval, --evaluation-interval, --group-wait and --retention say otherwise.`,
    )
    return exitCode.ok
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    output.error(error.message)
    return exitCode.usage
  }
}
