import { type AlertTimings, defaultTimings } from '../artifacts/alerts/timings.ts'
import { dashboardFiles } from '../artifacts/dashboards/files.ts'
import { parseDuration } from '../config/durations.ts'
import { type CommandOutput, exitCode } from './output.ts'
import { writeFiles } from './writeFiles.ts'

export interface GenerateDashboardsOptions {
  readonly out: string
  readonly scrapeInterval?: string
  readonly evaluationInterval?: string
}

/** `tidemark generate dashboards --out DIR`: how long a failed scrape is bridged depends on the intervals. */
export async function generateDashboards(
  { out, scrapeInterval, evaluationInterval }: GenerateDashboardsOptions,
  output: CommandOutput,
): Promise<number> {
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
    scrapeMs: duration('scrape-interval', scrapeInterval, defaultTimings.scrapeMs),
    evaluationMs: duration('evaluation-interval', evaluationInterval, defaultTimings.evaluationMs),
  }
  if (problems.length > 0) {
    output.error(problems.join('\n'))
    return exitCode.usage
  }
  return writeFiles(out, dashboardFiles(timings), output)
}
