import { once } from 'node:events'
import { get, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import type { Shown } from '../../src/http/app.ts'
import { startServer } from '../../src/http/server.ts'
import { flowDetailSchema, flowsSchema, topicDetailSchema, topicsSchema } from '../../src/present/schema.ts'
import { Exposition } from '../support/exposition.ts'
import { application, flow } from './support/application.ts'

const app = (parts?: Partial<Shown>) => request(application(parts))

/** The answer as it came over the wire: supertest unpacks it. */
async function onTheWire(
  headers: OutgoingHttpHeaders,
): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> {
  const server = await startServer(application(), { host: '127.0.0.1', port: 0 })
  try {
    const outgoing = get({ host: '127.0.0.1', port: server.port, path: '/metrics', headers, agent: false })
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    return { headers: incoming.headers, body: await buffer(incoming) }
  } finally {
    await server.close(100)
  }
}

describe('/metrics', () => {
  test('Prometheus text', async () => {
    const response = await app().get('/metrics').expect(200)
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(response.headers['vary']).toBe('Accept, Accept-Encoding')
    const page = new Exposition(response.text)
    expect(page.value('kafka_replication_topic_lag_records', { flow: flow.name })).toBe(0)
    expect(page.value('tidemark_clock_timestamp_seconds')).toBe(1_772_361_000)
    expect(response.text).not.toContain('# EOF')
  })

  test('OpenMetrics for a Prometheus that asks for it as it does', async () => {
    const accept = 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.3'
    const response = await onTheWire({ accept })
    expect(response.headers['content-type']).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    )
    const text = String(response.body)
    expect(text).toContain('kafka_replication_topic_lag_records{')
    expect(text).toMatch(/\n# TYPE tidemark_polls counter\ntidemark_polls_total\{[\s\S]*\n# EOF\n$/)
  })

  test.each([
    { encoding: 'gzip', packed: true },
    { encoding: 'deflate, gzip;q=0.5', packed: true },
    { encoding: '*', packed: true },
    { encoding: 'gzip;q=0', packed: false },
    { encoding: 'identity, gzip;q=0.5', packed: false },
    { encoding: 'br', packed: false },
    { encoding: '', packed: false },
  ])('Accept-Encoding "$encoding": gzip $packed', async ({ encoding, packed }) => {
    const response = await onTheWire({ 'accept-encoding': encoding })
    expect(response.headers['content-encoding']).toBe(packed ? 'gzip' : undefined)
    expect(Number(response.headers['content-length'])).toBe(response.body.length)
    const text = String(packed ? gunzipSync(response.body) : response.body)
    expect(new Exposition(text).value('tidemark_clock_timestamp_seconds')).toBe(1_772_361_000)
  })
})

test.each(['/', '/metrics', '/healthz', '/readyz', '/api/v1/flows'])(
  'HEAD %s is GET without its body',
  async path => {
    const response = await app().head(path).expect(200)
    expect(response.text ?? '').toBe('')
    expect(Number(response.headers['content-length'])).toBeGreaterThan(0)
  },
)

test.each(['post', 'put', 'delete', 'patch', 'options'] as const)('%s is not allowed', async method => {
  const response = await app()[method]('/metrics').expect(405)
  expect(response.headers['allow']).toBe('GET, HEAD')
})

test('every answer has the headers that keep a browser from doing anything with it', async () => {
  for (const path of ['/', '/flows/none', '/metrics', '/api/v1/flows', '/nothing', '/favicon.ico']) {
    const { headers } = await app().get(path)
    expect(headers['x-content-type-options'], path).toBe('nosniff')
    expect(headers['content-security-policy'], path).toMatch(/^default-src 'none';/)
    expect(headers['x-powered-by'], path).toBeUndefined()
    expect(headers['cache-control'], path).toBe('no-store')
  }
})

test('/ is the status page', async () => {
  const response = await app().get('/').expect(200).expect('content-type', 'text/html; charset=utf-8')
  expect(response.text).toContain('If east died now')
  expect(response.headers['content-security-policy']).toContain("style-src 'sha256-")
})

describe('/readyz', () => {
  test('names the flows whose first poll has not ended', async () => {
    const response = await app({ unpolled: () => ['east-to-west', 'west-to-east'] })
      .get('/readyz')
      .expect(503)
    expect(response.text).toContain('east-to-west, west-to-east')
    await app({ unpolled: () => ['east-to-west'] })
      .get('/readyz')
      .expect(503)
  })

  test('is ready as soon as all have, and the process lives before', async () => {
    await app().get('/readyz').expect(200)
    await app({ unpolled: () => ['east-to-west'] })
      .get('/healthz')
      .expect(200)
  })
})

describe('/api/v1', () => {
  test('all flows, by the schema', async () => {
    const response = await app().get('/api/v1/flows').expect(200).expect('content-type', /json/)
    expect(flowsSchema.parse(response.body).flows).toMatchObject([{ flow: flow.name, status: 'covered' }])
  })

  test('one flow, whatever its name', async () => {
    const response = await app()
      .get(`/api/v1/flows/${encodeURIComponent(flow.name)}`)
      .expect(200)
    expect(flowDetailSchema.parse(response.body)).toMatchObject({ topics: [{ topic: 'orders' }] })
  })

  test('a page of topics, and one topic, by their schemas', async () => {
    const path = `/api/v1/flows/${encodeURIComponent(flow.name)}/topics`
    const topics = await app().get(`${path}?filter=ORD&status=covered`).expect(200)
    expect(topicsSchema.parse(topics.body)).toMatchObject({ matching: 1, topics: [{ topic: 'orders' }] })
    const topic = await app().get(`${path}/orders`).expect(200)
    expect(topicDetailSchema.parse(topic.body).partitions).toHaveLength(2)
    const wrong = await app().get(`${path}?status=broken`).expect(400)
    expect(wrong.body).toEqual({ error: expect.stringContaining('status: expected one of stalled') })
    await app().get(`${path}/orders?page=x`).expect(400)
    await app().get(`${path}/none`).expect(404)
  })

  test.each([
    ['/api/v1/flows/none', 404],
    ['/api/v1/flows/none/topics', 404],
    ['/api/v1/flows/none/topics/orders', 404],
    ['/api/v1/flows/__proto__', 404],
    ['/api/v2/flows', 404],
    ['/api/v1/flows/%E0%A4%A', 400],
  ])('%s: %d', async (path, status) => {
    const response = await app().get(path).expect(status)
    expect(response.body).toMatchObject({ error: expect.any(String) })
  })
})

test('/favicon.ico is nothing', async () => {
  await app().get('/favicon.ico').expect(204)
})

test('a defect is told to whoever runs it, and not to a stranger', async () => {
  const told: unknown[] = []
  const defect = new Error('secret detail')
  const response = await app({
    snapshot: () => {
      throw defect
    },
    onDefect: error => told.push(error),
  })
    .get('/api/v1/flows')
    .expect(500)
  expect(response.text).not.toContain('secret')
  expect(told).toEqual([defect])
})
