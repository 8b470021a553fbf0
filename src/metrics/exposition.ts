import type { Snapshot } from '../model/assessment.ts'
import { catalog, type Family, type Sample } from './catalog.ts'

export interface ExpositionOptions {
  /** 'summary' leaves the series of single topics out, and so those of their partitions. */
  readonly topics: 'all' | 'summary'
  /** Whether there are series of single partitions. */
  readonly partitions: boolean
}

export interface RenderedFamilies {
  /** Prometheus text format 0.0.4. */
  readonly text: string
  /** The same as OpenMetrics 1.0, where a counter's family has the name without `_total`. */
  readonly openMetricsText: string
  /** Series that the options left out. */
  readonly omitted: number
}

/** Renders every family of the catalog, one HELP and TYPE each, families without samples left out. */
export function renderFamilies(snapshot: Snapshot, options: ExpositionOptions): RenderedFamilies {
  const lines: string[] = []
  const counters: [header: string, asOpenMetrics: string][] = []
  let omitted = 0
  for (const family of Object.values<Family>(catalog)) {
    if (!isShown(family, options)) {
      // Partitions are off unless asked for, which is a choice of detail and not something that was cut.
      if (family.subject === 'topic' || options.partitions) omitted += countOf(family.samples(snapshot))
      continue
    }
    const prefixes = labelPrefixes(family)
    let isFirst = true
    for (const sample of family.samples(snapshot)) {
      if (isFirst) {
        const header = headerOf(family, family.name)
        lines.push(header)
        if (family.type === 'counter') counters.push([header, headerOf(family, withoutTotal(family.name))])
      }
      isFirst = false
      lines.push(lineOf(prefixes, sample))
    }
  }
  const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`
  const openMetricsText = counters.reduce((page, [header, other]) => page.replace(header, () => other), text)
  return { text, openMetricsText, omitted }
}

function headerOf({ help, type }: Family, name: string): string {
  return `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type ?? 'gauge'}`
}

function withoutTotal(name: string): string {
  return name.replace(/_total$/, '')
}

function isShown({ subject }: Family, { topics, partitions }: ExpositionOptions): boolean {
  if (subject === 'topic') return topics === 'all'
  if (subject === 'partition') return partitions && topics === 'all'
  return true
}

/** `name{first="`, `",second="` and so on: what stands before each label's value. */
function labelPrefixes({ name, labels }: Family): readonly string[] {
  return labels.map((label, index) => (index === 0 ? `${name}{${label}="` : `",${label}="`))
}

function lineOf(prefixes: readonly string[], [labels, value]: Sample): string {
  let line = ''
  for (const [index, prefix] of prefixes.entries()) line += prefix + escapedLabel(labels[index] ?? '')
  return `${line}"} ${value}`
}

/** Label values: backslash, double quote and line feed (Prometheus exposition formats, "Comments, help text, and type information"). */
function escapedLabel(value: string): string {
  if (!/[\\"\n]/.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapedHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function countOf(samples: Iterable<unknown>): number {
  let count = 0
  for (const _ of samples) count += 1
  return count
}
