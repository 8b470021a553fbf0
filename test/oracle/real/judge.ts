import type { PartitionLog, SeenRecord } from './logs.ts'

// Whether what Tidemark said of a topic can be true. Pure: what the independent readers saw and what was said go in,
// objections come out. Every bound is chosen so that an objection is surely one.

/** What Tidemark says of one partition: the JSON, as far as it is judged. A field that is absent is not judged. */
export interface PartitionClaims {
  readonly partition: number
  readonly status: string
  readonly highWatermark: string | null
  readonly highWatermarkAt: string | null
  readonly lagRecords: string | null
  readonly replicatedPosition: string | null
  readonly recoveryPoint: string | null
  readonly missingRecords?: string | number | null
  readonly tail?: {
    readonly from: string
    readonly to: string
    readonly records: string | number
    readonly markers: number
    readonly readAt: string
  } | null
  readonly lost?: readonly LostClaim[]
}

export interface LostClaim {
  readonly from: string
  readonly to: string
  readonly cause: string
  readonly certain: boolean
  /** Its offsets are those of a topic that has been replaced since. */
  readonly former?: boolean
  readonly foundAt: string
}

export interface TopicClaims {
  readonly topic: string
  readonly status: string
  readonly recoveryPoint: string | null
  readonly estimatedRecoveryPoint: string | null
  readonly lagRecords: string | null
  readonly missingRecords?: string | number | null
  readonly partitions: readonly PartitionClaims[]
}

/** One topic of one scrape: the page and the JSON, which may be of neighbouring polls. */
export interface Sample {
  /** Wall times around the requests. */
  readonly startedAt: number
  readonly endedAt: number
  /** t0 of the newest poll in which both clusters answered, and the end of the newest poll, as the JSON says. */
  readonly observedAt: number | undefined
  readonly polledAt: number
  /** When the process that said it was started. */
  readonly exporterStartedAt: number
  readonly json: TopicClaims
  readonly metrics: {
    readonly observedAt: number | undefined
    readonly recoveryPoint: number | undefined
    readonly lag: number | undefined
    readonly missing: number | undefined
    readonly status: string | undefined
  }
}

/** What the independent readers saw of one partition: its lives on both sides, oldest first. */
export interface PartitionTruth {
  readonly partition: number
  readonly source: readonly PartitionLog[]
  readonly target: readonly PartitionLog[]
  /** Records may vanish from the middle of the log. */
  readonly compacted: boolean
}

export type Rule = 'point' | 'lag' | 'covered' | 'missing' | 'lost' | 'uncounted' | 'tail' | 'page'

export interface Objection {
  readonly rule: Rule
  readonly partition: number | undefined
  readonly said: string
  readonly truth: string
}

/** Wall clocks are read at different places and rounded to milliseconds. */
const slackMs = 5
/** JSON and page keep this many ranges; what is older cannot be looked up. */
const maxRanges = 32
/** A poll takes no longer than its time-out, and what it says may rest on a read of the poll before. */
const pollReachMs = 4_000

/** A record that is certainly not on the target, which the source certainly still had. */
interface Missing {
  readonly record: SeenRecord
  readonly acceptedBy: number
}

interface PartitionFacts {
  readonly truth: PartitionTruth
  readonly claims: PartitionClaims | undefined
  readonly missing: readonly Missing[]
  /** Never on the target and deleted from the source, and in no range that Tidemark says is lost. */
  readonly uncounted: readonly Missing[]
  /** No more records than this were missing at any time of the poll. */
  readonly missingAtMost: number
}

export interface Verdict {
  readonly objections: readonly Objection[]
  /** The newest instant that the recovery point could have had; endedAt while nothing was missing. */
  readonly trueRecoveryPoint: number
  /** Records that were certainly missing throughout. */
  readonly missing: number
  /** Accepted records excused by ranges that are said to be lost. */
  readonly excusedAsLost: number
}

/** The instant at which the logs must have been read to their ends for this sample to be judged. */
export function judgeableAt(truths: readonly PartitionTruth[]): number {
  const complete = truths.flatMap(({ source, target, compacted }) => [
    ...live(source).map(log => log.completeAt),
    ...live(target).map(log => log.completeAt),
    ...(compacted ? live(source).map(log => log.rescannedAt) : []),
  ])
  return Math.min(...complete)
}

const live = (logs: readonly PartitionLog[]): PartitionLog[] => logs.filter(log => log.goneBy === undefined)

/** Judges samples of one topic, in the order of their times; it remembers what it need not look at again. */
export class Judge {
  /** By source life: everything before this index was on the present target long before the next sample. */
  readonly #settled: Map<PartitionLog, { readonly onto: PartitionLog | undefined; count: number }> = new Map()
  /** By source life: the highest end that the present process of Tidemark has shown of it. */
  readonly #shown: Map<PartitionLog, { readonly end: bigint; readonly exporterStartedAt: number }> = new Map()

  judge(sample: Sample, truths: readonly PartitionTruth[]): Verdict {
    let excusedAsLost = 0
    const facts = truths.map(truth => {
      const claims = sample.json.partitions.find(({ partition }) => partition === truth.partition)
      const found = this.#facts(sample, truth, claims)
      excusedAsLost += found.excusedAsLost
      return found
    })
    const objections = [
      ...pointObjections(sample, facts),
      ...lagObjections(sample, facts),
      ...missingObjections(sample, facts),
      ...facts.flatMap(fact => lostObjections(sample, fact)),
      ...facts.flatMap(tailObjections),
    ]
    for (const { truth } of facts) this.#settle(sample, truth)
    const missing = facts.flatMap(fact => fact.missing)
    return {
      objections,
      trueRecoveryPoint: missing.reduce(
        (least, { acceptedBy }) => Math.min(least, acceptedBy),
        sample.endedAt,
      ),
      missing: missing.length,
      excusedAsLost,
    }
  }

  #facts(
    sample: Sample,
    truth: PartitionTruth,
    claims: PartitionClaims | undefined,
  ): PartitionFacts & { excusedAsLost: number } {
    const { endedAt } = sample
    const pollFrom = Math.min(sample.observedAt ?? sample.polledAt, sample.polledAt)
    const windowFrom = pollFrom - pollReachMs
    // A life of the target that ended within the window may have been there when the poll looked.
    const targets = truth.target.filter(
      log => log.createdAfter < endedAt && (log.goneBy ?? endedAt) >= windowFrom,
    )
    const stable = targets.length === 1 && targets[0]?.goneBy === undefined ? targets[0] : undefined
    const unread = targets.reduce((sum, log) => sum + log.unread, 0)
    const blindBefore = this.#blindBefore(sample, truth)

    const current = claims?.lost?.filter(({ former }) => former !== true)
    const missing: Missing[] = []
    const uncounted: Missing[] = []
    let excusedAsLost = 0
    let missingAtMost = 0
    for (const log of truth.source) {
      // A topic that is gone has nothing that could still be copied; one that went within the window may go either way.
      if (log.createdAfter >= endedAt) continue
      if (log.goneBy !== undefined && log.goneBy < windowFrom) {
        if (unread === 0) uncounted.push(...this.#buried(sample, log, truth, claims))
        continue
      }
      this.#remember(sample, log, claims)
      const goneInTime = log.goneBy !== undefined
      missingAtMost += log.unread
      const used = new Map<string, number>()
      const usedForCertain = new Map<string, number>()
      for (let index = this.#settledCount(log, stable); index < log.records.length; index += 1) {
        const record = log.records[index]
        if (record === undefined || record.notBefore >= endedAt) break
        const { content, offset } = record

        const certain =
          stable !== undefined && (stable.byContent.get(content) ?? []).some(copy => copy.seenBy <= pollFrom)
        if (!certain || (usedForCertain.get(content) ?? 0) > 0) missingAtMost += 1
        usedForCertain.set(content, 1)

        if (goneInTime) continue
        const copies = targets.reduce(
          (sum, target) =>
            sum + (target.byContent.get(content) ?? []).filter(copy => copy.notBefore < endedAt).length,
          0,
        )
        const acceptedBy = log.acceptedBy(record)
        const alreadyUsed = used.get(content) ?? 0
        const kept = truth.compacted ? record.retainedAt >= endedAt : true
        if (!kept || acceptedBy < blindBefore) continue
        if (isIn(current, offset)) {
          if (copies <= alreadyUsed) excusedAsLost += 1
          continue
        }
        const expired = log.mayBeExpired(offset, endedAt)
        if (expired) {
          const isNew = acceptedBy > sample.exporterStartedAt + 2_000
          const inTime = log.isExpired(offset, windowFrom)
          if (isNew && inTime && !truth.compacted && copies === 0) uncounted.push({ record, acceptedBy })
          continue
        }
        used.set(content, alreadyUsed + 1)
        if (copies <= alreadyUsed) missing.push({ record, acceptedBy })
      }
    }
    // Each offset that could not be read on the target may have been the copy of any of them: the oldest, for certain.
    const certainly = unread === 0 ? missing : missing.slice(unread)
    const certainlyUncounted =
      unread > 0 || claims?.lost === undefined || claims.lost.length >= maxRanges ? [] : uncounted
    return { truth, claims, missing: certainly, uncounted: certainlyUncounted, missingAtMost, excusedAsLost }
  }

  /** Of a source life that is over: what was never copied of what Tidemark saw of it, and is in no lost range. */
  #buried(
    { exporterStartedAt, endedAt }: Sample,
    log: PartitionLog,
    { target, compacted }: PartitionTruth,
    claims: PartitionClaims | undefined,
  ): Missing[] {
    const shown = this.#shown.get(log)
    if (shown === undefined || shown.exporterStartedAt !== exporterStartedAt || compacted) return []
    if (target.some(({ unread }) => unread > 0)) return []
    return log.records
      .filter(({ offset }) => offset < shown.end && !isIn(claims?.lost, offset))
      .filter(({ offset }) => !log.mayBeExpired(offset, endedAt))
      .filter(({ content }) => !target.some(({ byContent }) => byContent.has(content)))
      .map(record => ({ record, acceptedBy: log.acceptedBy(record) }))
  }

  #remember({ exporterStartedAt }: Sample, log: PartitionLog, claims: PartitionClaims | undefined): void {
    const at = timeOf(claims?.highWatermarkAt ?? null)
    const end = claims?.highWatermark
    if (at === undefined || end === null || end === undefined || log.goneBy !== undefined) return
    // Its first life may still be what is shown.
    if (at < log.createdAfter + pollReachMs) return
    this.#shown.set(log, { end: BigInt(end), exporterStartedAt })
  }

  /** A recreation before the exporter's start cannot be seen by it: a documented limit. */
  #blindBefore({ exporterStartedAt }: Sample, { source, target }: PartitionTruth): number {
    const replaced = [source, target].some(
      lives => lives.length > 1 && (lives.at(-1)?.createdAfter ?? 0) < exporterStartedAt,
    )
    return replaced ? exporterStartedAt : 0
  }

  #settledCount(log: PartitionLog, onto: PartitionLog | undefined): number {
    const settled = this.#settled.get(log)
    return settled !== undefined && onto !== undefined && settled.onto === onto ? settled.count : 0
  }

  #settle(sample: Sample, { source, target }: PartitionTruth): void {
    const onto = target.at(-1)
    const before = (sample.observedAt ?? sample.polledAt) - 10_000
    if (onto === undefined || onto.goneBy !== undefined) return
    for (const log of source) {
      const known = this.#settled.get(log)
      let count = known?.onto === onto ? known.count : 0
      for (; count < log.records.length; count += 1) {
        const record = log.records[count]
        if (record === undefined || record.seenBy > before) break
        const group = log.byContent.get(record.content) ?? []
        const copies = (onto.byContent.get(record.content) ?? []).filter(copy => copy.seenBy <= before)
        if (group.length !== 1 && copies.length < group.length) break
        if (copies.length === 0) break
      }
      this.#settled.set(log, { onto, count })
    }
  }
}

function pointObjections(sample: Sample, facts: readonly PartitionFacts[]): Objection[] {
  const objections: Objection[] = []
  const check = (said: number | undefined, name: string, fact: PartitionFacts): void => {
    if (said === undefined) return
    const first = fact.missing.find(({ acceptedBy }) => acceptedBy < said - slackMs)
    if (first !== undefined) objections.push(pointObjection('point', name, said, fact, first))
    const deleted = fact.uncounted.find(({ acceptedBy }) => acceptedBy < said - slackMs)
    if (deleted !== undefined && name !== 'page')
      objections.push(pointObjection('uncounted', name, said, fact, deleted))
  }
  for (const fact of facts) {
    check(timeOf(sample.json.recoveryPoint), 'topic', fact)
    check(timeOf(fact.claims?.recoveryPoint ?? null), 'partition', fact)
    check(sample.metrics.recoveryPoint, 'page', fact)
  }
  return objections
}

function pointObjection(
  rule: Rule,
  name: string,
  said: number,
  { truth, missing, claims }: PartitionFacts,
  { record, acceptedBy }: Missing,
): Objection {
  const position = claims?.replicatedPosition ?? 'unknown'
  return {
    rule,
    partition: truth.partition,
    said: `recovery point of the ${name} ${iso(said)}, position ${position}`,
    truth: `offset ${record.offset}, accepted by ${iso(acceptedBy)}, is not on the target (${missing.length} missing)`,
  }
}

function lagObjections(sample: Sample, facts: readonly PartitionFacts[]): Objection[] {
  const objections: Objection[] = []
  const before = (instant: number, { missing }: PartitionFacts): number =>
    missing.filter(({ acceptedBy }) => acceptedBy < instant - slackMs).length
  for (const fact of facts) {
    const at = timeOf(fact.claims?.highWatermarkAt ?? null)
    const lag = fact.claims?.lagRecords
    if (at === undefined || lag === null || lag === undefined) continue
    const count = before(at, fact)
    if (count > Number(lag))
      objections.push({
        rule: 'lag',
        partition: fact.truth.partition,
        said: `lag ${lag} as of ${iso(at)}, position ${fact.claims?.replicatedPosition}`,
        truth: `${count} records accepted before are missing, from offset ${fact.missing[0]?.record.offset}`,
      })
  }
  const total = (instant: number): number => facts.reduce((sum, fact) => sum + before(instant, fact), 0)
  const { observedAt, metrics, json } = sample
  if (
    metrics.observedAt !== undefined &&
    metrics.lag !== undefined &&
    total(metrics.observedAt) > metrics.lag
  )
    objections.push({
      rule: 'lag',
      partition: undefined,
      said: `page: lag ${metrics.lag}`,
      truth: `${total(metrics.observedAt)} records are missing`,
    })
  const covered: [string, string | undefined, number | undefined][] = [
    ['JSON', json.status, observedAt],
    ['page', metrics.status, metrics.observedAt],
  ]
  for (const [where, status, at] of covered) {
    if (status === 'covered' && at !== undefined && total(at) > 0)
      objections.push({
        rule: 'covered',
        partition: undefined,
        said: `${where}: covered as of ${iso(at)}`,
        truth: `${total(at)} records accepted before are missing`,
      })
  }
  return objections
}

function missingObjections(sample: Sample, facts: readonly PartitionFacts[]): Objection[] {
  const objections: Objection[] = []
  const check = (said: number | undefined, atMost: number, partition: number | undefined): void => {
    if (said !== undefined && said > atMost)
      objections.push({
        rule: 'missing',
        partition,
        said: `${said} records are certainly missing`,
        truth: `no more than ${atMost} were at any time of the poll`,
      })
  }
  for (const { claims, missingAtMost, truth } of facts)
    check(numberOf(claims?.missingRecords), missingAtMost, truth.partition)
  const total = facts.reduce((sum, { missingAtMost }) => sum + missingAtMost, 0)
  check(numberOf(sample.json.missingRecords), total, undefined)
  // The page may be of the poll before, when what has been settled since was still missing.
  const { observedAt = 0, metrics } = sample
  if (Math.abs((metrics.observedAt ?? -1) - observedAt) < 2) check(metrics.missing, total, undefined)
  return objections
}

/** Records of a range that is said to be lost for certain, which are on the target. */
function lostObjections(sample: Sample, { claims, truth }: PartitionFacts): Objection[] {
  const pollFrom = Math.min(sample.observedAt ?? sample.polledAt, sample.polledAt)
  const onto = truth.target.at(-1)
  if (onto === undefined || onto.goneBy !== undefined || onto.createdAfter > pollFrom - pollReachMs) return []
  return (claims?.lost ?? []).flatMap(range => {
    if (!range.certain) return []
    const foundAt = Date.parse(range.foundAt)
    // The offsets may be those of a life of the topic that ended when the loss was found: it must be wrong for each.
    const lives = truth.source.filter(
      log =>
        log.createdAfter < foundAt &&
        (log.goneBy ?? foundAt) >= foundAt - 15_000 &&
        (range.former !== true || log.goneBy !== undefined),
    )
    const wrong = lives.map(log =>
      log.records.find(
        ({ offset, content }) =>
          offset >= BigInt(range.from) &&
          offset < BigInt(range.to) &&
          log.byContent.get(content)?.length === 1 &&
          (onto.byContent.get(content) ?? []).some(copy => copy.seenBy <= pollFrom),
      ),
    )
    const [first] = wrong
    if (first === undefined || wrong.includes(undefined)) return []
    return {
      rule: 'lost' as const,
      partition: truth.partition,
      said: `[${range.from}, ${range.to}) is lost for certain (${range.cause}, found ${range.foundAt})`,
      truth: `offset ${first.offset} is on the target at ${onto.byContent.get(first.content)?.[0]?.offset}`,
    }
  })
}

/** The tail has the markers that it is said to have, and no more records without a copy than it has records. */
function tailObjections({ claims, truth }: PartitionFacts): Objection[] {
  const tail = claims?.tail
  const [log, ...others] = truth.source
  if (tail === null || tail === undefined || log === undefined || others.length > 0 || log.unread > 0)
    return []
  const from = BigInt(tail.from)
  const to = BigInt(tail.to)
  const inside = (offset: bigint): boolean => offset >= from && offset < to
  if (log.next < to) return []
  const records = log.records.filter(({ offset }) => inside(offset)).length
  const markers = [...log.markers].filter(inside).length
  const deletable = truth.compacted || (log.logStart ?? 0n) > from
  const possible =
    Number(tail.records) <= records && (deletable ? tail.markers <= markers : tail.markers === markers)
  if (possible) return []
  return [
    {
      rule: 'tail',
      partition: truth.partition,
      said: `${tail.records} records without a copy and ${tail.markers} markers in [${from}, ${to})`,
      truth: `${records} records and ${markers} markers`,
    },
  ]
}

function isIn(ranges: readonly LostClaim[] | undefined, offset: bigint): boolean {
  return (ranges ?? []).some(({ from, to }) => offset >= BigInt(from) && offset < BigInt(to))
}

const timeOf = (text: string | null): number | undefined => (text === null ? undefined : Date.parse(text))
const numberOf = (text: string | number | null | undefined): number | undefined =>
  text === null || text === undefined ? undefined : Number(text)
const iso = (ms: number): string => new Date(ms).toISOString().slice(11)
