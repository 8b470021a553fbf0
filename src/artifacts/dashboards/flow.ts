import { AnnotationQueryBuilder, type Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { copyLabels, lastOf, maxOf, metric } from '../alerts/promql.ts'
import { recorded } from '../alerts/recordings.ts'
import { type AlertTimings, bridgeMs, promDuration } from '../alerts/timings.ts'
import { assembled, labelVariable, linkTo, type Section, uid } from './assemble.ts'
import {
  countOver,
  flowExpressions,
  selector,
  sumOfShards,
  topicExpressions,
  worst,
  worstShardOfBest,
} from './expressions.ts'
import { colour, flowStates, leftWords, missingAs, topicStates, usedWords, wordsOf } from './meanings.ts'
import { datasource, plain, reference, stat, stateTimeline, table, timeseries, usedSteps } from './panels.ts'

const ofFlow = 'flow="$flow"'
const topicsShown = 20

/** Everything about one flow, for whoever is called. */
export function flowDashboard(timings: AlertTimings): Dashboard {
  return assembled({
    uid: uid.flow,
    title: 'Tidemark: flow',
    description: 'One flow: what would be lost over time, and why.',
    refresh: '30s',
    from: 'now-6h',
    variables: [flowVariable()],
    annotations: [
      annotation('RPO budget passed', `${selector(recorded.breached, ofFlow)} == 1`, colour.broken),
      annotation('Nobody reports', `${selector(recorded.unreported, ofFlow)} == 1`, colour.unknown),
    ],
    sections: [now(timings), topics(timings), errorBudget(), replication(timings), damages(timings)],
  })
}

export function flowVariable() {
  return labelVariable({ name: 'flow', title: 'Flow', label: 'flow', of: metric.flowInfo })
}

function annotation(name: string, expr: string, color: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step('60s')
    .titleFormat(name)
    .textFormat('{{flow}}')
}

function now(timings: AlertTimings): Section {
  const flow = flowExpressions(timings, ofFlow)
  return {
    lines: [
      {
        height: 4,
        panels: [
          [
            4,
            stat({
              title: 'What is the matter?',
              description:
                'The worst that holds. "unreported": no exporter says anything of the flow. "blind": its clusters have not both answered lately. "partly unknown": a topic has no proven recovery point, or cannot be judged. "stalled": records wait, and the position does not move.',
              unit: 'none',
              noValue: 'no data',
              queries: [flow.state],
              mappings: wordsOf(flowStates, 'no data'),
              steps: [[null, colour.unknown]],
            }),
          ],
          [
            4,
            stat({
              title: 'How much of the budget is used?',
              description:
                'Of the RPO budget that passes first, as of the last evaluation of the rules. At 100 % it is no longer shown to be kept. Grey: in maintenance or failed over.',
              unit: 'percentunit',
              decimals: 0,
              noValue: 'unknown',
              queries: [flow.used],
              mappings: usedWords,
              steps: usedSteps,
            }),
          ],
          [
            4,
            stat({
              title: 'How much would be lost?',
              description:
                'The time since the proven recovery point: everything that the source accepted before is on the target. "none proven": a topic has no proven point, and nothing bounds what would be lost.',
              unit: 's',
              decimals: 1,
              noValue: 'none proven',
              queries: [flow.exposure],
              mappings: [missingAs('none proven')],
              steps: plain,
            }),
          ],
          [
            4,
            stat({
              title: 'Kept for how long?',
              description:
                'The time to the deadline, the instant after which the budget is no longer shown to be kept. Grey: in maintenance or failed over.',
              unit: 's',
              decimals: 1,
              noValue: 'unknown',
              queries: [flow.left],
              mappings: leftWords('passed', missingAs('unknown')),
              steps: [[null, colour.kept]],
            }),
          ],
          [
            4,
            stat({
              title: 'How old is the data?',
              description:
                'The time since both clusters last answered. What was proven then stays true; the exposure grows until they answer.',
              unit: 's',
              decimals: 0,
              noValue: 'never seen',
              queries: [flow.age],
              mappings: [missingAs('never seen')],
              steps: [
                [null, colour.plain],
                [120, colour.unknown],
              ],
            }),
          ],
          [
            4,
            stat({
              title: 'Topics without proof',
              description:
                'Topics in scope that have no proven recovery point. No value: the topics in scope could never be listed.',
              unit: 'none',
              noValue: 'cannot be listed',
              queries: [flow.unprovenTopics],
              mappings: [missingAs('cannot be listed')],
              steps: [
                [null, colour.plain],
                [1, colour.unknown],
              ],
            }),
          ],
        ],
      },
      {
        height: 9,
        panels: [
          [
            16,
            timeseries({
              title: 'How much would have been lost?',
              description:
                'The time since the recovery point. Proven: everything before it is on the target. Known: where a topic has no point, that of the others. Estimated, dashed and light: for people, never alerted on. Red and dashed: the RPO budget of the flow; topics may have smaller ones. A gap: nobody knows.',
              unit: 's',
              decimals: 1,
              noValue: 'no data',
              lines: [
                { query: flow.exposure, legend: 'proven', colour: 'blue' },
                {
                  query: `(${flow.knownExposure}) unless (${flow.exposure})`,
                  legend: 'known',
                  colour: 'super-light-blue',
                },
                { query: flow.estimatedExposure, legend: 'estimated', colour: 'light-blue', isDashed: true },
                { query: flow.budget, legend: 'RPO budget', colour: colour.broken, isDashed: true },
              ],
            }),
          ],
          [
            8,
            timeseries({
              title: 'In which state are its topics?',
              description:
                'Topics by status. Covered: nothing is missing on the target. Behind: records wait, and the position moves. Stalled: it does not. Unknown: nobody can tell.',
              unit: 'none',
              decimals: 0,
              noValue: 'no data',
              stacked: true,
              lines: (
                [
                  ['stalled', 'dark-yellow'],
                  ['unknown', colour.unknown],
                  ['behind', colour.waits],
                  ['pending', 'light-yellow'],
                  ['covered', colour.kept],
                ] as const
              ).map(([status, color]) => ({
                query: countOver(selector(metric.flowTopics, ofFlow, `status="${status}"`)),
                legend: status,
                colour: color,
              })),
            }),
          ],
        ],
      },
      {
        height: 4,
        panels: [
          [
            24,
            stateTimeline({
              title: 'What was the matter, when?',
              description:
                'The state over time, in the colours of the first panel. A gap: nobody knows the flow.',
              unit: 'none',
              noValue: 'no data',
              query: flow.state,
              legend: '{{flow}}',
              mappings: wordsOf(flowStates, 'no data'),
              steps: [[null, colour.unknown]],
            }),
          ],
        ],
      },
    ],
  }
}

function topics(timings: AlertTimings): Section {
  const bridge = promDuration(bridgeMs(timings))
  const topic = topicExpressions(timings, ofFlow)
  const worstState = worst(topicsShown, topic.state)
  // A topic that has no value keeps its place.
  const ofWorst = (query: string): string => `((${query}) or ${topic.budget} * NaN) and ${worstState}`
  const last = (name: string): string => maxOf(lastOf(selector(name, ofFlow), bridge))
  const lag = maxOf(selector(metric.topicLag, ofFlow))
  return {
    title: 'Which topics?',
    lines: [
      {
        height: 14,
        panels: [
          [
            24,
            table({
              title: `The ${topicsShown} worst topics`,
              description:
                'The worst first: past the budget, then by status, then by how much of the budget is used. Waiting records are an upper bound as of the last poll. Empty: nobody reports on the topics, or metrics.topics is "summary".',
              noValue: 'no topic is reported',
              key: {
                label: 'topic',
                name: 'Topic',
                link: linkTo(uid.topic, 'This topic', {
                  flow: reference('flow:percentencode'),
                  topic: reference('__data.fields.topic:percentencode'),
                }),
              },
              sortBy: 'State',
              isDense: true,
              columns: [
                {
                  name: 'State',
                  query: worstState,
                  unit: 'none',
                  mappings: wordsOf(topicStates),
                  width: 150,
                },
                {
                  name: 'Budget used',
                  query: ofWorst(topic.used),
                  unit: 'percentunit',
                  decimals: 0,
                  mappings: [missingAs('unknown')],
                  steps: usedSteps,
                },
                {
                  name: 'Would be lost',
                  query: ofWorst(topic.exposure),
                  unit: 's',
                  decimals: 1,
                  mappings: [missingAs('none proven')],
                  steps: plain,
                },
                {
                  name: 'Waiting records, at most',
                  query: ofWorst(last(metric.topicLag)),
                  unit: 'locale',
                  mappings: [missingAs('unknown')],
                  steps: plain,
                },
                {
                  name: 'Lost',
                  query: ofWorst(last(metric.topicLost)),
                  unit: 'locale',
                  mappings: [missingAs('unknown')],
                  steps: [
                    [null, colour.plain],
                    [1, colour.broken],
                  ],
                },
                {
                  name: 'Possibly lost',
                  query: ofWorst(last(metric.topicPossiblyLost)),
                  unit: 'locale',
                  mappings: [missingAs('unknown')],
                  steps: [
                    [null, colour.plain],
                    [1, colour.unknown],
                  ],
                },
              ],
            }),
          ],
        ],
      },
      {
        height: 8,
        panels: [
          [
            12,
            timeseries({
              title: 'How many records wait?',
              description:
                'The ten topics with the most records that are not shown to be on the target: high watermark minus proven position, an upper bound. A topic with an unknown partition has no value, and then neither have all together.',
              unit: 'locale',
              decimals: 0,
              noValue: 'unknown',
              lines: [
                // Not of those that wait for nothing: which of them would be left to chance.
                { query: `topk(10, ${lag} > 0)`, legend: '{{topic}}' },
                {
                  query: `sum without (topic) (${lag}) and count without (topic) (${lag}) == count without (topic) (${maxOf(selector(metric.topicStatus, ofFlow), 'status')})`,
                  legend: 'all topics together',
                  colour: colour.aside,
                },
              ],
            }),
          ],
          [
            12,
            timeseries({
              title: 'What cannot be seen?',
              description:
                'Topics that are unknown, by reason, and partitions that the last poll could not judge. No line: nothing is unknown, or nobody reports; the state above tells which.',
              unit: 'none',
              decimals: 0,
              noValue: 'nothing unknown, or no data',
              lines: [
                {
                  query: countOver(selector(metric.unknownTopics, ofFlow)),
                  legend: 'topics: {{reason}}',
                },
                {
                  query: countOver(
                    `${selector(metric.flowPartitions, ofFlow)} - ${selector(metric.flowPartitionsObserved, ofFlow)}`,
                  ),
                  legend: 'partitions not judged',
                  colour: colour.unknown,
                },
              ],
            }),
          ],
        ],
      },
    ],
  }
}

function errorBudget(): Section {
  return {
    title: 'Is the objective kept?',
    lines: [
      {
        height: 7,
        panels: [
          [
            6,
            stat({
              title: 'How much error budget is left?',
              description:
                'Of the time in which the RPO budget may be missed within the window of the objective. Red: none is left.',
              unit: 'percentunit',
              decimals: 1,
              noValue: 'no data',
              queries: [`1 - ${selector(recorded.spent, ofFlow)}`],
              mappings: [missingAs('no data')],
              steps: [
                [null, colour.broken],
                [0, colour.waits],
                [0.5, colour.kept],
              ],
            }),
          ],
          [
            9,
            timeseries({
              title: 'How fast is it spent?',
              description:
                'The share of the last hour, of six and of three days in which the RPO was not kept or nobody reported.',
              unit: 'percentunit',
              max: 1,
              noValue: 'no data',
              lines: [
                { query: selector(recorded.bad1h, ofFlow), legend: 'last hour' },
                { query: selector(recorded.bad6h, ofFlow), legend: 'last 6 hours' },
                { query: selector(recorded.bad3d, ofFlow), legend: 'last 3 days' },
              ],
            }),
          ],
          [
            9,
            timeseries({
              title: 'How much of it was left?',
              description: 'The error budget of the window over time; at zero the objective is missed.',
              unit: 'percentunit',
              max: 1,
              noValue: 'no data',
              lines: [{ query: `clamp_min(1 - ${selector(recorded.spent, ofFlow)}, 0)`, legend: 'left' }],
            }),
          ],
        ],
      },
    ],
  }
}

function replication(timings: AlertTimings): Section {
  const bridge = promDuration(bridgeMs(timings))
  const newest = (name: string): string => worstShardOfBest(lastOf(selector(name, ofFlow), bridge))
  return {
    title: 'Does the replicator work?',
    lines: [
      {
        height: 7,
        panels: [
          [
            8,
            timeseries({
              title: 'How old is the newest heartbeat?',
              description:
                "When it was last looked for, by the replicator's clock. A growing age: the replicator writes none, or they do not travel this flow. No value: none was ever seen.",
              unit: 's',
              decimals: 1,
              noValue: 'none was seen',
              lines: [
                {
                  query: `clamp_min(${newest(metric.observationTimestamp)} - ${newest(metric.heartbeat)}, 0)`,
                  legend: 'heartbeat',
                },
              ],
            }),
          ],
          [
            8,
            timeseries({
              title: 'Whose offset syncs are too old?',
              description:
                'Topics whose newest offset sync no longer translates what was produced: after a failover, groups would read records again.',
              unit: 'none',
              decimals: 0,
              noValue: 'no data',
              lines: [{ query: countOver(selector(metric.flowStaleOffsetSyncs, ofFlow)), legend: 'topics' }],
            }),
          ],
          [
            8,
            timeseries({
              title: 'Do the copies agree when records are compared?',
              description:
                'Looks at the records of a partition on both sides in the last hour, by what they showed. Contradicted: a record is missing, or another one is in its place.',
              unit: 'none',
              noValue: 'no data',
              lines: (
                [
                  ['proven', colour.kept],
                  ['contradicted', colour.broken],
                  ['inconclusive', colour.aside],
                  ['unreadable', colour.unknown],
                ] as const
              ).map(([outcome, color]) => ({
                query: sumOfShards(
                  `increase(${selector(metric.positionAudits, ofFlow, `outcome="${outcome}"`)}[1h])`,
                ),
                legend: outcome,
                colour: color,
              })),
            }),
          ],
        ],
      },
    ],
  }
}

function damages(timings: AlertTimings): Section {
  const bridge = promDuration(bridgeMs(timings))
  const last = (name: string): string => lastOf(selector(name, ofFlow), bridge)
  return {
    title: 'Is anything lost, or about to be?',
    lines: [
      {
        height: 7,
        panels: [
          [
            6,
            stat({
              title: 'How long until the source deletes what waits?',
              description:
                "Time until the source's retention starts to delete records that are not on the target; red when it may be deleting. None is known while nothing waits for long, and where it cannot be told.",
              unit: 's',
              decimals: 0,
              noValue: 'none known',
              queries: [
                `clamp_min(min without (${copyLabels}) (${last(metric.flowRetentionDeadline)}) - time(), 0)`,
              ],
              mappings: leftWords('deleting', missingAs('none known', colour.aside)),
              steps: [
                [null, colour.waits],
                [4 * 3_600, colour.aside],
              ],
            }),
          ],
          [
            9,
            timeseries({
              title: 'How many records are lost?',
              description:
                'Source offsets that will never be on the target, and those of which that is not excluded, since the exporter started. Every increase pages or is a ticket.',
              unit: 'locale',
              decimals: 0,
              noValue: 'no data',
              lines: [
                {
                  query: sumOfShards(selector(metric.flowLost, ofFlow)),
                  legend: 'lost',
                  colour: colour.broken,
                },
                {
                  query: sumOfShards(selector(metric.flowPossiblyLost, ofFlow)),
                  legend: 'possibly lost',
                  colour: colour.unknown,
                },
              ],
            }),
          ],
          [
            9,
            timeseries({
              title: 'How many copies are wrong?',
              description:
                'Records of the target that are not the copy of the source record whose place they have.',
              unit: 'locale',
              decimals: 0,
              noValue: 'no data',
              lines: [
                {
                  query: sumOfShards(selector(metric.flowMismatched, ofFlow)),
                  legend: 'wrong',
                  colour: colour.broken,
                },
              ],
            }),
          ],
        ],
      },
    ],
  }
}
