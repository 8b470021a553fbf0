import type { SimulatedCluster, SimulatedTopic } from './cluster.ts'
import type { PartitionLog } from './partitionLog.ts'
import type { SimulatedWorld } from './world.ts'

type Fault = (world: SimulatedWorld) => void

/** Everything that can go wrong, each at a random instant of the world. */
const faults = {
  'MirrorMaker killed': world => {
    if (!world.mirrorMaker.isRunning) return
    stopMirrorMaker(world, pauseMs(world))
  },
  'MirrorMaker killed again and again': world => {
    const times = world.random.integer(2, 5)
    for (let i = 0; i < times; i++) {
      world.time.after(i * 1.5 * world.pollMs, () => stopMirrorMaker(world, 0.7 * world.pollMs))
    }
  },
  'MirrorMaker frozen': world => freeze(world, Math.max(pauseMs(world), world.random.between(5_000, 60_000))),
  'MirrorMaker restarted': world => {
    world.note(() => 'MirrorMaker is restarted in order')
    world.mirrorMaker.restart()
  },
  'MirrorMaker throttled': world => {
    const perSecond = world.random.logarithmic(20, 3_000) / (world.pollMs / 1_000)
    world.note(() => `MirrorMaker may copy ${perSecond.toFixed(2)} records a second`)
    world.mirrorMaker.recordsPerSecond = perSecond
    world.time.after(pauseMs(world) * 2, () => {
      world.note(() => 'MirrorMaker may copy as fast as it can')
      world.mirrorMaker.recordsPerSecond = undefined
    })
  },
  'cluster down': world => {
    const cluster = world.random.pick([world.source, world.target])
    cluster.isDown = true
    world.note(() => `${cluster.name} is down`)
    world.time.after(pauseMs(world) / 2, () => {
      cluster.isDown = false
      world.note(() => `${cluster.name} is back`)
      for (const topic of world.source.topics.keys()) world.mirrorMaker.wake(topic)
    })
  },
  'exporter cut off': world => {
    const cluster = world.random.pick([world.source, world.target])
    cluster.isCutOff = true
    world.note(() => `the exporter does not reach ${cluster.name}`)
    world.time.after(pauseMs(world) / 2, () => {
      cluster.isCutOff = false
      world.note(() => `the exporter reaches ${cluster.name} again`)
    })
  },
  'slow answers': world => {
    const cluster = world.random.pick([world.source, world.target])
    cluster.isSlow = true
    world.note(() => `${cluster.name} answers slowly`)
    world.time.after(pauseMs(world), () => {
      cluster.isSlow = false
    })
  },
  leaderless: world => {
    const [cluster, topic] = anyTopic(world)
    const log = world.random.pick(topic.partitions)
    log.isLeaderless = true
    world.note(() => `${cluster.name}: a partition of ${topic.name} has no leader`)
    world.time.after(pauseMs(world) / 2, () => {
      log.isLeaderless = false
      log.elect()
      world.note(() => `${cluster.name}: it has one again`)
    })
  },
  'exporter restarted': world => {
    world.isRestartWanted = true
  },
  'wall clock jumps': world => {
    world.wallJumpMs += world.random.pick([-3_600_000, -60_000, 60_000, 3_600_000])
    world.note(() => `the exporter's wall clock is ${world.wallJumpMs} ms off`)
  },
  retention: world => {
    const topic = sourceTopic(world)
    const isBehind = world.random.chance(0.6)
    if (isBehind) hold(world)
    world.time.after(world.random.between(0.2, 3) * world.pollMs, () => {
      for (const [partition, log] of topic.partitions.entries()) {
        const share = world.random.pick([0.3, 0.7, 1, 1])
        const to = Math.floor(log.start + share * (log.end - log.start))
        world.note(() => `the source deletes ${topic.name}-${partition} below ${to}`)
        log.deleteBefore(to, world.time.now)
      }
    })
  },
  'retention runs': world => {
    const topic = sourceTopic(world)
    if (world.random.chance(0.4)) hold(world)
    const kept = world.random.logarithmic(3, 300)
    for (let i = 0; i < 12; i++) {
      world.time.after(i * world.random.between(0.5, 1.5) * world.pollMs, () => {
        for (const [partition, log] of topic.partitions.entries()) {
          const to = Math.floor(log.end - kept)
          if (to <= log.start) continue
          world.note(() => `the source deletes ${topic.name}-${partition} below ${to}`)
          log.deleteBefore(to, world.time.now)
        }
      })
    }
  },
  compaction: world => {
    const compacted = [...world.source.topics.values()].filter(
      topic => topic.configs.get('cleanup.policy') === 'compact',
    )
    if (compacted.length > 0 && world.random.chance(0.5)) hold(world)
    for (let i = 0; i < 4; i++) {
      world.time.after(i * 2 * world.pollMs, () => {
        for (const topic of compacted) {
          for (const log of topic.partitions) {
            // Active segments are left alone.
            const last = log.entries.at(-1)?.offset ?? 0
            log.compact(Math.min(last, log.lastStableOffset), world.time.now)
          }
          world.note(() => `${topic.name} is compacted`)
        }
      })
    }
  },
  'recreated on the source': world => {
    const topic = sourceTopic(world)
    const how = world.random.pick(['running', 'dead', 'frozen'])
    const growsTo = world.random.pick([0, 0.3, 1.5])
    const share = world.random.chance(0.4) ? world.random.between(1, 3) : world.random.between(0.01, 0.15)
    const afterMs = share * world.pollMs
    const gapMs = world.random.chance(0.3) ? world.random.between(0.1, 3) * world.pollMs : 0
    if (how === 'dead') stopMirrorMaker(world, afterMs + world.random.between(0.2, 4) * world.pollMs)
    if (how === 'frozen') freeze(world, afterMs + world.random.between(0.2, 4) * world.pollMs)
    world.time.after(afterMs, () => {
      const ends = topic.partitions.map(({ end }) => end)
      world.recreateOnSource(topic.name, gapMs)
      world.time.after(gapMs, () => {
        world.traffic
          .get(topic.name)
          ?.write(Math.ceil(growsTo * Math.min(1_500, Math.max(...ends)) * ends.length))
      })
    })
  },
  'recreated on the target': world => {
    const name = world.targetTopicOf(sourceTopic(world).name)
    const topic = world.target.deleteTopic(name)
    if (topic === undefined) return
    world.note(() => `${name} is deleted on the target`)
    for (const log of topic.partitions) world.loseCopies(log.entries)
    if (world.random.chance(0.5)) {
      world.time.after(world.random.between(0, 2) * world.pollMs, () => {
        if (world.target.topics.has(name)) return
        world.target.createTopic(name, topic.partitions.length)
        world.note(() => `${name} is created again on the target`)
      })
    }
  },
  'target truncated': world => {
    const name = world.targetTopicOf(sourceTopic(world).name)
    const log = busiest(world.target.topics.get(name))
    if (log === undefined || log.end === 0) return
    const to = Math.max(log.start, log.end - world.random.integer(1, 60))
    world.note(() => `the target's log of ${name} falls from ${log.end} to ${to}`)
    world.loseCopies(log.truncateTo(to, world.time.now))
  },
  'source shortened': world => {
    const topic = sourceTopic(world)
    const log = busiest(topic)
    if (log === undefined || log.end === 0) return
    if (world.random.chance(0.3)) stopMirrorMaker(world, pauseMs(world) / 2)
    const to = Math.max(log.start, log.end - world.random.integer(1, 60))
    const partition = topic.partitions.indexOf(log)
    world.note(() => `the source's log of ${topic.name}-${partition} falls from ${log.end} to ${to}`)
    log.truncateTo(to, world.time.now)
    world.mirrorMaker.sourceTruncated(topic.name, partition, to)
  },
  'partitions added': world => {
    const topic = sourceTopic(world)
    const count = topic.partitions.length + world.random.integer(1, 2)
    topic.addPartitions(count)
    world.note(() => `${topic.name} has ${count} partitions now`)
  },
  'topic added': world => {
    world.addTopic(`topic-${world.source.topics.size}`)
  },
  'foreign writer': world => {
    const name = world.targetTopicOf(sourceTopic(world).name)
    const times = world.random.integer(1, 12)
    const looksTheSame = world.random.chance(0.3)
    for (let i = 0; i < times; i++) {
      world.time.after(world.random.between(0, 8) * world.pollMs, () => {
        const log = busiest(world.target.topics.get(name))
        if (log === undefined || world.target.isDown) return
        const count = world.random.integer(1, 5)
        const like = looksTheSame ? log.entries.at(-1) : undefined
        for (let j = 0; j < count; j++) {
          log.append(
            {
              timestampMs: world.target.wallMs(),
              key: like?.key ?? null,
              value: like?.value ?? Buffer.from(`foreign ${i} ${j}`),
            },
            world.time.now,
          )
        }
        world.note(() => `somebody else writes ${count} records to ${name}`)
      })
    }
  },
  'hanging transaction': world => {
    const transactional = [...world.traffic.values()].filter(({ plan }) => plan.shape === 'transactions')
    for (const traffic of transactional) {
      traffic.hangsNext = true
      world.note(() => `${traffic.plan.topic}: the next transaction stays open`)
      world.time.after(pauseMs(world) * 1.5, () => {
        const state = world.random.pick(['committed', 'aborted'] as const)
        world.note(() => `${traffic.plan.topic}: the hanging transaction is ${state}`)
        traffic.endHanging(state)
      })
    }
  },
  'too large': world => {
    const traffic = world.random.pick([...world.traffic.values()])
    traffic.tooLargeNext = world.random.integer(1, 4)
    world.note(
      () => `${traffic.plan.topic}: the next ${traffic.tooLargeNext} records are too large for the target`,
    )
  },
} satisfies Record<string, Fault>

export type FaultName = keyof typeof faults
export const faultNames = Object.keys(faults) as readonly FaultName[]

/** Plans a fault, once or a few times, for the middle of the world. */
export function planFault(name: FaultName, world: SimulatedWorld, from: number, lengthMs: number): void {
  const times = world.random.weighted({ 1: 3, 2: 1 })
  for (let i = 0; i < Number(times); i++) {
    const at = from + world.random.between(0.12, 0.75) * lengthMs
    world.time.at(at, () => {
      // All topics may be gone for a moment.
      if (watchedTopics(world).length > 0) faults[name](world)
    })
  }
}

/** From a fraction of a poll to several flush intervals. */
function pauseMs(world: SimulatedWorld): number {
  const { random, pollMs, flow } = world
  return random.logarithmic(0.3 * pollMs, 3 * Math.max(2 * pollMs, flow.replicator.offsetFlushIntervalMs))
}

function stopMirrorMaker(world: SimulatedWorld, forMs: number): void {
  world.note(() => 'MirrorMaker is killed')
  world.mirrorMaker.kill()
  world.time.after(forMs, () => {
    world.note(() => 'MirrorMaker starts')
    world.mirrorMaker.start()
  })
}

function freeze(world: SimulatedWorld, forMs: number): void {
  world.note(() => 'MirrorMaker is frozen')
  world.mirrorMaker.freeze()
  world.time.after(forMs, () => {
    world.note(() => 'MirrorMaker goes on')
    world.mirrorMaker.resume()
  })
}

/** MirrorMaker cannot follow for a while, in one way or another. */
function hold(world: SimulatedWorld): void {
  const forMs = world.random.between(2, 8) * world.pollMs
  if (world.random.chance(0.5)) stopMirrorMaker(world, forMs)
  else freeze(world, forMs)
}

function sourceTopic(world: SimulatedWorld): SimulatedTopic {
  return world.random.pick(watchedTopics(world))
}

function watchedTopics(world: SimulatedWorld): readonly SimulatedTopic[] {
  return [...world.source.topics.values()].filter(({ truths }) => truths.length > 0)
}

function anyTopic(world: SimulatedWorld): [SimulatedCluster, SimulatedTopic] {
  const topic = sourceTopic(world)
  const copy = world.target.topics.get(world.targetTopicOf(topic.name))
  return copy === undefined || world.random.chance(0.5) ? [world.source, topic] : [world.target, copy]
}

function busiest(topic: SimulatedTopic | undefined): PartitionLog | undefined {
  return topic?.partitions.toSorted((a, b) => b.end - a.end)[0]
}
