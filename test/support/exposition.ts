/** Samples of a page in the Prometheus text format, with label values unescaped. */
export class Exposition {
  readonly text: string
  readonly tookMs: number
  readonly #samples: readonly Sample[]

  constructor(text: string, tookMs = 0) {
    this.text = text
    this.tookMs = tookMs
    this.#samples = text
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(parseSample)
  }

  /** The value of the only sample with this name and (at least) these labels; undefined when there is none. */
  value(name: string, labels: Labels = {}): number | undefined {
    const found = this.all(name, labels)
    if (found.length > 1)
      throw new Error(`${found.length} samples of ${name} match ${JSON.stringify(labels)}`)
    return found[0]?.value
  }

  all(name: string, labels: Labels = {}): readonly Sample[] {
    const wanted = Object.entries(labels)
    return this.#samples.filter(
      sample => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value),
    )
  }

  /** The label value of the only sample of a state metric: kafka_replication_topic_status and the like. */
  status(name: string, labels: Labels = {}): string | undefined {
    const found = this.all(name, labels)
    if (found.length > 1) throw new Error(`${found.length} states of ${name} hold at once`)
    return found[0]?.labels['status']
  }

  /** The lines that a person would look at. */
  ofInterest(): string {
    return this.text
      .split('\n')
      .filter(line => line.startsWith('kafka_replication_'))
      .join('\n')
  }
}

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line)
  if (match === null) throw new Error(`not a sample: ${line}`)
  const [, name, rawLabels, rawValue] = match
  const labels: Record<string, string> = {}
  for (const [, key, value] of (rawLabels ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)",?/g)) {
    if (key !== undefined && value !== undefined) labels[key] = unescaped(value)
  }
  return { name: name ?? '', labels, value: Number(rawValue?.replace('+Inf', 'Infinity')) }
}

function unescaped(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
}
