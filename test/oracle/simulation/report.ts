import { rules } from './rules.ts'
import { proofs, type WorldReport } from './world.ts'

/** One world in a line, and one more for the first violation of each rule. */
export function worldLine(world: number, report: WorldReport): string {
  const { seed, kind, faults, samples, violations } = report
  const line = `world ${world} (seed ${seed}; ${kind}; ${faults.join(', ') || 'no fault'}): ${samples} samples, ${violations.length} violations`
  const first = rules.flatMap(rule => violations.find(violation => violation.rule === rule) ?? [])
  return [
    line,
    ...first.map(({ rule, detail, poll, at }) => {
      const count = violations.filter(violation => violation.rule === rule).length
      return `    ${rule} (${count} samples), first in poll ${poll} at ${(at / 1_000).toFixed(3)} s: ${detail}`
    }),
  ].join('\n')
}

/** Totals of a run. */
export function summaryOf(reports: readonly WorldReport[], seed: number, seconds: number): string {
  const sum = (of: (report: WorldReport) => number): number =>
    reports.reduce((all, report) => all + of(report), 0)
  const violations = reports.flatMap(report => report.violations)
  const failed = reports.filter(report => report.violations.length > 0).length
  const faulty = reports.filter(({ faults }) => faults.length > 0).length
  const tightness = reports.flatMap(report => report.tightness)
  const errors = reports.flatMap(report => report.estimateErrorsMs)
  const calmErrors = reports
    .filter(({ faults }) => faults.length === 0)
    .flatMap(report => report.estimateErrorsMs)
  return [
    `seed ${seed}: ${reports.length} worlds, ${faulty} with faults, ${sum(({ samples }) => samples)} samples in ${seconds.toFixed(0)} s`,
    `  with a proven point ${sum(it => it.withPoint)}, covered ${sum(it => it.covered)}, records truly missing ${sum(it => it.withMissing)}, missing records told ${sum(it => it.withMissingSaid)}, losses ${sum(it => it.withLosses)}`,
    `  not judged: stepped over and not found yet ${sum(it => it.steppedOver)}, losses not counted within the polls that it may take ${sum(it => it.countedLate)}, what only reading would show ${sum(it => it.hidden)}, passed over before the exporter started ${sum(it => it.unknowable)} (samples)`,
    `  worlds in which records were stepped over behind the point: ${reports.filter(it => it.steppedOver > 0).length}, not found by the end in ${reports.filter(it => it.steppedOverAtEnd > 0).length}`,
    `  topics at the end: ${counted(reports.flatMap(it => it.atEnd))}`,
    `  violations: ${violations.length} samples in ${failed} worlds`,
    ...rules.map(rule => {
      const of = violations.filter(violation => violation.rule === rule)
      const worlds = reports.filter(report =>
        report.violations.some(violation => violation.rule === rule),
      ).length
      return `    ${rule}: ${of.length} samples, ${worlds} worlds`
    }),
    ...proofs.map(proof => {
      const of = tightness.filter(it => it.proof === proof)
      const within = of.filter(({ ageMs, boundMs }) => ageMs <= boundMs).length
      const shares = of.map(({ ageMs, boundMs }) => ageMs / boundMs)
      return `  tightness without faults, ${proof}: ${within} of ${of.length} samples (${percent(within, of.length)}) within the bound; age / bound ${quantiles(shares, 2)}`
    }),
    `  estimated minus true point in seconds, without faults: ${quantiles(
      calmErrors.map(it => it / 1_000),
      1,
    )}; too new in ${percent(calmErrors.filter(it => it > 0).length, calmErrors.length)}`,
    `  the same with faults and without: ${quantiles(
      errors.map(it => it / 1_000),
      1,
    )}; too new in ${percent(errors.filter(it => it > 0).length, errors.length)}`,
    `  bytes fetched in one poll at most: ${Math.max(0, ...reports.map(it => it.mostBytesInPoll))}`,
  ].join('\n')
}

function counted(words: readonly string[]): string {
  const counts = Map.groupBy(words, word => word)
  return Array.from(counts, ([word, all]) => `${word} ${all.length}`).join(', ')
}

function percent(part: number, whole: number): string {
  return whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(2)} %`
}

function quantiles(values: readonly number[], digits: number): string {
  if (values.length === 0) return 'none'
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(digits)
  return `p1 ${at(0.01)}, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}`
}
