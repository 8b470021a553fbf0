import { windowDays } from './recordings.ts'
import { groupNames, type RuleGroupOptions } from './ruleGroups.ts'
import {
  type ExporterPage,
  type FlowPage,
  healthyFlow,
  type InputSeries,
  inputSeries,
  pageWith,
  type TestTarget,
  versionOfRules,
} from './testSeries.ts'
import { type AlertTimings, defaultTimings } from './timings.ts'

/** A story of one flow or more, and which alerts fire at some instants of it: those and no others. */
export interface Scenario {
  readonly name: string
  readonly targets: readonly TestTarget[]
  /** Where rules that are evaluated less often tell the same, and a story of days is quicker. */
  readonly timings?: AlertTimings
  /** Between two scrapes, where that is not as often as the rules are evaluated. */
  readonly scrapeSeconds?: number
  /** By the second; the alerts as `name{labels}`, without the watchdog, which always fires. */
  readonly firing: Readonly<Record<number, readonly string[]>>
}

const minute = 60
const hour = 3_600
const day = 86_400

interface Parts {
  readonly flow?: (now: number) => Partial<FlowPage>
  readonly page?: (now: number) => Partial<ExporterPage>
  /** Whether a scrape fails. */
  readonly fails?: (now: number) => boolean
  readonly instance?: string
  readonly shard?: string
  readonly isTarget?: (now: number) => boolean
}

/** An exporter with one flow, `orders` of tier gold, on which all is well but for the parts given. */
function exporter({ flow, page, fails, instance = 'a', shard = '0', isTarget }: Parts = {}): TestTarget {
  return {
    instance,
    labels: { pod: `tidemark-${instance}`, shard },
    pageAt: now =>
      fails?.(now) === true ? undefined : pageWith({ orders: healthyFlow(now, flow?.(now)) }, page?.(now)),
    ...(isTarget === undefined ? {} : { isTarget }),
  }
}

const labels = (severity: string): string =>
  `{flow="orders",job="tidemark",severity="${severity}",tier="gold"}`
const page = (name: string): string => `${name}${labels('page')}`
const ticket = (name: string): string => `${name}${labels('ticket')}`
const rpo = page('TidemarkRpoDeadlinePassed')
const burnsFast = page('TidemarkRpoBudgetBurnsFast')
const exhausted = ticket('TidemarkRpoBudgetExhausted')
const burnsSlowly = ticket('TidemarkRpoBudgetBurnsSlowly')
const unreported = page('TidemarkFlowUnreported')
const watchdog = 'TidemarkWatchdog{severity="none"}'
const stale = ticket('TidemarkObservationStale')
const down = 'TidemarkExporterDown{job="tidemark",severity="page"}'
const ofReplica =
  (name: string) =>
  (instance: string, shard = '0'): string =>
    `${name}{instance="${instance}",job="tidemark",pod="tidemark-${instance}",severity="ticket",shard="${shard}"}`
const replicaDown = ofReplica('TidemarkReplicaDown')
const clockOff = ofReplica('TidemarkClockOff')
const refused = ofReplica('TidemarkConfigurationRefused')

const otherVersion = 'TidemarkVersionMismatch{job="tidemark",severity="ticket",version="0.0.1"}'

const between = (from: number, to: number) => (now: number) => now >= from && now < to
const after = (from: number) => (now: number) => now >= from
/** The position stands still from `from` on, until `to`. */
const stall =
  (from: number, to = Number.POSITIVE_INFINITY) =>
  (now: number): Partial<FlowPage> => ({ point: now >= from && now < to ? from - 10 : now - 10 })

/** Neither cluster answers from `from` on. */
const blind =
  (from: number) =>
  (now: number): Partial<FlowPage> =>
    now >= from ? { point: from - 10, observedAt: from } : {}
/** A process that has never seen both clusters: its deadline says only when it was started. */
const startedBlind = (startedAt: number): Partial<FlowPage> => ({
  point: undefined,
  observedAt: undefined,
  observedSince: startedAt,
  unproven: undefined,
  topics: undefined,
  deadline: startedAt + 300,
})
/** A process that sees both clusters, and has proven and estimated nothing. */
const startedUnproven = (startedAt: number): Partial<FlowPage> => ({
  point: undefined,
  observedSince: startedAt,
  unproven: 3,
  deadline: startedAt + 300,
})

function scenario(
  name: string,
  targets: TestTarget | readonly TestTarget[],
  firing: Scenario['firing'],
  timings?: AlertTimings,
): Scenario {
  const all = 'pageAt' in targets ? [targets] : targets
  return { name, targets: all, firing, ...(timings === undefined ? {} : { timings }) }
}

/** For stories of days. */
export const slowTimings: AlertTimings = {
  ...defaultTimings,
  scrapeMs: 300_000,
  evaluationMs: 300_000,
  restartMs: 1_200_000,
  keepFiringMs: 900_000,
}

/** For stories of weeks. */
export const hourlyTimings: AlertTimings = {
  ...defaultTimings,
  scrapeMs: 3_600_000,
  evaluationMs: 3_600_000,
  restartMs: 4 * 3_600_000,
  keepFiringMs: 3_600_000,
}

/** Before, all was well. */
const killed = 10 * minute
/** Ten seconds of exposure were there, the budget is five minutes. */
const passed = killed + 300

const rpoStories: readonly Scenario[] = [
  scenario('the replicator is killed and restarted', exporter({ flow: stall(killed, passed + 600) }), {
    [passed - 30]: [],
    [passed]: [rpo],
    [passed + 30]: [rpo, burnsFast],
    [passed + 570]: [rpo, burnsFast],
    // Both stay for a while, and then resolve.
    [passed + 600 + 270]: [rpo, burnsFast],
    [passed + 600 + 330]: [burnsFast],
    [passed + 600 + 660]: [burnsFast],
    [passed + 600 + 2_200]: [burnsSlowly],
  }),
  scenario(
    'a budget that is just kept, with failed scrapes',
    exporter({
      flow: now => ({ point: now - 299 }),
      fails: now => now % 300 === 0,
    }),
    { [30 * minute]: [], [60 * minute]: [], [90 * minute]: [] },
  ),
  scenario(
    'the deadline passes in the very second of a scrape',
    exporter({ flow: now => ({ point: now - 300 }) }),
    {
      [30 * minute]: [],
    },
  ),
  {
    ...scenario(
      'a budget that is just kept, and rules that are evaluated ten seconds after a scrape',
      exporter({ flow: now => ({ point: now - 299 }) }),
      { [330]: [] },
    ),
    scrapeSeconds: 20,
  },
  scenario(
    'scrapes fail while the deadline passes',
    exporter({
      flow: stall(killed),
      fails: between(passed, passed + 60),
    }),
    { [passed + 30]: [], [passed + 60]: [rpo], [passed + 90]: [rpo, burnsFast] },
  ),
  scenario(
    'one failed scrape while it pages',
    exporter({
      flow: stall(killed),
      fails: between(passed + 120, passed + 150),
    }),
    { [passed + 120]: [rpo, burnsFast], [passed + 150]: [rpo, burnsFast] },
  ),
  scenario(
    'the exporter is restarted while it pages, and its first deadline is a bound',
    exporter({
      flow: now =>
        now < passed + 120
          ? stall(killed)(now)
          : {
              point: undefined,
              estimate: killed - 10,
              unproven: 3,
              deadline: killed + 290,
              observedSince: passed + 180,
            },
      fails: between(passed + 120, passed + 180),
    }),
    {
      [passed + 90]: [rpo, burnsFast],
      [passed + 150]: [rpo, burnsFast],
      [passed + 180]: [rpo, burnsFast],
      [passed + 300]: [rpo, burnsFast],
    },
  ),
  scenario(
    'restarted while it pages: a first deadline that is too good is borne with for as long as pages are kept',
    exporter({
      flow: now =>
        now < passed + 120
          ? stall(killed)(now)
          : {
              point: undefined,
              estimate: now < passed + 300 ? undefined : killed - 300,
              unproven: 3,
              deadline: now < passed + 300 ? passed + 480 : killed,
              observedSince: passed + 180,
            },
      fails: between(passed + 120, passed + 180),
    }),
    { [passed + 240]: [rpo, burnsFast], [passed + 330]: [rpo, burnsFast], [passed + 600]: [rpo, burnsFast] },
  ),
  scenario(
    'the exporter is gone for good while it pages',
    exporter({
      flow: stall(killed),
      fails: after(passed + 120),
    }),
    {
      [passed + 240]: [rpo, burnsFast],
      [passed + 300]: [rpo, burnsFast, down],
      [passed + 3 * hour]: [rpo, down],
    },
  ),
  scenario(
    'flapping around the deadline is one page',
    exporter({
      flow: now => ({
        point: now >= killed && now < killed + 1_200 && Math.floor(now / 60) % 2 === 0 ? now - 310 : now - 10,
      }),
    }),
    {
      [killed]: [rpo],
      [killed + 60]: [rpo, burnsFast],
      [killed + 90]: [rpo, burnsFast],
      [killed + 630]: [rpo, burnsFast],
      [killed + 1_140]: [rpo, burnsFast],
      [killed + 1_380]: [rpo, burnsFast],
    },
  ),
  scenario(
    'a replica that was restarted cannot silence the one that knows',
    [
      exporter({ flow: stall(killed) }),
      exporter({
        instance: 'b',
        flow: now =>
          now < killed + 200
            ? stall(killed)(now)
            : { point: undefined, estimate: now, unproven: 3, deadline: now + 300 },
      }),
    ],
    { [passed]: [rpo], [passed + 30]: [rpo, burnsFast] },
  ),
  scenario(
    'nor can it where the one that knows polls more slowly',
    [
      exporter({ flow: now => ({ ...stall(killed)(now), observedAt: now - 45 }) }),
      exporter({
        instance: 'b',
        flow: now => ({ point: undefined, estimate: now, unproven: 3, deadline: now + 300 }),
      }),
    ],
    { [passed - 30]: [], [passed]: [rpo] },
  ),
  scenario(
    'a replica that was restarted blind cannot silence the one that knows',
    [
      exporter({ flow: blind(killed) }),
      exporter({
        instance: 'b',
        flow: now => (now < killed + 150 ? blind(killed)(now) : startedBlind(killed + 150)),
      }),
    ],
    { [passed - 30]: [stale], [passed]: [rpo, stale], [passed + 600]: [rpo, burnsFast, stale] },
  ),
  scenario(
    'two that never saw anything: the later deadline counts',
    [
      exporter({ flow: () => startedBlind(0) }),
      exporter({ instance: 'b', flow: () => startedBlind(210), isTarget: now => now >= 210 }),
    ],
    {
      [480]: [ticket('TidemarkFlowUnobservable')],
      [540]: [rpo, ticket('TidemarkFlowUnobservable')],
    },
  ),
  scenario(
    'it pages half a second after the deadline of one that never saw anything',
    exporter({ flow: () => ({ ...startedBlind(0), deadline: 299.5 }) }),
    { [270]: [], [300]: [rpo, ticket('TidemarkFlowUnobservable')] },
  ),
  scenario(
    'restarted blind while it pages: a deadline that counts from the restart does not end the page',
    exporter({
      flow: now => (now < passed + 150 ? blind(killed)(now) : startedBlind(passed + 180)),
      fails: between(passed + 120, passed + 180),
    }),
    { [passed + 90]: [rpo, burnsFast, stale], [passed + 450]: [rpo, burnsFast] },
  ),
  scenario(
    'restarted blind before the deadline, it passes all the same',
    exporter({
      flow: now => (now < killed + 210 ? blind(killed)(now) : startedBlind(killed + 210)),
      fails: between(killed + 150, killed + 210),
    }),
    { [passed - 30]: [], [passed]: [rpo], [passed + 30]: [rpo, burnsFast] },
  ),
  scenario(
    'restarted while it pages: who has proven nothing for long does not end the page',
    exporter({
      flow: now =>
        now < passed + 150
          ? stall(killed)(now)
          : { point: undefined, unproven: 3, deadline: passed + 480, observedSince: passed + 180 },
      fails: between(passed + 120, passed + 180),
    }),
    { [passed + 90]: [rpo, burnsFast], [passed + 450]: [rpo, burnsFast] },
  ),
  scenario(
    'restarted while it pages, and gone in the very second of its first deadline',
    exporter({
      flow: now =>
        now < passed + 150
          ? stall(killed)(now)
          : { point: undefined, unproven: 3, deadline: passed + 210, observedSince: passed + 180 },
      fails: now => between(passed + 120, passed + 180)(now) || now >= passed + 240,
    }),
    { [passed + 210]: [rpo, burnsFast], [passed + 900]: [rpo, down] },
  ),
  scenario(
    'after a long silence the exporter has two minutes to prove something',
    exporter({
      flow: now =>
        now >= killed + 1_200 && now < killed + 1_290
          ? { point: undefined, unproven: 3, deadline: killed + 1_500, observedSince: killed + 1_200 }
          : { observedSince: now < killed ? 0 : killed + 1_200 },
      fails: between(killed, killed + 1_200),
    }),
    { [killed + 1_200]: [down], [killed + 1_260]: [down], [killed + 1_380]: [down] },
  ),
  scenario(
    'a replica that is blind does not page while the other one sees',
    [
      exporter({ flow: now => (now < killed ? {} : { point: killed - 10, observedAt: killed }) }),
      exporter({ instance: 'b' }),
    ],
    { [passed + 60]: [], [passed + 3_600]: [] },
  ),
  scenario(
    'a replica that is blind does not page while the other one is restarted',
    [
      exporter({ flow: blind(killed) }),
      exporter({
        instance: 'b',
        fails: now => now === passed + 60 || between(passed + 300, passed + 390)(now),
      }),
    ],
    { [passed + 60]: [], [passed + 300]: [], [passed + 360]: [] },
  ),
  scenario(
    'a replica that is blind pages when the other one is gone',
    [exporter({ flow: blind(killed) }), exporter({ instance: 'b', fails: after(passed + 60) })],
    { [passed + 120]: [], [passed + 210]: [rpo, burnsFast, stale] },
  ),
  scenario(
    'a replica that is blind pages when the other one was restarted and has proven nothing for two minutes',
    [
      exporter({ flow: blind(killed) }),
      exporter({
        instance: 'b',
        flow: now => (now < passed + 60 ? {} : startedUnproven(passed + 120)),
        fails: between(passed + 60, passed + 120),
      }),
    ],
    { [passed + 210]: [], [passed + 240]: [rpo] },
  ),
  scenario(
    'of two replicas that know nothing any more, the one that knew more counts',
    [
      exporter({ flow: blind(killed), isTarget: now => now < killed + 60 }),
      exporter({
        instance: 'b',
        flow: now => (now < killed + 300 ? stall(killed + 120)(now) : startedBlind(killed + 300)),
      }),
    ],
    { [killed + 390]: [], [killed + 420]: [rpo] },
  ),
  scenario(
    'a replica that was never told of a topic does not count against the one that waits for its proof',
    [
      exporter({ flow: now => ({ ...stall(killed - 240)(now), observedAt: Math.min(now, killed) }) }),
      exporter({
        instance: 'b',
        flow: now => (now < killed ? {} : { estimate: undefined, unproven: 1, deadline: now + 100 }),
      }),
    ],
    { [killed + 120]: [], [passed + 60]: [], [passed + 3_600]: [] },
  ),
  scenario(
    'what a replica said before another one took it back does not count',
    [
      exporter({
        flow: now => ({
          // It took something back itself, before.
          ...(now < 300 ? {} : { retractedAt: 300 }),
          ...(now < killed ? {} : { ...blind(killed)(now), deadline: killed + 90_000 }),
        }),
      }),
      exporter({
        instance: 'b',
        flow: now => (now < killed + 60 ? {} : { point: killed - 600, retractedAt: killed + 60 }),
      }),
    ],
    { [killed + 30]: [], [killed + 60]: [rpo] },
  ),
  scenario(
    'what was taken back stays so when the replica that said it is gone',
    [
      exporter({
        flow: now => (now < killed ? {} : { ...blind(killed)(now), deadline: killed + 90_000 }),
      }),
      exporter({
        instance: 'b',
        flow: now => (now < killed + 60 ? {} : { point: killed - 600, retractedAt: killed + 60 }),
        fails: after(killed + 120),
      }),
    ],
    { [killed + 60]: [rpo], [killed + 900]: [rpo, burnsFast, unreported, replicaDown('b'), stale] },
  ),
  scenario(
    'what a replica said before another one took it back does not count while its scrapes fail',
    [
      exporter({ fails: after(killed + 60) }),
      exporter({
        instance: 'b',
        flow: now => (now < killed + 60 ? {} : { point: killed - 600, retractedAt: killed + 60 }),
      }),
    ],
    { [killed + 30]: [], [killed + 60]: [rpo], [killed + 90]: [rpo, burnsFast] },
  ),
  scenario(
    'what a replica said before another one took it back puts off no page a minute later',
    [
      exporter({ fails: after(killed) }),
      exporter({
        instance: 'b',
        flow: now => (now < killed ? {} : { point: killed - 250, retractedAt: killed - 15 }),
      }),
    ],
    { [killed + 30]: [], [killed + 60]: [rpo] },
  ),
  scenario(
    'a point that was proven again after it was taken back counts across a restart',
    exporter({
      flow: now => {
        if (now < killed + 240) return now < killed ? {} : { retractedAt: killed }
        return { point: undefined, unproven: 3, deadline: killed, observedSince: killed + 240 }
      },
    }),
    { [killed + 210]: [], [killed + 240]: [], [killed + 300]: [] },
  ),
  scenario(
    'a replica whose clock is off says nothing about the others',
    [
      exporter({ flow: now => (now < killed ? {} : { point: undefined, estimate: now - 20, unproven: 1 }) }),
      exporter({
        instance: 'b',
        flow: now => ({ observedAt: now + 100, retractedAt: killed + 100 }),
        page: () => ({ clockAhead: 100 }),
      }),
    ],
    { [killed + 60]: [clockOff('b')], [killed + 600]: [clockOff('b')] },
  ),
  scenario(
    'a replica whose clock is off does not count',
    [
      exporter({ flow: stall(killed) }),
      exporter({
        instance: 'b',
        flow: now => ({ point: now + 90 }),
        page: () => ({ clockAhead: 100 }),
      }),
    ],
    {
      [passed - 30]: [clockOff('b')],
      [passed]: [rpo, clockOff('b')],
    },
  ),
  scenario(
    'the worst shard counts',
    [exporter({ flow: stall(killed) }), exporter({ instance: 'b', shard: '1' })],
    { [passed]: [rpo] },
  ),
]

/** For a day it is remembered what was said last. */
const memoryStories: readonly Scenario[] = [
  scenario(
    'the exporter is gone for more than a day while it pages',
    exporter({ flow: stall(hour - 600), fails: after(2 * hour) }),
    {
      [25 * hour]: [rpo, down],
      [27 * hour]: ['TidemarkExporterAbsent{severity="page"}'],
    },
    slowTimings,
  ),
  scenario(
    'the exporter was gone for hours, and proves nothing afterwards',
    exporter({
      flow: now => (now < 12 * hour ? {} : { point: undefined, unproven: 3, deadline: now + hour }),
      fails: between(hour, 12 * hour),
    }),
    { [12 * hour - 300]: [down], [12.5 * hour]: [rpo, burnsFast, burnsSlowly, exhausted] },
    slowTimings,
  ),
  scenario(
    'the exporter was gone for more than a day, and begins anew',
    exporter({
      flow: now =>
        now < 30 * hour ? stall(0)(now) : { point: undefined, unproven: 3, deadline: now + hour },
      fails: between(hour, 30 * hour),
    }),
    { [30 * hour + 1_800]: [burnsSlowly, exhausted] },
    slowTimings,
  ),
  scenario(
    'what was taken back stays so for a day',
    [
      exporter({ flow: now => (now < hour ? {} : { ...blind(hour)(now), deadline: 90 * hour }) }),
      exporter({
        instance: 'b',
        flow: now => (now < hour + 300 ? {} : { point: now - 10, retractedAt: hour + 300 }),
        fails: after(hour + 900),
      }),
    ],
    {
      [24 * hour]: [unreported, replicaDown('b'), stale, burnsSlowly, exhausted],
      [26 * hour]: [stale, burnsSlowly, exhausted],
    },
    slowTimings,
  ),
  scenario(
    'a clock that was off is remembered as long as what it said',
    [
      exporter(),
      exporter({
        instance: 'b',
        flow: () => ({ retractedAt: 40 * hour }),
        page: () => ({ clockAhead: 100 }),
        fails: after(hour),
      }),
    ],
    { [24 * hour]: [replicaDown('b')] },
    slowTimings,
  ),
]

const maintenance =
  (from: number, until: number) =>
  (now: number): Partial<FlowPage> =>
    now >= from && now < until ? { state: 'maintenance', maintenanceUntil: until } : {}

const stateStories: readonly Scenario[] = [
  scenario(
    'in maintenance nobody is paged, and after it by itself',
    exporter({
      flow: now => ({ ...stall(killed)(now), ...maintenance(killed, killed + 3_600)(now) }),
    }),
    {
      [passed + 60]: [],
      [killed + 3_570]: [],
      [killed + 3_600]: [rpo],
      [killed + 3_630]: [rpo, burnsFast],
    },
  ),
  scenario(
    'maintenance spends no error budget',
    exporter({
      flow: now => ({ ...stall(killed, killed + 3_600)(now), ...maintenance(killed, killed + 3_630)(now) }),
    }),
    { [killed + 3_570]: [], [killed + 3_660]: [], [killed + 3_900]: [] },
  ),
  scenario(
    'a page that fires when maintenance begins is resolved',
    exporter({
      flow: now => ({ ...stall(killed)(now), ...maintenance(passed + 120, passed + 7_200)(now) }),
    }),
    { [passed + 90]: [rpo, burnsFast], [passed + 120 + 330]: [] },
  ),
  scenario(
    'failed over',
    exporter({
      flow: now => ({
        ...stall(killed)(now),
        ...(now >= killed + 60 ? { state: 'failed_over' as const } : {}),
      }),
    }),
    { [passed + 60]: [], [passed + 3_600]: [] },
  ),
  scenario(
    'the exporter dies during a maintenance, which ends',
    exporter({
      flow: maintenance(killed, killed + 3_600),
      fails: after(killed + 600),
    }),
    { [killed + 2_000]: [down], [killed + 3_540]: [down], [killed + 3_660]: [down] },
  ),
  scenario(
    'a flow is taken out of the configuration during a maintenance, which ends',
    exporter({
      flow: maintenance(killed, killed + 3_600),
      page: now => (now >= killed + 600 ? { flows: {} } : {}),
    }),
    { [killed + 3_540]: [], [killed + 3_600 + 360]: [unreported] },
  ),
  scenario(
    'a flow is taken out of the configuration during a maintenance of which replicas know two ends: the later one counts',
    [killed + 300, killed + 1_200].map((ends, index) =>
      exporter({
        instance: index === 0 ? 'a' : 'b',
        flow: maintenance(killed, ends),
        page: now => (now >= killed + 120 ? { flows: {} } : {}),
      }),
    ),
    { [killed + 660]: [] },
  ),
  scenario(
    'a flow is taken out of the configuration during a maintenance of half a day, which ends',
    exporter({
      flow: maintenance(hour, 13 * hour),
      page: now => (now >= 2 * hour ? { flows: {} } : {}),
    }),
    { [13 * hour]: [], [13 * hour + 2_700]: [unreported] },
    slowTimings,
  ),
  scenario(
    'a flow is taken out of the configuration while it is failed over',
    exporter({
      flow: () => ({ state: 'failed_over' }),
      page: now => (now >= killed ? { flows: {} } : {}),
    }),
    { [killed + 600]: [] },
  ),
  scenario(
    'one replica is told of a maintenance, the other is not: it pages',
    [
      exporter({ flow: now => ({ ...stall(killed)(now), ...maintenance(killed, killed + 7_200)(now) }) }),
      exporter({ instance: 'b', flow: stall(killed) }),
    ],
    { [passed]: [rpo], [killed + 1_830]: [rpo, burnsFast, ticket('TidemarkConfigurationsDiffer')] },
  ),
  scenario(
    'the tier changes: one page, with the tier that holds',
    exporter({
      flow: now => ({ ...stall(killed)(now), tier: now < killed ? 'silver' : 'gold' }),
    }),
    { [passed]: [rpo] },
  ),
]

const burst =
  (every: number, length: number) =>
  (now: number): Partial<FlowPage> => ({
    point: now >= hour && now % every < length ? now - 310 : now - 10,
  })

/** Breached whenever that is so, with an objective and a window whose thresholds are far from what one sample does. */
const burning = (isBreached: (now: number) => boolean, objective: number, window: number): TestTarget =>
  exporter({ flow: now => ({ point: isBreached(now) ? now - 310 : now - 10, objective, window }) })

/** 2 % of the budget of seven days at 90 % are 33.6 % of an hour, 5 % are 14 % of six. */
const fastStories: readonly Scenario[] = [
  scenario(
    'a breach half of the time burns two percent of the budget within an hour',
    burning(now => now >= 600 && now % 300 < 150, 0.9, 7 * day),
    { [600 + 2_370]: [rpo], [600 + 2_430]: [rpo, burnsFast] },
  ),
  scenario(
    'two percent burnt in an hour are no page when little is burnt since',
    burning(now => between(600, 2_100)(now) || (now >= 2_100 && now % 360 < 90), 0.9, 7 * day),
    { [2_100 + 660]: [rpo] },
  ),
  scenario(
    'a breach a fifth of the time burns five percent of the budget within six hours',
    burning(now => now >= 1_800 && now % 1_800 < 360, 0.9, 7 * day),
    { [1_800 + 14_490]: [rpo], [1_800 + 14_520]: [rpo, burnsFast] },
  ),
  scenario(
    'five percent burnt in six hours are no page when little is burnt since',
    burning(now => between(600, 3_900)(now) || (now > 3_900 && (now - 3_900) % 1_800 < 180), 0.9, 7 * day),
    { [3_900 + 3_570]: [], [3_900 + 3_780]: [rpo] },
  ),
  scenario(
    'what was burnt more than six hours ago does not count',
    burning(now => between(hour, 2 * hour)(now) || (now >= 8 * hour && now % hour < 600), 0.9, 7 * day),
    { [2 * hour - 300]: [rpo, burnsFast], [9 * hour + 300]: [rpo] },
    slowTimings,
  ),
  // Of a window of a day they would be less than what is borne all the time: 12.5 %.
  scenario(
    'a short window is never burnt by less than the objective bears',
    burning(
      now =>
        between(600, 1_500)(now) ||
        (now >= 1_500 && now < 3_000 && (now - 1_500) % 330 === 0) ||
        (now >= 3_000 && (now - 3_000) % 330 < 60),
      0.875,
      day,
    ),
    {
      [600 + 420]: [rpo],
      [600 + 450]: [rpo, burnsFast],
      [1_500 + 1_200]: [rpo],
      [3_000 + 360]: [rpo, burnsFast],
    },
  ),
  scenario(
    'nor is it burnt only by what is twice as much',
    burning(now => now >= 600 && (now - 600) % 330 < 60, 0.875, day),
    { [2_910]: [rpo], [2_970]: [rpo, burnsFast] },
  ),
  scenario('an hour of breach is felt for half an hour', burning(between(600, 3_360), 0.875, day), {
    [3_360 + 1_680]: [burnsFast],
    [3_360 + 1_920]: [],
  }),
  scenario('half an hour of breach is felt as long as it lasts', burning(between(600, 2_400), 0.875, day), {
    [2_400 + 240]: [rpo, burnsFast],
    [2_400 + 660]: [],
  }),
]

/** Of a window of 90 days at 90 % ten percent are 30 % of three days; one of 28 days at 87.5 % bears 12.5 % all the time. */
const slowStories: readonly Scenario[] = [
  scenario(
    'ten percent of the budget within three days',
    burning(now => now >= hour && between(600, now < 54 * hour ? 2_100 : 1_500)(now % hour), 0.9, 90 * day),
    {
      [51 * hour + 3_300]: [],
      [53 * hour + 3_300]: [burnsSlowly],
      // Still burnt, but less since.
      [61 * hour + 3_300]: [],
    },
    slowTimings,
  ),
  scenario(
    'a little more than the objective bears, for days',
    // At last just as much as it bears: nine five minutes of six hours.
    burning(
      now =>
        now >= hour &&
        between(600, now < 58 * hour || Math.floor(now / hour) % 2 === 0 ? 1_200 : 900)(now % hour),
      0.875,
      28 * day,
    ),
    {
      [53 * hour + 3_300]: [],
      [57 * hour + 3_300]: [burnsSlowly],
      [66 * hour + 3_300]: [],
    },
    slowTimings,
  ),
  scenario(
    'what was burnt more than three days ago does not count',
    burning(now => between(hour, 30 * hour)(now) || between(104 * hour, 107 * hour)(now), 0.9, 30 * day),
    { [40 * hour]: [], [108 * hour]: [] },
    hourlyTimings,
  ),
]

const sloStories: readonly Scenario[] = [
  scenario('many short breaches burn the budget of six hours', exporter({ flow: burst(30 * minute, 60) }), {
    // 2 of 60 samples an hour: 3.3 %, more than 13.44 times 0.1 %, as soon as it is seen twice.
    [hour + 30]: [rpo, burnsFast],
    [hour + 900]: [],
  }),
  scenario('breaches that are too few to burn it fast', exporter({ flow: burst(100 * minute, 30) }), {
    [100 * minute]: [rpo],
    [100 * minute + 240]: [rpo],
  }),
  scenario(
    'an objective of 99.99 % is burnt by what 99.9 % bears',
    exporter({
      flow: now => ({ point: now === killed ? now - 310 : now - 10, objective: 0.9999 }),
    }),
    { [killed]: [rpo, burnsFast] },
  ),
  scenario(
    'a window of seven days is burnt faster than one of 28',
    exporter({
      flow: now => ({ point: now === killed ? now - 310 : now - 10, window: 7 * day }),
    }),
    { [killed]: [rpo, burnsFast] },
  ),
  scenario(
    'the budget of a day is exhausted',
    exporter({
      // A tenth of a day are 2.4 hours.
      flow: now => ({
        point: now >= 4 * hour && now < 8 * hour ? 4 * hour - 310 : now - 10,
        objective: 0.9,
        window: day,
      }),
    }),
    {
      [6 * hour]: [rpo, burnsFast],
      [7.5 * hour]: [rpo, burnsFast, exhausted],
      [20 * hour]: [exhausted],
      [33 * hour]: [],
    },
    slowTimings,
  ),
  ...[1, 5, 7, 14, 28, 30, 60, 90].map(days => {
    const counted = windowDays.findLast(known => known <= days) ?? days
    return scenario(
      `a window of ${days} days is counted over ${counted}`,
      exporter({
        // Four hours, and two are too many.
        flow: now => ({
          point: now >= 2 * hour && now < 6 * hour ? 2 * hour - 310 : now - 10,
          objective: 1 - 2 / (24 * days),
          window: days * day,
        }),
      }),
      { [counted * day - 4 * hour]: [exhausted], [counted * day + 24 * hour]: [] },
      hourlyTimings,
    )
  }),
]

const absenceStories: readonly Scenario[] = [
  scenario(
    'the first poll of a new installation takes a minute',
    exporter({
      flow: now => ({
        objective: 0.9999,
        window: day,
        ...(now < 60 ? { deadline: undefined, point: undefined, observedAt: undefined } : {}),
      }),
    }),
    { [30]: [], [300]: [], [2 * hour]: [] },
  ),
  scenario(
    'the exporter is restarted within two minutes',
    exporter({
      fails: between(killed, killed + 90),
    }),
    { [killed + 60]: [], [killed + 150]: [], [killed + 300]: [] },
  ),
  scenario('no exporter answers any more', exporter({ fails: after(killed) }), {
    [killed + 120]: [],
    [killed + 180]: [down],
    [killed + 3_600]: [down],
  }),
  scenario('its target is gone altogether', exporter({ isTarget: now => now < killed }), {
    [killed + 120]: [],
    [killed + 180]: [down],
  }),
  scenario('it comes back', exporter({ fails: between(killed, killed + 600) }), {
    [killed + 570]: [down],
    [killed + 600 + 240]: [down],
    [killed + 600 + 330]: [],
  }),
  scenario('one replica of two is down', [exporter(), exporter({ instance: 'b', fails: after(killed) })], {
    [killed + 360]: [],
    [killed + 420]: [replicaDown('b')],
  }),
  scenario(
    'one shard of two is down',
    [exporter(), exporter({ instance: 'b', shard: '1', fails: after(killed) })],
    {
      [killed + 360]: [],
      [killed + 420]: [replicaDown('b', '1')],
    },
  ),
  scenario(
    'one replica of two was down for a moment',
    [exporter(), exporter({ instance: 'b', fails: between(killed, killed + 240) })],
    { [killed + 420]: [], [killed + 600]: [] },
  ),
  scenario(
    'targets of another kind are down, also in the same job',
    [
      exporter(),
      { job: 'kafka', instance: 'k', pageAt: () => undefined },
      { instance: 'x', pageAt: () => undefined },
    ],
    { [killed]: [] },
  ),
  scenario(
    'a flow is not exported for an hour',
    exporter({
      page: now => (between(killed, killed + hour)(now) ? { flows: {} } : {}),
    }),
    {
      [killed + 120]: [],
      [killed + 180]: [unreported],
      [killed + hour + 240]: [unreported, burnsSlowly, exhausted],
      [killed + hour + 330]: [burnsSlowly, exhausted],
    },
  ),
  scenario(
    'its deadline is missing for less than a restart takes',
    exporter({
      flow: now => (now >= killed && now < killed + 120 ? { deadline: undefined } : {}),
    }),
    { [killed + 120]: [], [killed + 300]: [] },
  ),
  scenario(
    'the first poll never ends',
    exporter({
      flow: now => (now >= killed ? { deadline: undefined, observedAt: undefined, topics: undefined } : {}),
    }),
    { [killed + 180]: [unreported] },
  ),
  scenario('all clocks are off', exporter({ page: now => ({ clockAhead: now >= killed ? -6 : 4 }) }), {
    [killed - 30]: [],
    [killed + 180]: [unreported],
    [killed + 330]: [unreported, clockOff('a')],
  }),
  scenario(
    'a replica refuses its configuration, and scrapes fail; then the file is repaired',
    [
      exporter(),
      exporter({
        instance: 'b',
        page: now => ({ configurationRefused: between(killed, killed + 1_200)(now) }),
        fails: between(killed + 300, killed + 360),
      }),
    ],
    {
      [killed + 570]: [],
      [killed + 600]: [refused('b')],
      [killed + 1_170]: [refused('b')],
      [killed + 1_200]: [],
    },
  ),
  scenario(
    'a replica that refuses its configuration is taken away',
    [
      exporter(),
      exporter({
        instance: 'b',
        page: now => ({ configurationRefused: now >= killed }),
        isTarget: between(0, killed + 900),
      }),
    ],
    { [killed + 900]: [refused('b')], [killed + 1_020]: [], [killed + 1_200]: [] },
  ),
  scenario(
    'a configuration was refused for a moment',
    exporter({ page: now => ({ configurationRefused: between(killed, killed + 570)(now) }) }),
    { [killed + 570]: [], [killed + 630]: [], [killed + 1_200]: [] },
  ),
  scenario(
    'a clock was off for a moment',
    [
      exporter(),
      exporter({ instance: 'b', page: now => ({ clockAhead: now >= killed && now < killed + 240 ? 6 : 0 }) }),
    ],
    { [killed + 270]: [], [killed + 420]: [] },
  ),
  scenario(
    'a clock is off, and scrapes fail',
    [
      exporter(),
      exporter({
        instance: 'b',
        page: now => ({ clockAhead: now >= killed ? 6 : 0 }),
        fails: now => between(killed + 120, killed + 180)(now) || now >= killed + 330,
      }),
    ],
    {
      [killed + 270]: [],
      [killed + 300]: [clockOff('b')],
      [killed + 360]: [clockOff('b')],
      [killed + 450]: [],
    },
  ),
  scenario(
    'Prometheus has scraped no Tidemark until now',
    [{ job: 'kafka', instance: 'k', pageAt: () => undefined }, exporter({ isTarget: now => now >= 600 })],
    {
      [270]: [],
      [300]: ['TidemarkExporterAbsent{severity="page"}'],
      [600 + 240]: ['TidemarkExporterAbsent{severity="page"}'],
      [600 + 330]: [],
    },
  ),
  scenario(
    'the exporter is of another version',
    exporter({
      page: now => ({ version: now < 600 ? versionOfRules : '0.0.1' }),
      fails: now => between(1_800, 1_860)(now) || now >= 600 + 3_630,
    }),
    {
      [600 + 3_570]: [],
      [600 + 3_600]: [otherVersion],
      [600 + 3_660]: [otherVersion],
      [600 + 3_750]: [],
    },
  ),
  scenario(
    'a rolling update',
    exporter({
      page: now => ({ version: now >= 600 && now < 3_000 ? '0.0.9' : versionOfRules }),
    }),
    { [600 + 3_600]: [] },
  ),
]

const conditionStories: readonly Scenario[] = [
  ...lasting(
    'TidemarkFlowUnobservable',
    300,
    'both clusters have never answered',
    { observedAt: undefined },
    'both have it',
  ),
  ...lasting(
    'TidemarkFlowUnobservable',
    300,
    'the scope is empty',
    { topics: undefined, unknown: { empty: 1 } },
    'both have it',
  ),
  scenario('the exporter is blind', exporter({ flow: now => ({ observedAt: Math.min(now, 600) }) }), {
    [600 + 150]: [],
    [600 + 180]: [],
    [600 + 210]: [stale],
  }),
  scenario(
    'the exporter is blind, and two scrapes fail',
    exporter({ flow: now => ({ observedAt: Math.min(now, 600) }), fails: between(600 + 150, 600 + 210) }),
    { [600 + 180]: [], [600 + 210]: [stale] },
  ),
  scenario(
    'the exporter polls every two minutes',
    exporter({
      flow: now => ({ observedAt: now - (now % 120) - 300 }),
      page: () => ({ pollInterval: 120 }),
    }),
    { [1_800]: [] },
  ),
  scenario(
    'both replicas are blind, of which one polls every two minutes',
    [
      exporter({ flow: now => ({ observedAt: Math.min(now, 600) }) }),
      exporter({
        instance: 'b',
        flow: now => ({ observedAt: Math.min(now, 600) }),
        page: () => ({ pollInterval: 120 }),
      }),
    ],
    { [600 + 600]: [], [600 + 630]: [stale] },
  ),
  scenario(
    'both replicas are blind, and the one that polls every two minutes is taken away',
    [
      exporter({ flow: now => ({ observedAt: Math.min(now, 600) }) }),
      exporter({
        instance: 'b',
        flow: now => ({ observedAt: Math.min(now, 600) }),
        page: () => ({ pollInterval: 120 }),
        isTarget: now => now < 690,
      }),
    ],
    { [600 + 180]: [], [600 + 240]: [stale] },
  ),
  scenario(
    'the exporter was blind for a moment',
    exporter({
      flow: now => ({ observedAt: now >= 600 && now < 750 ? 600 : now }),
    }),
    { [750]: [], [810]: [] },
  ),
  ...lasting(
    'TidemarkPartitionsUnobserved',
    600,
    'a partition has no leader',
    { partitionsObserved: 5 },
    'both have it',
  ),
  ...lasting(
    'TidemarkPartitionsUnobserved',
    600,
    'a new partition has no leader',
    { partitions: 7 },
    'one suffices',
  ),
  scenario(
    'a replica sees too few partitions, and the other one is taken away',
    [
      exporter({ flow: () => ({ partitionsObserved: 5 }) }),
      exporter({ instance: 'b', isTarget: now => now < 30 }),
    ],
    { [660]: [], [720]: [ticket('TidemarkPartitionsUnobserved')] },
  ),
  ...lasting(
    'TidemarkTopicsStalled',
    300,
    'a topic stands still',
    { topics: { stalled: 1, unknown: 0, behind: 0, pending: 0, covered: 2 } },
    'one suffices',
  ),
  scenario(
    'topics that are behind are no alert',
    exporter({
      flow: () => ({ topics: { stalled: 0, unknown: 0, behind: 2, pending: 1, covered: 0 } }),
    }),
    { [1_800]: [] },
  ),
  scenario(
    'heartbeats stop',
    exporter({ flow: now => ({ heartbeatAt: Math.min(now, 600) }), fails: between(600 + 420, 600 + 480) }),
    {
      [600 + 600]: [],
      [600 + 630]: [ticket('TidemarkHeartbeatsStopped')],
    },
  ),
  scenario(
    'heartbeats are looked at as of the last observation',
    exporter({
      flow: now => ({ heartbeatAt: Math.min(now, 600) - 280, observedAt: Math.min(now, 600) }),
    }),
    { [600 + 1_200]: [stale] },
  ),
  scenario(
    'heartbeats stop, and one replica is blind and has seen fewer',
    [
      exporter({ flow: now => ({ heartbeatAt: Math.min(now, 600) }) }),
      exporter({
        instance: 'b',
        flow: now => ({ ...blind(600)(now), heartbeatAt: Math.min(now, 300) }),
      }),
    ],
    { [600 + 600]: [], [600 + 630]: [ticket('TidemarkHeartbeatsStopped')] },
  ),
  scenario(
    'heartbeats stop, one replica is blind, and the other one is taken away two minutes later',
    [
      exporter({ flow: now => ({ ...blind(300)(now), heartbeatAt: 0 }) }),
      exporter({ instance: 'b', flow: () => ({ heartbeatAt: 0 }), isTarget: now => now < 450 }),
    ],
    { [660]: [stale, rpo, burnsFast] },
  ),
  scenario(
    'a replica cannot read the heartbeats, and the one that can is taken away',
    [exporter({ flow: () => ({ heartbeatAt: 0 }) }), exporter({ instance: 'b', isTarget: now => now < 330 })],
    { [660]: [], [720]: [ticket('TidemarkHeartbeatsStopped')] },
  ),
  scenario('a flow without heartbeats', exporter({ flow: () => ({ heartbeatAt: undefined }) }), {
    [1_800]: [],
  }),
  ...counting('TidemarkRecordsLost', 'page', 'lost'),
  ...counting('TidemarkRecordsPossiblyLost', 'ticket', 'possiblyLost'),
  ...(
    [
      [ticket('TidemarkAuditContradicted'), 'contradicted'],
      [ticket('TidemarkAuditContradicted'), 'mismatched'],
    ] as const
  ).map(([alert, key]) =>
    scenario(
      `one replica of two counts ${key}`,
      [exporter(), exporter({ instance: 'b', flow: now => ({ [key]: now >= killed ? 30 : 0 }) })],
      { [killed - 30]: [], [killed]: [alert] },
    ),
  ),
  scenario(
    'the exporter is restarted after a loss',
    exporter({
      flow: now => ({ lost: now >= 300 && now < 3 * hour ? 30 : 0 }),
    }),
    { [2.5 * hour]: [], [3 * hour + 300]: [] },
  ),
  ...['diverged', 'recreated'].flatMap(reason =>
    lasting(
      'TidemarkTopicsDiverged',
      300,
      `a topic is ${reason}`,
      { unknown: { [reason]: 1 } },
      'one suffices',
    ),
  ),
  scenario(
    'a topic is diverged, and another replica says no longer',
    [
      exporter({ flow: () => ({ unknown: { diverged: 0 } }) }),
      exporter({ instance: 'b', flow: () => ({ unknown: { diverged: 1 } }) }),
    ],
    { 270: [], 300: [ticket('TidemarkTopicsDiverged')] },
  ),
  scenario('no topic is diverged any more', exporter({ flow: () => ({ unknown: { diverged: 0 } }) }), {
    [1_800]: [],
  }),
  scenario(
    'a topic that may not be read is not diverged',
    exporter({ flow: () => ({ unknown: { unauthorized: 2 } }) }),
    {
      [1_800]: [],
    },
  ),
  scenario(
    'the source deletes what was not copied before the budget is used up',
    // 290 seconds of the budget are left all the time.
    exporter({
      flow: now => ({ retentionDeadline: now < 1_200 ? 930 : 90_000 }),
      fails: between(630, 720),
    }),
    {
      [630]: [],
      [660]: [page('TidemarkRetentionDeadlineNear')],
      [1_200 + 240]: [page('TidemarkRetentionDeadlineNear')],
      [1_200 + 330]: [],
    },
  ),
  scenario(
    'the source deletes what was not copied, and the deadline has passed',
    exporter({
      flow: now => ({ ...stall(killed)(now), retentionDeadline: killed + 5 * hour }),
      fails: between(killed + hour, killed + hour + 60),
    }),
    {
      [killed + 1_800]: [rpo, burnsFast],
      [killed + hour - 30]: [rpo, burnsFast, burnsSlowly, exhausted],
      [killed + hour + 30]: [rpo, burnsFast, burnsSlowly, exhausted, page('TidemarkRetentionDeadlineNear')],
    },
  ),
  scenario(
    'of two replicas the one that knows of a later deletion is taken away',
    [
      exporter({ flow: () => ({ retentionDeadline: 0 }) }),
      exporter({
        instance: 'b',
        flow: () => ({ retentionDeadline: 90_000 }),
        isTarget: now => now < 30,
      }),
    ],
    { [60]: [], [120]: [page('TidemarkRetentionDeadlineNear')] },
  ),
  ...[false, true].map(isPassed =>
    scenario(
      `the source soon deletes what was not copied${isPassed ? ', the deadline has passed' : ''}, and all clocks are off`,
      exporter({
        flow: now => ({
          ...(isPassed ? stall(0)(now) : {}),
          retentionDeadline: isPassed ? now + 1_800 : now,
        }),
        page: now => ({ clockAhead: now < killed ? 0 : 100 }),
      }),
      {
        [killed + 330]: [
          page('TidemarkRetentionDeadlineNear'),
          unreported,
          clockOff('a'),
          ...(isPassed ? [rpo, burnsFast] : []),
        ],
        [killed + 420]: [unreported, clockOff('a'), ...(isPassed ? [rpo, burnsFast] : [])],
      },
    ),
  ),
  scenario(
    'one replica is farther behind what the source deletes than the other',
    [
      exporter({ flow: now => ({ retentionDeadline: now + 120 }) }),
      exporter({ instance: 'b', flow: now => ({ retentionDeadline: now + 1_800 }) }),
    ],
    { [600]: [] },
  ),
  scenario(
    'one replica is farther behind what the source deletes than the other, and the deadline has passed',
    [
      exporter({ flow: now => ({ ...stall(0)(now), retentionDeadline: now + 120 }) }),
      exporter({ instance: 'b', flow: now => ({ ...stall(0)(now), retentionDeadline: now + 5 * hour }) }),
    ],
    { [600]: [rpo, burnsFast] },
  ),
  scenario(
    'a short retention is no matter while the budget is kept',
    exporter({
      flow: now => ({ retentionDeadline: now + 1_800 }),
    }),
    { [1_800]: [] },
  ),
  ...lasting(
    'TidemarkOffsetSyncsNotFresh',
    1_800,
    'offset syncs are too old',
    { staleSyncs: 1 },
    'one suffices',
  ),
  ...(['budget', 'objective', 'window'] as const).flatMap(key =>
    lasting(
      'TidemarkBudgetMissing',
      600,
      `the ${key} is dropped on the way`,
      { [key]: undefined, deadline: 1e9 },
      'both have it',
    ),
  ),
  ...lasting(
    'TidemarkBudgetImpossible',
    1_800,
    'the budget is smaller than what commits prove',
    { provable: 301, partitionsAudited: 0 },
    'both have it',
  ),
  scenario(
    'one replica polls too slowly for the budget, and none audits',
    [
      exporter({ flow: () => ({ partitionsAudited: 0 }) }),
      exporter({
        instance: 'b',
        flow: () => ({ provable: 301, partitionsAudited: 0 }),
        isTarget: now => now <= 1_800,
      }),
    ],
    { [1_770]: [], [1_800]: [ticket('TidemarkBudgetImpossible')], [1_920]: [] },
  ),
  scenario(
    'of two replicas the one that audits, with a larger budget, is taken away',
    [
      exporter({ flow: () => ({ provable: 301, partitionsAudited: 0 }) }),
      exporter({ instance: 'b', flow: () => ({ budget: 302, provable: 301 }), isTarget: now => now < 30 }),
    ],
    { [1_860]: [], [1_920]: [ticket('TidemarkBudgetImpossible')] },
  ),
  scenario(
    'one replica has a larger budget, which commits prove',
    [
      exporter({ flow: () => ({ provable: 301, partitionsAudited: 0 }) }),
      exporter({ instance: 'b', flow: () => ({ budget: 302, provable: 301, partitionsAudited: 0 }) }),
    ],
    { [1_800]: [ticket('TidemarkConfigurationsDiffer')] },
  ),
  scenario(
    'a budget that commits just prove',
    exporter({ flow: () => ({ provable: 300, partitionsAudited: 0 }) }),
    {
      [3_600]: [],
    },
  ),
  scenario('a small budget that content proves', exporter({ flow: () => ({ provable: 301 }) }), {
    [3_600]: [],
  }),
  ...(
    [
      { budget: 301 },
      { objective: 0.99 },
      { window: 7 * day },
      { maintenanceUntil: 5 },
      { state: 'failed_over' },
    ] as const satisfies readonly Partial<FlowPage>[]
  ).map(other =>
    scenario(
      `replicas differ in ${Object.keys(other).at(-1)}`,
      [exporter(), exporter({ instance: 'b', flow: now => (now >= 600 ? other : {}) })],
      { [600 + 1_770]: [], [600 + 1_800]: [ticket('TidemarkConfigurationsDiffer')] },
    ),
  ),
  scenario('shards are configured alike', [exporter(), exporter({ instance: 'b', shard: '1' })], {
    [3_600]: [],
  }),
  scenario(
    'replicas are reconfigured one after the other',
    [
      exporter({ flow: now => ({ budget: now >= 600 ? 600 : 300 }) }),
      exporter({ instance: 'b', flow: now => ({ budget: now >= 1_200 ? 600 : 300 }) }),
    ],
    { [1_170]: [], [3_600]: [] },
  ),
  scenario(
    'records stand in the place of others',
    exporter({
      flow: now => ({ mismatched: now >= 600 ? 1 : 0 }),
      fails: now => between(660, 720)(now) || now >= 900,
    }),
    {
      [570]: [],
      [600]: [ticket('TidemarkAuditContradicted')],
      [690]: [ticket('TidemarkAuditContradicted')],
      [900 + 30]: [ticket('TidemarkAuditContradicted')],
      [900 + 120]: [],
    },
  ),
  scenario(
    'an audit contradicted the copy',
    exporter({ flow: now => ({ contradicted: now >= 600 ? 1 : 0 }) }),
    {
      [570]: [],
      [600]: [ticket('TidemarkAuditContradicted')],
      [600 + 3_480]: [ticket('TidemarkAuditContradicted')],
      [600 + 3_660]: [],
    },
  ),
]

/** A count of losses that grows fires for an hour, also by one, by what one replica says, and when it is first seen. */
function counting(
  alert: string,
  severity: 'page' | 'ticket',
  key: 'lost' | 'possiblyLost',
): readonly Scenario[] {
  const from = 2 * hour
  const fires = [`${alert}${labels(severity)}`]
  const keeps = severity === 'page' ? 300 : 0
  const over = (since: number) => ({
    [since + hour - 60]: fires,
    [since + hour + keeps - 60]: fires,
    [since + hour + keeps + 60]: [],
  })
  return [
    scenario(`a record is ${key}`, exporter({ flow: now => ({ [key]: now >= from ? 1 : 0 }) }), {
      [from - 30]: [],
      [from]: fires,
      ...over(from),
    }),
    scenario(
      `a record is ${key}, says one replica of two`,
      [exporter(), exporter({ instance: 'b', flow: now => ({ [key]: now >= from ? 1 : 0 }) })],
      { [from - 30]: [], [from]: fires, ...over(from) },
    ),
    scenario(
      `a record was ${key} when the exporter was first seen`,
      exporter({ flow: () => ({ [key]: 1 }) }),
      {
        0: fires,
        ...over(0),
      },
    ),
    scenario(
      `a record was ${key} when the exporters were first seen, says one of two`,
      [exporter(), exporter({ instance: 'b', flow: () => ({ [key]: 1 }) })],
      { 0: fires, ...over(0) },
    ),
  ]
}

/**
 * The alert fires once the condition has lasted, also over failed scrapes, and never before; it does not outlast the
 * exporter. And what it does when one replica of two has the condition.
 */
function lasting(
  alert: string,
  forSeconds: number,
  what: string,
  parts: Partial<FlowPage>,
  ofTwoReplicas: 'one suffices' | 'both have it',
): readonly Scenario[] {
  const from = 600
  // That something is gone shows when its last value is forgotten.
  const firesFrom = from + forSeconds + (Object.values(parts).includes(undefined) ? 120 : 0)
  const gone = firesFrom + 60
  return [
    scenario(
      what,
      exporter({
        flow: now => (now >= from ? parts : {}),
        fails: now => between(from + 120, from + 180)(now) || now >= gone,
      }),
      {
        [from + forSeconds - 30]: [],
        [firesFrom]: [ticket(alert)],
        [gone + 30]: [ticket(alert)],
        [gone + 120]: [],
      },
    ),
    scenario(
      `${what}, for a moment`,
      exporter({
        flow: now => (now >= from && now < from + forSeconds - 90 ? parts : {}),
      }),
      { [from + forSeconds]: [], [from + forSeconds + 300]: [] },
    ),
    scenario(
      `${what}, says one replica of two`,
      [
        exporter(),
        exporter({
          instance: 'b',
          flow: now => (now >= from ? parts : {}),
          isTarget: now => now < gone,
        }),
      ],
      ofTwoReplicas === 'one suffices'
        ? { [firesFrom]: [ticket(alert)], [gone + 30]: [ticket(alert)], [gone + 120]: [] }
        : { [firesFrom]: [] },
    ),
  ]
}

export const scenarios: readonly Scenario[] = [
  ...rpoStories,
  ...memoryStories,
  ...stateStories,
  ...sloStories,
  ...fastStories,
  ...slowStories,
  ...absenceStories,
  ...conditionStories,
]

interface PromtoolTest {
  readonly name: string
  readonly interval: string
  readonly input_series: readonly InputSeries[]
  readonly promql_expr_test: readonly {
    readonly expr: string
    readonly eval_time: string
    readonly exp_samples: readonly { readonly labels: string; readonly value: number }[]
  }[]
}

/** Scenarios as a test file of promtool, beside the rules, which have these timings. */
export function scenarioTests({ version, timings }: RuleGroupOptions, chosen: readonly Scenario[]) {
  return {
    rule_files: ['tidemark.rules.yaml'],
    evaluation_interval: `${timings.evaluationMs / 1000}s`,
    group_eval_order: Object.values(groupNames),
    tests: chosen.map(
      ({ name, targets, firing, scrapeSeconds = timings.evaluationMs / 1000 }): PromtoolTest => ({
        name,
        interval: `${scrapeSeconds}s`,
        input_series: inputSeries(targets, scrapeSeconds, Math.max(...instantsOf(firing))).map(
          ({ series, values }) => ({ series: series.replace(versionOfRules, version), values }),
        ),
        promql_expr_test: instantsOf(firing).map(at => ({
          expr: 'ALERTS{alertstate="firing"}',
          eval_time: `${at}s`,
          exp_samples: [...(firing[at] ?? []), watchdog].map(alert => ({
            labels: alertSample(alert),
            value: 1,
          })),
        })),
      }),
    ),
  }
}

function instantsOf(firing: Scenario['firing']): readonly number[] {
  return Object.keys(firing).map(Number)
}

/** `Name{labels}` as the series that Prometheus writes for it. */
function alertSample(alert: string): string {
  return alert.replace(/^(\w+)\{/, 'ALERTS{alertname="$1",alertstate="firing",')
}
