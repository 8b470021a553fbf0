import { type Scrape, scrapesOf } from './exporter.ts'
import { type FlowPlan, planOf, type ReplicaPlan, type WorldPlan } from './plan.ts'
import { replicatedBy } from './truth.ts'

/** What happened, and what Prometheus got of it. */
export interface World {
  readonly plan: WorldPlan
  readonly flows: readonly { readonly plan: FlowPlan; readonly truth: Float64Array }[]
  readonly replicas: readonly { readonly plan: ReplicaPlan; readonly scrapes: readonly Scrape[] }[]
}

export function worldOf(seed: number): World {
  const plan = planOf(seed)
  const truths = new Map(plan.flows.map(flow => [flow.name, replicatedBy(flow, plan.until)]))
  return {
    plan,
    flows: plan.flows.map(flow => ({
      plan: flow,
      truth: truths.get(flow.name) ?? new Float64Array(),
    })),
    replicas: plan.replicas.map(replica => ({
      plan: replica,
      scrapes: scrapesOf(replica, plan, truths),
    })),
  }
}
