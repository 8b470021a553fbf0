import { Random } from './random.ts'

// What happens in a world and to a batch of worlds: plain values that a seed determines.

export const batchSize = 8
/** Writing goes on for this long; the batch is watched a while longer. */
export const writingMs = 75_000

export interface TopicPlan {
  readonly stem: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
  readonly budgetMs: number
  readonly traffic: Traffic
  readonly events: readonly TopicEvent[]
}

export interface Traffic {
  readonly recordsPerSecond: number
  /** Writes for `onMs`, then not for `offMs`. */
  readonly rhythm?: { readonly onMs: number; readonly offMs: number }
  readonly producer: 'plain' | 'idempotent' | 'transactional'
  /** Share of transactions that are aborted. */
  readonly aborts: number
  /** identical: a key, value and timestamp that hundreds of records share. */
  readonly content: 'unique' | 'identical'
  readonly keys: 'none' | 'few'
  readonly timestamps: 'now' | 'absurd'
  /** Share of produce answers that are dropped on their way back. */
  readonly droppedAnswers: number
}

export type TopicEvent = { readonly atMs: number } & (
  | { readonly kind: 'backfill'; readonly records: number; readonly ageMs: number }
  | {
      readonly kind: 'hanging transaction'
      readonly records: number
      readonly forMs: number
      readonly ending: 'commit' | 'abort' | 'leave'
    }
  | { readonly kind: 'delete records'; readonly keep: number }
  | { readonly kind: 'delete target records'; readonly keep: number }
  | { readonly kind: 'add partitions'; readonly to: number }
  | { readonly kind: 'recreate source'; readonly prefill: number; readonly gapMs: number }
  | { readonly kind: 'recreate target' }
  | { readonly kind: 'foreign records'; readonly records: number }
)

export interface WorldPlan {
  readonly index: number
  readonly kind: string
  readonly topics: readonly TopicPlan[]
}

/** What hits all worlds of a batch at once. */
export interface SharedFault {
  readonly kind:
    | 'MirrorMaker killed'
    | 'MirrorMaker stopped'
    | 'MirrorMaker frozen'
    | 'throttled'
    | 'source frozen'
    | 'target frozen'
    | 'Tidemark restarted'
  readonly fromMs: number
  readonly untilMs: number
}

export interface BatchPlan {
  readonly index: number
  /** Nothing goes wrong, so that tightness can be measured. */
  readonly calm: boolean
  readonly faults: readonly SharedFault[]
  readonly worlds: readonly WorldPlan[]
}

export interface PlanOptions {
  readonly seed: number
  /** Unset: every fourth batch is. */
  readonly calm?: boolean
  /** Where brokers check retention and clean logs every second. */
  readonly housekeeping: boolean
  /** Only worlds of this kind. */
  readonly kind?: string
  readonly writingMs: number
}

/** The batch with this index; world numbers go on from batch to batch. */
export function planBatch(index: number, options: PlanOptions): BatchPlan {
  const random = new Random(options.seed, index, 1)
  const calm = options.calm ?? index % 4 === 3
  const faults = calm ? [] : sharedFaults(random, options.writingMs)
  const worlds = Array.from({ length: batchSize }, (_, offset) =>
    planWorld(index * batchSize + offset, { ...options, calm, faults }),
  )
  return { index, calm, faults, worlds }
}

function sharedFaults(random: Random, durationMs: number): SharedFault[] {
  const faults: SharedFault[] = []
  let at = random.whole(12_000, 20_000)
  const count = random.whole(1, 3)
  for (let number = 0; number < count; number += 1) {
    const kind = random.pick<SharedFault['kind']>([
      'MirrorMaker killed',
      'MirrorMaker killed',
      'MirrorMaker killed',
      'MirrorMaker stopped',
      'MirrorMaker frozen',
      'MirrorMaker frozen',
      'throttled',
      'source frozen',
      'target frozen',
      'Tidemark restarted',
    ])
    const lengthMs = faultLength(kind, random)
    if (at + lengthMs > durationMs - 8_000) break
    faults.push({ kind, fromMs: at, untilMs: at + lengthMs })
    at += lengthMs + random.whole(6_000, 20_000)
  }
  return faults
}

function faultLength(kind: SharedFault['kind'], random: Random): number {
  switch (kind) {
    case 'MirrorMaker frozen':
      // Beyond 30 s its sends expire and its worker loses its session.
      return random.chance(0.3) ? random.whole(33_000, 40_000) : random.whole(3_000, 12_000)
    case 'throttled':
      return random.whole(8_000, 20_000)
    case 'Tidemark restarted':
      return 0
    case 'source frozen':
    case 'target frozen':
      return random.whole(2_000, 8_000)
    default:
      return random.whole(1_000, 12_000)
  }
}

interface WorldContext extends PlanOptions {
  readonly calm: boolean
  readonly faults: readonly SharedFault[]
}

type Maker = (random: Random, context: WorldContext) => TopicPlan

const steadyTraffic: Traffic = {
  recordsPerSecond: 10,
  producer: 'plain',
  aborts: 0,
  content: 'unique',
  keys: 'none',
  timestamps: 'now',
  droppedAnswers: 0,
}

function aTopic(
  random: Random,
  stem: string,
  parts: Omit<Partial<TopicPlan>, 'traffic'> & { readonly traffic?: Partial<Traffic> },
): TopicPlan {
  return {
    stem,
    partitions: random.whole(1, 3),
    configs: {},
    budgetMs: random.pick([60_000, 60_000, 20_000, 4_000]),
    events: [],
    ...parts,
    traffic: {
      ...steadyTraffic,
      recordsPerSecond: random.pick([2, 8, 25]),
      producer: random.pick(['plain', 'idempotent']),
      ...parts.traffic,
    },
  }
}

/** Worlds in which nothing goes wrong. */
const calmKinds: Readonly<Record<string, Maker>> = {
  steady: random => aTopic(random, 'steady', {}),
  rhythm: random =>
    aTopic(random, 'rhythm', {
      traffic: {
        recordsPerSecond: random.pick([15, 60]),
        rhythm: { onMs: random.whole(500, 6_000), offMs: random.whole(2_000, 12_000) },
      },
    }),
  quiet: random => aTopic(random, 'quiet', { traffic: { recordsPerSecond: 0.15 } }),
  transactions: random =>
    aTopic(random, 'transactions', {
      traffic: { producer: 'transactional', aborts: 0, recordsPerSecond: random.pick([3, 12]) },
    }),
  identical: random => aTopic(random, 'identical', { traffic: { content: 'identical' } }),
  audited: random => aTopic(random, 'audited', { budgetMs: 4_000 }),
}

const faultyKinds: Readonly<Record<string, Maker>> = {
  aborts: random =>
    aTopic(random, 'aborts', {
      traffic: {
        producer: 'transactional',
        aborts: random.pick([0.3, 0.7, 1]),
        recordsPerSecond: random.pick([3, 12]),
      },
      events: random.chance(0.5) ? [hanging(random)] : [],
    }),
  'hanging transaction': random => aTopic(random, 'hanging', { events: [hanging(random), hanging(random)] }),
  compaction: random =>
    aTopic(random, 'compacted', {
      configs: {
        'cleanup.policy': 'compact',
        'segment.ms': '1000',
        'min.cleanable.dirty.ratio': '0.01',
        'max.compaction.lag.ms': '1500',
      },
      traffic: { keys: 'few', rhythm: { onMs: 4_000, offMs: random.whole(1_000, 8_000) } },
    }),
  retention: random =>
    aTopic(random, 'expiring', {
      configs: { 'retention.ms': String(random.whole(2_000, 15_000)), 'segment.ms': '1000' },
      traffic: { rhythm: { onMs: 6_000, offMs: random.whole(0, 6_000) } },
    }),
  'delete records': random =>
    aTopic(random, 'deleted', {
      events: several(random, at => ({ kind: 'delete records', atMs: at, keep: random.pick([0, 0, 3, 20]) })),
    }),
  'dropped answers': random =>
    aTopic(random, 'dropped', {
      traffic: {
        producer: random.pick(['plain', 'plain', 'idempotent']),
        droppedAnswers: random.pick([0.05, 0.3]),
        content: random.pick(['unique', 'unique', 'identical']),
      },
    }),
  backfill: random =>
    aTopic(random, 'backfill', {
      events: several(random, at => ({
        kind: 'backfill',
        atMs: at,
        records: random.whole(500, 4_000),
        ageMs: random.pick([0, 86_400_000, 365 * 86_400_000, -5 * 86_400_000]),
      })),
    }),
  'absurd timestamps': random => aTopic(random, 'absurd', { traffic: { timestamps: 'absurd' } }),
  'partitions added': random =>
    aTopic(random, 'grown', {
      partitions: 1,
      events: [{ kind: 'add partitions', atMs: random.whole(8_000, 40_000), to: random.whole(2, 4) }],
    }),
  'source recreated': (random, context) =>
    aTopic(random, 'recreated', {
      partitions: random.whole(1, 2),
      events: [
        {
          kind: 'recreate source',
          atMs: within(random, context),
          prefill: random.pick([0, 5, 600, 2_500]),
          gapMs: random.pick([0, 0, 3_000]),
        },
      ],
    }),
  'target recreated': (random, context) =>
    aTopic(random, 'copy-recreated', {
      events: [{ kind: 'recreate target', atMs: within(random, context) }],
    }),
  'target truncated': random =>
    aTopic(random, 'copy-truncated', {
      events: several(random, at => ({ kind: 'delete target records', atMs: at, keep: random.pick([0, 5]) })),
    }),
  'foreign records': random =>
    aTopic(random, 'foreign', {
      events: several(random, at => ({ kind: 'foreign records', atMs: at, records: random.whole(1, 300) })),
    }),
}

/** Brokers must look after their logs every second for these. */
const needsHousekeeping = new Set(['compaction', 'retention'])

function planWorld(index: number, context: WorldContext): WorldPlan {
  const random = new Random(context.seed, index, 2)
  const ownFault = !context.calm && (context.faults.length === 0 || random.chance(0.75))
  const all =
    context.kind === undefined ? (ownFault ? faultyKinds : calmKinds) : { ...calmKinds, ...faultyKinds }
  const kinds = Object.entries(all).filter(
    ([name]) => (context.housekeeping || !needsHousekeeping.has(name)) && name === (context.kind ?? name),
  )
  const [kind, maker] = kinds[random.whole(0, kinds.length - 1)] ?? ['steady', calmKinds['steady']]
  if (maker === undefined || kinds.length === 0) throw new Error(`no worlds of kind ${context.kind ?? kind}`)
  const topics = [maker(random, context)]
  const companion = calmKinds[random.pick(['steady', 'quiet', 'rhythm'])]
  if (random.chance(0.3) && companion !== undefined) topics.push(companion(random, context))
  return {
    index,
    kind,
    topics: topics.map((topic, number) => ({
      ...topic,
      stem: `${topic.stem}-${number}`,
      events: topic.events.map(event => fitted(event, context)),
    })),
  }
}

/** Events are planned for the usual writing time; those that were planned to meet a fault stay where they are. */
function fitted(event: TopicEvent, { writingMs: durationMs }: WorldContext): TopicEvent {
  if (event.kind === 'recreate source' || event.kind === 'recreate target') return event
  return { ...event, atMs: Math.round((event.atMs * durationMs) / writingMs) }
}

/** A time at which something is wrong anyhow, more often than not. */
function within(random: Random, { faults, writingMs: durationMs }: WorldContext): number {
  const [fault] = faults.filter(({ kind }) => kind.startsWith('MirrorMaker'))
  if (fault === undefined || random.chance(0.3)) return random.whole(12_000, durationMs - 20_000)
  return fault.fromMs + Math.floor((fault.untilMs - fault.fromMs) * random.next() * 0.6)
}

function hanging(random: Random): TopicEvent {
  return {
    kind: 'hanging transaction',
    atMs: random.whole(5_000, 40_000),
    records: random.whole(1, 20),
    forMs: random.whole(3_000, 25_000),
    ending: random.pick(['commit', 'abort', 'leave']),
  }
}

function several(random: Random, event: (atMs: number) => TopicEvent): TopicEvent[] {
  return Array.from({ length: random.whole(1, 4) }, () => event(random.whole(8_000, 65_000))).toSorted(
    (a, b) => a.atMs - b.atMs,
  )
}

/** The faults of a world in words: its own, and those of its batch. */
export function faultsOf(world: WorldPlan, batch: BatchPlan): string[] {
  const own = world.topics.flatMap(topic => topic.events.map(({ kind }) => kind))
  const { kind } = world
  const shape = kind in faultyKinds && own.length === 0 ? [kind] : []
  return [...new Set([...shape, ...own, ...batch.faults.map(fault => fault.kind)])]
}
