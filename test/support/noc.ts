import { exposuresAfter } from '../../src/assess/exposures.ts'
import type { ClusterStatus, FlowAssessment, ShownFlow, Snapshot } from '../../src/model/assessment.ts'
import type { ExposureHistory } from '../../src/model/exposures.ts'
import type { Flow } from '../../src/model/flow.ts'
import type { ClockReading } from '../../src/model/time.ts'
import { clockAt } from './snapshots.ts'
import { type FlowParts, pollMs, World } from './world.ts'

// Made-up worlds as a NOC would see them, with an hour behind them.

export const nocWorlds = ['healthy', 'breached', 'blind', 'empty'] as const
export type NocWorld = (typeof nocWorlds)[number]

export interface Scene {
  readonly snapshot: Snapshot
  readonly clock: ClockReading
}

/** A flow whose records are written and copied, poll by poll, until something is broken. */
export class Traffic {
  readonly world: World
  readonly flow: Flow
  readonly topics: readonly string[]
  assessment: FlowAssessment | undefined
  exposures: ExposureHistory | undefined
  /** Topics that nobody copies any more. */
  readonly broken = new Set<string>()
  #polls = 0

  constructor(name: string, topics: readonly string[], parts: FlowParts = {}) {
    this.world = new World(parts)
    this.flow = { ...this.world.flow, name, ...clustersIn(name) }
    this.topics = topics
  }

  /** Minutes pass, with a poll each 15 s; MirrorMaker commits at each fourth. */
  minutes(count: number): this {
    for (let i = 0; i < count * 4; i++) this.#poll()
    return this
  }

  /** As the status page gets it. */
  get shown(): ShownFlow {
    return { flow: this.flow, assessment: this.assessment, exposures: this.exposures }
  }

  #poll(): void {
    const { world } = this
    this.#polls += 1
    for (const [index, topic] of this.topics.entries()) {
      const end = BigInt(this.#polls * (17 + 5 * index))
      world.source.set(topic, { ends: [end, end / 2n] })
      if (this.broken.has(topic)) continue
      world.target.set(`east.${topic}`, { ends: [end, end / 2n] })
      if (this.#polls % 4 !== 1) continue
      world.commits(topic, end - 1n, 0)
      if (end > 1n) world.commits(topic, end / 2n - 1n, 1)
      world.syncs(topic, end - 1n, end - 1n, 0, world.wallAheadMs + world.now)
    }
    world.heartbeatAtMs = world.wallAheadMs + world.now + pollMs - 1_000
    const assessment = world.poll()
    this.assessment = { ...assessment, flow: this.flow }
    this.exposures = exposuresAfter(this.exposures, this.assessment, pollMs)
  }
}

const shop = ['payments', 'orders', 'stock', 'customers', 'shipments', 'returns']

/** One of the four worlds, seven seconds after its last poll. */
export function sceneOf(name: NocWorld): Scene {
  switch (name) {
    case 'healthy':
      return scene([
        new Traffic('east-to-west', shop).minutes(60),
        new Traffic('west-to-east', ['sessions', 'carts']).minutes(60),
      ])
    case 'breached': {
      const stopped = new Traffic('east-to-west', shop).minutes(51)
      for (const topic of ['payments', 'orders']) stopped.broken.add(topic)
      return scene([stopped.minutes(9), new Traffic('west-to-east', ['sessions', 'carts']).minutes(60)])
    }
    case 'blind': {
      const dark = new Traffic('east-to-west', shop).minutes(57)
      dark.world.sourceDown = 'timeout'
      return scene(
        [dark.minutes(3), new Traffic('west-to-east', ['sessions', 'carts']).minutes(60)],
        ['east'],
      )
    }
    case 'empty':
      return scene([new Traffic('east-to-west', []).minutes(2), new Traffic('west-to-east', [])])
  }
}

/** A snapshot of flows that have been watched equally long. */
export function scene(flows: readonly Traffic[], down: readonly string[] = []): Scene {
  const now = Math.max(...flows.map(({ world }) => world.now)) + 7_000
  const names = [...new Set(flows.flatMap(({ flow }) => [flow.source, flow.target]))]
  const clusters = names.map((name): ClusterStatus => {
    const isDown = down.includes(name)
    return {
      name,
      up: !isDown,
      unknown: isDown ? { reason: 'timeout', detail: 'the cluster does not answer' } : undefined,
      answeredAt: isDown ? now - 187_000 : now - 7_000,
    }
  })
  const clock = clockAt(now)
  return { snapshot: { clock, pollMs, clusters, flows: flows.map(({ shown }) => shown) }, clock }
}

function clustersIn(name: string): Pick<Flow, 'source' | 'target'> {
  const [source, target] = name.split('-to-')
  if (source === undefined || target === undefined) throw new Error(`${name} is not of the form a-to-b`)
  return { source, target }
}
