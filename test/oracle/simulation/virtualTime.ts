import { setImmediate as afterMicrotasks } from 'node:timers/promises'

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/**
 * Time that passes only when the next event is due. Whoever waits for an instant is woken at it, and has done all it
 * can do at that instant before the next event runs, so that a run is the same every time.
 */
export class VirtualTime {
  now = 0
  readonly #heap: Event[] = []
  #order = 0
  #woken = false

  /** Runs something at an instant; at once, if that has passed. */
  at(instant: number, run: () => void): void {
    this.#push({ at: Math.max(instant, this.now), order: this.#order++, run })
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run)
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.after(ms, () => {
        this.#woken = true
        resolve()
      })
    })
  }

  /** Lets time pass until the work is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false
    const ended = work.finally(() => {
      isDone = true
    })
    ended.catch(() => {})
    await afterMicrotasks()
    while (!isDone) {
      if (!(await this.#step())) throw new Error('waits for something that never happens')
    }
    return ended
  }

  /** Lets time pass up to an instant. */
  async advanceTo(instant: number): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= instant; next = this.#heap[0]) {
      await this.#step()
    }
    this.now = Math.max(this.now, instant)
  }

  async #step(): Promise<boolean> {
    const event = this.#pop()
    if (event === undefined) return false
    this.now = event.at
    event.run()
    if (this.#woken) {
      this.#woken = false
      await afterMicrotasks()
    }
    return true
  }

  #push(event: Event): void {
    const heap = this.#heap
    heap.push(event)
    let index = heap.length - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const [a, b] = [heap[left], heap[left + 1]]
      if (a === undefined) break
      const isRight = b !== undefined && isBefore(b, a)
      const below = isRight ? b : a
      if (!isBefore(below, last)) break
      heap[index] = below
      index = isRight ? left + 1 : left
    }
    heap[index] = last
    return first
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
