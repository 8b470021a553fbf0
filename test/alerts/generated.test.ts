import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { alertFiles } from '../../src/artifacts/alerts/files.ts'
import { ruleGroups } from '../../src/artifacts/alerts/ruleGroups.ts'
import { scenarios } from '../../src/artifacts/alerts/scenarios.ts'
import { nodesOf, parsePromql } from './support/promql.ts'
import { committedOptions, nameOf, rulesOf } from './support/rules.ts'

const root = new URL('../../', import.meta.url)
const rules = rulesOf(ruleGroups(committedOptions))
const alerts = rules.filter(({ alert }) => alert !== undefined)
const names = alerts.map(nameOf)
const paging = alerts.filter(({ labels }) => labels?.['severity'] === 'page')

test.each([...alertFiles(committedOptions)])('alerts/%s is what the generator gives', (file, text) => {
  expect(readFileSync(new URL(`alerts/${file}`, root), 'utf8')).toBe(text)
})

describe('docs/runbooks', () => {
  const folder = new URL('docs/runbooks/', root)
  const headings = [
    '## What is at risk',
    '## First look',
    '## Most likely causes',
    '## What to do',
    '## What not to do',
    '## When to declare a disaster',
  ]
  const pages = existsSync(folder) ? readdirSync(folder) : []

  test.each(names)('has %s', name => {
    const file = new URL(`${name}.md`, folder)
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    expect(text.split('\n').filter(line => headings.includes(line))).toEqual(headings)
  })

  test('has no page of an alert that is none', () => {
    const others = pages.filter(page => !names.includes(page.replace(/\.md$/, '')))
    expect(others.filter(page => page !== 'README.md')).toEqual([])
  })
})

describe('every page', () => {
  test.each(paging.map(rule => [nameOf(rule), rule] as const))('%s bears a failed scrape', (_, rule) => {
    expect(rule.keep_firing_for).toBeDefined()
    expect(looksBack(rule.expr)).toBe(true)
  })

  test('is one of several', () => {
    expect(paging.length).toBeGreaterThan(4)
    expect(looksBack('up == 0')).toBe(false)
  })
})

/** Whether an expression, or a record that it is made of, reads a range of time. */
function looksBack(expression: string): boolean {
  return [...nodesOf(parsePromql(expression).root)].some(({ name, text }) => {
    if (name === 'MatrixSelector' || name === 'SubqueryExpr') return true
    const record = name === 'Identifier' ? rules.find(rule => rule.record === text) : undefined
    return record !== undefined && looksBack(record.expr)
  })
}

describe('the scenarios', () => {
  const firesAt = (name: string, firing: readonly string[]): boolean =>
    firing.some(alert => alert.startsWith(`${name}{`))
  const instantsOf = (firing: Readonly<Record<number, readonly string[]>>) => Object.values(firing)

  test.each(names.filter(name => name !== 'TidemarkWatchdog'))('%s fires in one, after silence', name => {
    const stories = scenarios.filter(({ firing }) => instantsOf(firing).some(at => firesAt(name, at)))
    expect(stories.some(({ firing }) => instantsOf(firing).some(at => !firesAt(name, at)))).toBe(true)
  })

  test.each(names)('%s stays silent in one', name => {
    expect(scenarios.some(({ firing }) => !instantsOf(firing).some(at => firesAt(name, at)))).toBe(true)
  })
})
