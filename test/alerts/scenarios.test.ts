import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alertFiles, yaml } from '../../src/artifacts/alerts/files.ts'
import { type RuleGroupOptions, ruleGroups } from '../../src/artifacts/alerts/ruleGroups.ts'
import { hourlyTimings, scenarios, scenarioTests, slowTimings } from '../../src/artifacts/alerts/scenarios.ts'
import type { AlertTimings } from '../../src/artifacts/alerts/timings.ts'
import { promtool } from '../support/promtool.ts'
import { withFiles } from './support/files.ts'
import { committedOptions } from './support/rules.ts'

const rulesFile = 'tidemark.rules.yaml'
const testFile = 'tidemark.test.yaml'

function filesFor(timings: AlertTimings): ReadonlyMap<string, string> {
  const options: RuleGroupOptions = { ...committedOptions, timings }
  const chosen = scenarios.filter(scenario => scenario.timings === timings)
  return new Map([
    [rulesFile, yaml({ groups: ruleGroups(options) })],
    [testFile, yaml(scenarioTests(options, chosen))],
  ])
}

describe.each([
  ['default timings', alertFiles(committedOptions)],
  ['slow timings', filesFor(slowTimings)],
  ['hourly timings', filesFor(hourlyTimings)],
])('with %s', (_, files) => {
  test('the rules are valid', async () => {
    const { code, said } = await withFiles(files, folder =>
      promtool(['check', 'rules', '--lint-fatal', join(folder, rulesFile)]),
    )
    expect(said).toMatch(/SUCCESS: \d+ rules found/)
    expect(code).toBe(0)
  })

  test('every scenario fires what it should', { timeout: 600_000 }, async () => {
    const { code, said } = await withFiles(files, folder =>
      promtool(['test', 'rules', join(folder, testFile)]),
    )
    expect(said).toMatch(/SUCCESS/)
    expect(code).toBe(0)
  })
})

test('every scenario is run', () => {
  const known = [undefined, slowTimings, hourlyTimings]
  expect(scenarios.filter(({ timings }) => !known.includes(timings))).toEqual([])
})

test('no two scenarios have the same name', () => {
  const names = scenarios.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
