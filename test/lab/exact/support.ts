import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { RecordOnDisk, Segments } from '../../../lab/segments.ts'
import { waitUntil } from '../../../lab/wait.ts'
import type { FlowView, PartitionView, TopicView } from '../../../src/present/schema.ts'
import { type Exporter, flowName, flushMs, pollMs } from '../support/exporter.ts'

/** The exposure that can be proven without comparing records, and some time to be seen. */
export const boundMs = 1.25 * flushMs + 2 * pollMs + 2_000

/** The topics of the flow by name; empty before the first poll has ended. */
export async function topicsOf(exporter: Exporter): Promise<ReadonlyMap<string, TopicView>> {
  const flow = (await exporter.json(`/api/v1/flows/${flowName}`)) as FlowView
  return new Map('topics' in flow ? flow.topics.map(topic => [topic.topic, topic]) : [])
}

export async function partitionOf(
  exporter: Exporter,
  topic: string,
  partition: number,
): Promise<PartitionView | undefined> {
  const found = (await topicsOf(exporter)).get(topic)
  return found?.partitions.find(one => one.partition === partition)
}

/** The partition as the JSON has it once the condition holds; the error names what was last seen of it. */
export async function untilPartition(
  exporter: Exporter,
  topic: string,
  partition: number,
  description: string,
  condition: (view: PartitionView) => boolean,
  timeoutMs = 30_000,
): Promise<PartitionView> {
  let last: PartitionView | undefined
  const look = async () => {
    last = await partitionOf(exporter, topic, partition)
    return last !== undefined && condition(last) ? last : undefined
  }
  return waitUntil(description, look, { timeoutMs }).catch((error: Error) => {
    throw new Error(`${error.message}\n${inspect(last, { depth: 5, breakLength: 110 })}`)
  })
}

/** Waits until all partitions of the topics are covered with lag 0, up to where the source's logs end now. */
export async function untilCovered(
  exporter: Exporter,
  source: Segments,
  topics: readonly string[],
  timeoutMs = 30_000,
): Promise<void> {
  let open: unknown
  await waitUntil(
    `${topics.join(', ')} covered with lag 0`,
    async () => {
      const views = await topicsOf(exporter)
      const partitions = topics.flatMap(
        (topic): { topic: string; partition: PartitionView | undefined }[] => {
          const found = views.get(topic)?.partitions.map(partition => ({ topic, partition }))
          return found ?? [{ topic, partition: undefined }]
        },
      )
      const ends = await Promise.all(
        partitions.map(({ topic, partition }) =>
          partition === undefined ? undefined : source.end(topic, partition.partition),
        ),
      )
      const notYet = partitions.filter(
        ({ partition }, index) =>
          partition?.status !== 'covered' ||
          partition.lagRecords !== '0' ||
          BigInt(partition.highWatermark ?? '-1') < (ends[index] ?? 0n),
      )
      open = notYet.slice(0, 2)
      return notYet.length === 0 && partitions.length > 0
    },
    { timeoutMs },
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${inspect(open, { depth: 7, breakLength: 110 })}`)
  })
}

export interface Copy {
  readonly topic: string
  /** What the topic is called on the target. */
  readonly copy: string
}

/** What the disks of both clusters say about one partition. Every value on the source is unique. */
export interface PartitionTruth {
  /** Records that are to be copied and that the target does not have, in order. */
  readonly missing: readonly RecordOnDisk[]
  /** Source offsets whose records the target has. */
  readonly copied: ReadonlySet<bigint>
}

export interface TruthOptions {
  /** What the replicator copies of transactions; all of them, aborted ones too, unless told. */
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed'
}

/** Compares the logs of a partition as they lie on the disks; the target is read last. */
export async function truthOf(
  { topic, copy }: Copy,
  partition: number,
  source: Segments,
  target: Segments,
  { isolationLevel = 'read_uncommitted' }: TruthOptions = {},
): Promise<PartitionTruth> {
  const written = await source.records(topic, partition)
  const arrived = new Set(
    // Of an exactly-once replicator: what it did not commit it will write again.
    (await target.records(copy, partition))
      .filter(({ transaction }) => transaction === undefined || transaction === 'committed')
      .map(({ value }) => value),
  )
  const wanted = written.filter(
    ({ transaction }) => isolationLevel === 'read_uncommitted' || transaction !== 'aborted',
  )
  return {
    missing: wanted.filter(({ value }) => !arrived.has(value)),
    copied: new Set(written.filter(({ value }) => arrived.has(value)).map(({ offset }) => offset)),
  }
}

export interface WatchOptions extends TruthOptions {
  readonly exporter: Exporter
  readonly copies: readonly Copy[]
  readonly source: Segments
  readonly target: Segments
}

// A record carries the time before it was sent; it was accepted a little later.
const sendMs = 1_000

/**
 * Holds every answer of the exporter against the disks: no position, no recovery point and no `covered` that a record
 * contradicts, nothing called lost that arrived. The disks are read after the answer, so what it contradicts is wrong.
 */
export class Watch {
  readonly violations: string[] = []
  /** What the answers said, whenever it changed. */
  readonly story: string[] = []
  samples = 0
  readonly #seen = new Map<string, string>()
  readonly #options: WatchOptions
  readonly #stopping = new AbortController()
  readonly #loop: Promise<void>

  constructor(options: WatchOptions) {
    this.#options = options
    this.#loop = this.#run()
  }

  /** Ends the watch; what it found is in `violations`. With TIDEMARK_STORY set, it prints what was said. */
  async stop(): Promise<void> {
    if (!this.#stopping.signal.aborted && process.env['TIDEMARK_STORY'] !== undefined)
      console.log(this.story.join('\n'))
    this.#stopping.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#sample().catch(() => undefined)
      await sleep(250, undefined, { signal }).catch(() => undefined)
    }
  }

  async #sample(): Promise<void> {
    const { exporter, copies, source, target } = this.#options
    const topics = await topicsOf(exporter)
    for (const copy of copies) {
      for (const partition of topics.get(copy.topic)?.partitions ?? []) {
        const truth = await truthOf(copy, partition.partition, source, target, this.#options)
        const name = `${copy.topic}-${partition.partition}`
        this.#tell(name, partition)
        for (const text of contradictions(partition, truth)) {
          this.violations.push(`${new Date().toISOString()} ${name}: ${text}`)
        }
      }
      this.samples += 1
    }
  }

  #tell(name: string, view: PartitionView): void {
    const { status, unknown, highWatermark, replicatedPosition, recoveryPointBasis, basis, cause } = view
    const lost = view.lost.map(({ from, to, cause: why, certain }) => `${from}-${to} ${why} ${certain}`)
    const said = [
      status,
      unknown?.reason ?? '',
      `HWM ${highWatermark}`,
      `position ${replicatedPosition} by ${recoveryPointBasis}`,
      `commit ${basis.committedOffset} sync ${basis.offsetSync?.source}/${basis.offsetSync?.target}`,
      `lost ${lost.join(', ')}`,
      `cause ${cause?.reason}`,
      `audit ${view.audit?.outcome} ${view.audit?.detail}`,
    ].join(' | ')
    if (this.#seen.get(name) === said) return
    this.#seen.set(name, said)
    this.story.push(`${new Date().toISOString()} ${name}: ${said}`)
  }
}

function contradictions(view: PartitionView, { missing, copied }: PartitionTruth): string[] {
  const found: string[] = []
  // Counted is what may be lost as well; certain losses are those that never arrive.
  const lost = view.lost.filter(({ former }) => !former)
  const isLost = (offset: bigint): boolean =>
    lost.some(({ from, to }) => BigInt(from) <= offset && offset < BigInt(to))
  // What was written after the end offset was asked for is no part of the answer.
  const asOf = Date.parse(view.highWatermarkAt ?? '')
  const first = missing.find(({ offset, timestampMs }) => !isLost(offset) && timestampMs < asOf)
  if (first !== undefined) {
    const what = `offset ${first.offset} is not on the target`
    if (view.replicatedPosition !== null && BigInt(view.replicatedPosition) > first.offset)
      found.push(`position ${view.replicatedPosition} (${view.recoveryPointBasis}), but ${what}`)
    if (view.status === 'covered' && view.highWatermark !== null && BigInt(view.highWatermark) > first.offset)
      found.push(`covered up to ${view.highWatermark}, but ${what}`)
    if (view.recoveryPoint !== null && Date.parse(view.recoveryPoint) > first.timestampMs + sendMs)
      found.push(
        `recovery point ${view.recoveryPoint}, but ${what}, of ${new Date(first.timestampMs).toISOString()}`,
      )
  }
  for (const { from, to, cause } of lost.filter(({ certain }) => certain)) {
    const arrived = [...copied].find(offset => BigInt(from) <= offset && offset < BigInt(to))
    if (arrived !== undefined)
      found.push(`[${from}, ${to}) is lost (${cause}), but ${arrived} is on the target`)
  }
  return found
}

/** Records with values that no other record has. */
export function records(
  stem: string,
  count: number,
  partition = 0,
): { value: string; partition: number; key: string; timestamp: Date }[] {
  return Array.from({ length: count }, (_, index) => ({
    key: String(index),
    value: `${stem} ${String(index).padStart(6, '0')}`,
    partition,
    timestamp: new Date(),
  }))
}
