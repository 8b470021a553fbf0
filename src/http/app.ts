import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import type { SelfMetrics } from '../metrics/selfMetrics.ts'
import type { Snapshot } from '../model/assessment.ts'
import type { ClockReading } from '../model/time.ts'
import { flowsView, flowView, topicDetailView, topicsView } from '../present/json.ts'
import { prefersOpenMetrics } from './accept.ts'
import { sendCompressed } from './compressed.ts'
import { isStranger } from './door.ts'
import { pages } from './pages.ts'
import { parsePage, parseTopicsQuery } from './query.ts'
import { bareHeaders } from './visitors.ts'

/** What the routes show. Nothing here can send a Kafka request: answers come from memory, at once. */
export interface Shown {
  readonly snapshot: () => Snapshot
  /** The families of the catalog, rendered when the snapshot was published. */
  readonly families: () => { readonly text: string; readonly openMetricsText: string }
  readonly selfMetrics: SelfMetrics
  readonly clock: () => ClockReading
  /** Names of flows whose first poll has not ended. */
  readonly unpolled: () => readonly string[]
  /** Who may come in; without it everybody. */
  readonly door?: RequestHandler
  /** A defect of ours: a route that threw. */
  readonly onDefect?: (error: unknown) => void
}

const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'
const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const end = '# EOF\n'
const noFlow = { error: 'there is no flow of this name' }

/** The express app: GET and HEAD only. */
export function createApp(shown: Shown): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(secured)
  if (shown.door !== undefined) app.use(shown.door)
  app.use(pages(shown))
  app.get('/metrics', async (request, response) => {
    const openMetrics = prefersOpenMetrics(request.headers.accept)
    const own = await shown.selfMetrics.render(openMetrics ? 'openmetrics' : 'prometheus')
    // In OpenMetrics the families come first, because the registry's page ends with the end marker.
    const page = openMetrics
      ? `${shown.families().openMetricsText}${withEnd(own)}`
      : `${own}${shown.families().text}`
    response.set('content-type', openMetrics ? openMetricsType : prometheusType)
    response.vary('Accept')
    await sendCompressed(request, response, Buffer.from(page))
  })
  app.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n')
  })
  app.get('/readyz', (_request, response) => {
    const waiting = shown.unpolled()
    response.type('text/plain')
    if (waiting.length === 0) response.send('the first poll of every flow has ended\n')
    else {
      const names = isStranger(response) ? `${waiting.length} of the flows` : waiting.join(', ')
      response.status(503).send(`waiting for the first poll of: ${names}\n`)
    }
  })
  app.get('/api/v1/flows', (_request, response) => {
    response.json(flowsView(shown.snapshot(), shown.clock()))
  })
  app.get('/api/v1/flows/:flow', (request, response) => {
    const view = flowView(shown.snapshot(), request.params.flow, shown.clock())
    if (view === undefined) response.status(404).json(noFlow)
    else response.json(view)
  })
  app.get('/api/v1/flows/:flow/topics', (request, response) => {
    const query = parseTopicsQuery(request.query)
    if ('why' in query) return void response.status(400).json({ error: query.why })
    const view = topicsView(shown.snapshot(), request.params.flow, query.value, shown.clock())
    if (view === undefined) response.status(404).json(noFlow)
    else response.json(view)
  })
  app.get('/api/v1/flows/:flow/topics/:topic', (request, response) => {
    const page = parsePage(request.query)
    if ('why' in page) return void response.status(400).json({ error: page.why })
    const view = topicDetailView(shown.snapshot(), request.params, page.value, shown.clock())
    if (view === undefined)
      response.status(404).json({ error: 'there is no such topic in the scope of such a flow' })
    else response.json(view)
  })
  app.get('/favicon.ico', (_request, response) => {
    response.status(204).end()
  })
  app.use((_request, response) => {
    response.status(404).json({ error: 'there is nothing here; see /, /metrics, /api/v1/flows' })
  })
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (error instanceof URIError) {
      response.status(400).json({ error: 'the path is not well-formed' })
      return
    }
    // What went wrong is for the log; a stranger learns only that it did.
    shown.onDefect?.(error)
    if (response.headersSent) next(error)
    else response.status(500).json({ error: 'internal error' })
  })
  return app
}

function secured(request: Request, response: Response, next: NextFunction): void {
  response.set(bareHeaders)
  if (request.method === 'GET' || request.method === 'HEAD') next()
  else response.status(405).set('allow', 'GET, HEAD').json({ error: 'this server is read-only' })
}

function withEnd(page: string): string {
  return page.endsWith(end) ? page : `${page}${end}`
}
