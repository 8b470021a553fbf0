import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { copyLabels, lastOf, maxOf, metric } from '../alerts/promql.ts'
import { type AlertTimings, bridgeMs, promDuration } from '../alerts/timings.ts'
import { assembled, labelVariable, type Section, uid } from './assemble.ts'
import { selector, topicExpressions, usableReplicas, worstShardOfBest } from './expressions.ts'
import { flowVariable } from './flow.ts'
import { colour, leftWords, missingAs, topicStates, wordForEach, wordsOf } from './meanings.ts'
import { plain, stat, table, timeseries, usedSteps } from './panels.ts'

const ofFlow = 'flow="$flow"'
const ofTopic = 'topic="$topic"'

/** One topic of a flow, and its partitions. */
export function topicDashboard(timings: AlertTimings): Dashboard {
  return assembled({
    uid: uid.topic,
    title: 'Tidemark: topic and partitions',
    description: 'One topic of a flow, and its partitions.',
    refresh: '30s',
    from: 'now-6h',
    variables: [
      flowVariable(),
      labelVariable({
        name: 'topic',
        title: 'Topic',
        label: 'topic',
        of: selector(metric.topicStatus, ofFlow),
      }),
    ],
    annotations: [],
    sections: [now(timings), partitions(timings), damages(timings)],
  })
}

function now(timings: AlertTimings): Section {
  const bridge = promDuration(bridgeMs(timings))
  const topic = topicExpressions(timings, ofFlow, ofTopic)
  const most = (name: string): string => maxOf(selector(name, ofFlow, ofTopic))
  return {
    lines: [
      {
        height: 4,
        panels: [
          [
            6,
            stat({
              title: 'What is the matter?',
              description:
                'The worst that holds. Behind: records wait, and the position moves. Stalled: it does not. Pending: the topic is too new to judge. Unknown: nobody can tell.',
              unit: 'none',
              noValue: 'no data',
              queries: [topic.state],
              mappings: wordsOf(topicStates, 'no data'),
              steps: [[null, colour.unknown]],
            }),
          ],
          [
            6,
            stat({
              title: 'How much of the budget is used?',
              description: "Of the topic's own RPO budget. At 100 % it is no longer shown to be kept.",
              unit: 'percentunit',
              decimals: 0,
              noValue: 'unknown',
              queries: [topic.used],
              mappings: [missingAs('unknown')],
              steps: usedSteps,
            }),
          ],
          [
            6,
            stat({
              title: 'How much would be lost?',
              description:
                'The time since the proven recovery point of the topic, that of its worst partition. "none proven": a partition has none.',
              unit: 's',
              decimals: 1,
              noValue: 'none proven',
              queries: [topic.exposure],
              mappings: [missingAs('none proven')],
              steps: plain,
            }),
          ],
          [
            6,
            stat({
              title: 'How many records wait, at most?',
              description:
                'High watermark minus proven position, as of the last poll. Unknown as soon as one partition is.',
              unit: 'locale',
              decimals: 0,
              noValue: 'unknown',
              queries: [maxOf(lastOf(selector(metric.topicLag, ofFlow, ofTopic), bridge))],
              mappings: [missingAs('unknown')],
              steps: plain,
            }),
          ],
        ],
      },
      {
        height: 9,
        panels: [
          [
            12,
            timeseries({
              title: 'How much would have been lost?',
              description:
                'The time since the recovery point, proven and estimated. Red and dashed: the RPO budget of the topic. A gap: nobody knows.',
              unit: 's',
              decimals: 1,
              noValue: 'no data',
              lines: [
                { query: topic.exposure, legend: 'proven', colour: 'blue' },
                { query: topic.estimatedExposure, legend: 'estimated', colour: 'light-blue', isDashed: true },
                { query: topic.budget, legend: 'RPO budget', colour: colour.broken, isDashed: true },
              ],
            }),
          ],
          [
            12,
            timeseries({
              title: 'How many records waited?',
              description:
                'At most: by the proven position. Estimated: by the estimated one. Certainly missing: read on the source, and not on the target; no line where the tail was not read.',
              unit: 'locale',
              decimals: 0,
              noValue: 'no data',
              lines: [
                { query: most(metric.topicLag), legend: 'at most', colour: 'blue' },
                { query: most(metric.topicEstimatedLag), legend: 'estimated', colour: 'light-blue' },
                { query: most(metric.topicMissing), legend: 'certainly missing', colour: colour.waits },
              ],
            }),
          ],
        ],
      },
    ],
  }
}

function partitions(timings: AlertTimings): Section {
  const bridge = promDuration(bridgeMs(timings))
  const last = (name: string): string => lastOf(selector(name, ofFlow, ofTopic), bridge)
  // A partition of which something is known keeps all its columns.
  const anything = `${maxOf(last(metric.partitionPosition))} or ${maxOf(last(metric.partitionRecoveryPoint))} or ${maxOf(last(metric.partitionHighWatermark))}`
  const withEvery = (vector: string): string => `(${vector}) or (${anything}) * NaN`
  return {
    title: 'Which partitions?',
    lines: [
      {
        height: 10,
        panels: [
          [
            24,
            table({
              title: 'The partitions, those with the most waiting records first',
              description:
                'As of the last poll. No value: nobody can tell. Empty: the partitions are not exported (metrics.partitions is false), or nobody reports.',
              noValue: 'no partition is reported: metrics.partitions, or nobody reports',
              key: { label: 'partition', name: 'Partition', width: 110 },
              sortBy: 'Waiting records, at most',
              columns: [
                {
                  name: 'Waiting records, at most',
                  query: withEvery(maxOf(last(metric.partitionLag))),
                  unit: 'locale',
                  mappings: [missingAs('unknown')],
                  steps: plain,
                },
                {
                  name: 'Would be lost',
                  query: withEvery(
                    `time() - ${worstShardOfBest(`${last(metric.partitionRecoveryPoint)} and ignoring (topic, partition) ${usableReplicas(timings, ofFlow)}`)}`,
                  ),
                  unit: 's',
                  decimals: 1,
                  mappings: [missingAs('none proven')],
                  steps: plain,
                },
                {
                  name: 'High watermark of the source',
                  query: withEvery(maxOf(last(metric.partitionHighWatermark))),
                  unit: 'locale',
                  mappings: [missingAs('unknown')],
                  steps: plain,
                },
                {
                  name: 'Proven position',
                  query: withEvery(maxOf(last(metric.partitionPosition))),
                  unit: 'locale',
                  mappings: [missingAs('unknown')],
                  steps: plain,
                },
              ],
            }),
          ],
        ],
      },
    ],
  }
}

function damages(timings: AlertTimings): Section {
  const bridge = promDuration(bridgeMs(timings))
  const last = (name: string): string => lastOf(selector(name, ofFlow, ofTopic), bridge)
  return {
    title: 'Is anything lost, or about to be?',
    lines: [
      {
        height: 6,
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
                `clamp_min(min without (${copyLabels}) (${last(metric.topicRetentionDeadline)}) - time(), 0)`,
              ],
              mappings: leftWords('deleting', missingAs('none known', colour.aside)),
              steps: [
                [null, colour.waits],
                [4 * 3_600, colour.aside],
              ],
            }),
          ],
          [
            6,
            stat({
              title: 'Do its offset syncs still translate?',
              description:
                'Whether the newest offset sync translates what was produced; if not, groups would read records again after a failover.',
              unit: 'none',
              noValue: 'cannot be judged',
              queries: [maxOf(last(metric.topicOffsetSyncFresh))],
              mappings: wordForEach(
                [
                  { word: 'too old', colour: colour.waits },
                  { word: 'fresh', colour: colour.kept },
                ],
                'cannot be judged',
              ),
              steps: [[null, colour.unknown]],
            }),
          ],
          [
            6,
            stat({
              title: 'How old is its newest offset sync?',
              description:
                "By the replicator's clock. An old one is no harm while nothing was produced since.",
              unit: 's',
              decimals: 0,
              noValue: 'none was seen',
              queries: [`time() - ${worstShardOfBest(last(metric.topicOffsetSync))}`],
              mappings: [missingAs('none was seen')],
              steps: plain,
            }),
          ],
          [
            6,
            timeseries({
              title: 'How many records are lost, or wrong?',
              description:
                'Source offsets that will never be on the target, those of which that is not excluded, and records of the target in the place of another. Since the exporter started.',
              unit: 'locale',
              decimals: 0,
              noValue: 'no data',
              lines: [
                {
                  query: maxOf(selector(metric.topicLost, ofFlow, ofTopic)),
                  legend: 'lost',
                  colour: colour.broken,
                },
                {
                  query: maxOf(selector(metric.topicPossiblyLost, ofFlow, ofTopic)),
                  legend: 'possibly lost',
                  colour: colour.unknown,
                },
                {
                  query: maxOf(selector(metric.topicMismatched, ofFlow, ofTopic)),
                  legend: 'wrong',
                  colour: 'dark-red',
                },
              ],
            }),
          ],
        ],
      },
    ],
  }
}
