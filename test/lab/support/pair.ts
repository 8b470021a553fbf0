import type { LabCluster } from '../../../lab/cluster.ts'
import { Lab } from '../../../lab/lab.ts'
import type { LabMirrorMaker } from '../../../lab/mirrorMaker.ts'
import { ensureTools } from '../../../lab/tools.ts'

/** Cluster east, replicated to cluster west by MirrorMaker 2 with its default naming. */
export interface SharedPair {
  readonly lab: Lab
  readonly source: LabCluster
  readonly target: LabCluster
  readonly mirrorMaker: LabMirrorMaker
}

// On globalThis rather than in this module: the test runner may load modules anew for each test file, but
// all files of the project run one after the other in one process (isolate: false, maxWorkers: 1).
const KEY = Symbol.for('tidemark.lab.sharedPair')
const shared = globalThis as { [KEY]?: Promise<SharedPair> }

/**
 * Returns the pair of clusters that all test files of a run share, started when first asked for and repaired
 * when a test left something paused, stopped or dead; resolves when replication works. For a beforeAll.
 * Tests keep apart by their topics' names (see ownName). Nobody closes it: it ends with the test process.
 */
export async function sharedPair(): Promise<SharedPair> {
  shared[KEY] ??= startPair().catch(error => {
    delete shared[KEY]
    throw error
  })
  const pair = await shared[KEY]
  await Promise.all([pair.source.heal(), pair.target.heal()])
  await pair.mirrorMaker.heal()
  await pair.mirrorMaker.waitUntilReplicating()
  return pair
}

/** Records with timestamps of tomorrow are accepted; brokers refuse more than an hour by default. */
const properties = { 'log.message.timestamp.after.max.ms': String(7 * 86_400_000) }

async function startPair(): Promise<SharedPair> {
  await ensureTools(['java', 'maven'])
  const lab = await Lab.open()
  try {
    const [source, target] = await Promise.all([
      lab.startCluster({ name: 'east', properties }),
      lab.startCluster({ name: 'west', properties }),
    ])
    const mirrorMaker = await lab.startMirrorMaker({ source, target })
    return { lab, source, target, mirrorMaker }
  } catch (error) {
    await lab.close()
    throw error
  }
}

let serial = 0

/** Returns a name for a topic or group that no other test has. */
export function ownName(stem: string): string {
  serial += 1
  return `${stem}-${process.pid}-${Date.now().toString(36)}-${serial}`
}
