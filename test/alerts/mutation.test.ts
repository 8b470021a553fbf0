import { describe, expect, test } from 'vitest'
import { equivalents, whyEquivalent } from './mutation/equivalents.ts'
import { changesOf } from './mutation/expressions.ts'
import { sampled, Trials, trialsOf } from './mutation/run.ts'
import { committedOptions } from './support/rules.ts'

test('every change of a sample of the rules is missed by a scenario', async () => {
  const trials = new Trials(committedOptions)
  const all = trialsOf(committedOptions).filter(({ rule, what }) => whyEquivalent(rule, what) === undefined)
  const survived: string[] = []
  for (const trial of sampled(all, 12, 5)) {
    if ((await trials.fateOf(trial)) === 'survived') survived.push(`${trial.rule}: ${trial.what}`)
  }
  expect(survived).toEqual([])
})

describe('the changes of an expression', () => {
  test.each([
    ['up > 2', ['(up)', '(2)', 'up < 2', 'up > 4', 'up > 1']],
    ['up > 0', ['(up)', '(0)', 'up < 0', 'up >= 0', 'up > 1', 'up > -1']],
    ['up and down', ['(up)', '(down)']],
    [
      'max without (pod, job) (up)',
      ['min without (pod, job) (up)', 'max without (job) (up)', 'max without (pod) (up)'],
    ],
    [
      'avg_over_time(up[5m])',
      ['up', 'max_over_time(up[5m])', 'avg_over_time(up[900s])', 'avg_over_time(up[100s])'],
    ],
    ['up{job="a", flow="b"}', ['up{flow="b"}', 'up{job="a"}']],
    ['up == bool 0', ['(up)', '(0)', 'up != bool 0', 'up ==  0', 'up == bool 1', 'up == bool -1']],
  ])('%s', (expression, changed) => {
    expect(changesOf(expression).map(({ expr }) => expr)).toEqual(changed)
  })
})

test('what is known to make no difference is still a change of the rules', () => {
  const all = trialsOf(committedOptions)
  const unused = equivalents.filter(
    known => !all.some(({ rule, what }) => rule === known.rule && what.startsWith(known.what)),
  )
  expect(unused).toEqual([])
})
