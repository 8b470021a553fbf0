import {
  type ExporterPage,
  type FlowPage,
  healthyFlow,
  type InputSeries,
  pageWith,
  samplesOf,
  versionOfRules,
} from '../../../src/artifacts/alerts/testSeries.ts'
import type { FlowSight, Sight } from './exporter.ts'
import type { FlowPlan } from './plan.ts'
import { deadlineOf } from './view.ts'
import type { World } from './world.ts'

/** Between two samples of the input series, so that replicas need not be scraped at the same instants. */
export const stepSeconds = 10

const nothing = '_'
const ended = 'stale'

/** What Prometheus would store of a world's exporters, as targets of this job. */
export function seriesOf({ replicas, plan }: World, job: string, version: string): readonly InputSeries[] {
  const steps = Math.floor(plan.until / stepSeconds) + 1
  const found = new Map<string, string[]>()
  for (const { plan: replica, scrapes } of replicas) {
    const target = `job="${job}",instance="${replica.instance}"`
    const current = new Set<string>()
    for (const { at, found: scraped } of scrapes) {
      const step = at / stepSeconds
      const samples = samplesIn(scraped, at, target, plan.flows)
      const given = new Set(samples.map(([series]) => series))
      for (const series of current) if (!given.has(series)) put(series, step, ended)
      for (const [series, value] of samples) put(series, step, String(value))
      current.clear()
      for (const series of given) current.add(series)
    }
  }
  function put(series: string, step: number, value: string): void {
    const values = found.get(series) ?? new Array<string>(steps).fill(nothing)
    values[step] = value
    found.set(series, values)
  }
  return Array.from(found, ([series, values]) => ({
    series: series.replace(versionOfRules, version),
    values: written(values),
  }))
}

function samplesIn(
  found: Sight | 'failed' | 'removed',
  at: number,
  target: string,
  flows: readonly FlowPlan[],
): readonly (readonly [series: string, value: number])[] {
  if (found === 'removed') return []
  const up = `up{${target}}`
  if (found === 'failed') return [[up, 0]]
  const samples = samplesOf(pageOf(found, at, flows), at, target)
  return [
    [up, 1],
    ...samples.flatMap(([series, value]) => (value === undefined ? [] : [[series, value] as const])),
  ]
}

function pageOf({ ahead, flows }: Sight, at: number, plans: readonly FlowPlan[]): ExporterPage {
  const pages = plans.map(plan => [plan.name, flowPage(plan, flows.get(plan.name), at, ahead)] as const)
  return pageWith(Object.fromEntries(pages), { clockAhead: ahead })
}

function flowPage(plan: FlowPlan, sight: FlowSight | undefined, at: number, ahead: number): FlowPage {
  const shown = (instant: number | undefined) => (instant === undefined ? undefined : instant + ahead)
  const view = sight?.view
  const isInMaintenance = sight?.isInMaintenance === true
  return healthyFlow(at, {
    budget: plan.budget,
    objective: plan.objective,
    window: plan.window,
    state: isInMaintenance ? 'maintenance' : 'active',
    maintenanceUntil: isInMaintenance ? (plan.maintenance?.to ?? 0) : 0,
    deadline: view === undefined ? undefined : deadlineOf(view, plan.budget) + ahead,
    point: shown(view?.point),
    estimate: shown(view?.estimate),
    observedSince: shown(view?.firstAt),
    observedAt: shown(view?.observedAt),
    retractedAt: shown(view?.retractedAt),
    unproven: view?.isListed === true ? (view.point === undefined ? 3 : 0) : undefined,
    topics:
      view?.isListed === true ? { stalled: 0, unknown: 0, behind: 0, pending: 0, covered: 3 } : undefined,
    heartbeatAt: shown(view?.observedAt),
  })
}

/** Holes are written as one. */
function written(values: readonly string[]): string {
  const parts: string[] = []
  let holes = 0
  const close = () => {
    if (holes > 0) parts.push(holes === 1 ? nothing : `${nothing}x${holes}`)
    holes = 0
  }
  for (const value of values) {
    if (value === nothing) {
      holes += 1
      continue
    }
    close()
    parts.push(value)
  }
  close()
  return parts.join(' ')
}
