import { OffsetSyncQueue, type SyncPair } from './offsetSyncs.ts'

/** A record that arrived: `count` neighbours from source offset `source` lie at `target` and behind. */
export interface RecordedCopies {
  readonly source: number
  readonly target: number
  readonly count: number
}

/** What happened to one partition in one life of a task, in order: copies were acknowledged, or offsets were committed. */
export type RecordedStep = RecordedCopies | 'commit'

/** The offset syncs that the model of MirrorMaker writes for these steps. */
export function replayedSyncs(steps: readonly RecordedStep[]): readonly SyncPair[] {
  const syncs: SyncPair[] = []
  const queue = new OffsetSyncQueue<'partition'>((_, pair) => {
    syncs.push(pair)
    queue.arrived()
  })
  for (const step of steps) {
    if (step === 'commit') queue.committed()
    else {
      for (let index = 0; index < step.count; index++) {
        queue.acknowledged('partition', { source: step.source + index, target: step.target + index })
      }
    }
  }
  return syncs
}

/** One partition of a recording of a real world (test/oracle/real/recording.ts), as far as it is replayed. */
export interface RecordedPartition {
  readonly copies: readonly (readonly [
    atMs: number,
    life: number,
    source: number,
    target: number,
    count: number,
  ])[]
  readonly syncs: readonly (readonly [
    readAtMs: number,
    writtenAtMs: number,
    source: number,
    target: number,
  ])[]
  readonly commits: readonly (readonly [readAtMs: number, writtenAtMs: number, offset: number | null])[]
}

export interface Conformance {
  /** Syncs that the model writes too: because a record forces them, or because offsets were committed. */
  readonly forced: number
  readonly committed: number
  /** Syncs of a pair that was not copied in that place: the first record of a task's life does that. */
  readonly unexplained: readonly SyncPair[]
  /** Syncs that a record forces and that were not written; of two that wait at the same time only the newer one is. */
  readonly withheld: readonly SyncPair[]
}

/**
 * Replays the copies of a partition, in the order of the target, through the model. When exactly MirrorMaker committed
 * between two copies cannot be seen from outside: a sync that nothing forces must lie at or behind an offset that was
 * committed since the last one.
 */
export function conformanceOf({ copies, syncs, commits }: RecordedPartition): Conformance {
  let forced = 0
  let committed = 0
  const unexplained: SyncPair[] = []
  const withheld: SyncPair[] = []
  const recorded = syncs.map(([, writtenAtMs, source, target]) => ({ writtenAtMs, source, target }))
  const isRecorded = new Set(recorded.map(pairKey))
  const sent: SyncPair[] = []
  const queue = new OffsetSyncQueue<'partition'>((_, pair) => {
    sent.push(pair)
    queue.arrived()
  })
  const byPair = new Map(recorded.map(sync => [pairKey(sync), sync]))
  const explained = new Set<string>()
  let lastCommit = -1
  for (const [, , from, to, count] of copies) {
    for (let index = 0; index < count; index++) {
      const pair = { source: from + index, target: to + index }
      const key = pairKey(pair)
      queue.acknowledged('partition', pair)
      const isForced = sent.at(-1)?.target === pair.target
      const sync = byPair.get(key)
      if (isForced && !isRecorded.has(key)) withheld.push(pair)
      if (sync === undefined) continue
      if (isForced) {
        forced += 1
        explained.add(key)
        continue
      }
      const commit = commits.findIndex(
        ([, writtenAtMs, offset], at) =>
          at > lastCommit &&
          offset !== null &&
          offset <= pair.source &&
          writtenAtMs <= sync.writtenAtMs + 1_000,
      )
      if (commit === -1) continue
      lastCommit = commit
      committed += 1
      explained.add(key)
      queue.committed()
    }
  }
  for (const sync of recorded) {
    if (!explained.has(pairKey(sync))) unexplained.push({ source: sync.source, target: sync.target })
  }
  return { forced, committed, unexplained, withheld }
}

function pairKey({ source, target }: SyncPair): string {
  return `${source}/${target}`
}
