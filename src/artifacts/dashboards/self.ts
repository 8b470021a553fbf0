import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { lastOf, maxOf, metric } from '../alerts/promql.ts'
import { recorded } from '../alerts/recordings.ts'
import { type AlertTimings, bridgeMs, promDuration } from '../alerts/timings.ts'
import { assembled, labelVariable, type Section, uid } from './assemble.ts'
import { selector } from './expressions.ts'
import { colour, missingAs, rangeMapping, wordForEach } from './meanings.ts'
import { pollDuration, processMetric, targetMetric } from './otherMetrics.ts'
import { plain, stat, stateTimeline, table, timeseries } from './panels.ts'

const ofJob = 'job="$job"'
const ofPolls = '[$__rate_interval]'

/** Whether Tidemark itself is well: every replica and shard of one job. */
export function selfDashboard(timings: AlertTimings): Dashboard {
  return assembled({
    uid: uid.self,
    title: 'Tidemark: itself',
    description: 'The exporters of one job: whether they answer, poll and keep up.',
    refresh: '30s',
    from: 'now-6h',
    variables: [labelVariable({ name: 'job', title: 'Job', label: 'job', of: metric.buildInfo })],
    annotations: [],
    sections: [exporters(timings), polls(), resources()],
  })
}

/** Rows of a table are joined by all their labels, and the name would be one. */
function nameless(vector: string): string {
  return `${vector} + 0`
}

function exporters(timings: AlertTimings): Section {
  const bridge = promDuration(bridgeMs(timings))
  const clock = selector(metric.clock, ofJob)
  return {
    lines: [
      {
        height: 7,
        panels: [
          [
            14,
            table({
              title: 'Which exporters are there?',
              description:
                'The targets of the job. The clock is compared with that of Prometheus: five seconds apart or more, and the exporter does not count. A configuration file that is refused leaves older settings in force, and the log says why. Series left out are those that metrics.maxSeries or metrics.topics cut.',
              noValue: 'no exporter is known',
              key: { label: 'instance', name: 'Exporter' },
              sortBy: 'Exporter',
              columns: [
                {
                  name: 'Answers',
                  query: nameless(selector(targetMetric.up, ofJob)),
                  unit: 'none',
                  mappings: wordForEach(
                    [
                      { word: 'silent', colour: colour.unknown },
                      { word: 'answers', colour: colour.kept },
                    ],
                    'no data',
                  ),
                },
                {
                  name: 'Running for',
                  query: `time() - ${selector(processMetric.startTime, ofJob)}`,
                  unit: 's',
                  decimals: 1,
                  mappings: [missingAs('unknown')],
                  steps: plain,
                },
                {
                  name: 'Clock off by',
                  query: `abs(${clock} - timestamp(${clock}))`,
                  unit: 's',
                  decimals: 1,
                  mappings: [missingAs('unknown')],
                  steps: [
                    [null, colour.plain],
                    [5, colour.unknown],
                  ],
                },
                {
                  name: 'Configuration',
                  query: nameless(selector(metric.configReloadSuccessful, ofJob)),
                  unit: 'none',
                  mappings: wordForEach(
                    [
                      { word: 'file refused', colour: colour.unknown },
                      { word: 'as in its file', colour: colour.kept },
                    ],
                    'unknown',
                  ),
                },
                {
                  name: 'Series left out',
                  query: nameless(selector(metric.seriesOmitted, ofJob)),
                  unit: 'locale',
                  mappings: [missingAs('unknown')],
                  steps: plain,
                },
              ],
            }),
          ],
          [
            5,
            stat({
              title: 'Which versions run?',
              description:
                'The versions of Tidemark and Node that the exporters of the job are of: one, but while they are replaced.',
              unit: 'none',
              noValue: 'no data',
              queries: [
                `count by (version, node_version) (${lastOf(selector(metric.buildInfo, ofJob), bridge)})`,
              ],
              legend: '{{version}} on Node {{node_version}}',
              isOfNames: true,
              mappings: [missingAs('no data')],
              steps: plain,
            }),
          ],
          [
            5,
            stat({
              title: 'How many flows do the rules judge?',
              description:
                'Flows that have a deadline by the recording rules. The dashboards and alerts rest on these rules: without any, load alerts/tidemark.rules.yaml.',
              unit: 'none',
              noValue: 'none: are the rules loaded?',
              queries: [`count(${selector(recorded.slack, ofJob)})`],
              mappings: [
                missingAs('none: are the rules loaded?'),
                rangeMapping(0, 0, 'none', colour.unknown),
              ],
              steps: plain,
            }),
          ],
        ],
      },
    ],
  }
}

function polls(): Section {
  const rate = (name: string, ...more: readonly string[]): string =>
    `rate(${selector(name, ofJob, ...more)}${ofPolls})`
  return {
    title: 'Does it poll?',
    lines: [
      {
        height: 8,
        panels: [
          [
            8,
            timeseries({
              title: 'How do polls end?',
              description:
                'Polls a second, of all exporters. Complete: every cluster answered. Partial: some did. Failed: none did.',
              unit: 'ops',
              noValue: 'no data',
              stacked: true,
              lines: (
                [
                  ['failed', colour.unknown],
                  ['partial', 'light-purple'],
                  ['complete', colour.kept],
                ] as const
              ).map(([outcome, color]) => ({
                query: `sum without (instance, pod, shard) (${rate(metric.polls, `outcome="${outcome}"`)})`,
                legend: outcome,
                colour: color,
              })),
            }),
          ],
          [
            8,
            timeseries({
              title: 'How long do polls take?',
              description:
                'The mean, and what nineteen of twenty stay below. The dashed line is the longest gap between two polls by the schedule: above it polls are left out.',
              unit: 's',
              noValue: 'no data',
              lines: [
                {
                  query: `histogram_quantile(0.95, sum by (instance, le) (${rate(pollDuration.bucket)}))`,
                  legend: '95 % of {{instance}}',
                },
                {
                  query: `${rate(pollDuration.sum)} / ${rate(pollDuration.count)}`,
                  legend: 'mean of {{instance}}',
                },
                {
                  query: maxOf(selector(metric.pollInterval, ofJob)),
                  legend: 'schedule',
                  colour: colour.aside,
                  isDashed: true,
                },
              ],
            }),
          ],
          [
            8,
            timeseries({
              title: 'What does it ask Kafka?',
              description: 'Requests a second of all exporters, by cluster and API, handshakes included.',
              unit: 'reqps',
              noValue: 'no data',
              stacked: true,
              lines: [
                {
                  query: `sum without (instance, pod, shard) (${rate(metric.kafkaRequests)}) > 0`,
                  legend: '{{kafka_cluster}} {{api}}',
                },
              ],
            }),
          ],
        ],
      },
      {
        height: 6,
        panels: [
          [
            24,
            stateTimeline({
              title: 'Which clusters answered?',
              description:
                'Whether a cluster answered the last poll of any exporter. A gap: no exporter was there to ask.',
              unit: 'none',
              noValue: 'no data',
              query: maxOf(selector(metric.clusterUp, ofJob)),
              legend: '{{kafka_cluster}}',
              mappings: wordForEach(
                [
                  { word: 'silent', colour: colour.unknown },
                  { word: 'answers', colour: colour.kept },
                ],
                'no data',
              ),
              steps: [[null, colour.unknown]],
            }),
          ],
        ],
      },
    ],
  }
}

function resources(): Section {
  return {
    title: 'What does it cost?',
    lines: [
      {
        height: 7,
        panels: [
          [
            6,
            timeseries({
              title: 'How much CPU?',
              description: 'Of one core.',
              unit: 'percentunit',
              noValue: 'no data',
              lines: [
                { query: `rate(${selector(processMetric.cpu, ofJob)}${ofPolls})`, legend: '{{instance}}' },
              ],
            }),
          ],
          [
            6,
            timeseries({
              title: 'How much memory?',
              description: 'Of the process as a whole, and what its JavaScript heap holds of it.',
              unit: 'bytes',
              noValue: 'no data',
              lines: [
                { query: selector(processMetric.residentMemory, ofJob), legend: 'process {{instance}}' },
                { query: selector(processMetric.heapUsed, ofJob), legend: 'heap {{instance}}' },
              ],
            }),
          ],
          [
            6,
            timeseries({
              title: 'Does it keep up?',
              description:
                'The delay of the event loop that 99 of 100 turns stay below. A second delays answers and polls.',
              unit: 's',
              noValue: 'no data',
              lines: [{ query: selector(processMetric.eventLoopLag, ofJob), legend: '{{instance}}' }],
            }),
          ],
          [
            6,
            timeseries({
              title: 'How many files and sockets are open?',
              description: 'Each broker is a socket. A number that only grows is a leak.',
              unit: 'none',
              decimals: 0,
              noValue: 'no data',
              lines: [{ query: selector(processMetric.openFiles, ofJob), legend: '{{instance}}' }],
            }),
          ],
        ],
      },
      {
        height: 7,
        panels: [
          [
            12,
            timeseries({
              title: 'How long do scrapes take?',
              description: 'As Prometheus measured them.',
              unit: 's',
              noValue: 'no data',
              lines: [{ query: selector(targetMetric.scrapeDuration, ofJob), legend: '{{instance}}' }],
            }),
          ],
          [
            12,
            timeseries({
              title: 'How many series does it give?',
              description: 'Samples of each scrape.',
              unit: 'locale',
              decimals: 0,
              noValue: 'no data',
              lines: [{ query: selector(targetMetric.samples, ofJob), legend: '{{instance}}' }],
            }),
          ],
        ],
      },
    ],
  }
}
