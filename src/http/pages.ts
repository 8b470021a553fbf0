import { type Request, type Response, Router } from 'express'
import type { Snapshot } from '../model/assessment.ts'
import type { ClockReading } from '../model/time.ts'
import { flowsView, topicDetailView, topicsView } from '../present/json.ts'
import { pagePolicy } from '../present/page/document.ts'
import { errorPage } from '../present/page/errorPage.ts'
import { flowPage } from '../present/page/flowPage.ts'
import { flowsPage } from '../present/page/flowsPage.ts'
import { topicPage } from '../present/page/topicPage.ts'
import { sendCompressed } from './compressed.ts'
import { parsePage, parseTopicsQuery } from './query.ts'

export interface PagesShown {
  readonly snapshot: () => Snapshot
  readonly clock: () => ClockReading
}

/** The status page and what lies below it. Made anew for each request, from the views that the API gives. */
export function pages(shown: PagesShown): Router {
  const router = Router()
  router.get('/', (request, response) => {
    return send(request, response, flowsPage(flowsView(shown.snapshot(), shown.clock())))
  })
  router.get('/flows/:flow', (request, response) => {
    const query = parseTopicsQuery(request.query)
    if ('why' in query) return wrong(shown, request, response, query.why)
    const { flow } = request.params
    const view = topicsView(shown.snapshot(), flow, query.value, shown.clock())
    if (view !== undefined) return send(request, response, flowPage(view))
    return missing(
      shown,
      request,
      response,
      `There is no flow "${flow}" in the configuration of this process.`,
    )
  })
  router.get('/flows/:flow/topics/:topic', (request, response) => {
    const page = parsePage(request.query)
    if ('why' in page) return wrong(shown, request, response, page.why)
    const { flow, topic } = request.params
    const view = topicDetailView(shown.snapshot(), { flow, topic }, page.value, shown.clock())
    if (view !== undefined) return send(request, response, topicPage(view))
    return missing(shown, request, response, whyNoTopic(shown.snapshot(), flow, topic))
  })
  router.get(['/flows', '/flows/*rest'], (request, response) => {
    return missing(shown, request, response, `There is no page at ${request.path}.`)
  })
  return router
}

function whyNoTopic({ flows }: Snapshot, name: string, topic: string): string {
  const found = flows.find(({ flow }) => flow.name === name)
  if (found === undefined) return `There is no flow "${name}" in the configuration of this process.`
  if (found.assessment === undefined)
    return `The first poll of "${name}" has not ended: its topics are not known yet.`
  const { scopeUnknown } = found.assessment.facts
  if (scopeUnknown !== undefined) return `The topics of "${name}" are not known: ${scopeUnknown.detail}.`
  return `The flow "${name}" has no topic "${topic}" in its scope: it may be gone, excluded, or not visible.`
}

function send(request: Request, response: Response, page: string, status = 200): Promise<void> {
  response.status(status).set('content-security-policy', pagePolicy).type('html')
  return sendCompressed(request, response, Buffer.from(page))
}

function missing(shown: PagesShown, request: Request, response: Response, line: string): Promise<void> {
  const page = errorPage({ ...whereElse(shown), title: 'There is no such page', lines: [line] })
  return send(request, response, page, 404)
}

function wrong(shown: PagesShown, request: Request, response: Response, why: string): Promise<void> {
  const lines = [why, `Asked was ${request.originalUrl}.`]
  const page = errorPage({ ...whereElse(shown), title: 'The address has a wrong parameter', lines })
  return send(request, response, page, 400)
}

function whereElse({ snapshot, clock }: PagesShown): { now: string; flows: readonly string[] } {
  return {
    now: new Date(clock().wallMs).toISOString(),
    flows: snapshot().flows.map(({ flow }) => flow.name),
  }
}
