import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alertFiles, yaml } from '../../src/artifacts/alerts/files.ts'
import { type RuleGroupOptions, ruleGroups } from '../../src/artifacts/alerts/ruleGroups.ts'
import { scenarios, scenarioTests, slowTimings } from '../../src/artifacts/alerts/scenarios.ts'
import { promtool } from '../support/promtool.ts'
import { withFiles } from './support/files.ts'
import { committedOptions } from './support/rules.ts'

const slowOptions: RuleGroupOptions = { ...committedOptions, timings: slowTimings }
const slow = scenarios.filter(({ timings }) => timings === slowTimings)
const rulesFile = 'tidemark.rules.yaml'
const testFile = 'tidemark.test.yaml'

const slowFiles: ReadonlyMap<string, string> = new Map([
  [rulesFile, yaml({ groups: ruleGroups(slowOptions) })],
  [testFile, yaml(scenarioTests(slowOptions, slow))],
])

describe.each([
  ['default timings', alertFiles(committedOptions)],
  ['slow timings', slowFiles],
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

test('every scenario has the default timings or the slow ones', () => {
  const others = scenarios.filter(({ timings }) => timings !== undefined && timings !== slowTimings)
  expect(others).toEqual([])
})

test('no two scenarios have the same name', () => {
  const names = scenarios.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
