import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { lastOf, maxOf, metric } from '../alerts/promql.ts'
import { type AlertTimings, bridgeMs, promDuration } from '../alerts/timings.ts'
import { assembled, linkTo, uid } from './assemble.ts'
import { flowExpressions } from './expressions.ts'
import { colour, flowStates, missingAs, rangeMapping, usedWords, wordForEach, wordsOf } from './meanings.ts'
import { plain, reference, type StatOptions, stat, table, text, usedSteps } from './panels.ts'

/** As many flows as can be read from four metres. */
const shown = 5

const fontSizes = { title: 26, value: 42 }

const legend = `**If a source cluster died now.** Times are UTC. Green: the budget is kept. Yellow: half of it is used, or nothing moves. Red: it is passed, or records are lost. Purple: nobody can tell. Grey: maintenance, failed over.`

/**
 * One screen, to be read from four metres: the worst flows first. 22 cells are 828 pixels: 1080 without 40 of Grafana's
 * bar, 40 of its controls and 60 of variables leave 940, a browser's own frame and Grafana's kiosk mode about the same.
 */
export function nocWall(timings: AlertTimings): Dashboard {
  const bridge = promDuration(bridgeMs(timings))
  const flows = flowExpressions(timings)
  const toFlow = linkTo(uid.flow, 'This flow', { flow: reference('__data.fields.flow:percentencode') })
  // The same rows in the same order in each panel, so that flows in the same state stand side by side too.
  const ofWorst = (query: string): Pick<StatOptions, 'queries' | 'rows' | 'fontSizes' | 'link'> => ({
    queries: [flows.state, flows.withEveryFlow(query)],
    rows: { show: 'Value #B', sortBy: 'Value #A', label: 'flow', count: shown },
    fontSizes,
    link: toFlow,
  })

  return assembled({
    uid: uid.noc,
    title: 'Tidemark: NOC wall',
    description:
      'The worst flows first: their state, how much of their RPO budget is used, what would be lost.',
    refresh: '30s',
    from: 'now-1h',
    variables: [],
    annotations: [],
    sections: [
      {
        lines: [
          {
            height: 4,
            panels: [
              [7, text('', legend)],
              [
                6,
                stat({
                  title: 'How old is the oldest data?',
                  description:
                    'The time since both clusters of a flow last answered, of the active flow for which that is longest. It goes on counting while the exporter is away. Purple after two minutes, when a flow counts as blind with polls every 15 seconds; "never": a flow was never seen.',
                  unit: 's',
                  decimals: 0,
                  noValue: 'no data',
                  queries: [`max((${flows.age}) and ${flows.active} == 1 or (${flows.active} == 1) * Inf)`],
                  mappings: [rangeMapping(1e9, null, 'never', colour.unknown), missingAs('no data')],
                  steps: [
                    [null, colour.plain],
                    [120, colour.unknown],
                  ],
                  fontSizes,
                }),
              ],
              [
                11,
                stat({
                  title: 'Do the clusters answer?',
                  description:
                    'Four clusters, those first that did not answer the last poll of any exporter. Purple: what happens there cannot be seen.',
                  unit: 'none',
                  noValue: 'no data',
                  queries: [`bottomk(4, ${maxOf(lastOf(metric.clusterUp, bridge))})`],
                  legend: '{{kafka_cluster}}',
                  mappings: wordForEach(
                    [
                      { word: 'silent', colour: colour.unknown },
                      { word: 'answers', colour: colour.kept },
                    ],
                    'no data',
                  ),
                  fontSizes: { title: 22, value: 32 },
                }),
              ],
            ],
          },
          {
            height: 11,
            panels: [
              [
                8,
                stat({
                  title: 'Which flows are worst?',
                  description: `The ${shown} worst flows, the worst first, and what is the matter. "unreported": no exporter says anything of the flow. "blind": its clusters have not both answered lately. "partly unknown": a topic has no proven recovery point, or cannot be judged.`,
                  unit: 'none',
                  noValue: 'no data',
                  queries: [flows.state],
                  rows: { show: 'Value', sortBy: 'Value', label: 'flow', count: shown },
                  mappings: wordsOf(flowStates, 'no data'),
                  fontSizes,
                  link: toFlow,
                }),
              ],
              [
                8,
                stat({
                  title: 'How much of the RPO budget is used?',
                  description: `Of the same flows. At 100 % the budget is no longer shown to be kept. Yellow from half of it, red when it is passed; purple: nobody reports a deadline; grey: the flow is in maintenance or failed over.`,
                  unit: 'percentunit',
                  decimals: 0,
                  noValue: 'no data',
                  mappings: usedWords,
                  steps: usedSteps,
                  ...ofWorst(flows.used),
                }),
              ],
              [
                8,
                stat({
                  title: 'How much would be lost?',
                  description:
                    'Of the same flows: the time since their proven recovery point. Everything that the source accepted before is on the target. "none proven": a topic has no proven recovery point, so that nothing bounds what would be lost.',
                  unit: 's',
                  decimals: 1,
                  noValue: 'no data',
                  mappings: [missingAs('none proven')],
                  steps: plain,
                  ...ofWorst(flows.exposure),
                }),
              ],
            ],
          },
          {
            height: 7,
            panels: [
              [
                24,
                table({
                  title: 'What cannot be seen, of every flow?',
                  description:
                    'All flows of the last day, the worst first. The age of the data is the time since both clusters answered. Unknown topics are those of which nobody can tell whether they are copied; no value there: the topics in scope could not be listed.',
                  noValue: 'no data',
                  key: {
                    label: 'flow',
                    name: 'Flow',
                    link: toFlow,
                  },
                  sortBy: 'State',
                  columns: [
                    {
                      name: 'State',
                      query: flows.state,
                      unit: 'none',
                      mappings: wordsOf(flowStates),
                      width: 200,
                    },
                    {
                      name: 'Age of the data',
                      query: flows.withEveryFlow(flows.age),
                      unit: 's',
                      decimals: 0,
                      mappings: [missingAs('never seen')],
                      steps: plain,
                    },
                    {
                      name: 'Unknown topics',
                      query: flows.withEveryFlow(flows.unknownTopics),
                      unit: 'none',
                      mappings: [missingAs('cannot be listed')],
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
        ],
      },
    ],
  })
}
