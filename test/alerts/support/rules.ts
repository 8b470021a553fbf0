import { readFileSync } from 'node:fs'
import type { RuleGroupOptions, WrittenGroup, WrittenRule } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { defaultTimings } from '../../../src/artifacts/alerts/timings.ts'
import { defaultRunbooksUrl } from '../../../src/cli/generateAlerts.ts'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}

/** With these the files of alerts/ are made. */
export const committedOptions: RuleGroupOptions = {
  version,
  timings: defaultTimings,
  runbooksUrl: defaultRunbooksUrl(version),
}

export function rulesOf(groups: readonly WrittenGroup[]): readonly WrittenRule[] {
  return groups.flatMap(({ rules }) => rules)
}

/** How people call a rule: its alert or its record. */
export function nameOf({ alert, record }: WrittenRule): string {
  const name = alert ?? record
  if (name === undefined) throw new Error('a rule without a name')
  return name
}
