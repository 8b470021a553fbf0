import { describe, expect, test } from 'vitest'
import { evaluateEvery, type Fired, firedIn } from './outages/firing.ts'
import { judged } from './outages/judge.ts'
import { demandsOf } from './outages/oracle.ts'
import { runWorlds } from './outages/run.ts'
import { polled, type View } from './outages/view.ts'
import { type World, worldOf } from './outages/world.ts'
import { committedOptions } from './support/rules.ts'

test('a dozen worlds of outages lose no page and invent none', { timeout: 300_000 }, async () => {
  const numbers = Array.from({ length: 12 }, (_, number) => number)
  const reports = await runWorlds(numbers, 12, committedOptions)
  expect(reports.flatMap(({ violations }) => violations)).toEqual([])
  expect(reports.flatMap(({ breaches }) => breaches).length).toBeGreaterThan(5)
})

describe('the oracle', () => {
  const world = worldOf(1_838_486_351)
  const ends = world.plan.until
  const always = (alertname: string, labels: Record<string, string> = {}): Fired => ({
    labels: new Map(Object.entries({ alertname, flow: 'orders', tier: 'gold', ...labels })),
    at: new Set(Array.from({ length: ends / evaluateEvery + 1 }, (_, index) => index * evaluateEvery)),
  })
  const found = (of: World, ...fired: readonly Fired[]): readonly string[] =>
    judged(of, fired).violations.map(({ kind, what }) => `${kind}: ${what}`)

  test('misses a page', () => {
    expect(found(world)).toContain('lost page: no page of a deadline that is breached')
  })

  test('sees a page that is none', () => {
    expect(found(world, always('TidemarkRpoDeadlinePassed'))).toEqual([
      'false page: a page of a deadline that did not pass',
      'orphaned incident: TidemarkRpoDeadlinePassed fires',
    ])
    expect(found(world, always('TidemarkRpoBudgetBurnsFast'))).toContain(
      'false page: a page of a burn without a breach',
    )
    expect(found(world, always('TidemarkFlowUnreported'))).toContain('false page: a page that nobody reports')
  })

  test('sees labels that change', () => {
    expect(found(world, always('TidemarkRpoDeadlinePassed', { tier: '' }))).toContain(
      'wrong labels: TidemarkRpoDeadlinePassed without its tier',
    )
  })

  test('demands nothing in the hour before anything happens', () => {
    const quiet = demandsOf(world, 0).filter(({ at }) => at >= evaluateEvery && at < 3_600)
    expect(quiet.some(({ rpoMust, rpoMay, burnMay }) => rpoMust !== undefined || rpoMay || burnMay)).toBe(
      false,
    )
    expect(new Set(quiet.map(({ look }) => look.verdict))).toEqual(new Set(['kept']))
  })
})

describe('what a process knows after a poll', () => {
  const poll = { unreachable: undefined, budget: 300, estimate: 'exact' } as const
  const after = (
    ...polls: readonly (readonly [at: number, replicated: number | undefined])[]
  ): View | undefined =>
    polls.reduce<View | undefined>(
      (view, [at, replicated]) => polled(view, { ...poll, at, replicated }),
      undefined,
    )

  test('proves the newest poll that is on the target', () => {
    expect(after([0, -3], [15, 12])).toMatchObject({ point: 0, unprovenSince: undefined })
  })

  test('has an estimate and no point after a start in a stall', () => {
    expect(after([0, -100], [15, -100])).toMatchObject({ point: undefined, estimate: -100, unprovenSince: 0 })
  })

  test('knows nothing while it reads', () => {
    expect(after([0, undefined])).toMatchObject({ point: undefined, estimate: undefined, observedAt: 0 })
  })

  test('says when it took a point back', () => {
    expect(after([0, 0], [15, 15], [30, -5])).toMatchObject({
      point: undefined,
      unprovenSince: 15,
      retractedAt: 30,
    })
  })

  test('keeps what it knew while it is blind', () => {
    const known = after([0, 0], [15, 15])
    expect(polled(known, { ...poll, at: 30, replicated: 30, unreachable: 'source' })).toMatchObject({
      point: 15,
      observedAt: 15,
    })
  })
})

test('what promtool says is read as the evaluations at which each alert fired', () => {
  const said = `
    expr: "sum_over_time((ALERTS{} * 0 + 2 ^ ((time() - 1560) / 30))[1540s:30s])", time: 51m30s,
        exp: nil
        got: {alertname="A", job="w1"} 5E+00, {alertname="B", job="w2"} 1.024E+03
`
  expect(firedIn(said).map(({ labels, at }) => [labels.get('alertname'), [...at]])).toEqual([
    ['A', [1_560, 1_620]],
    ['B', [1_860]],
  ])
})
