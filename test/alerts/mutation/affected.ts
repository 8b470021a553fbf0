import type { WrittenGroup, WrittenRule } from '../../../src/artifacts/alerts/ruleGroups.ts'
import { nodesOf, parsePromql } from '../support/promql.ts'
import { nameOf, rulesOf } from '../support/rules.ts'

/** What a change of one rule can change, and what is needed to see it. */
export interface Affected {
  /** Names of alerts. */
  readonly alerts: ReadonlySet<string>
  /** Names of those alerts and of all records and metrics that they are made of. */
  readonly needed: ReadonlySet<string>
}

export function affectedBy(rule: string, groups: readonly WrittenGroup[]): Affected {
  const rules = rulesOf(groups)
  const reads = new Map(rules.map(each => [nameOf(each), namesIn(each)]))
  const users = (name: string): readonly string[] =>
    rules.map(nameOf).filter(user => user !== name && reads.get(user)?.has(name) === true)
  const changed = closure([rule], users)
  const needed = closure([...changed], name => [...(reads.get(name) ?? [])])
  return {
    alerts: new Set(
      rules
        .filter(isAlert)
        .map(nameOf)
        .filter(name => changed.has(name)),
    ),
    needed,
  }
}

/** The rules without those that do not matter, and without texts, which nothing depends on. */
export function reduced(groups: readonly WrittenGroup[], { needed }: Affected): readonly WrittenGroup[] {
  return groups.map(group => ({
    ...group,
    rules: group.rules.filter(rule => needed.has(nameOf(rule))).map(({ annotations: _, ...rule }) => rule),
  }))
}

function isAlert({ alert }: WrittenRule): boolean {
  return alert !== undefined
}

function namesIn({ expr }: WrittenRule): ReadonlySet<string> {
  const identifiers = [...nodesOf(parsePromql(expr).root)].filter(({ name }) => name === 'Identifier')
  return new Set(identifiers.map(({ text }) => text))
}

/** These and all that follow from them. */
function closure(first: readonly string[], next: (name: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set(first)
  // A set gives what is added to it while it is gone through.
  for (const name of found) for (const other of next(name)) found.add(other)
  return found
}
