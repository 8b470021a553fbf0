import { type Html, html, nothing } from '../html.ts'
import type { PartitionView, TopicDetailView } from '../schema.ts'
import { count, plural } from '../words.ts'
import { page } from './document.ts'
import { figures } from './figures.ts'
import { statusChip } from './flowCard.ts'
import { asOf } from './flowsPage.ts'
import { pager } from './pager.ts'
import { sparkline } from './sparkline.ts'
import { table } from './table.ts'
import { agoText, flowHref, offsetText, secondsText, timeText, topicHref } from './texts.ts'
import { topicVerdictOf } from './verdict.ts'

/** The page at `/flows/{flow}/topics/{topic}`: one topic, and its partitions with the basis of each figure. */
export function topicPage(view: TopicDetailView): string {
  const { flow, topic, now } = view
  const { tone, sign, words } = topicVerdictOf(topic, flow, now)
  return page({
    title: `${words}: ${topic.topic}`,
    now,
    path: [
      { name: 'All flows', href: '/' },
      { name: flow.flow, href: flowHref(flow.flow) },
      { name: topic.topic },
    ],
    json: `/api/v1${topicHref(flow.flow, topic.topic)}`,
    configuration: view.configuration,
    main: html`${asOf(view)}<article class="flow ${tone}">
<div class="head">
<h1>${topic.topic}</h1>
<span class="chip full">${sign} ${words}</span> ${statusChip(topic.status, flow, now)}
<span class="soft">${flow.source} to ${flow.target}, where it is ${topic.targetTopic}</span>
</div>
${flow.state.summary === null ? nothing : html`<p><strong>${flow.state.summary}</strong></p>\n`}<p class="loss">${capital(topic.summary)}.</p>
<p>${budget(topic, now)}</p>
<div class="wide">${topic.exposureHistory === null ? nothing : sparkline({ id: 'exposure', of: topic.topic, history: topic.exposureHistory, budgetSeconds: topic.budgetSeconds, now })}</div>
${topicFigures(topic, now)}</article>
${partitions(view)}`,
  })
}

function budget(topic: TopicDetailView['topic'], now: string): string {
  const words = `The ${secondsText(topic.budgetSeconds)} budget`
  if (topic.recoveryPoint === null && Date.parse(topic.deadline) >= Date.parse(now)) {
    return `Whether the ${secondsText(topic.budgetSeconds)} budget is kept cannot be shown; from ${timeText(topic.deadline, now)} on it counts as passed.`
  }
  return Date.parse(topic.deadline) < Date.parse(now)
    ? `${words} has not been shown to be kept since ${timeText(topic.deadline, now)}, ${agoText(topic.deadline, now)}.`
    : `${words} is shown to be kept until ${timeText(topic.deadline, now)}.`
}

function topicFigures(topic: TopicDetailView['topic'], now: string): Html {
  const { offsetSyncFresh: fresh } = topic
  const atMost = (records: string | null): string =>
    records === null ? 'unknown: a partition is unknown' : offsetText(records)
  return figures([
    ['Records missing, at most', atMost(topic.lagRecords)],
    [
      'Certainly missing',
      topic.missingRecords === null ? 'unknown: records were not read' : count(topic.missingRecords),
    ],
    [
      'Missing, by the estimate',
      topic.estimatedLagRecords === null ? 'no estimate' : offsetText(topic.estimatedLagRecords),
    ],
    [
      'Found lost',
      `${offsetText(topic.lostRecords)}, possibly ${offsetText(topic.possiblyLostRecords)} more`,
    ],
    ['Found wrong on the target', count(topic.mismatchedRecords)],
    [
      'Offset syncs',
      fresh === null
        ? 'cannot be judged'
        : fresh
          ? 'translate what was produced'
          : 'too old to translate what was produced',
    ],
    ['Retention starts to delete what waits', retention(topic, now)],
    ['Partitions judged', `${count(topic.partitionsObserved)} of ${count(topic.partitionsExpected)}`],
  ])
}

function retention({ retentionDeadline, lagRecords }: TopicDetailView['topic'], now: string): string {
  if (retentionDeadline !== null) return timeText(retentionDeadline, now)
  return lagRecords === '0' ? 'nothing waits' : 'never, or it cannot be told'
}

function partitions({ flow, topic, partitions, page, pages, now }: TopicDetailView): Html {
  const path = topicHref(flow.flow, topic.topic)
  return html`${table({
    caption: `${plural(topic.partitionsExpected, 'partition')}, worst first${pages > 1 ? `, page ${count(page)} of ${count(pages)}` : ''}`,
    columns: ['Partition', 'Status', 'Would be lost, and how that is known'],
    rows: partitions.map(partition => ({
      key: `partition ${partition.partition}`,
      header: html`<span class="spare">Partition </span>${partition.partition}`,
      status: partition.status,
      words: html`${capital(partition.summary)}.
<details><summary>Basis<span class="unseen"> of partition ${partition.partition}</span></summary>
${basis(partition, now)}</details>`,
    })),
  })}${pager({ path, chosen: [], page, pages })}`
}

function basis(partition: PartitionView, now: string): Html {
  const { highWatermark, highWatermarkAt, basis, tail, audit, cause, unreadable, unknown } = partition
  const sync = basis.offsetSync
  const point = partition.recoveryPoint
  return figures([
    ...(unknown === null ? [] : [['Why unknown', `${unknown.reason}: ${unknown.detail}`] as const]),
    [
      'Source accepted',
      highWatermark === null || highWatermarkAt === null
        ? 'unknown: never seen'
        : `offsets below ${offsetText(highWatermark)}, seen at ${timeText(highWatermarkAt, now)}`,
    ],
    [
      'Proven on the target',
      partition.replicatedPosition === null
        ? 'unknown: no position counts'
        : `offsets below ${offsetText(partition.replicatedPosition)}`,
    ],
    ['Recovery point', point === null ? 'none is proven' : `${timeText(point, now)}, ${restsOn(partition)}`],
    [
      'Committed offset',
      basis.committedOffset === null
        ? 'none seen'
        : `${offsetText(basis.committedOffset)}, by the replicator`,
    ],
    [
      'Offset sync',
      sync === null
        ? 'none seen'
        : `${offsetText(sync.source)} on the source is ${offsetText(sync.target)} on the target${sync.writtenAt === null ? '' : `, written at ${timeText(sync.writtenAt, now)}`}`,
    ],
    ['Estimate', estimate(partition, now)],
    [
      'Tail',
      tail === null
        ? 'not read'
        : `${tail.why}; read at ${timeText(tail.readAt, now)} as ${tail.isolationLevel}`,
    ],
    [
      'Audit',
      audit === null
        ? 'not looked at yet'
        : `${audit.outcome} at ${timeText(audit.at, now)}: ${audit.detail}; ${audit.completedAt === null ? 'not yet down to where the log begins' : `complete at ${timeText(audit.completedAt, now)}`}`,
    ],
    ...(unreadable === null
      ? []
      : [['Records cannot be read', `${unreadable.reason}: ${unreadable.detail}`] as const]),
    ...(cause === null
      ? []
      : [
          [
            'Open transaction',
            `${cause.detail}${cause.ageSeconds === null ? '' : `, last written ${secondsText(cause.ageSeconds)} ago`}`,
          ] as const,
        ]),
    ['Lost ranges', partition.lost.length === 0 ? 'none seen' : ranges(partition, now)],
    ['Mismatches', partition.mismatches.length === 0 ? 'none seen' : mismatches(partition, now)],
    ...(partition.retentionDeadline === null
      ? []
      : [['Retention starts to delete what waits', timeText(partition.retentionDeadline, now)] as const]),
  ])
}

function restsOn({ recoveryPointBasis }: PartitionView): string {
  return recoveryPointBasis === 'content'
    ? 'because records were read or compared'
    : "because of the replicator's own commits"
}

function estimate(
  { estimatedRecoveryPoint: point, estimatedPosition, estimatedRecoveryPointBasis }: PartitionView,
  now: string,
): string {
  const position =
    estimatedPosition === null ? '' : `offsets below ${offsetText(estimatedPosition)} on the target`
  if (point === null) return position === '' ? 'none' : position
  const time = `recovery point ${timeText(point, now)}${estimatedRecoveryPointBasis === null ? '' : `, by ${estimatedRecoveryPointBasis.replaceAll('_', ' ')}`}`
  return position === '' ? time : `${position}; ${time}`
}

const itemsShown = 20

function ranges({ lost }: PartitionView, now: string): Html {
  return html`<ul>${lost.slice(-itemsShown).map(({ from, to, cause, certain, former, foundAt }) => html`<li>${offsetText(from)} to ${offsetText(to)} (not included): ${certain ? 'lost' : 'possibly lost'}, ${cause}, found at ${timeText(foundAt, now)}${former ? ', of a former log' : nothing}</li>`)}</ul>`
}

function mismatches({ mismatches }: PartitionView, now: string): Html {
  return html`<ul>${mismatches.slice(-itemsShown).map(({ source, target, foundAt }) => html`<li>source ${offsetText(source)}, target ${offsetText(target)}, found at ${timeText(foundAt, now)}</li>`)}</ul>`
}

function capital(sentence: string): string {
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1)
}
