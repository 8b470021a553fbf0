import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Followers, WorldReport } from './batch.ts'
import type { EngineLog, EngineRecord } from './engineLog.ts'
import type { PartitionLog } from './logs.ts'
import type { WorldPlan } from './plan.ts'

/** A world as it was seen from outside, for the simulation to be held against. Times: milliseconds since it began. */
export interface Recording {
  readonly seed: number
  readonly flushMs: number
  readonly plan: WorldPlan
  readonly faults: readonly string[]
  readonly happenings: readonly (readonly [atMs: number, text: string])[]
  readonly partitions: readonly PartitionRecording[]
}

export interface PartitionRecording {
  readonly topic: string
  readonly partition: number
  /** The lives of the topic, oldest first. */
  readonly source: readonly LifeRecording[]
  readonly target: readonly LifeRecording[]
  /**
   * Which record was copied where: `count` neighbours from offset `source` of life `life` lie at `target` and behind, and
   * were seen there at the given time. In the order of the target, re-sent records again. Records that look like
   * others are left out.
   */
  readonly copies: readonly (readonly [
    atMs: number,
    life: number,
    source: number,
    target: number,
    count: number,
  ])[]
  /** Offset syncs as they were read, with the time at which MirrorMaker wrote them. */
  readonly syncs: readonly (readonly [
    readAtMs: number,
    writtenAtMs: number,
    source: number,
    target: number,
  ])[]
  /** Connect's source offsets: the last replicated one, null for a reset. */
  readonly commits: readonly (readonly [readAtMs: number, writtenAtMs: number, offset: number | null])[]
}

export interface LifeRecording {
  readonly createdAfterMs: number
  readonly goneByMs: number | null
  /** End offsets (high watermarks) when they were first seen. */
  readonly ends: readonly (readonly [atMs: number, end: number])[]
  readonly logStarts: readonly (readonly [atMs: number, logStart: number])[]
  /** Offsets of commit and abort markers. */
  readonly markers: readonly number[]
}

export interface EngineLogs {
  readonly offsetSyncs: EngineLog
  readonly sourceOffsets: EngineLog
}

/** What was seen of a world; to be called before its topics are forgotten. */
export function recordingOf(
  report: Pick<WorldReport, 'plan' | 'faults' | 'happenings'>,
  topics: readonly { readonly topic: string; readonly targetTopic: string }[],
  { seed, flushMs, beganAt }: { readonly seed: number; readonly flushMs: number; readonly beganAt: number },
  followers: Followers,
  engine: EngineLogs,
): Recording {
  const since = (at: number): number => Math.round(at - beganAt)
  const partitions = topics.flatMap(({ topic, targetTopic }) => {
    const count = Math.max(0, ...followers.source.lives(topic).map(life => life.length))
    return Array.from({ length: count }, (_, partition): PartitionRecording => {
      const source = followers.source.logs(topic, partition)
      const target = followers.target.logs(targetTopic, partition)
      const own = ({ records }: EngineLog): EngineRecord[] =>
        records.filter(record => record.topic === topic && record.partition === partition)
      return {
        topic,
        partition,
        source: source.map(log => lifeOf(log, since)),
        target: target.map(log => lifeOf(log, since)),
        copies: target.flatMap(log => copiesOf(log, source, since)),
        syncs: own(engine.offsetSyncs).map(({ readAt, writtenAt, source: from, target: to }) => [
          since(readAt),
          since(writtenAt),
          from ?? -1,
          to ?? -1,
        ]),
        commits: own(engine.sourceOffsets).map(({ readAt, writtenAt, source: offset }) => [
          since(readAt),
          since(writtenAt),
          offset,
        ]),
      }
    })
  })
  return {
    seed,
    flushMs,
    plan: report.plan,
    faults: report.faults,
    happenings: report.happenings.map(({ at, text }) => [since(at), text]),
    partitions,
  }
}

/** Writes it to the folder as one JSON file, one line a partition. */
export async function saveRecording(folder: string, recording: Recording): Promise<string> {
  await mkdir(folder, { recursive: true })
  const { partitions, ...head } = recording
  const lines = partitions.map(partition => JSON.stringify(partition)).join(',\n')
  const file = join(folder, `seed-${recording.seed}-world-${recording.plan.index}.json`)
  await writeFile(file, `${JSON.stringify(head).slice(0, -1)},"partitions":[\n${lines}\n]}\n`)
  return file
}

function lifeOf(log: PartitionLog, since: (at: number) => number): LifeRecording {
  const marks = (all: readonly (readonly [number, bigint])[]): [number, number][] =>
    all.map(([at, value]) => [since(at), Number(value)])
  return {
    createdAfterMs: since(log.createdAfter),
    goneByMs: log.goneBy === undefined ? null : since(log.goneBy),
    ends: marks(log.endHistory()),
    logStarts: marks(log.logStartHistory()),
    markers: Array.from(log.markers, Number),
  }
}

type Run = [atMs: number, life: number, source: number, target: number, count: number]

function copiesOf(
  target: PartitionLog,
  source: readonly PartitionLog[],
  since: (at: number) => number,
): Run[] {
  const runs: Run[] = []
  for (const copy of target.records) {
    const life = source.findLastIndex(log => log.byContent.get(copy.content)?.length === 1)
    const original = source[life]?.byContent.get(copy.content)?.[0]
    if (original === undefined) continue
    const at = since(copy.seenBy)
    const from = Number(original.offset)
    const to = Number(copy.offset)
    const last = runs.at(-1)
    const goesOn =
      last !== undefined &&
      last[0] === at &&
      last[1] === life &&
      last[2] + last[4] === from &&
      last[3] + last[4] === to
    if (goesOn) last[4] += 1
    else runs.push([at, life, from, to, 1])
  }
  return runs
}
