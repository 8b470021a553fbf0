import { createApp } from '../../../src/http/app.ts'
import { startServer } from '../../../src/http/server.ts'
import { SelfMetrics } from '../../../src/metrics/selfMetrics.ts'
import { type Scene, scene, Traffic } from '../../support/noc.ts'
import { pollMs } from '../../support/world.ts'

/** What somebody may call a flow, and a page must show. */
export const nameOfMarkup = '<b>&"x"-to-west'

/**
 * Four flows, a quarter of an hour old: of one nobody has copied the topic orders for ten minutes, of one the source
 * has not answered for as long, one is well, and one was not polled yet.
 * @param topics how many the first has besides orders
 */
export function fourFlows(topics = 3): Scene {
  const others = Array.from({ length: topics }, (_, index) => `payments-${String(index).padStart(3, '0')}`)
  const stopped = new Traffic('east-to-west', ['orders', ...others]).minutes(5)
  stopped.broken.add('orders')
  const blind = new Traffic('north-to-south', ['orders']).minutes(5)
  blind.world.sourceDown = 'timeout'
  return scene(
    [
      new Traffic('west-to-east', ['sessions']).minutes(15),
      blind.minutes(10),
      stopped.minutes(10),
      new Traffic(nameOfMarkup, []),
    ],
    ['north'],
  )
}

export interface RunningExporter {
  readonly url: string
  close(): Promise<void>
}

/** The routes of an exporter, with a snapshot that stays as it is. */
export async function exporterOf({ snapshot, clock }: Scene): Promise<RunningExporter> {
  const server = await startServer(
    createApp({
      snapshot: () => snapshot,
      families: () => ({ text: '', openMetricsText: '' }),
      selfMetrics: new SelfMetrics({ version: '1', nodeVersion: 'v24', pollMs, wallMs: () => clock.wallMs }),
      clock: () => clock,
      unpolled: () => [],
    }),
    { host: '127.0.0.1', port: 0 },
  )
  return { url: `http://127.0.0.1:${server.port}`, close: () => server.close(100) }
}
