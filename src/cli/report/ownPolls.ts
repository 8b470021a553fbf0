import { setTimeout as sleep } from 'node:timers/promises'
import type { ValidatedConfig } from '../../config/config.ts'
import { createClock } from '../../observe/clock.ts'
import { Observer } from '../../observe/observer.ts'
import { flowsView, topicsView } from '../../present/json.ts'
import { guardAgainstTheClient, openClusters } from '../clusters.ts'
import { type Known, reportedFlow, UnknownFlow } from './known.ts'

/** What is covered is known within two polls after internal topics were read to their end. */
const fewestPolls = 2
const mostPolls = 5
const pauseMs = 3_000
const closeGraceMs = 2_000

export interface OwnPollsOptions {
  readonly config: ValidatedConfig
  /** As it was named, for the report. */
  readonly file: string
  readonly onlyFlow: string | undefined
  /** A line for people. */
  readonly onProgress: (line: string) => void
  /** Something that should not happen. */
  readonly onDefect: (what: string) => void
}

/**
 * What can be known of a configuration's flows by polling them a few times: every flow at least twice, and until the
 * internal topics were read to their end.
 * @throws UnknownFlow where there is no flow of this name
 */
export async function ownPolls(options: OwnPollsOptions): Promise<Known> {
  const { config, file, onlyFlow, onProgress, onDefect } = options
  const flows = config.flows.filter(({ name }) => onlyFlow === undefined || name === onlyFlow)
  if (flows.length === 0 && onlyFlow !== undefined) {
    throw new UnknownFlow(
      onlyFlow,
      config.flows.map(({ name }) => name),
    )
  }
  const clock = createClock()
  const { clusters, close } = openClusters(config, { flows })
  const stopGuarding = guardAgainstTheClient(
    () => onProgress('a broker sent something that cannot be read'),
    error => onDefect(String(error)),
  )
  const observer = new Observer({
    flows,
    clusters,
    schedule: config.poll.schedule,
    pollMs: config.poll.longestGapMs,
    timeoutMs: config.poll.timeoutMs,
    clock,
    onPublished: () => {},
    onPollEnded: () => {},
    onDefect: error => onDefect(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    onMalformed: (flow, topic) =>
      onProgress(`${flow}: records of ${topic} cannot be understood and do not count`),
  })
  try {
    const started = clock().now
    let polls = 0
    for (;;) {
      await observer.pollOnce()
      polls += 1
      const waiting = observer.unpolled
      onProgress(
        `poll ${polls}: ${flows.length - waiting.length} of ${flows.length} flows polled${waiting.length > 0 ? `, waiting for ${waiting.join(', ')}` : ''}`,
      )
      const isEnough = polls >= fewestPolls && waiting.length === 0 && !isReading(observer)
      if (isEnough || polls >= mostPolls) break
      await sleep(pauseMs)
    }
    const now = clock()
    const { latest } = observer
    const reported = await Promise.all(
      flows.map(({ name }) =>
        reportedFlow(page => {
          const view = topicsView(latest, name, { filter: undefined, status: undefined, page }, now)
          if (view === undefined) throw new Error(`${name} was polled and is not there`)
          return view
        }),
      ),
    )
    const { now: knownAt, clusters: clusterViews } = flowsView(latest, now)
    return {
      origin: { kind: 'configuration', file, polls, ms: now.now - started },
      knownAt,
      clusters: clusterViews,
      flows: reported,
    }
  } finally {
    stopGuarding()
    // A connection to a broker that hangs may not close at all.
    await Promise.race([close(), sleep(closeGraceMs, undefined, { ref: false })])
  }
}

/** Whether an internal topic has not been read to its end yet. */
function isReading({ latest }: Observer): boolean {
  return latest.flows.some(({ assessment }) => {
    const { durable, pairs } = assessment?.facts.engineUnknown ?? {}
    return durable?.reason === 'reading' || pairs?.reason === 'reading'
  })
}
