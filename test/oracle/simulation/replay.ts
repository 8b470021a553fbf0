import type { PartitionRecording } from '../real/recording.ts'
import { OffsetSyncQueue, type SyncPair } from './offsetSyncs.ts'

/** A record that arrived: `count` neighbours from source offset `source` lie at `target` and behind. */
export interface RecordedCopies {
  readonly source: number
  readonly target: number
  readonly count: number
}

/** A recording of a real world (test/oracle/real/recording.ts), as far as it is replayed. */
export interface RecordedWorld {
  readonly happenings: readonly (readonly [atMs: number, text: string])[]
  readonly partitions: readonly RecordedPartition[]
}

/** When MirrorMaker's tasks began anew in a recorded world. */
export function startsOf({ happenings }: RecordedWorld): readonly number[] {
  return happenings.flatMap(([atMs, text]) => (/^MirrorMaker (killed|stopped): over/.test(text) ? atMs : []))
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

/** One partition of it. */
export type RecordedPartition = Pick<PartitionRecording, 'copies' | 'syncs' | 'commits'>

export interface Conformance {
  /** Syncs that the model writes too: because a record forces them, or because offsets were committed. */
  readonly forced: number
  readonly committed: number
  /** Syncs that nothing explains. */
  readonly unexplained: readonly SyncPair[]
  /** Syncs that a record forces and that were not written; of two that wait at the same time only the newer one is. */
  readonly withheld: readonly SyncPair[]
}

/**
 * Replays the copies of a partition, in the order of the target, through the model. When exactly MirrorMaker committed
 * between two copies cannot be seen from outside: a sync that nothing forces must lie at or behind an offset that was
 * committed since the last one. Tasks that begin anew at the instants given sync their first record.
 */
export function conformanceOf(
  { copies, syncs, commits }: RecordedPartition,
  startsAtMs: readonly number[],
): Conformance {
  let forced = 0
  let committed = 0
  const unexplained: SyncPair[] = []
  const withheld: SyncPair[] = []
  const recorded = syncs.map(([, writtenAtMs, source, target]) => ({ writtenAtMs, source, target }))
  const isRecorded = new Set(recorded.map(pairKey))
  const sent: SyncPair[] = []
  const begin = (): OffsetSyncQueue<'partition'> => {
    const begun = new OffsetSyncQueue<'partition'>((_, pair) => {
      sent.push(pair)
      begun.arrived()
    })
    return begun
  }
  let queue = begin()
  let starts = 0
  const byPair = new Map(recorded.map(sync => [pairKey(sync), sync]))
  const explained = new Set<string>()
  let lastCommit = -1
  for (const [atMs, , from, to, count] of copies) {
    const before = starts
    while ((startsAtMs[starts] ?? Number.POSITIVE_INFINITY) <= atMs) starts += 1
    if (starts > before) queue = begin()
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
