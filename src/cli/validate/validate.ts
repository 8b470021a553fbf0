import { formatListenAddress } from '../../config/addresses.ts'
import type { ClusterConfig, ValidatedConfig } from '../../config/config.ts'
import { formatDuration } from '../../config/durations.ts'
import { loadConfig } from '../../config/load.ts'
import { ConfigError, formatProblem } from '../../config/problems.ts'
import { loadWebConfig } from '../../config/web/load.ts'
import type { Flow } from '../../model/flow.ts'
import { guardAgainstTheClient } from '../clusters.ts'
import { type CommandOutput, exitCode } from '../output.ts'
import { tryConnections } from './connect.ts'
import { connectionText, type Grantee, standingOf } from './connectText.ts'
import { principalOf } from './principal.ts'

export interface ValidateOptions {
  readonly config: string
  /** Connect to the clusters as well, and try everything that is read there. */
  readonly connect?: boolean
}

/**
 * `tidemark validate`: says what the configuration means, or all that is wrong with it; connected, also what may not be
 * read, what that costs and how it is granted.
 */
export async function validate(
  { config: path, connect = false }: ValidateOptions,
  output: CommandOutput,
): Promise<number> {
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
  return connect ? tryToConnect(config, output) : exitCode.ok
}

async function tryToConnect(config: ValidatedConfig, output: CommandOutput): Promise<number> {
  const stopGuarding = guardAgainstTheClient(
    () => output.error('a broker sent something that cannot be read'),
    error => output.error(`a defect of Tidemark: ${String(error)}`),
  )
  try {
    const grantees = await Promise.all(
      config.clusters.map(async cluster => [cluster.name, await granteeOf(cluster)] as const),
    )
    const tried = await tryConnections(config)
    output.write(connectionText(tried, new Map(grantees)))
    const standings = tried.flows.flatMap(({ permissions }) => permissions.map(standingOf))
    const isAll = standings.every(standing => standing === 'granted' || standing === 'nothing')
    output.write(isAll ? 'Everything that Tidemark reads is granted.' : 'Not everything can be read.')
    return isAll ? exitCode.ok : exitCode.failed
  } finally {
    stopGuarding()
  }
}

async function granteeOf(cluster: ClusterConfig): Promise<Grantee> {
  const [first] = cluster.bootstrapServers
  return {
    bootstrapServer: first === undefined ? '' : formatListenAddress(first),
    principal: await principalOf(cluster),
    mechanism: cluster.sasl?.mechanism,
  }
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
