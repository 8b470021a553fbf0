export interface SyncPair {
  readonly source: number
  readonly target: number
}

/** `offset.lag.max` and the limit of org.apache.kafka.connect.mirror.OffsetSyncWriter. */
const offsetLagMax = 100
const mostInFlight = 10

/** When MirrorMaker wants an offset sync of one partition: OffsetSyncWriter.PartitionState.update. */
class PartitionState {
  #previousSource = -1
  #previousTarget = -1
  #lastSyncTarget = -1

  isSyncDue(source: number, target: number): boolean {
    const isDue =
      this.#lastSyncTarget === -1 ||
      target - (this.#lastSyncTarget + 1) >= offsetLagMax ||
      source - this.#previousSource !== 1 ||
      target < this.#previousTarget
    if (isDue) this.#lastSyncTarget = target
    this.#previousSource = source
    this.#previousTarget = target
    return isDue
  }
}

/**
 * The offset syncs of one task: those that are due at once, those that wait for the next commit, and at most ten on
 * their way. Both waiting lists hold one sync a partition, the newest.
 */
export class OffsetSyncQueue<P> {
  readonly #states = new Map<P, PartitionState>()
  readonly #delayed = new Map<P, SyncPair>()
  readonly #pending = new Map<P, SyncPair>()
  #inFlight = 0
  readonly #send: (partition: P, pair: SyncPair) => void

  /** `send` writes a sync; `arrived` is to be called when it was acknowledged. */
  constructor(send: (partition: P, pair: SyncPair) => void) {
    this.#send = send
  }

  /** A record was acknowledged: its source offset has this target offset. */
  acknowledged(partition: P, pair: SyncPair): void {
    let state = this.#states.get(partition)
    if (state === undefined) {
      state = new PartitionState()
      this.#states.set(partition, state)
    }
    if (state.isSyncDue(pair.source, pair.target)) {
      this.#delayed.delete(partition)
      this.#pending.set(partition, pair)
    } else this.#delayed.set(partition, pair)
    this.#firePending()
  }

  /** Source offsets were committed: what waited for it goes out, as far as the limit allows. */
  committed(): void {
    for (const [partition, pair] of this.#delayed) this.#pending.set(partition, pair)
    this.#delayed.clear()
    this.#firePending()
  }

  arrived(): void {
    this.#inFlight -= 1
  }

  #firePending(): void {
    for (const [partition, pair] of this.#pending) {
      if (this.#inFlight >= mostInFlight) return
      this.#inFlight += 1
      this.#pending.delete(partition)
      this.#send(partition, pair)
    }
  }
}
