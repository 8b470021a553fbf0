import { z } from 'zod'
import { errorSchema, flowDetailSchema, flowsSchema } from './schema.ts'

/** The API as an OpenAPI 3.1 document: docs/openapi.json. */
export function openApiDocument(): object {
  const json = (description: string, schema: z.ZodType): object => ({
    description,
    content: { 'application/json': { schema: schemaOf(schema) } },
  })
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
          parameters: [{ name: 'flow', in: 'path', required: true, schema: { type: 'string' } }],
          responses: {
            200: json('the flow', flowDetailSchema),
            404: json('there is no flow of this name', errorSchema),
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
  }
}

function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema)
  return rest
}
