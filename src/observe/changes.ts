import type { ClusterStatus, FlowAssessment, Snapshot, Status } from '../model/assessment.ts'
import { type Instant, wallMsOf } from '../model/time.ts'

export interface Change {
  readonly level: 'info' | 'warn'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A state that lasts is repeated after this time, then after twice as long, and so on, up to the last. */
const repeatAfterMs = [60_000, 300_000, 1_800_000, 7_200_000] as const
/** More topics than this are told as a number. */
const topicsNamed = 10

/**
 * What changed from one snapshot to the next, as log lines: nothing for a poll that found what the last one found.
 * Remembers what it has said.
 */
export class ChangeReporter {
  #clusters = new Map<string, { up: boolean; saidAt: Instant; times: number; since: Instant }>()
  #flows = new Map<string, FlowAssessment>()
  #pastDeadline = new Set<string>()

  /** The lines to log for this snapshot. */
  changes(snapshot: Snapshot): readonly Change[] {
    this.#forgetTheOthers(snapshot)
    return [
      ...snapshot.clusters.flatMap(cluster => this.#clusterChange(cluster, snapshot)),
      ...snapshot.flows.flatMap(({ assessment }) =>
        assessment === undefined ? [] : this.#flowChanges(assessment, snapshot),
      ),
    ]
  }

  /** What is no longer observed, or begins anew, is told as if it had never been there. */
  #forgetTheOthers({ clusters, flows }: Snapshot): void {
    const polled = new Set(
      flows.filter(({ assessment }) => assessment !== undefined).map(({ flow }) => flow.name),
    )
    for (const name of this.#flows.keys()) {
      if (polled.has(name)) continue
      this.#flows.delete(name)
      this.#pastDeadline.delete(name)
    }
    const asked = new Set(
      clusters.filter(({ up, unknown }) => up || unknown !== undefined).map(({ name }) => name),
    )
    for (const name of this.#clusters.keys()) if (!asked.has(name)) this.#clusters.delete(name)
  }

  #clusterChange(cluster: ClusterStatus, { clock }: Snapshot): Change[] {
    // Before its first poll a cluster is neither up nor down.
    if (!cluster.up && cluster.unknown === undefined) return []
    const said = this.#clusters.get(cluster.name)
    const { now } = clock
    const fields = { kafka_cluster: cluster.name }
    if (cluster.up) {
      if (said?.up === true) return []
      this.#clusters.set(cluster.name, { up: true, saidAt: now, times: 0, since: now })
      const downForSeconds = said === undefined ? undefined : Math.round((now - said.since) / 1000)
      return [
        {
          level: 'info',
          message: said === undefined ? 'cluster answers' : 'cluster answers again',
          fields: { ...fields, ...(downForSeconds === undefined ? {} : { downForSeconds }) },
        },
      ]
    }
    const wasDown = said?.up === false
    const times = wasDown ? said.times : 0
    const waitMs = repeatAfterMs[Math.min(times, repeatAfterMs.length) - 1] ?? 0
    if (wasDown && now - said.saidAt < waitMs) return []
    const since = wasDown ? said.since : now
    this.#clusters.set(cluster.name, { up: false, saidAt: now, times: times + 1, since })
    return [
      {
        level: 'warn',
        message: wasDown ? 'cluster still does not answer' : 'cluster does not answer',
        fields: {
          ...fields,
          reason: cluster.unknown?.reason,
          detail: cluster.unknown?.detail,
          ...(wasDown ? { downForSeconds: Math.round((now - since) / 1000) } : {}),
        },
      },
    ]
  }

  #flowChanges(assessment: FlowAssessment, { clock }: Snapshot): Change[] {
    const { flow, status } = assessment
    const before = this.#flows.get(flow.name)
    this.#flows.set(flow.name, assessment)
    const changes: Change[] = []
    // In steady traffic a flow is behind and covered in turn: news is only whether it needs attention.
    const news =
      before === undefined ||
      (before.status !== status && (needsAttention(before.status) || needsAttention(status)))
    if (news) {
      changes.push({
        level: needsAttention(status) ? 'warn' : 'info',
        message: `flow is ${status}`,
        fields: {
          flow: flow.name,
          status,
          before: before?.status,
          ...(assessment.unknown === undefined ? {} : assessment.unknown),
          topics: assessment.topicsByStatus,
        },
      })
    }
    if (assessment.retractedAt !== before?.retractedAt) {
      changes.push({ level: 'warn', message: 'recovery point moved back', fields: { flow: flow.name } })
    }
    const past = clock.now > assessment.deadline
    if (past !== this.#pastDeadline.has(flow.name)) {
      if (past) this.#pastDeadline.add(flow.name)
      else this.#pastDeadline.delete(flow.name)
      changes.push({
        level: past ? 'warn' : 'info',
        message: past ? 'budget is no longer shown to be kept' : 'budget is shown to be kept again',
        fields: { flow: flow.name, deadline: new Date(wallMsOf(assessment.deadline, clock)).toISOString() },
      })
    }
    changes.push(...damageChanges(before, assessment), ...scopeChanges(before, assessment))
    return changes
  }
}

function needsAttention(status: Status): boolean {
  return status === 'stalled' || status === 'unknown'
}

/** What was found to be lost, or wrong on the target, since the last snapshot. */
function damageChanges(before: FlowAssessment | undefined, after: FlowAssessment): Change[] {
  const known = new Map(before?.topics.map(topic => [topic.topic, topic]))
  return after.topics.flatMap(({ topic, lost, possiblyLost, mismatches }) => {
    const old = known.get(topic)
    const fields = { flow: after.flow.name, topic }
    return [
      ...(lost > (old?.lost ?? 0n)
        ? [{ level: 'warn' as const, message: 'records are lost', fields: { ...fields, offsets: `${lost}` } }]
        : []),
      ...(possiblyLost > (old?.possiblyLost ?? 0n)
        ? [
            {
              level: 'warn' as const,
              message: 'records may be lost',
              fields: { ...fields, offsets: `${possiblyLost}` },
            },
          ]
        : []),
      ...(mismatches > (old?.mismatches ?? 0)
        ? [
            {
              level: 'warn' as const,
              message: 'the copy differs from its original',
              fields: { ...fields, records: mismatches },
            },
          ]
        : []),
    ]
  })
}

function scopeChanges(before: FlowAssessment | undefined, after: FlowAssessment): Change[] {
  const names = (assessment: FlowAssessment): ReadonlySet<string> => new Set(assessment.facts.topics.keys())
  const fields = { flow: after.flow.name }
  if (before === undefined) {
    const count = after.facts.topics.size
    return [{ level: 'info', message: 'first poll ended', fields: { ...fields, topicsInScope: count } }]
  }
  if (before.facts.topics === after.facts.topics) return []
  const [old, now] = [names(before), names(after)]
  const came = [...now].filter(topic => !old.has(topic))
  const went = [...old].filter(topic => !now.has(topic))
  const told = (topics: readonly string[]): readonly string[] | number =>
    topics.length > topicsNamed ? topics.length : topics
  return [
    ...(came.length > 0
      ? [
          {
            level: 'info' as const,
            message: 'topics came into scope',
            fields: { ...fields, topics: told(came) },
          },
        ]
      : []),
    ...(went.length > 0
      ? [
          {
            level: 'info' as const,
            message: 'topics are gone from the source',
            fields: { ...fields, topics: told(went) },
          },
        ]
      : []),
  ]
}
