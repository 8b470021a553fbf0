import { z } from 'zod'
import { statuses } from '../model/assessment.ts'
import { flowStates } from '../model/flow.ts'

// What the JSON API gives. Offsets and counts of records are strings: they are 64 bits wide.

export const offset = z.string().regex(/^\d+$/).describe('64-bit count or offset, in decimal')
export const instant = z.iso.datetime().describe('RFC 3339, UTC')
const status = z.enum(statuses)
const unknown = z
  .object({ reason: z.string(), detail: z.string() })
  .describe('why something cannot be told, as a word and in words')

const whole = z.int().nullable()

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
  summary: z.string().describe('the same in words'),
  highWatermark: offset.nullable().describe('the newest that was seen, as of highWatermarkAt'),
  highWatermarkAt: instant.nullable(),
  replicatedPosition: offset
    .nullable()
    .describe('proven; null while positions of a former identity are discarded'),
  estimatedPosition: offset.nullable(),
  recoveryPointBasis: z
    .enum(['history', 'content'])
    .nullable()
    .describe("history: on the replicator's own commits; content: records were read or compared"),
  estimatedRecoveryPointBasis: z.enum(['history', 'record_timestamp', 'budget_probe']).nullable(),
  lagRecords: offset.nullable().describe('upper bound'),
  missingRecords: whole.describe('certainly not on the target; null where the tail was not read'),
  tail: z
    .object({
      from: offset,
      to: offset,
      isolationLevel: z.enum(['read_uncommitted', 'read_committed']),
      records: z.int().describe('data records in it'),
      markers: z.int(),
      unexplained: whole.describe(
        'records at the end of the target that are no copy of anything on the source',
      ),
      why: z.string(),
      readAt: instant,
    })
    .nullable()
    .describe('what reading the source behind the proven position found'),
  cause: z
    .object({
      reason: z.literal('open_transaction'),
      lastStableOffset: offset,
      producerId: z.string().nullable(),
      ageSeconds: z.number().nullable().describe("since the producer's newest record in it"),
      detail: z.string(),
    })
    .nullable(),
  lost: z
    .array(
      z.object({
        from: offset,
        to: offset.describe('not included'),
        cause: z.enum(['expired', 'recreated', 'truncated', 'skipped']),
        certain: z.boolean(),
        former: z.boolean().describe('offsets of a topic that has been replaced since'),
        foundAt: instant,
      }),
    )
    .describe('source offsets that will not be copied'),
  lostRecords: offset,
  possiblyLostRecords: offset,
  mismatches: z.array(z.object({ source: offset, target: offset, foundAt: instant })),
  retentionDeadline: instant
    .nullable()
    .describe('when the source starts to delete what is not on the target'),
  audit: z
    .object({
      outcome: z.enum(['proven', 'contradicted', 'inconclusive', 'unreadable']),
      detail: z.string(),
      at: instant,
      completedAt: instant.nullable().describe('when the copy was last compared down to where a log begins'),
    })
    .nullable(),
  unreadable: unknown.nullable().describe('why records could not be read, so that the bounds are no tighter'),
  basis: z.object({
    committedOffset: offset.nullable().describe("the replicator's last durable offset"),
    offsetSync: z.object({ source: offset, target: offset, writtenAt: instant.nullable() }).nullable(),
  }),
})

export const exposureHistorySchema = z
  .object({
    from: instant.describe('when the first slot began'),
    slotSeconds: z.number().describe('how long each slot is; the next begins where one ends'),
    exposureSeconds: z
      .array(z.number().nullable())
      .describe('the greatest of each slot; null: nothing was proven then, or nobody looked'),
  })
  .describe('the exposure of the last hours, in memory only: it begins anew with the process')

export const topicSummarySchema = z.object({
  topic: z.string(),
  targetTopic: z.string(),
  ...recovery,
  summary: z.string().describe('the same in words'),
  lagRecords: offset.nullable().describe('upper bound; null when a partition is unknown'),
  estimatedLagRecords: offset.nullable(),
  missingRecords: whole,
  lostRecords: offset,
  possiblyLostRecords: offset,
  mismatchedRecords: z.int(),
  retentionDeadline: instant.nullable(),
  budgetSeconds: z.number(),
  deadline: instant,
  offsetSyncFresh: z.boolean().nullable(),
  partitionsExpected: z.int(),
  partitionsObserved: z.int(),
})

export const topicSchema = topicSummarySchema.extend({ partitions: z.array(partitionSchema) })

const state = z
  .object({
    kind: z.enum(flowStates),
    until: instant.nullable(),
    reason: z.string().nullable(),
    summary: z.string().nullable().describe('the same in words; null while the flow is active'),
  })
  .describe('only an active flow is expected to keep its budget')

export const flowSummarySchema = z.object({
  flow: z.string(),
  source: z.string(),
  target: z.string(),
  replicator: z.string(),
  tier: z.string().nullable(),
  state,
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
  budgetUsedRatio: z
    .number()
    .describe(
      'how much of its budget the topic with the earliest deadline has used, at least 0; above 1 it is passed',
    ),
  retractedAt: instant.nullable(),
  observedAt: instant.nullable(),
  observedSince: instant,
  polledAt: instant.describe('when the last poll ended'),
  stale: z
    .boolean()
    .describe('polls have stopped ending: statuses and counts are about polledAt, not about now'),
  heartbeatAt: instant.nullable(),
  topicsByStatus: z.record(status, z.int()).nullable().describe('null while the scope is unknown'),
  unprovenTopics: z.int().nullable(),
  partitionsExpected: z.int().nullable(),
  partitionsObserved: z.int().nullable(),
  audit: z.object({
    proven: z.int(),
    contradicted: z.int(),
    inconclusive: z.int(),
    unreadable: z.int(),
    partitionsAudited: z.int(),
    auditedSince: instant.nullable().describe('every partition was looked at then or later'),
  }),
  lostRecords: offset.describe('of all topics, since this process started; only ever more'),
  possiblyLostRecords: offset,
  mismatchedRecords: z.int(),
  retentionDeadline: instant.nullable().describe('the first of all topics'),
  damages: z.array(z.string()).describe('what is lost, or wrong on the target, a sentence a topic'),
  absentTopics: z.array(z.string()).describe('names in the filter that the source does not have'),
  engine: z
    .object({
      positions: unknown.nullable(),
      offsetSyncs: unknown.nullable(),
      heartbeats: unknown.nullable(),
    })
    .describe('null: readable'),
  worstTopics: z.array(topicSummarySchema).describe('worst first, five at most'),
  exposureHistory: exposureHistorySchema
    .extend({
      budgetKept: z
        .array(z.boolean().nullable())
        .describe('whether the budget was shown to be kept in all of the slot; null: nobody looked'),
    })
    .nullable(),
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

export const notPolledSchema = z
  .object({
    flow: z.string(),
    source: z.string(),
    target: z.string(),
    status: z.literal('not_polled'),
    state,
  })
  .describe('the first poll of this flow has not ended')

export const configurationSchema = z
  .object({
    loadedAt: instant.describe('when the configuration that runs was read'),
    refused: z
      .object({ at: instant, problems: z.int().describe('the log has them') })
      .nullable()
      .describe(
        'set while the file, or the web configuration, has problems, so that what runs is not what it says',
      ),
  })
  .nullable()
  .describe('null where no process runs that could read its configuration again')

const shown = {
  now: instant,
  pollSeconds: z.number().describe('the longest gap between two polls by the schedule'),
  clusters: z.array(clusterSchema),
  configuration: configurationSchema,
}

export const flowsSchema = z.object({
  ...shown,
  flows: z.array(z.union([flowSummarySchema, notPolledSchema])),
})

/** Topics and partitions come in pages of this many. */
export const pageSize = 100

const paged = {
  page: z.int(),
  pages: z.int().describe('1 also when there is nothing'),
}

export const topicsSchema = z.object({
  ...shown,
  flow: z.union([flowSummarySchema, notPolledSchema]),
  filter: z.string().nullable().describe('a part of the name, upper or lower case'),
  status: status.nullable(),
  matching: whole.describe('topics that the filter and the status leave; null while the scope is unknown'),
  ...paged,
  topics: z
    .array(topicSummarySchema)
    .describe('worst first: past the budget, then by status, then by deadline; one page'),
})

export const topicDetailSchema = z.object({
  ...shown,
  flow: z.union([flowSummarySchema, notPolledSchema]),
  topic: topicSummarySchema.extend({ exposureHistory: exposureHistorySchema.nullable() }),
  ...paged,
  partitions: z.array(partitionSchema).describe('worst status first, then by number; one page'),
})

export const flowDetailSchema = z.union([flowSchema, notPolledSchema])

export const errorSchema = z.object({ error: z.string() })

export type FlowsView = z.output<typeof flowsSchema>
export type FlowView = z.output<typeof flowDetailSchema>
export type FlowSummaryView = z.output<typeof flowSummarySchema>
export type TopicsView = z.output<typeof topicsSchema>
export type TopicDetailView = z.output<typeof topicDetailSchema>
export type ConfigurationView = z.output<typeof configurationSchema>
export type NotPolledView = z.output<typeof notPolledSchema>
export type ClusterView = z.output<typeof clusterSchema>
export type ExposureHistoryView = z.output<typeof exposureHistorySchema>
export type TopicSummaryView = z.output<typeof topicSummarySchema>
export type TopicView = z.output<typeof topicSchema>
export type PartitionView = z.output<typeof partitionSchema>
