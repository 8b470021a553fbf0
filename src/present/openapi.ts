import { z } from 'zod'
import { statuses } from '../model/assessment.ts'
import {
  clusterSchema,
  errorSchema,
  exposureHistorySchema,
  flowDetailSchema,
  flowSchema,
  flowSummarySchema,
  flowsSchema,
  instant,
  notPolledSchema,
  offset,
  partitionSchema,
  topicDetailSchema,
  topicSchema,
  topicSummarySchema,
  topicsSchema,
} from './schema.ts'

/** The API as an OpenAPI 3.1 document: docs/openapi.json. */
export function openApiDocument(): object {
  const json = (description: string, schema: z.ZodType): object => ({
    description,
    content: { 'application/json': { schema: schemaOf(schema) } },
  })
  const name = (part: string): object => ({
    name: part,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  })
  const query = (part: string, description: string, schema: object): object => ({
    name: part,
    in: 'query',
    description,
    schema,
  })
  const page = query('page', 'from 1; behind the last page the last one is given', {
    type: 'integer',
    minimum: 1,
    default: 1,
  })
  const wrong = json('a parameter is wrong: what was expected', errorSchema)
  const text = (description: string): object => ({ description, content: { 'text/plain': {} } })
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidemark',
      version: '1',
      description:
        'What would be lost if the source cluster died now. Read-only; answers from memory, never from Kafka.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: {
      '/api/v1/flows': {
        get: {
          summary: 'All flows',
          responses: { 200: json('every flow, without its topics', flowsSchema) },
        },
      },
      '/api/v1/flows/{flow}': {
        get: {
          summary: 'One flow with its topics and partitions',
          parameters: [name('flow')],
          responses: {
            200: json('the flow', flowDetailSchema),
            404: json('there is no flow of this name', errorSchema),
          },
        },
      },
      '/api/v1/flows/{flow}/topics': {
        get: {
          summary: 'The topics of a flow, worst first, a hundred at a time',
          parameters: [
            name('flow'),
            query('filter', 'a part of the name, upper or lower case', { type: 'string', maxLength: 249 }),
            query('status', 'only topics in this status', { type: 'string', enum: statuses }),
            page,
          ],
          responses: {
            200: json('a page of the topics, without their partitions', topicsSchema),
            400: wrong,
            404: json('there is no flow of this name', errorSchema),
          },
        },
      },
      '/api/v1/flows/{flow}/topics/{topic}': {
        get: {
          summary: 'One topic with its partitions, a hundred at a time',
          parameters: [name('flow'), name('topic'), page],
          responses: {
            200: json('the topic and a page of its partitions', topicDetailSchema),
            400: wrong,
            404: json('there is no such flow, or no such topic in its scope', errorSchema),
          },
        },
      },
      '/metrics': {
        get: {
          summary: 'Prometheus text 0.0.4, or OpenMetrics 1.0 by Accept',
          responses: { 200: text('the page') },
        },
      },
      '/healthz': { get: { summary: 'The process lives', responses: { 200: text('it does') } } },
      '/readyz': {
        get: {
          summary: 'The first poll of every flow has ended, whatever it found',
          responses: { 200: text('all have'), 503: text('the flows whose first poll has not ended') },
        },
      },
    },
    components: components(),
  }
}

/** What has a name, so that it stands in the document once. */
const named = z.registry<{ id: string }>()
named.add(flowsSchema, { id: 'Flows' })
named.add(flowSummarySchema, { id: 'FlowSummary' })
named.add(flowSchema, { id: 'Flow' })
named.add(notPolledSchema, { id: 'FlowNotPolled' })
named.add(topicsSchema, { id: 'Topics' })
named.add(topicSummarySchema, { id: 'TopicSummary' })
named.add(topicSchema, { id: 'Topic' })
named.add(topicDetailSchema, { id: 'TopicDetail' })
named.add(partitionSchema, { id: 'Partition' })
named.add(clusterSchema, { id: 'Cluster' })
named.add(exposureHistorySchema, { id: 'ExposureHistory' })
named.add(flowDetailSchema, { id: 'FlowDetail' })
named.add(errorSchema, { id: 'Error' })
named.add(instant, { id: 'Instant' })
named.add(offset, { id: 'Offset' })

function refTo(id: string): string {
  return `#/components/schemas/${id}`
}

function schemaOf(schema: z.ZodType): object {
  const id = named.get(schema)?.id
  if (id === undefined) throw new Error('a schema of the API has no name')
  return { $ref: refTo(id) }
}

function components(): object {
  const { schemas } = z.toJSONSchema(named, { uri: refTo })
  return {
    schemas: Object.fromEntries(
      Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
    ),
  }
}
