import type { WrittenGroup, WrittenRule } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { nameOf } from '../support/rules.ts'
import { changesOf } from './expressions.ts'

/** Rules with one mechanical change in one of them. */
export interface Mutant {
  readonly rule: string
  readonly what: string
  readonly groups: readonly WrittenGroup[]
}

interface ChangedRule {
  readonly what: string
  /** Undefined: it is gone. */
  readonly rule: WrittenRule | undefined
}

/** Every mutant of these rules. Rules that differ in their durations only have the same ones in the same order. */
export function mutantsOf(groups: readonly WrittenGroup[]): readonly Mutant[] {
  return groups.flatMap((group, groupIndex) =>
    group.rules.flatMap((rule, ruleIndex) =>
      changedRules(rule).map(({ what, rule: changed }) => ({
        rule: nameOf(rule),
        what,
        groups: groups.with(groupIndex, {
          ...group,
          rules: group.rules.toSpliced(ruleIndex, 1, ...(changed === undefined ? [] : [changed])),
        }),
      })),
    ),
  )
}

function changedRules(rule: WrittenRule): readonly ChangedRule[] {
  const { for: waits, keep_firing_for: keeps, labels, ...rest } = rule
  const kept = keeps === undefined ? {} : { keep_firing_for: keeps }
  const severity = labels?.['severity']
  return [
    { what: 'removed', rule: undefined },
    ...changesOf(rule.expr).map(({ what, expr }) => ({ what, rule: { ...rule, expr } })),
    ...(waits === undefined
      ? []
      : [
          { what: 'without for', rule: { ...rest, ...kept, ...(labels === undefined ? {} : { labels }) } },
          { what: `for ${waits} twice`, rule: { ...rule, for: twice(waits) } },
        ]),
    ...(keeps === undefined
      ? []
      : [
          { what: 'without keep_firing_for', rule: withoutKey(rule, 'keep_firing_for') },
          { what: `keep_firing_for ${keeps} twice`, rule: { ...rule, keep_firing_for: twice(keeps) } },
        ]),
    ...(severity === undefined
      ? []
      : [
          { what: 'without severity', rule: withoutKey(rule, 'labels') },
          {
            what: `severity ${severity} is another`,
            rule: { ...rule, labels: { severity: severity === 'page' ? 'ticket' : 'page' } },
          },
        ]),
  ]
}

function withoutKey(rule: WrittenRule, key: keyof WrittenRule): WrittenRule {
  const { [key]: _, ...others } = rule
  return others as WrittenRule
}

function twice(duration: string): string {
  return duration.replace(/^\d+/, digits => String(2 * Number(digits)))
}
