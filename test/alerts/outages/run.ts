import type { RuleGroupOptions } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { seedOfWorld } from '../../oracle/simulation/random.ts'
import { firedOver } from './firing.ts'
import { judged } from './judge.ts'
import type { WorldReport } from './report.ts'
import { seriesOf, stepSeconds } from './series.ts'
import { storyOf } from './story.ts'
import { worldOf } from './world.ts'

/** Worlds with these numbers, all in one Prometheus, each with a job of its own. */
export async function runWorlds(
  numbers: readonly number[],
  seed: number,
  options: RuleGroupOptions,
): Promise<readonly WorldReport[]> {
  const worlds = numbers.map(number => ({
    number,
    job: `world-${number}`,
    world: worldOf(seedOfWorld(seed, number)),
  }))
  const series = worlds.flatMap(({ world, job }) => seriesOf(world, job, options.version))
  const until = Math.max(...worlds.map(({ world }) => world.plan.until))
  const fired = await firedOver(series, stepSeconds, until, options)
  return worlds.map(({ number, job, world }) => ({
    world: number,
    seed: world.plan.seed,
    hours: world.plan.until / 3_600,
    ...judged(
      world,
      fired.filter(({ labels }) => labels.get('job') === job),
    ),
  }))
}

/** What happened in one world, in words. */
export async function toldWorld(number: number, seed: number, options: RuleGroupOptions): Promise<string> {
  const world = worldOf(seedOfWorld(seed, number))
  const series = seriesOf(world, `world-${number}`, options.version)
  return storyOf(world, await firedOver(series, stepSeconds, world.plan.until, options))
}
