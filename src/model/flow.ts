/** Which names a pattern list selects. Patterns are anchored RE2, so matching is linear in the name. */
export interface NameFilter {
  /** True when at least one include pattern matches the whole name and no exclude pattern does. */
  includes(name: string): boolean
  /** Include patterns that can only mean one name: asked for by name when a listing does not show them. */
  readonly literals: readonly string[]
  /** What the names of all other include patterns begin with; `''` where that may be anything. */
  readonly prefixes: readonly string[]
}

export interface RpoOverride {
  readonly matches: (topic: string) => boolean
  readonly budgetMs: number
}

/** The recovery point objective of a flow, as the business gave it. */
export interface Rpo {
  readonly budgetMs: number
  /** Share of time in which the budget is kept, 0 to 1. */
  readonly objectiveRatio: number
  readonly windowMs: number
  readonly newTopicGraceMs: number
  /** First match wins. */
  readonly overrides: readonly RpoOverride[]
}

/** Which records of unfinished and aborted transactions a consumer gets. */
export type IsolationLevel = 'read_uncommitted' | 'read_committed'

/** MirrorMaker 2 as it was configured; defaults are Apache Kafka's. */
export interface MirrorMaker2Settings {
  readonly kind: 'mirrormaker2'
  readonly policy: 'default' | 'identity'
  readonly separator: string
  /** The aliases in mm2.properties, which name MirrorMaker's internal topics. */
  readonly sourceAlias: string
  readonly targetAlias: string
  /** Where Connect keeps source offsets, on the target. */
  readonly offsetsTopic: string
  /** Where Connect keeps task states, on the target. */
  readonly statusTopic: string
  /** `isolation.level` of MirrorMaker's consumers on the source: what it copies of transactions. */
  readonly isolationLevel: IsolationLevel
  readonly offsetSyncsLocation: 'source' | 'target'
  /** `offset.flush.interval.ms`: how often the position is committed. */
  readonly offsetFlushIntervalMs: number
  /** `refresh.topics.interval.seconds`, in milliseconds. */
  readonly refreshTopicsIntervalMs: number
}

/** Discriminated by `kind`: other engines join here. */
export type ReplicatorSettings = MirrorMaker2Settings

/**
 * Whether the flow is expected to keep its budget. `failed_over`: the target has taken over, the copy is not waited
 * for. A flow in maintenance is observed as ever and active again, by itself, from `untilMs` on.
 */
export type FlowState =
  | { readonly kind: 'active' }
  | { readonly kind: 'failed_over' }
  | {
      readonly kind: 'maintenance'
      /** Milliseconds since the epoch. */
      readonly untilMs: number
      readonly reason: string
    }

export const flowStates = [
  'active',
  'maintenance',
  'failed_over',
] as const satisfies readonly FlowState['kind'][]

/** One direction of replication: source cluster, target cluster, the engine between them, the topics in scope. */
export interface Flow {
  readonly name: string
  readonly source: string
  readonly target: string
  /** Free word that routes pages. */
  readonly tier: string | undefined
  readonly replicator: ReplicatorSettings
  readonly topics: NameFilter
  readonly rpo: Rpo
  readonly state: FlowState
  /** Bytes of records that one poll may read of both clusters together; 0: none at all. */
  readonly auditBytesPerPoll: number
}

/** The state that holds at a wall time: a maintenance ends by itself. */
export function stateAt({ state }: Pick<Flow, 'state'>, wallMs: number): FlowState {
  return state.kind === 'maintenance' && wallMs >= state.untilMs ? { kind: 'active' } : state
}

/** The budget of one topic in milliseconds: the first override that matches, else the flow's. */
export function budgetOf(rpo: Rpo, topic: string): number {
  return rpo.overrides.find(override => override.matches(topic))?.budgetMs ?? rpo.budgetMs
}
