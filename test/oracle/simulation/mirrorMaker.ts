import type { IsolationLevel } from '../../../src/model/flow.ts'
import type { SimulatedCluster } from './cluster.ts'
import { OffsetSyncQueue, type SyncPair } from './offsetSyncs.ts'
import {
  beginTransaction,
  type Entry,
  endTransaction,
  type PartitionLog,
  type Transaction,
} from './partitionLog.ts'
import type { Random } from './random.ts'
import { offsetSyncRecord, sourceOffsetRecord, taskStatusRecord } from './records.ts'
import type { VirtualTime } from './virtualTime.ts'

export interface MirrorMakerSettings {
  readonly sourceAlias: string
  readonly offsetsTopic: string
  readonly statusTopic: string
  readonly syncsTopic: string
  readonly syncsOn: 'source' | 'target'
  readonly targetTopicOf: (source: string) => string
  readonly isInScope: (source: string) => boolean
  readonly isolation: IsolationLevel
  readonly isExactlyOnce: boolean
  readonly flushMs: number
  readonly refreshMs: number
  readonly tasks: number
  /** `errors.tolerance=all`: what the target refuses is stepped over. */
  readonly stepsOver: boolean
}

export interface MirrorMakerSurroundings {
  readonly source: SimulatedCluster
  readonly target: SimulatedCluster
  readonly time: VirtualTime
  readonly random: Random
  readonly note: (text: () => string) => void
}

/** Faults of the model itself, with which the oracle is shown to see: never set in a world. */
export interface MirrorMakerDefects {
  /** Commits whatever the source has, whether it was copied or not. */
  readonly commitsAhead?: boolean
  /** Drops every so many records. */
  readonly dropsOneIn?: number
}

interface Assigned {
  readonly topic: string
  readonly partition: number
  /** The identity that the position is of. */
  topicId: string | undefined
  /** The next source offset to consume; undefined: wherever the log begins. */
  position: number | undefined
  /** The last source offset up to which everything is acknowledged. */
  committable: number | undefined
  flushed: number | undefined
  isBusy: boolean
  /** The source's leader has told that the log diverges from there on. */
  divergesAt: number | undefined
}

interface Task {
  readonly index: number
  readonly assigned: Assigned[]
  readonly syncs: OffsetSyncQueue<Assigned>
  readonly syncsOnTheirWay: { readonly to: Assigned; readonly pair: SyncPair; readonly arrivesAt: number }[]
  transaction: Transaction | undefined
  isBusy: boolean
}

/** One life of the process, or of its tasks: what an earlier one had planned does not happen in the next. */
interface Run {
  readonly tasks: readonly Task[]
}

const maxPollRecords = 500
const requestTimeoutMs = 30_000
const transactionTimeoutMs = 60_000

interface SyncedPair {
  readonly source: number
  readonly target: number
}

/**
 * MirrorMaker 2 as its public sources describe it: consumes each partition in order, produces to the target, writes
 * offset syncs and commits Connect offsets. What it has sent happens whether it lives or not; what it would do next
 * happens only while it runs.
 */
export class SimulatedMirrorMaker {
  readonly #settings: MirrorMakerSettings
  readonly #world: MirrorMakerSurroundings
  readonly #defects: MirrorMakerDefects
  readonly #committed = new Map<string, { readonly offset: number; readonly topicId: string | undefined }>()
  readonly #synced = new Map<string, SyncedPair>()
  /** Stretches of source offsets, without their ends, of which the pairs show fewer copies than offsets. */
  readonly #gaps = new Map<string, { readonly from: number; readonly to: number }[]>()
  #run: Run | undefined
  #isFrozen = false
  #deferred: (() => void)[] = []
  #generation = 0
  #copied = 0
  #openTransactions = new Set<Transaction>()
  #producerIds = 900_000n
  /** A quota; undefined: none. */
  recordsPerSecond: number | undefined

  constructor(
    settings: MirrorMakerSettings,
    world: MirrorMakerSurroundings,
    defects: MirrorMakerDefects = {},
  ) {
    this.#settings = settings
    this.#world = world
    this.#defects = defects
    const { source, target } = world
    target.createTopic(settings.offsetsTopic, 1)
    target.createTopic(settings.statusTopic, 1)
    const syncsOn = settings.syncsOn === 'source' ? source : target
    syncsOn.createTopic(settings.syncsTopic, 1)
  }

  get isRunning(): boolean {
    return this.#run !== undefined && !this.#isFrozen
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  /** The next source offset that will be consumed, where the present run has one that is of another identity. */
  foreignPositionOf(topic: string, partition: number, topicId: string): number | undefined {
    const assigned = this.#find(topic, partition)
    return assigned?.topicId === topicId ? undefined : assigned?.position
  }

  /** The last offset that was committed, whatever identity it was of. */
  committedOf(topic: string, partition: number): number | undefined {
    return this.#committed.get(keyOf(topic, partition))?.offset
  }

  /** The source offset of the newest sync, whatever identity it was of. */
  syncedOf(topic: string, partition: number): number | undefined {
    return this.#synced.get(keyOf(topic, partition))?.source
  }

  /** Whether an offset lies between two neighbouring pairs between which something was skipped, or holds none. */
  isInGap(topic: string, partition: number, offset: number): boolean {
    return (
      this.#gaps.get(keyOf(topic, partition))?.some(({ from, to }) => offset > from && offset < to) === true
    )
  }

  #noteGap(key: string, { source, target }: SyncedPair): void {
    const last = this.#synced.get(key)
    this.#synced.set(key, { source, target })
    if (last !== undefined && (target <= last.target || source - last.source <= target - last.target)) return
    const gaps = this.#gaps.get(key) ?? []
    gaps.push({ from: last?.source ?? -1, to: source })
    this.#gaps.set(key, gaps)
  }

  /** Starts the process or its tasks anew: from the last committed offsets. */
  start(): void {
    const { target, random } = this.#world
    this.#isFrozen = false
    this.#deferred = []
    // A new producer of the same transactional id fences the old one.
    for (const transaction of this.#openTransactions) this.#end(transaction, 'aborted')
    this.#generation += 1
    const tasks = Array.from({ length: this.#settings.tasks }, (_, index) => this.#task(index))
    const run: Run = { tasks }
    this.#run = run
    this.#wanted().forEach(({ topic, partition }, index) => {
      const committed = this.#committed.get(keyOf(topic, partition))
      tasks[index % tasks.length]?.assigned.push({
        topic,
        partition,
        topicId: committed?.topicId,
        position: committed === undefined ? undefined : committed.offset + 1,
        committable: committed?.offset,
        flushed: committed?.offset,
        isBusy: false,
        divergesAt: undefined,
      })
    })
    this.#createCopies()
    const status = target.topics.get(this.#settings.statusTopic)?.partitions[0]
    for (const task of tasks) {
      if (!target.isDown && status !== undefined) {
        status.append(taskStatusRecord(task.index, this.#generation, target.wallMs()), this.#world.time.now)
      }
      this.#wakeTask(run, task)
      if (!this.#settings.isExactlyOnce) {
        this.#later(run, this.#settings.flushMs * random.between(0.2, 1), () => this.#flushEvery(run, task))
      }
    }
    this.#later(run, this.#settings.refreshMs * random.between(0.3, 1), () => this.#refreshEvery(run))
  }

  /** kill -9. */
  kill(): void {
    this.#run = undefined
    this.#isFrozen = false
    this.#deferred = []
    for (const transaction of this.#openTransactions) {
      this.#world.time.after(transactionTimeoutMs, () => this.#end(transaction, 'aborted'))
    }
  }

  /** SIGSTOP. */
  freeze(): void {
    if (this.#run !== undefined) this.#isFrozen = true
    for (const transaction of this.#openTransactions) {
      this.#world.time.after(transactionTimeoutMs, () => {
        if (this.#isFrozen) this.#end(transaction, 'aborted')
      })
    }
  }

  /** SIGCONT. */
  resume(): void {
    if (!this.#isFrozen) return
    this.#isFrozen = false
    const deferred = this.#deferred
    this.#deferred = []
    for (const action of deferred) action()
  }

  /** Stops the tasks in order, with a last commit, and starts them again. */
  restart(): void {
    const run = this.#run
    if (run === undefined || this.#isFrozen) return
    if (!this.#settings.isExactlyOnce) for (const task of run.tasks) this.#flush(run, task)
    for (const transaction of this.#openTransactions) this.#end(transaction, 'aborted')
    this.start()
  }

  /** Records came, or a log changed: what waited for it looks again. */
  wake(topic: string, partition?: number): void {
    const run = this.#run
    if (run === undefined) return
    for (const task of run.tasks) {
      for (const assigned of task.assigned) {
        if (assigned.topic !== topic || (partition !== undefined && assigned.partition !== partition))
          continue
        if (this.#settings.isExactlyOnce) this.#wakeTask(run, task)
        else this.#wakePartition(run, task, assigned)
      }
    }
  }

  /** The source's log was shortened: a consumer that lives learns it with its next fetch. */
  sourceTruncated(topic: string, partition: number, end: number): void {
    const assigned = this.#find(topic, partition)
    if (assigned !== undefined) assigned.divergesAt = Math.min(assigned.divergesAt ?? end, end)
    this.wake(topic, partition)
  }

  #find(topic: string, partition: number): Assigned | undefined {
    for (const { assigned } of this.#run?.tasks ?? []) {
      const found = assigned.find(it => it.topic === topic && it.partition === partition)
      if (found !== undefined) return found
    }
    return undefined
  }

  #task(index: number): Task {
    const task: Task = {
      index,
      assigned: [],
      syncs: new OffsetSyncQueue((to, pair) => this.#sendSync(task, to, pair)),
      syncsOnTheirWay: [],
      transaction: undefined,
      isBusy: false,
    }
    return task
  }

  #wanted(): readonly { readonly topic: string; readonly partition: number }[] {
    return [...this.#world.source.topics.values()]
      .filter(({ name }) => this.#settings.isInScope(name))
      .flatMap(({ name: topic, partitions }) => partitions.map((_, partition) => ({ topic, partition })))
  }

  #createCopies(): void {
    const { source, target, note } = this.#world
    if (source.isDown || target.isDown) return
    for (const original of source.topics.values()) {
      if (!this.#settings.isInScope(original.name)) continue
      const name = this.#settings.targetTopicOf(original.name)
      const copy = target.topics.get(name)
      if (copy === undefined) {
        const { id } = target.createTopic(name, original.partitions.length)
        note(() => `MirrorMaker creates ${name} on the target: ${id}`)
      } else copy.addPartitions(original.partitions.length)
    }
  }

  #refreshEvery(run: Run): void {
    const { source, target, note } = this.#world
    this.#later(run, this.#settings.refreshMs, () => this.#refreshEvery(run))
    if (source.isDown || target.isDown) return
    this.#createCopies()
    const assigned = new Set(
      run.tasks.flatMap(task => task.assigned.map(it => keyOf(it.topic, it.partition))),
    )
    if (this.#wanted().some(({ topic, partition }) => !assigned.has(keyOf(topic, partition)))) {
      note(() => 'MirrorMaker finds new partitions and starts its tasks anew')
      this.restart()
    }
  }

  /** Does something later, unless this run is over by then; while the process is frozen it waits. */
  #later(run: Run, ms: number, action: () => void): void {
    this.#world.time.after(ms, () => this.#inside(run, action))
  }

  #inside(run: Run, action: () => void): void {
    if (run !== this.#run) return
    if (this.#isFrozen) this.#deferred.push(() => this.#inside(run, action))
    else action()
  }

  #wakeTask(run: Run, task: Task): void {
    if (!this.#settings.isExactlyOnce) {
      for (const assigned of task.assigned) this.#wakePartition(run, task, assigned)
    } else if (!task.isBusy) {
      task.isBusy = true
      this.#later(run, this.#world.random.between(1, 25), () => this.#pollInTransaction(run, task))
    }
  }

  #wakePartition(run: Run, task: Task, assigned: Assigned): void {
    if (assigned.isBusy) return
    assigned.isBusy = true
    this.#later(run, this.#world.random.between(1, 25), () => this.#poll(run, task, assigned))
  }

  #poll(run: Run, task: Task, assigned: Assigned): void {
    const records = this.#consume(assigned, maxPollRecords)
    if (records === 'not now') {
      this.#later(run, this.#world.random.between(100, 600), () => this.#poll(run, task, assigned))
      return
    }
    assigned.isBusy = false
    if (records.length === 0) return
    assigned.isBusy = true
    const throttledMs =
      this.recordsPerSecond === undefined ? 0 : (records.length / this.recordsPerSecond) * 1_000
    this.#later(run, throttledMs, () => this.#send(run, task, assigned, records))
  }

  /** The next records of a partition, and the position behind them. */
  #consume(assigned: Assigned, most: number): readonly Entry[] | 'not now' {
    const { source, note } = this.#world
    const { topic, partition } = assigned
    const original = source.topics.get(topic)
    const log = original?.partitions[partition]
    if (source.isDown || log === undefined || log.isLeaderless) return 'not now'
    const limit = Math.min(
      most,
      this.recordsPerSecond === undefined ? most : Math.max(1, this.recordsPerSecond),
    )
    let position = assigned.position ?? log.start
    if (assigned.divergesAt !== undefined && position > assigned.divergesAt) {
      note(() => `MirrorMaker goes back in ${topic}-${partition} from ${position} to ${assigned.divergesAt}`)
      position = assigned.divergesAt
    }
    assigned.divergesAt = undefined
    if (position < log.start || position > log.end) {
      note(() => `MirrorMaker is out of range in ${topic}-${partition} at ${position}: goes to ${log.start}`)
      position = log.start
    }
    const end = this.#settings.isolation === 'read_committed' ? log.lastStableOffset : log.end
    const records: Entry[] = []
    let next = Math.max(position, end)
    for (let index = log.indexOf(position); index < log.entries.length; index++) {
      const entry = log.entries[index]
      if (entry === undefined || entry.offset >= end) break
      if (records.length >= limit) {
        next = entry.offset
        break
      }
      const isData = !entry.isMarker
      const isHidden = this.#settings.isolation === 'read_committed' && entry.transaction?.state === 'aborted'
      if (isData && !isHidden) records.push(entry)
    }
    assigned.position = next
    assigned.topicId = original?.id
    return records
  }

  #send(run: Run, task: Task, assigned: Assigned, records: readonly Entry[]): void {
    const { time, random } = this.#world
    const sentAt = time.now
    time.after(random.chance(0.03) ? random.between(20, 500) : random.between(1, 10), () => {
      const log = this.#copyLog(assigned)
      if (log === undefined) {
        this.#later(run, random.between(200, 700), () => this.#send(run, task, assigned, records))
        return
      }
      const offsets = records.map(record => this.#copy(log, record, undefined))
      const acknowledgedAfterMs = random.chance(0.03) ? random.between(20, 1_000) : random.between(1, 8)
      this.#later(run, acknowledgedAfterMs, () => {
        this.#acknowledge(run, task, assigned, { records, offsets, sentAt })
      })
    })
  }

  #acknowledge(
    run: Run,
    task: Task,
    assigned: Assigned,
    batch: {
      readonly records: readonly Entry[]
      readonly offsets: readonly (number | undefined)[]
      readonly sentAt: number
    },
  ): void {
    const { target, time, random, note } = this.#world
    if (target.isDown) {
      // The reply is lost with the connection, or comes late.
      this.#later(run, random.between(200, 700), () => {
        if (!target.isDown && random.chance(0.5)) this.#send(run, task, assigned, batch.records)
        else this.#acknowledge(run, task, assigned, batch)
      })
      return
    }
    if (time.now - batch.sentAt > requestTimeoutMs) {
      note(
        () =>
          `MirrorMaker sends ${batch.records.length} records of ${assigned.topic}-${assigned.partition} again`,
      )
      this.#send(run, task, assigned, batch.records)
      return
    }
    for (const [index, record] of batch.records.entries()) {
      const target = batch.offsets[index]
      if (target !== undefined) task.syncs.acknowledged(assigned, { source: record.offset, target })
    }
    assigned.committable = batch.records.at(-1)?.offset ?? assigned.committable
    assigned.isBusy = false
    this.#wakePartition(run, task, assigned)
  }

  #copyLog({ topic, partition }: Assigned): PartitionLog | undefined {
    const { target } = this.#world
    const log = target.topics.get(this.#settings.targetTopicOf(topic))?.partitions[partition]
    return target.isDown || log?.isLeaderless === true ? undefined : log
  }

  /** Writes the copy of a record; undefined where the target refuses it. */
  #copy(log: PartitionLog, record: Entry, transaction: Transaction | undefined): number | undefined {
    const { target, time } = this.#world
    if (record.isTooLarge && this.#settings.stepsOver) {
      record.isSteppedOver = true
      return undefined
    }
    this.#copied += 1
    const { dropsOneIn } = this.#defects
    const isDropped = dropsOneIn !== undefined && this.#copied % dropsOneIn === 0
    const { key, value, headers } = record
    const copy = log.append(
      {
        key,
        value: isDropped ? Buffer.from('another record') : value,
        headers,
        timestampMs: target.isLogAppendTime ? target.wallMs() : record.timestampMs,
        transaction,
        original: isDropped ? undefined : record,
      },
      time.now,
    )
    return copy.offset
  }

  #sendSync(task: Task, to: Assigned, pair: SyncPair): void {
    const { time, random } = this.#world
    const last = task.syncsOnTheirWay.at(-1)
    const delayMs = Math.min(4_000, random.logNormal(10, 1.38))
    const arrivesAt = Math.max(last?.arrivesAt ?? 0, time.now + delayMs)
    task.syncsOnTheirWay.push({ to, pair, arrivesAt })
    const run = this.#run
    if (run !== undefined) time.at(arrivesAt, () => this.#syncsArrive(run, task))
  }

  #syncsArrive(run: Run, task: Task): void {
    const { source, target, time, random, note } = this.#world
    const cluster = this.#settings.syncsOn === 'source' ? source : target
    for (let next = task.syncsOnTheirWay[0]; next !== undefined; next = task.syncsOnTheirWay[0]) {
      if (next.arrivesAt > time.now) return
      if (run !== this.#run && random.chance(0.7)) {
        // It was still in the memory of the process that is gone.
        task.syncsOnTheirWay.length = 0
        return
      }
      if (this.#isFrozen || cluster.isDown) {
        // What waits in a frozen process goes out as soon as it goes on.
        if (this.#isFrozen) this.#deferred.push(() => this.#syncsArrive(run, task))
        else time.after(500, () => this.#syncsArrive(run, task))
        return
      }
      task.syncsOnTheirWay.shift()
      const { to, pair } = next
      note(() => `sync ${to.topic}-${to.partition}: ${pair.source} -> ${pair.target}`)
      this.#noteGap(keyOf(to.topic, to.partition), pair)
      cluster.topics
        .get(this.#settings.syncsTopic)
        ?.partitions[0]?.append(offsetSyncRecord(to, pair, cluster.wallMs()), time.now)
      this.#later(run, random.between(1, 5), () => task.syncs.arrived())
    }
  }

  #flushEvery(run: Run, task: Task): void {
    this.#later(run, this.#settings.flushMs, () => this.#flushEvery(run, task))
    this.#flush(run, task)
  }

  #flush(run: Run, task: Task): void {
    const { target, time, random } = this.#world
    const due = task.assigned.flatMap(assigned => {
      const { flushed, topic, partition } = assigned
      const end = this.#world.source.topics.get(topic)?.partitions[partition]?.end
      const offset = this.#defects.commitsAhead === true && end !== undefined ? end - 1 : assigned.committable
      return offset === undefined || offset < 0 || offset === flushed ? [] : { assigned, offset }
    })
    time.after(random.between(1, 15), () => {
      if (target.isDown) return
      for (const { assigned, offset } of due) {
        this.#commit(assigned, offset, undefined)
        assigned.flushed = offset
      }
      this.#later(run, random.between(1, 10), () => task.syncs.committed())
    })
  }

  #commit(assigned: Assigned, offset: number, transaction: Transaction | undefined): void {
    const { target, time, note } = this.#world
    const { topic, partition } = assigned
    note(() => `commit ${topic}-${partition}: ${offset}`)
    const record = sourceOffsetRecord(
      { alias: this.#settings.sourceAlias, topic, partition },
      offset,
      target.wallMs(),
    )
    const log = target.topics.get(this.#settings.offsetsTopic)?.partitions[0]
    log?.append({ ...record, transaction }, time.now)
    if (transaction === undefined) this.#hasCommitted(assigned, offset)
  }

  #hasCommitted({ topic, partition, topicId }: Assigned, offset: number): void {
    this.#committed.set(keyOf(topic, partition), { offset, topicId })
  }

  /** Exactly-once: what one poll returned and the offsets behind it, in one transaction. */
  #pollInTransaction(run: Run, task: Task): void {
    const { random, target } = this.#world
    let isWaiting = false
    let left = maxPollRecords
    const batches: { readonly assigned: Assigned; readonly records: readonly Entry[] }[] = []
    for (const assigned of task.assigned) {
      if (left <= 0 || target.isDown || this.#copyLog(assigned) === undefined) {
        isWaiting = true
        continue
      }
      const records = this.#consume(assigned, left)
      if (records === 'not now') isWaiting = true
      else if (records.length > 0) {
        batches.push({ assigned, records })
        left -= records.length
      }
    }
    if (batches.length === 0) {
      task.isBusy = isWaiting
      if (isWaiting) {
        this.#later(run, random.between(100, 600), () => this.#pollInTransaction(run, task))
      }
      return
    }
    const count = batches.reduce((sum, { records }) => sum + records.length, 0)
    const throttledMs = this.recordsPerSecond === undefined ? 0 : (count / this.recordsPerSecond) * 1_000
    this.#later(run, throttledMs + random.between(1, 10), () => this.#write(run, task, batches))
  }

  #write(
    run: Run,
    task: Task,
    batches: readonly { readonly assigned: Assigned; readonly records: readonly Entry[] }[],
  ): void {
    const { random, note } = this.#world
    if (batches.some(({ assigned }) => this.#copyLog(assigned) === undefined)) {
      this.#later(run, random.between(200, 700), () => this.#write(run, task, batches))
      return
    }
    this.#producerIds += 1n
    const transaction = beginTransaction(this.#producerIds)
    this.#openTransactions.add(transaction)
    const written = batches.map(({ assigned, records }) => {
      const log = this.#copyLog(assigned)
      const offsets = records.map(record =>
        log === undefined ? undefined : this.#copy(log, record, transaction),
      )
      const last = records.at(-1)
      if (last !== undefined) this.#commit(assigned, last.offset, transaction)
      return { assigned, records, offsets }
    })
    const commit = (): void => {
      if (transaction.state === 'aborted') {
        note(() => 'MirrorMaker finds its transaction aborted and starts its tasks anew')
        this.start()
        return
      }
      if (this.#world.target.isDown) {
        this.#later(run, random.between(200, 700), commit)
        return
      }
      this.#end(transaction, 'committed')
      for (const { assigned, records } of written) {
        const last = records.at(-1)
        if (last !== undefined) this.#hasCommitted(assigned, last.offset)
      }
      this.#later(run, random.between(1, 8), () => {
        for (const { assigned, records, offsets } of written) {
          for (const [index, record] of records.entries()) {
            const target = offsets[index]
            if (target !== undefined) task.syncs.acknowledged(assigned, { source: record.offset, target })
          }
        }
        task.syncs.committed()
        task.isBusy = false
        this.#wakeTask(run, task)
      })
    }
    this.#later(run, random.between(2, 20), commit)
  }

  #end(transaction: Transaction, state: 'committed' | 'aborted'): void {
    const { target, time } = this.#world
    this.#openTransactions.delete(transaction)
    endTransaction(transaction, state, time.now, target.wallMs())
  }
}

function keyOf(topic: string, partition: number): string {
  return `${partition}/${topic}`
}
