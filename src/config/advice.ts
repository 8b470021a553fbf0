import { provableExposureMs } from '../model/engine.ts'
import { formatDuration } from './durations.ts'
import type { ConfigProblem } from './problems.ts'
import type { ShapedCluster, ShapedConfig, ShapedFlow } from './schema.ts'
import type { Source } from './yaml.ts'

/** What is valid and yet cannot do what it says; each tells what to change. */
export function adviceFor(config: ShapedConfig, source: Source): readonly ConfigProblem[] {
  return [
    ...timeoutAdvice(config, source),
    // Comparison by content proves what lies between the engine's commits.
    ...(config.audit.bytesPerPoll > 0
      ? []
      : config.flows.flatMap((flow, index) =>
          budgetAdvice(flow, index, config.poll.schedule.longestGapMs, source),
        )),
    ...unusedClusterAdvice(config, source),
    ...Object.entries(config.clusters).flatMap(([name, cluster]) => wireAdvice(name, cluster, source)),
  ]
}

/** Secrets that whoever sees the wire can read. */
function wireAdvice(name: string, { tls, sasl }: ShapedCluster, source: Source): readonly ConfigProblem[] {
  if (sasl === undefined) return []
  const problems: ConfigProblem[] = []
  if (tls === undefined && !sasl.mechanism.startsWith('scram')) {
    const sent = sasl.mechanism === 'plain' ? 'the password' : 'the token'
    const found = `${sasl.mechanism} without tls`
    const advice = `${sent} can be read on the wire; add tls: {}`
    problems.push(
      source.problemAt(
        ['clusters', name, 'sasl', 'mechanism'],
        'tls',
        found,
        `expected tls, found ${found}: ${advice}`,
      ),
    )
  }
  if (sasl.mechanism === 'oauthbearer' && sasl.tokenEndpoint.startsWith('http:')) {
    problems.push(
      source.problemAt(
        ['clusters', name, 'sasl', 'tokenEndpoint'],
        'https',
        'http',
        'expected https, found http: the client secret can be read on the wire',
      ),
    )
  }
  return problems
}

function timeoutAdvice({ poll }: ShapedConfig, source: Source): readonly ConfigProblem[] {
  const { longestGapMs } = poll.schedule
  if (poll.timeout < longestGapMs) return []
  const expected = `less than the ${formatDuration(longestGapMs)} between two polls`
  const found = formatDuration(poll.timeout)
  const advice = 'a slow poll would skip the next; lower poll.timeout or poll less often'
  return [
    source.problemAt(['poll', 'timeout'], expected, found, `expected ${expected}, found ${found}: ${advice}`),
  ]
}

function budgetAdvice(
  { replicator, rpo }: ShapedFlow,
  index: number,
  longestGapMs: number,
  source: Source,
): readonly ConfigProblem[] {
  const smallestMs = provableExposureMs(replicator.offsetFlushInterval, longestGapMs)
  const smallest = formatDuration(Math.ceil(smallestMs / 1_000) * 1_000)
  const budgets = [
    { path: ['flows', index, 'rpo', 'budget'], budget: rpo.budget },
    ...rpo.overrides.map(({ budget }, position) => ({
      path: ['flows', index, 'rpo', 'overrides', position, 'budget'],
      budget,
    })),
  ]
  return budgets
    .filter(({ budget }) => budget < smallestMs)
    .map(({ path, budget }) => {
      const flush = formatDuration(replicator.offsetFlushInterval)
      const expected = `a budget that can be proven, at least 1.25 x ${flush} of offsetFlushInterval + 3 polls of ${formatDuration(longestGapMs)}`
      const found = formatDuration(budget)
      const advice = `raise it to at least ${smallest}, lower MirrorMaker's offset.flush.interval.ms and replicator.offsetFlushInterval, or let audit.bytesPerPoll read records`
      return source.problemAt(path, expected, found, `expected ${expected}, found ${found}: ${advice}`)
    })
}

function unusedClusterAdvice({ clusters, flows }: ShapedConfig, source: Source): readonly ConfigProblem[] {
  const used = new Set(flows.flatMap(flow => [flow.source, flow.target]))
  return Object.keys(clusters)
    .filter(name => !used.has(name))
    .map(name => source.problemAtKey(['clusters', name], 'a flow that names it as source or target', 'none'))
}
