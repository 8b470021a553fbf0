import type { CompareContext } from '../../src/compare/context.ts'
import { noContent } from '../../src/compare/leftBehind.ts'
import { noPosition } from '../../src/compare/position.ts'
import type {
  Content,
  FlowComparison,
  PartitionComparison,
  Position,
  Tail,
  WatermarkSample,
} from '../../src/model/comparison.ts'
import { mirrorMaker2Names } from '../../src/replicators/mirrormaker2/naming.ts'
import { aFlow, type FlowParts, flushMs, pollMs } from './world.ts'

/** A high watermark, seen once unless it is told since when. */
export function aSample(
  highWatermark: bigint,
  lastSeenAt: number,
  parts: Partial<WatermarkSample> = {},
): WatermarkSample {
  return { highWatermark, firstSeenAt: lastSeenAt, lastSeenAt, copies: undefined, ...parts }
}

/** The position behind the given number of records, committed by the engine. */
export function aPosition(proven: bigint, parts: Partial<Position> = {}): Position {
  return { ...noPosition, proven, estimated: proven, durable: proven - 1n, ...parts }
}

/** Nothing but the given facts is known from records. */
export function aContent(parts: Partial<Content>): Content {
  return { ...noContent, ...parts }
}

/** A tail at offset 3 that holds nothing, unless told. */
export function aTail(parts: Partial<Tail> = {}): Tail {
  return {
    readFrom: 3n,
    from: 3n,
    readTo: 3n,
    isolationLevel: 'read_uncommitted',
    records: 0,
    copied: 0,
    markers: 0,
    firstRecord: undefined,
    missing: undefined,
    unexplained: undefined,
    targetEnd: undefined,
    lastStableOffset: 3n,
    readAt: 1,
    ...parts,
  }
}

/** A partition of which nothing is known, but for the given facts. */
export function aPartition(parts: Partial<PartitionComparison> = {}): PartitionComparison {
  return {
    partition: 0,
    highWatermark: undefined,
    counted: parts.position?.proven ?? 0n,
    position: noPosition,
    history: [],
    targetEnd: undefined,
    logStart: undefined,
    content: undefined,
    engineUnknown: undefined,
    estimateBasis: undefined,
    retentionDeadline: undefined,
    unknown: undefined,
    recoveryPoint: undefined,
    estimatedRecoveryPoint: undefined,
    lag: undefined,
    estimatedLag: undefined,
    missingSince: undefined,
    movedAt: undefined,
    knownSince: undefined,
    pairFresh: undefined,
    logStartWanted: false,
    ...parts,
  }
}

/** A flow whose topics have these partitions, compared by a poll that began at `t0`. */
export function aComparison(
  topics: Readonly<Record<string, readonly PartitionComparison[]>>,
  t0: number,
): FlowComparison {
  return {
    at: t0 + 100,
    firstAt: t0,
    observedAt: t0,
    source: { t0, unknown: undefined },
    target: { t0, unknown: undefined },
    listedAt: t0,
    topicsMayBeHidden: false,
    topics: new Map(
      Object.entries(topics).map(([topic, partitions]) => [
        topic,
        {
          topic,
          targetTopic: `east.${topic}`,
          sourceId: `id-of-${topic}`,
          targetId: `id-of-east.${topic}`,
          retiredIds: [],
          unknown: undefined,
          partitions,
          firstSeenAt: t0,
          appearedAt: undefined,
          recoveryPoint: undefined,
          estimatedRecoveryPoint: undefined,
          unprovenSince: undefined,
        },
      ]),
    ),
    outOfScope: new Map(),
    scopeUnknownSince: undefined,
    scopeUnknown: undefined,
    absentTopics: [],
    engineUnknown: { durable: undefined, pairs: undefined },
    audits: { proven: 0, contradicted: 0, inconclusive: 0, unreadable: 0 },
    rotation: 0,
    clocks: { offsetMs: 0, jump: undefined, engineAheadMs: undefined },
    heartbeatAtMs: undefined,
    heartbeatUnknown: undefined,
  }
}

/** What stays the same from poll to poll, of a flow with the usual settings but for the parts given. */
export function aContext(parts: FlowParts = {}): CompareContext {
  const flow = aFlow(parts)
  return {
    flow,
    naming: mirrorMaker2Names(flow.replicator),
    pacing: { commitIntervalMs: flushMs, pairSpacing: 100n },
    pollMs,
  }
}

/** The partition as a comparison has it. */
export function partitionIn(
  comparison: FlowComparison,
  topic = 'orders',
  partition = 0,
): PartitionComparison {
  const found = comparison.topics.get(topic)?.partitions.find(it => it.partition === partition)
  if (found === undefined) throw new Error(`${topic}-${partition} is not in the comparison`)
  return found
}
