import type { FoundObjection, WorldReport } from './batch.ts'

/** One line of a world; its story follows where something was objected to. */
export function worldLine(report: WorldReport): string {
  const { plan, faults, samples, objections, sent, failedSends, withMissing, sayMissing, sayLost } = report
  const parts = [
    `world ${plan.index}`,
    plan.kind,
    faults.length === 0 ? 'no faults' : faults.join(' + '),
    `${sent} records sent${failedSends === 0 ? '' : `, ${failedSends} sends failed`}`,
    ...(report.vanished === 0 ? [] : [`${report.vanished} of them deleted`]),
    ...(report.duplicates === 0 ? [] : [`${report.duplicates} written twice`]),
    ...(report.neverCopied === 0 ? [] : [`${report.neverCopied} never copied`]),
    ...(report.unread === 0 ? [] : [`${report.unread} copies deleted unread`]),
    `${samples} samples (${withMissing} with records missing, ${sayMissing} say so, ${sayLost} say lost)`,
    ...(report.unjudged === 0 ? [] : [`${report.unjudged} not judged`]),
    ...(report.unexplained === 0 ? [] : [`ORACLE: ${report.unexplained} acknowledged records were not read`]),
    objections.length === 0 ? 'no violation' : `${objections.length} VIOLATIONS (${rulesOf(objections)})`,
  ]
  return parts.join(' | ')
}

function rulesOf(objections: readonly FoundObjection[]): string {
  const counts = Map.groupBy(objections, ({ rule }) => rule)
  return Array.from(counts, ([rule, found]) => `${rule} ${found.length}`).join(', ')
}

/** What happened in a world, with the objections where they were raised, each as long as it says something new. */
export function story(report: WorldReport): string {
  const fresh = Map.groupBy(report.objections, ({ rule, topic, partition, truth }) =>
    [rule, topic, partition, truth].join(' '),
  )
  const shown = [...fresh.values()].flatMap(found => found.slice(0, 1)).slice(0, mostShown)
  const lines = [
    ...report.happenings,
    ...shown.map(({ at, rule, topic, partition, said, truth, sample }, index) => {
      const isRepeated = shown[index - 1]?.sample === sample && shown[index - 1]?.partition === partition
      const where = partition === undefined ? topic : `${topic}-${partition}`
      const claims = isRepeated ? '' : claimsOf(sample, partition)
      return { at, text: `VIOLATION (${rule}) ${where}: said ${said}; truth: ${truth}${claims}` }
    }),
  ].toSorted((a, b) => a.at - b.at)
  return [
    JSON.stringify(report.plan),
    ...lines.map(({ at, text }) => `  ${new Date(at).toISOString().slice(11)} ${text}`),
  ].join('\n')
}

const mostShown = 16

function claimsOf(sample: FoundObjection['sample'], partition: number | undefined): string {
  const { json, metrics, observedAt, polledAt } = sample
  const claims = json.partitions.find(it => it.partition === partition)
  const times = { observedAt: iso(observedAt), polledAt: iso(polledAt) }
  return `\n      ${JSON.stringify({ ...times, topicStatus: json.status, metrics, claims })}`
}

const iso = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString().slice(11)

/** Sums over all worlds. */
export function totals(reports: readonly WorldReport[]): string {
  const sum = (count: (report: WorldReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0)
  const faulty = reports.filter(({ faults }) => faults.length > 0)
  const calm = reports.filter(report => report.calm)
  const exposures = calm.flatMap(report => report.exposures)
  const usual = exposures.filter(({ audited }) => !audited).map(({ ms }) => ms)
  const audited = exposures.filter(it => it.audited).map(({ ms }) => ms)
  const objections = reports.flatMap(report => report.objections)
  return [
    `${reports.length} worlds, ${faulty.length} with a fault, ${sum(({ samples }) => samples)} samples, ` +
      `${sum(({ proven }) => proven)} with a proven point, ${sum(({ withMissing }) => withMissing)} with records missing; ` +
      `${sum(({ unjudged }) => unjudged)} not judged`,
    `${objections.length} violations${objections.length === 0 ? '' : `: ${rulesOf(objections)}`}`,
    `proven point older than the truth by (ms, all worlds): ${spread(reports.flatMap(({ margins }) => margins))}`,
    `without faults, proven age (ms): ${spread(usual)}; within ${boundMs} ms: ${share(usual, boundMs)}`,
    `without faults, audited topics, proven age (ms): ${spread(audited)}; within ${auditedBoundMs} ms: ${share(audited, auditedBoundMs)}`,
    `estimate minus truth (ms): without faults ${spread(calm.flatMap(({ estimateErrors }) => estimateErrors))}; ` +
      `with faults ${spread(faulty.flatMap(({ estimateErrors }) => estimateErrors))}`,
  ].join('\n')
}

/** 1.25 flush intervals + 2 polls + 2 s, and 2 polls + 2 s. */
const boundMs = 1.25 * 2_000 + 2 * 1_000 + 2_000
const auditedBoundMs = 2 * 1_000 + 2_000

function spread(values: readonly number[]): string {
  if (values.length === 0) return 'none'
  const sorted = values.toSorted((a, b) => a - b)
  const at = (quantile: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? Number.NaN)
  return `min ${at(0)}, p1 ${at(0.01)}, p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, max ${at(1)} (${sorted.length})`
}

function share(values: readonly number[], bound: number): string {
  const within = values.filter(value => value <= bound).length
  return values.length === 0 ? 'none' : `${((100 * within) / values.length).toFixed(2)} %`
}
