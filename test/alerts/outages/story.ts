import { evaluateEvery, type Fired } from './firing.ts'
import { type Demand, demandsOf } from './oracle.ts'
import type { World } from './world.ts'

/** A world for people: its plan, and an evaluation for each time at which something changed. */
export function storyOf(world: World, fired: readonly Fired[]): string {
  const lines = [JSON.stringify(world.plan, null, 1)]
  for (const [index, { plan }] of world.flows.entries()) {
    let before = ''
    lines.push(plan.name)
    for (const demand of demandsOf(world, index)) {
      const text = `${sightOf(demand)} | fires: ${firingAt(demand.at, plan.name, fired)}`
      if (text !== before) lines.push(`${String(demand.at).padStart(6)} ${text}`)
      before = text
    }
  }
  return lines.join('\n')
}

function sightOf({ look, rpoMust, rpoMay, goneMust, breachBegins }: Demand): string {
  return [
    look.verdict,
    look.isActive === undefined ? 'state unknown' : look.isActive ? 'active' : 'in maintenance',
    look.isInformed ? 'informed' : look.answers ? 'blind' : 'silent',
    `must: ${rpoMust ?? (rpoMay ? 'may' : 'must not')}`,
    ...(goneMust ? ['must say that nobody reports'] : []),
    ...(breachBegins === undefined ? [] : [`passed ${breachBegins}`]),
  ].join(', ')
}

function firingAt(at: number, flow: string, fired: readonly Fired[]): string {
  const names = fired
    .filter(one => one.at.has(at) && (one.labels.get('flow') ?? flow) === flow)
    .map(({ labels, at: all }) => (all.has(at - evaluateEvery) ? '' : '+') + labels.get('alertname'))
  return names.map(name => name.replace('Tidemark', '')).join(' ')
}
