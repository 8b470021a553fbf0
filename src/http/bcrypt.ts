import { parentPort, Worker, workerData } from 'node:worker_threads'
import bcrypt from 'bcryptjs'

interface Question {
  readonly id: number
  readonly password: string
  readonly hash: string
}

interface Answer {
  readonly id: number
  readonly matches: boolean
}

const marker = 'tidemark-bcrypt'

/**
 * Compares passwords with bcrypt hashes in a thread of its own, one after the other: a tenth of a second each at
 * cost 10, in which polls and scrapes go on.
 */
export class BcryptThread {
  readonly #waiting = new Map<number, { resolve(matches: boolean): void; reject(error: Error): void }>()
  #worker: Worker | undefined
  #next = 0

  /** How many comparisons have not ended. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** @throws when the thread ended */
  compare(password: string, hash: string): Promise<boolean> {
    const worker = this.#started()
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const question: Question = { id, password, hash }
      worker.postMessage(question)
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker
    // This file itself, whether it runs as TypeScript or was built.
    const worker = new Worker(new URL(import.meta.url), { workerData: marker })
    worker.unref()
    worker.on('message', ({ id, matches }: Answer) => {
      this.#waiting.get(id)?.resolve(matches)
      this.#waiting.delete(id)
    })
    worker.on('error', error =>
      this.#ended(worker, error instanceof Error ? error : new Error(String(error))),
    )
    worker.on('exit', () => this.#ended(worker, new Error('the thread that compares passwords ended')))
    this.#worker = worker
    return worker
  }

  #ended(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

if (workerData === marker) {
  const port = parentPort
  port?.on('message', ({ id, password, hash }: Question) => {
    const answer: Answer = { id, matches: bcrypt.compareSync(password, hash) }
    port.postMessage(answer)
  })
}
