/** Random numbers from a seed: the same seed gives the same world (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from `lowest` to `highest`, both included. */
  integer(lowest: number, highest: number): number {
    return lowest + Math.floor(this.next() * (highest - lowest + 1))
  }

  between(lowest: number, highest: number): number {
    return lowest + this.next() * (highest - lowest)
  }

  /** Between two positive numbers, each order of magnitude as likely as the next. */
  logarithmic(lowest: number, highest: number): number {
    return lowest * (highest / lowest) ** this.next()
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** One of the names, each as likely as its weight. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries<number>(weights) as [T, number][]
    let rest = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      rest -= weight
      if (rest < 0) return name
    }
    throw new Error('no weights')
  }

  /** Waiting time of a process without memory. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean
  }

  /** Around a median, with a long tail: `sigma` is the deviation of the logarithm. */
  logNormal(median: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
    return median * Math.exp(sigma * normal)
  }

  /** A generator of its own, so that more numbers drawn here change nothing there. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 4_294_967_296))
  }
}

/** The seed of one world of a run. */
export function seedOfWorld(seed: number, world: number): number {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(world + 1, 0x85ebca6b))
  random.next()
  return Math.floor(random.next() * 4_294_967_296)
}
