import type { Express } from 'express'
import { createApp, type Shown } from '../../../src/http/app.ts'
import { renderFamilies } from '../../../src/metrics/exposition.ts'
import { SelfMetrics } from '../../../src/metrics/selfMetrics.ts'
import { clockAt, coveredWorld, snapshotOf } from '../../support/snapshots.ts'

const world = coveredWorld()
const assessment = world.poll()
export const flow = { ...world.flow, name: 'east/west & "süd"' }
const snapshot = snapshotOf(flow, { ...assessment, flow })

/** The exporter's routes over a small world in which all is covered. */
export function application(parts: Partial<Shown> = {}): Express {
  const families = renderFamilies(snapshot, { topics: 'all', partitions: false })
  return createApp({
    snapshot: () => snapshot,
    families: () => families,
    selfMetrics: new SelfMetrics({
      version: '1',
      nodeVersion: 'v24',
      pollMs: 15_000,
      wallMs: () => 1_772_361_000_000,
    }),
    clock: () => clockAt(world.now),
    unpolled: () => [],
    ...parts,
  })
}
