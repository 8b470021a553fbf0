import { afterEach, describe, expect, test } from 'vitest'
import { SourceError } from '../../../src/sources/http.ts'
import { PrometheusClient, parseSampleValue, selectorOf } from '../../../src/sources/prometheus/client.ts'
import { formOf, type StubServer, stubServer } from '../../support/stubServer.ts'

let server: StubServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** A Prometheus that always answers the same, and what it was asked. */
async function answering(status: number, answer: unknown) {
  const asked: Readonly<Record<string, string>>[] = []
  server = await stubServer(async (request, response) => {
    asked.push({ path: request.url ?? '', ...(await formOf(request)) })
    response.writeHead(status).end(JSON.stringify(answer))
  })
  return { client: new PrometheusClient({ url: server.url, credentials: undefined }), asked }
}

const matrix = (...values: readonly unknown[]) => ({
  status: 'success',
  data: {
    resultType: 'matrix',
    result: [{ metric: { __name__: 'x', flow: 'a', job: 'tidemark' }, values }],
  },
})

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    reason => reason,
  )
  expect(error).toBeInstanceOf(SourceError)
  return (error as SourceError).message.replace(/.*?: /, '')
}

test('samples are asked for as they are stored, from an instant to just before another', async () => {
  const { client, asked } = await answering(200, matrix([9.999, '1'], [10, '0'], [40.5, '1'], [70, '1']))
  expect(await client.samples('{flow="a"}', 10_000, 70_000)).toEqual([
    {
      name: 'x',
      labels: { flow: 'a', job: 'tidemark' },
      samples: [
        { atMs: 10_000, value: 0 },
        { atMs: 40_500, value: 1 },
      ],
    },
  ])
  expect(asked).toEqual([
    {
      path: '/api/v1/query',
      query: '{flow="a"}[60000ms]',
      time: '69.999',
      partial_response: 'false',
    },
  ])
})

test('warnings are kept, each once', async () => {
  const { client } = await answering(200, { ...matrix(), warnings: ['a store did not answer'] })
  await client.samples('x', 0, 1_000)
  await client.samples('x', 0, 1_000)
  expect(client.warnings).toEqual(['a store did not answer'])
})

describe('what is no answer', () => {
  test.each([400, 422, 503])('an error, status %i', async status => {
    const { client } = await answering(status, {
      status: 'error',
      errorType: 'execution',
      error: 'query processing would load too many samples',
    })
    expect(await failure(client.samples('x', 0, 1_000))).toBe(
      'it cannot answer: query processing would load too many samples',
    )
  })

  test.each([
    ['something else', { hello: 'world' }, '/api/v1/query does not answer as a Prometheus does'],
    [
      'a vector',
      { status: 'success', data: { resultType: 'vector', result: [] } },
      '/api/v1/query answers something else than samples',
    ],
    ['samples that are none', matrix([10, 0]), '/api/v1/query answers something else than samples'],
    ['samples that are none at all', matrix('x'), '/api/v1/query answers something else than samples'],
  ])('%s', async (_, answer, said) => {
    const { client } = await answering(200, answer)
    expect(await failure(client.samples('x', 0, 1_000))).toBe(said)
  })
})

test.each([
  ['1.5', 1.5],
  ['+Inf', Number.POSITIVE_INFINITY],
  ['-Inf', Number.NEGATIVE_INFINITY],
  ['NaN', Number.NaN],
])('a value %s', (text, value) => {
  expect(parseSampleValue(text)).toBe(value)
})

test('a selector of a flow whose name has quotes', () => {
  expect(selectorOf(['a:b', 'c'], 'x"\\y')).toBe('{__name__=~"a:b|c", flow="x\\"\\\\y"}')
  expect(selectorOf(['a'], undefined)).toBe('{__name__=~"a"}')
})
