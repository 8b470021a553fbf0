import type { ValidatedConfig } from '../config/config.ts'
import { formatDuration } from '../config/durations.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError, formatProblem } from '../config/problems.ts'
import { loadWebConfig } from '../config/web/load.ts'
import type { Flow } from '../model/flow.ts'
import type { CommandOutput } from './output.ts'
import { exitCode } from './output.ts'

export interface ValidateOptions {
  readonly config: string
}

/** `tidemark validate`: says what the configuration means, or all that is wrong with it. */
export async function validate({ config: path }: ValidateOptions, output: CommandOutput): Promise<number> {
  let config: ValidatedConfig
  try {
    config = await loadConfig(path, process.env)
    if (config.server.webConfig !== undefined) await loadWebConfig(config.server.webConfig)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    output.error(error.message)
    return exitCode.usage
  }
  for (const warning of config.warnings) output.error(`warning: ${formatProblem(warning)}`)
  output.write(
    [
      `${path} is valid: ${count(config.clusters.length, 'cluster')}, ${count(config.flows.length, 'flow')}, polled by "${config.poll.schedule}" (UTC).`,
      ...config.flows.map(flow => {
        const { source, target, replicator, rpo } = flow
        return `  ${flow.name}: ${source} -> ${target}, ${replicator.kind} (${replicator.policy} policy), budget ${formatDuration(rpo.budgetMs)}, to be kept ${percent(rpo.objectiveRatio)} % of the time${stateNote(flow, Date.now())}`
      }),
    ].join('\n'),
  )
  return exitCode.ok
}

/** What keeps a flow from paging, or no longer does. */
function stateNote({ state }: Flow, nowMs: number): string {
  if (state.kind === 'active') return ''
  if (state.kind === 'failed_over') return '; failed over: pages nobody'
  const until = new Date(state.untilMs).toISOString()
  return state.untilMs > nowMs
    ? `; in maintenance until ${until} (${state.reason}): pages nobody`
    : `; its maintenance ended at ${until}: active`
}

/** 0.999 as 99.9, without the digits that only the binary fraction has. */
function percent(ratio: number): string {
  return String(Number((ratio * 100).toFixed(10)))
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`
}
