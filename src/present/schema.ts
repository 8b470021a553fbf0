import { z } from 'zod'
import { statuses } from '../model/assessment.ts'

// What the JSON API gives. Offsets and counts of records are strings: they are 64 bits wide.

const offset = z.string().regex(/^\d+$/).describe('64-bit count or offset, in decimal')
const instant = z.iso.datetime().describe('RFC 3339, UTC')
const status = z.enum(statuses)
const unknown = z
  .object({ reason: z.string(), detail: z.string() })
  .describe('why something cannot be told, as a word and in words')

const recovery = {
  status,
  unknown: unknown.nullable(),
  recoveryPoint: instant.nullable().describe('proven; null where there is none'),
  exposureSeconds: z.number().nullable().describe('now minus the proven recovery point'),
  estimatedRecoveryPoint: instant.nullable(),
  estimatedExposureSeconds: z.number().nullable(),
}

export const partitionSchema = z.object({
  partition: z.int(),
  ...recovery,
  highWatermark: offset.nullable().describe('the newest that was seen, as of highWatermarkAt'),
  highWatermarkAt: instant.nullable(),
  replicatedPosition: offset
    .nullable()
    .describe('proven; null while positions of a former identity are discarded'),
  estimatedPosition: offset.nullable(),
  lagRecords: offset.nullable().describe('upper bound'),
  basis: z.object({
    committedOffset: offset.nullable().describe("the replicator's last durable offset"),
    offsetSync: z.object({ source: offset, target: offset, writtenAt: instant.nullable() }).nullable(),
  }),
})

export const topicSchema = z.object({
  topic: z.string(),
  targetTopic: z.string(),
  ...recovery,
  summary: z.string().describe('the same in words'),
  lagRecords: offset.nullable().describe('upper bound; null when a partition is unknown'),
  estimatedLagRecords: offset.nullable(),
  budgetSeconds: z.number(),
  deadline: instant,
  offsetSyncFresh: z.boolean().nullable(),
  partitions: z.array(partitionSchema),
})

export const flowSummarySchema = z.object({
  flow: z.string(),
  source: z.string(),
  target: z.string(),
  replicator: z.string(),
  tier: z.string().nullable(),
  ...recovery,
  summary: z.string().describe('what would be lost if the source died now'),
  budget: z.string().describe('whether the budget is shown to be kept, in words'),
  blindSpots: z.array(z.string()).describe('what cannot be seen now'),
  knownRecoveryPoint: instant.nullable().describe('the worst of the topics that have a proven one'),
  knownExposureSeconds: z.number().nullable(),
  lagRecords: offset
    .nullable()
    .describe('upper bound as of the last poll; null as soon as one topic is unknown'),
  budgetSeconds: z.number(),
  objectiveRatio: z.number(),
  windowSeconds: z.number(),
  provableExposureSeconds: z.number(),
  deadline: instant,
  retractedAt: instant.nullable(),
  observedAt: instant.nullable(),
  observedSince: instant,
  polledAt: instant.describe('when the last poll ended'),
  heartbeatAt: instant.nullable(),
  topicsByStatus: z.record(status, z.int()).nullable().describe('null while the scope is unknown'),
  unprovenTopics: z.int().nullable(),
  partitionsExpected: z.int().nullable(),
  partitionsObserved: z.int().nullable(),
  absentTopics: z.array(z.string()).describe('names in the filter that the source does not have'),
  engine: z
    .object({
      positions: unknown.nullable(),
      offsetSyncs: unknown.nullable(),
      heartbeats: unknown.nullable(),
    })
    .describe('null: readable'),
})

export const flowSchema = flowSummarySchema.extend({
  topics: z.array(topicSchema).describe('earliest deadline first'),
})

export const clusterSchema = z.object({
  cluster: z.string(),
  up: z.boolean(),
  unknown: unknown.nullable(),
  answeredAt: instant.nullable(),
})

const notPolled = z
  .object({ flow: z.string(), source: z.string(), target: z.string(), status: z.literal('not_polled') })
  .describe('the first poll of this flow has not ended')

export const flowsSchema = z.object({
  now: instant,
  clusters: z.array(clusterSchema),
  flows: z.array(z.union([flowSummarySchema, notPolled])),
})

export const flowDetailSchema = z.union([flowSchema, notPolled])

export const errorSchema = z.object({ error: z.string() })

export type FlowsView = z.output<typeof flowsSchema>
export type FlowView = z.output<typeof flowDetailSchema>
export type FlowSummaryView = z.output<typeof flowSummarySchema>
export type TopicView = z.output<typeof topicSchema>
export type PartitionView = z.output<typeof partitionSchema>
