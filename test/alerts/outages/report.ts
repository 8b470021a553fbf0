import type { Judgement, ViolationKind } from './judge.ts'

export interface WorldReport extends Judgement {
  readonly world: number
  readonly seed: number
  readonly hours: number
}

const kinds: readonly ViolationKind[] = ['lost page', 'false page', 'orphaned incident', 'wrong labels']

export function worldLine({ world, seed, violations, breaches }: WorldReport): string {
  const found = violations.map(({ kind, at, flow, what }) => `  ${kind} at ${at} s, ${flow}: ${what}`)
  return [
    `world ${world} (seed ${seed}): ${breaches.length} breaches, ${violations.length} violations`,
    ...found,
  ].join('\n')
}

export function summaryOf(reports: readonly WorldReport[], seed: number, seconds: number): string {
  const violations = reports.flatMap(report => report.violations)
  const breaches = reports.flatMap(report => report.breaches)
  const hours = reports.reduce((sum, report) => sum + report.hours, 0)
  const merged = breaches.filter(({ delay }) => delay === undefined).length
  const delays = (isDisturbed: boolean): string =>
    distribution(
      breaches.flatMap(breach =>
        breach.isDisturbed === isDisturbed && breach.delay !== undefined ? [breach.delay] : [],
      ),
    )
  return [
    `${reports.length} worlds, ${hours.toFixed(0)} hours of them, from seed ${seed} in ${seconds.toFixed(0)} s`,
    ...kinds.map(kind => `${kind}: ${violations.filter(violation => violation.kind === kind).length}`),
    `breaches: ${breaches.length}, of which ${merged} began while their page still fired`,
    `from breach to page, all being well: ${delays(false)}`,
    `from breach to page, while scrapes failed, exporters started, points were taken back or a maintenance ended: ${delays(true)}`,
  ].join('\n')
}

function distribution(values: readonly number[]): string {
  if (values.length === 0) return 'none'
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): string =>
    `${sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]} s`
  return `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)} of ${values.length}`
}
