import type { RequestListener } from 'node:http'
import { performance } from 'node:perf_hooks'
import { onTestFinished } from 'vitest'
import { createApp } from '../../../src/http/app.ts'
import { startServer } from '../../../src/http/server.ts'
import { SelfMetrics } from '../../../src/metrics/selfMetrics.ts'
import type { ClockReading } from '../../../src/model/time.ts'
import type { Scene } from '../../support/noc.ts'

/** The real server over a made-up snapshot, whose clock goes on from that of the scene. */
export interface Site {
  readonly url: string
  scene: Scene
  /** Answers instead of the server: an outage, a proxy that is in the way. */
  instead: RequestListener | undefined
  /** Ends the server, and begins again on the same port. */
  stop(): Promise<void>
  start(): Promise<void>
}

export async function openSite(
  scene: Scene,
  { isFrozen = false }: { readonly isFrozen?: boolean } = {},
): Promise<Site> {
  const shownAt = performance.now()
  const clock = (): ClockReading => {
    const elapsed = isFrozen ? 0 : performance.now() - shownAt
    return { now: site.scene.clock.now + elapsed, wallMs: site.scene.clock.wallMs + elapsed }
  }
  const app = createApp({
    snapshot: () => site.scene.snapshot,
    families: () => ({ text: '', openMetricsText: '' }),
    selfMetrics: new SelfMetrics({ version: '1', nodeVersion: 'v24', pollMs: 15_000, wallMs: () => 0 }),
    clock,
    unpolled: () => [],
  })
  const listener: RequestListener = (request, response) => (site.instead ?? app)(request, response)
  const listen = (port: number) => startServer(listener, { host: '127.0.0.1', port })
  let server = await listen(0)
  const { port } = server
  const site: Site = {
    url: `http://127.0.0.1:${port}`,
    scene,
    instead: undefined,
    stop: () => server.close(0),
    start: async () => {
      server = await listen(port)
    },
  }
  return site
}

/** A server for this test. */
export async function siteOf(scene: Scene): Promise<Site> {
  const site = await openSite(scene)
  onTestFinished(() => site.stop())
  return site
}
