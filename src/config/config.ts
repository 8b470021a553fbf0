import { dirname, isAbsolute, join } from 'node:path'
import type { Flow, FlowState, ReplicatorSettings, Rpo } from '../model/flow.ts'
import { type Address, formatListenAddress, type ListenAddress } from './addresses.ts'
import { adviceFor } from './advice.ts'
import type { SaslConfig, TextReference, TlsConfig } from './connections.ts'
import { nameFilter } from './patterns.ts'
import { type ConfigProblem, quote } from './problems.ts'
import { relationProblems } from './relations.ts'
import { configSchema, type ShapedCluster, type ShapedConfig, type ShapedFlow } from './schema.ts'
import type { SecretReference } from './secrets.ts'
import { inOrder, problemsOf } from './shapeProblems.ts'
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

/** Where the exporter listens, and who may come in. */
export interface ServerConfig extends ListenAddress {
  /** The path of the web configuration; undefined: plain HTTP for everyone. */
  readonly webConfig: string | undefined
  /** Probes need no password. */
  readonly openProbes: boolean
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
  readonly server: ServerConfig
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
    ...(shaped.success && running !== undefined
      ? fixedProblems(shaped.data, source, dirname(fileName), running)
      : []),
  ]
  if (!shaped.success || problems.length > 0) return { problems: inOrder(problems) }
  const warnings = inOrder(adviceFor(shaped.data, source))
  return { config: resolve(shaped.data, warnings, dirname(fileName)) }
}

/** What a process that runs cannot change: its socket, and the file that it follows for its door. */
function fixedProblems(
  { server: { listen, webConfig, openProbes } }: ShapedConfig,
  source: Source,
  folder: string,
  running: ValidatedConfig,
): readonly ConfigProblem[] {
  const { server } = running
  const differing = (key: string, runs: string, wanted: string, which: string) =>
    runs === wanted
      ? []
      : [source.problemAt(['server', key], `${runs}, which ${which} until it is restarted`, wanted)]
  const file = (path: string | undefined) => (path === undefined ? 'none' : quote(path))
  return [
    ...differing(
      'listen',
      quote(formatListenAddress(server)),
      quote(formatListenAddress(listen)),
      'it listens on',
    ),
    ...differing('webConfig', file(server.webConfig), file(pathFrom(folder, webConfig)), 'it runs with'),
    ...differing('openProbes', String(server.openProbes), String(openProbes), 'it runs with'),
  ]
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
    server: {
      ...server.listen,
      webConfig: pathFrom(folder, server.webConfig),
      openProbes: server.openProbes,
    },
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
function pathFrom<Path extends string | undefined>(folder: string, path: Path): string | Path {
  return path === undefined || isAbsolute(path) ? path : join(folder, path)
}

function resolveCluster(name: string, cluster: ShapedCluster, folder: string): ClusterConfig {
  const { bootstrapServers, tls, sasl } = cluster
  const placed = <Reference extends TextReference>(reference: Reference): Reference =>
    'file' in reference ? { ...reference, file: pathFrom(folder, reference.file) } : reference
  const placedIfAny = (reference: SecretReference | undefined) =>
    reference === undefined ? undefined : placed(reference)
  const resolveSasl = (login: NonNullable<typeof sasl>): SaslConfig => {
    if (login.mechanism === 'aws-msk-iam') return login
    if (login.mechanism === 'oauthbearer') {
      return {
        ...login,
        tokenEndpointCaFile: pathFrom(folder, login.tokenEndpointCaFile),
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
      caFile: pathFrom(folder, tls.caFile),
      certFile: pathFrom(folder, tls.certFile),
      keyFile: pathFrom(folder, tls.keyFile),
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
