import { type Html, html } from '../html.ts'

/** The words of a report, a paragraph each, for people who read one for the first time. */
const words: readonly (readonly [word: string, meaning: string])[] = [
  [
    'flow, source, target, replicator',
    'One direction of replication: what producers write to the source cluster is copied by the replicator to the target cluster. Tidemark watches from outside and only reads.',
  ],
  [
    'recovery point, exposure',
    'The newest instant such that every record that the source had accepted by then is proven to be on the target, or is counted as lost. The exposure is the time from then until now: what would be lost if the source died now. A flow has the recovery point of its worst topic.',
  ],
  [
    'proven',
    'It rests on what the replicator itself committed after the target had acknowledged it, or on records that were read on both sides and compared. It stays true when a cluster stops answering: then the exposure grows by itself, because nothing newer is proven.',
  ],
  [
    'estimated',
    'Made from timestamps of records or from positions that the replicator has not committed. It is shown for people, under its own name; no verdict, no alert and no figure of a month rests on it.',
  ],
  [
    'budget, deadline',
    'The exposure that the business accepts (RPO). The deadline is the instant after which the budget is no longer shown to be kept, unless something newer is proven before.',
  ],
  ['covered', 'Nothing is missing on the target as of the last poll.'],
  ['behind', 'Something is missing on the target, and the replicator moves.'],
  [
    'stalled',
    'Something is missing on the target, and the replicator has not moved for three polls and two of its flush intervals.',
  ],
  ['pending', 'Something is missing in a new topic that the replicator has not begun yet.'],
  [
    'unknown',
    'It cannot be told, for a reason that is named: a cluster that does not answer, a permission, a topic that was recreated. Unknown never means that all is well.',
  ],
  [
    'lost, possibly lost',
    'Offsets of the source that were deleted there before they were copied, and that will never be copied; or of which that is not excluded. They are counted since the exporter was started.',
  ],
  [
    'audit',
    'Reading records of the source and their copies on the target, and comparing them one by one, in a slow rotation over all partitions. Proven: they are the same. Contradicted: they are not. Inconclusive: what was read proves neither. Unreadable: it could not be read.',
  ],
  [
    'objective, error budget',
    'The objective is the share of time in which the budget is to be kept. What is left of the whole is the time that may be bad: the error budget.',
  ],
  [
    'maintenance, failed over',
    'Announced in the configuration. The flow is observed as ever, and the time is outside of the SLO: neither good nor bad.',
  ],
]

/** The glossary as a section. */
export function glossary(): Html {
  return html`<section>
<h2>What the words mean</h2>
<dl>${words.map(
    ([word, meaning]) => html`<div class="keep"><dt>${word}</dt><dd>${meaning}</dd></div>
`,
  )}</dl>
</section>`
}

/** How a month is judged, for those who have to rely on it; the same as in docs/report.md. */
export function monthDefinition(intervals: string): Html {
  return html`<section>
<h2>How the month is judged</h2>
<p>The recording rules of Tidemark are evaluated by Prometheus at a fixed interval (${intervals}), and each evaluation is one sample, here read as it was stored and not in coarser steps. A sample stands until the next one; where the next one comes later than the interval, it stands for one interval, and the rest is a time without data. Months are in UTC and begin with their first instant.</p>
<p><strong>Good</strong> is the time in which the budget was shown to be kept. <strong>Bad</strong> is the time after a deadline had passed, and the time in which no exporter told a deadline for longer than a restart takes (nobody reported): that nobody looked is no excuse. Maintenance and failed-over times that the configuration announced are <strong>outside</strong> of the SLO. The rest is neither: the rules ran and no exporter could tell yet (not judged, such as the moments after a restart), or Prometheus has no sample at all (no data).</p>
<p>The share of a month is good time by good and bad time. Because of times of which nobody knows, two more shares are given: as if all of them had been bad, and as if all of them had been good. The objective is <strong>kept</strong> only if the first of the two reaches it, <strong>not kept</strong> only if the second does not; in between it <strong>cannot be told</strong>. The error budget is what the objective leaves of the good and bad time.</p>
<p>A breach lasts from the first bad moment until somebody tells something else: silence does not end it. How far the deadline had passed at worst is the exposure beyond the budget of the topic that was worst off. Where a breach was there before the month or stayed after it, the seven days around the month are read for its begin and end; only its time inside of the month counts.</p>
</section>`
}
