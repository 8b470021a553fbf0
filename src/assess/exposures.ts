import type { FlowAssessment, TopicAssessment } from '../model/assessment.ts'
import type { ExposureHistory, FlowExposures, FlowSlot, TopicExposures } from '../model/exposures.ts'
import { stateAt } from '../model/flow.ts'
import type { Instant } from '../model/time.ts'

/** Six hours each with the usual schedule. A slot holds at least one poll, so that a slot without one means something. */
const flowSlots = 360
const flowSlotMs = 60_000
const topicSlots = 72
const topicSlotMs = 300_000

/**
 * The history with one more poll, or that poll alone where slots have become of another length: pure, and never longer than 360 slots for the flow and 72 for a topic (2 bytes each).
 * The exposure of a slot is the greatest that anybody was shown in it, which is the one right before a poll proves more.
 */
export function exposuresAfter(
  previous: ExposureHistory | undefined,
  assessment: FlowAssessment,
  pollMs: number,
): ExposureHistory {
  const [ofFlow, ofTopic] = [Math.max(flowSlotMs, 2 * pollMs), Math.max(topicSlotMs, 2 * pollMs)]
  return {
    flow: flowExposures(inSlotsOf(ofFlow, previous?.flow), assessment, ofFlow),
    topics: topicExposures(inSlotsOf(ofTopic, previous?.topics), assessment, ofTopic),
  }
}

/** Slots are numbered by their length. */
function inSlotsOf<T extends { readonly slotMs: number }>(
  slotMs: number,
  previous: T | undefined,
): T | undefined {
  return previous?.slotMs === slotMs ? previous : undefined
}

function flowExposures(
  previous: FlowExposures | undefined,
  { flow, facts, recoveryPoint, deadline }: FlowAssessment,
  slotMs: number,
): FlowExposures {
  const { at } = facts
  const slot = Math.floor(at / slotMs)
  const newest = previous?.slots.at(-1)
  const same = newest?.slot === slot ? newest : undefined
  const isActive = stateAt(flow, at + facts.clocks.offsetMs).kind === 'active'
  const overdue = isActive && at > Math.min(deadline, previous?.deadline ?? deadline)
  const next: FlowSlot = {
    slot,
    exposureMs: greatest(exposure(at, recoveryPoint, previous?.recoveryPoint), same),
    kept: !overdue && same?.kept !== false,
  }
  const before = previous?.slots.filter(entry => entry.slot > slot - flowSlots && entry.slot < slot) ?? []
  return { slotMs, slots: [...before, next], recoveryPoint, deadline }
}

/** Right before the poll, if it proved more; undefined where it found no proven point. */
function exposure(at: Instant, point: Instant | undefined, before: Instant | undefined): number | undefined {
  return point === undefined ? undefined : at - Math.min(point, before ?? point)
}

function greatest(exposureMs: number | undefined, same: FlowSlot | undefined): number | undefined {
  if (same === undefined) return exposureMs
  if (exposureMs === undefined || same.exposureMs === undefined) return undefined
  return Math.max(exposureMs, same.exposureMs)
}

function topicExposures(
  previous: TopicExposures | undefined,
  { facts, topics }: FlowAssessment,
  slotMs: number,
): TopicExposures {
  const slot = Math.floor(facts.at / slotMs)
  const isNewSlot = previous?.columns.at(-1)?.slot !== slot
  const kept = previous === undefined || !isNewSlot ? previous : withoutGone(previous, topics)
  const rowOf = rowsFor(kept?.rowOf, topics)
  const same = isNewSlot ? undefined : kept?.columns.at(-1)
  const values = new Uint16Array(rowOf.size)
  if (same !== undefined) values.set(same.values)
  const recoveryPoints = new Float64Array(rowOf.size).fill(Number.NaN)
  const shown = kept?.recoveryPoints
  for (const { topic, recoveryPoint } of topics) {
    const row = rowOf.get(topic)
    if (row === undefined) continue
    const before = shown?.[row]
    const known = before === undefined || Number.isNaN(before) ? undefined : before
    const encoded = encodeExposure(exposure(facts.at, recoveryPoint, known))
    values[row] = Math.max(values[row] ?? 0, encoded)
    recoveryPoints[row] = recoveryPoint ?? Number.NaN
  }
  const before = kept?.columns.filter(column => column.slot > slot - topicSlots && column.slot < slot) ?? []
  return { slotMs, rowOf, columns: [...before, { slot, values }], recoveryPoints }
}

/** Rows are numbered once, so that a poll copies one column and not the table. */
function rowsFor(
  rowOf: ReadonlyMap<string, number> | undefined,
  topics: readonly TopicAssessment[],
): ReadonlyMap<string, number> {
  const added = rowOf === undefined ? topics : topics.filter(({ topic }) => !rowOf.has(topic))
  if (rowOf !== undefined && added.length === 0) return rowOf
  const rows = new Map(rowOf)
  for (const { topic } of added) rows.set(topic, rows.size)
  return rows
}

/** The table without the topics that left the scope; once a slot, so that they cannot pile up. */
function withoutGone(table: TopicExposures, topics: readonly TopicAssessment[]): TopicExposures {
  const known = topics.filter(({ topic }) => table.rowOf.has(topic))
  if (known.length === table.rowOf.size) return table
  const rows = known.flatMap(({ topic }) => table.rowOf.get(topic) ?? [])
  return {
    ...table,
    rowOf: new Map(known.map(({ topic }, row) => [topic, row])),
    columns: table.columns.map(({ slot, values }) => ({
      slot,
      values: Uint16Array.from(rows, row => values[row] ?? noPoint),
    })),
    recoveryPoints: Float64Array.from(rows, row => table.recoveryPoints[row] ?? Number.NaN),
  }
}

/** Greater than any exposure, so that it wins in its slot. */
const noPoint = 0xffff
const secondsUpTo = 0x8000

/** Two bytes: seconds up to nine hours, minutes up to 22 days, both rounded up, and "no proven point". */
export function encodeExposure(exposureMs: number | undefined): number {
  if (exposureMs === undefined) return noPoint
  const seconds = Math.max(0, Math.ceil(exposureMs / 1000))
  if (seconds < secondsUpTo) return seconds
  return Math.min(noPoint - 1, secondsUpTo + Math.ceil((seconds - secondsUpTo) / 60))
}

/** Seconds; undefined for "no proven point" and for a topic that the column does not have. */
export function decodeExposure(value: number | undefined): number | undefined {
  if (value === undefined || value === noPoint) return undefined
  return value < secondsUpTo ? value : secondsUpTo + (value - secondsUpTo) * 60
}
