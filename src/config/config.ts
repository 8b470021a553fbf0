import type { z } from 'zod'
import type { Flow, FlowState, ReplicatorSettings, Rpo } from '../model/flow.ts'
import type { Address, ListenAddress } from './addresses.ts'
import { adviceFor } from './advice.ts'
import { nameFilter } from './patterns.ts'
import { type ConfigProblem, describeFound, nearest } from './problems.ts'
import { rawAt, relationProblems } from './relations.ts'
import { configSchema, knownKeysSeparator, type ShapedConfig, type ShapedFlow } from './schema.ts'
import { readYaml, type Source } from './yaml.ts'

/** Not exported, so that nothing else can make a ValidatedConfig. */
const validated: unique symbol = Symbol('validated')

export interface ClusterConfig {
  readonly name: string
  readonly bootstrapServers: readonly Address[]
}

/** A configuration that parseConfig accepted; only such a one may open connections. */
export interface ValidatedConfig {
  readonly [validated]: true
  readonly clusters: readonly ClusterConfig[]
  readonly flows: readonly Flow[]
  readonly poll: {
    /** Cron with seconds, UTC. */
    readonly schedule: string
    readonly longestGapMs: number
    readonly timeoutMs: number
  }
  readonly metrics: { readonly topics: 'all' | 'summary'; readonly partitions: boolean }
  readonly server: ListenAddress
  /** What is valid and yet doubtful, in order of position. */
  readonly warnings: readonly ConfigProblem[]
}

export type ConfigResult =
  | { readonly config: ValidatedConfig }
  | { readonly problems: readonly ConfigProblem[] }

/**
 * Reads and judges a configuration. Pure; never throws.
 * @param fileName stands in the problems
 * @returns the configuration with every default filled in, or all problems in order of position
 */
export function parseConfig(text: string, fileName: string): ConfigResult {
  const source = readYaml(text, fileName)
  if (source.value === undefined) return { problems: inOrder(source.problems) }
  const shaped = configSchema.safeParse(source.value)
  const problems = [
    ...source.problems,
    ...(shaped.success ? [] : shaped.error.issues.flatMap(issue => problemsOf(issue, source))),
    ...relationProblems(source),
  ]
  if (!shaped.success || problems.length > 0) return { problems: inOrder(problems) }
  return { config: resolve(shaped.data, inOrder(adviceFor(shaped.data, source))) }
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  // One slip of syntax makes the YAML parser complain several times at one place.
  const places = sorted.map(({ line, column, path }) => `${line}:${column} ${path}`)
  return sorted.filter((_, index) => places.indexOf(places[index] ?? '') === index)
}

/** The schema's messages are what was expected; the rest of a problem comes from the file. */
function problemsOf(issue: z.core.$ZodIssue, source: Source): readonly ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(knownKeysSeparator)
    return issue.keys.map(key => {
      const near = nearest(key, known)
      const all = known.length === 1 ? 'the only known one is' : 'the known ones are'
      const hint = near === undefined ? `${all} ${issue.message}` : `did you mean ${near}?`
      return source.problemAtKey([...issue.path, key], near ?? issue.message, key, `unknown key, ${hint}`)
    })
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(inner => {
      const found = explained(describeFound(issue.path.at(-1)), inner)
      return source.problemAtKey(issue.path, inner.message, found)
    })
  }
  if (issue.code === 'invalid_union') {
    // The alternative that is meant is the one whose problems lie inside of it.
    const inside = issue.errors.find(errors =>
      errors.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
    )
    if (inside !== undefined) {
      return inside.flatMap(inner => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, source))
    }
  }
  const found = explained(describeFound(rawAt(source.value, issue.path)), issue)
  return [source.problemAt(issue.path, issue.message, found)]
}

function explained(found: string, issue: z.core.$ZodIssue): string {
  const why: unknown = issue.code === 'custom' ? issue.params?.['why'] : undefined
  return typeof why === 'string' && why !== '' ? `${found}: ${why}` : found
}

function resolve(shaped: ShapedConfig, warnings: readonly ConfigProblem[]): ValidatedConfig {
  const { poll, metrics, server } = shaped
  return {
    [validated]: true,
    clusters: Object.entries(shaped.clusters).map(([name, cluster]) => ({ name, ...cluster })),
    flows: shaped.flows.map(flow => resolveFlow(flow, shaped.audit.bytesPerPoll)),
    poll: {
      schedule: poll.schedule.expression,
      longestGapMs: poll.schedule.longestGapMs,
      timeoutMs: poll.timeout,
    },
    metrics,
    server: server.listen,
    warnings,
  }
}

function resolveFlow(flow: ShapedFlow, auditBytesPerPoll: number): Flow {
  const { name, source, target, tier, topics } = flow
  return {
    name,
    source,
    target,
    tier,
    replicator: resolveReplicator(flow),
    topics: nameFilter(topics.include, topics.exclude),
    rpo: resolveRpo(flow),
    state: resolveState(flow),
    auditBytesPerPoll,
  }
}

function resolveReplicator({ source, target, replicator }: ShapedFlow): ReplicatorSettings {
  const sourceAlias = replicator.sourceAlias ?? source
  return {
    kind: replicator.kind,
    policy: replicator.policy,
    separator: replicator.separator,
    sourceAlias,
    targetAlias: replicator.targetAlias ?? target,
    // Connect's own topics always have dots: org.apache.kafka.connect.mirror.MirrorMakerConfig.
    offsetsTopic: replicator.offsetsTopic ?? `mm2-offsets.${sourceAlias}.internal`,
    statusTopic: replicator.statusTopic ?? `mm2-status.${sourceAlias}.internal`,
    isolationLevel: replicator.isolationLevel,
    offsetSyncsLocation: replicator.offsetSyncsLocation,
    offsetFlushIntervalMs: replicator.offsetFlushInterval,
    refreshTopicsIntervalMs: replicator.refreshTopicsInterval,
  }
}

function resolveState({ state }: ShapedFlow): FlowState {
  if (typeof state === 'string') return { kind: state }
  const { until, reason } = state.maintenance
  return { kind: 'maintenance', untilMs: until, reason }
}

function resolveRpo({ rpo }: ShapedFlow): Rpo {
  return {
    budgetMs: rpo.budget,
    objectiveRatio: rpo.objective,
    windowMs: rpo.window,
    newTopicGraceMs: rpo.newTopicGrace,
    overrides: rpo.overrides.map(({ topics, budget }) => ({
      matches: topic => topics.some(pattern => pattern.matches(topic)),
      budgetMs: budget,
    })),
  }
}
