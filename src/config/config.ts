import { dirname, isAbsolute, join } from 'node:path'
import type { z } from 'zod'
import type { Flow, FlowState, ReplicatorSettings, Rpo } from '../model/flow.ts'
import { type Address, formatListenAddress, type ListenAddress } from './addresses.ts'
import { adviceFor } from './advice.ts'
import type { SaslConfig, TextReference, TlsConfig } from './connections.ts'
import { nameFilter } from './patterns.ts'
import { type ConfigProblem, describeFound, describeHidden, nearest, type Path, quote } from './problems.ts'
import { rawAt, relationProblems } from './relations.ts'
import {
  configSchema,
  knownKeysSeparator,
  type ShapedCluster,
  type ShapedConfig,
  type ShapedFlow,
} from './schema.ts'
import type { SecretReference } from './secrets.ts'
import { readYaml, type Source } from './yaml.ts'

/** Not exported, so that nothing else can make a ValidatedConfig. */
const validated: unique symbol = Symbol('validated')

export interface ClusterConfig {
  readonly name: string
  readonly bootstrapServers: readonly Address[]
  /** Undefined: plaintext. */
  readonly tls: TlsConfig | undefined
  /** Undefined: no login. */
  readonly sasl: SaslConfig | undefined
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
  /** By flow, each of its settings as a text, defaults filled in: equal texts are the same setting. */
  readonly settings: ReadonlyMap<string, Settings>
  /** What is valid and yet doubtful, in order of position. */
  readonly warnings: readonly ConfigProblem[]
}

export type Settings = Readonly<Record<string, string>>

export type ConfigResult =
  | { readonly config: ValidatedConfig }
  | { readonly problems: readonly ConfigProblem[] }

/**
 * Reads and judges a configuration. Pure; never throws.
 * @param fileName stands in the problems
 * @param running what runs by now: what cannot change without a restart has to be as it is there
 * @returns the configuration with every default filled in, or all problems in order of position
 */
export function parseConfig(text: string, fileName: string, running?: ValidatedConfig): ConfigResult {
  const source = readYaml(text, fileName)
  if (source.value === undefined) return { problems: inOrder(source.problems) }
  const shaped = configSchema.safeParse(source.value)
  const problems = [
    ...source.problems,
    ...(shaped.success ? [] : shaped.error.issues.flatMap(issue => problemsOf(issue, source))),
    ...relationProblems(source),
    ...(shaped.success && running !== undefined ? fixedProblems(shaped.data, source, running) : []),
  ]
  if (!shaped.success || problems.length > 0) return { problems: inOrder(problems) }
  const warnings = inOrder(adviceFor(shaped.data, source))
  return { config: resolve(shaped.data, warnings, dirname(fileName)) }
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
      // The part behind a comma of a password without quotes is a key to YAML.
      if (near === undefined && isHidden([...issue.path, key]))
        return source.problemAt(issue.path, issue.message, 'a key (not shown)', `unknown key, ${hint}`)
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
  const raw = rawAt(source.value, issue.path)
  const found = explained(isHidden(issue.path) ? describeHidden(raw) : describeFound(raw), issue)
  return [source.problemAt(issue.path, issue.message, found)]
}

const shownKeys: ReadonlySet<unknown> = new Set(['mechanism', 'serverName', 'scope', 'region'])

/** What stands under these may be a secret by mistake: a password in the place of its reference, a key in that of its file. */
function isHidden(path: Path): boolean {
  const [section, , part, key] = path
  return section === 'clusters' && (part === 'tls' || part === 'sasl') && !shownKeys.has(key)
}

function explained(found: string, issue: z.core.$ZodIssue): string {
  const why: unknown = issue.code === 'custom' ? issue.params?.['why'] : undefined
  return typeof why === 'string' && why !== '' ? `${found}: ${why}` : found
}

function fixedProblems(
  { server: { listen } }: ShapedConfig,
  source: Source,
  running: ValidatedConfig,
): readonly ConfigProblem[] {
  const [bound, wanted] = [formatListenAddress(running.server), formatListenAddress(listen)]
  if (bound === wanted) return []
  const expected = `${quote(bound)}, which it listens on until it is restarted`
  return [source.problemAt(['server', 'listen'], expected, quote(wanted))]
}

function resolve(shaped: ShapedConfig, warnings: readonly ConfigProblem[], folder: string): ValidatedConfig {
  const { poll, metrics, server } = shaped
  const flows = shaped.flows.map(flow => resolveFlow(flow, shaped.audit.bytesPerPoll))
  return {
    [validated]: true,
    clusters: Object.entries(shaped.clusters).map(([name, cluster]) => resolveCluster(name, cluster, folder)),
    flows,
    settings: new Map(
      flows.map((flow, index) => [
        flow.name,
        settingsOf(flow, shaped.flows[index]?.topics, shaped.flows[index]?.rpo),
      ]),
    ),
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

/** Patterns are told apart by how they are written. */
function settingsOf(
  { source, target, tier, replicator, state, auditBytesPerPoll }: Flow,
  topics: unknown,
  rpo: object = {},
): Settings {
  const all = {
    source,
    target,
    tier,
    state,
    topics,
    ...named('replicator', replicator),
    ...named('rpo', rpo),
    'audit.bytesPerPoll': auditBytesPerPoll,
  }
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, JSON.stringify(value) ?? '']))
}

/** Under their names in the file, where durations have no unit. */
function named(parent: string, settings: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`${parent}.${key.replace(/Ms$/, '')}`, value]),
  )
}

/** Files are meant from where the configuration is, wherever Tidemark was started. */
function resolveCluster(name: string, cluster: ShapedCluster, folder: string): ClusterConfig {
  const { bootstrapServers, tls, sasl } = cluster
  const file = (path: string): string => (isAbsolute(path) ? path : join(folder, path))
  const fileIfAny = (path: string | undefined) => (path === undefined ? undefined : file(path))
  const placed = <Reference extends TextReference>(reference: Reference): Reference =>
    'file' in reference ? { ...reference, file: file(reference.file) } : reference
  const placedIfAny = (reference: SecretReference | undefined) =>
    reference === undefined ? undefined : placed(reference)
  const resolveSasl = (login: NonNullable<typeof sasl>): SaslConfig => {
    if (login.mechanism === 'aws-msk-iam') return login
    if (login.mechanism === 'oauthbearer') {
      return {
        ...login,
        tokenEndpointCaFile: fileIfAny(login.tokenEndpointCaFile),
        clientId: placed(login.clientId),
        clientSecret: placed(login.clientSecret),
        scope: login.scope,
      }
    }
    return { ...login, username: placed(login.username), password: placed(login.password) }
  }
  return {
    name,
    bootstrapServers,
    tls: tls && {
      caFile: fileIfAny(tls.caFile),
      certFile: fileIfAny(tls.certFile),
      keyFile: fileIfAny(tls.keyFile),
      keyPassphrase: placedIfAny(tls.keyPassphrase),
      serverName: tls.serverName,
    },
    sasl: sasl && resolveSasl(sasl),
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
