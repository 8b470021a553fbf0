import { decodeExposure } from '../assess/exposures.ts'
import type { FlowExposures, TopicExposures } from '../model/exposures.ts'
import { type ClockReading, wallMsOf } from '../model/time.ts'
import type { FlowSummaryView, TopicDetailView } from './schema.ts'

/** As many as are kept of a flow. */
const slotsShown = 360

/** The exposures of a flow in the last hours, slot by slot; null before the first poll ended. */
export function flowHistory(
  exposures: FlowExposures | undefined,
  clock: ClockReading,
): FlowSummaryView['exposureHistory'] {
  if (exposures === undefined) return null
  const { slots, slotMs } = exposures
  const bySlot = new Map(slots.map(slot => [slot.slot, slot]))
  const numbers = slotNumbers(slots, slotMs, clock)
  return {
    ...slotsView(numbers, slotMs, clock),
    exposureSeconds: numbers.map(number => {
      const exposureMs = bySlot.get(number)?.exposureMs
      return exposureMs === undefined ? null : exposureMs / 1000
    }),
    budgetKept: numbers.map(number => bySlot.get(number)?.kept ?? null),
  }
}

/** The exposures of a topic in the last hours; null for one that was not seen. */
export function topicHistory(
  exposures: TopicExposures | undefined,
  topic: string,
  clock: ClockReading,
): TopicDetailView['topic']['exposureHistory'] {
  const row = exposures?.rowOf.get(topic)
  if (exposures === undefined || row === undefined) return null
  const { columns, slotMs } = exposures
  const bySlot = new Map(columns.map(({ slot, values }) => [slot, decodeExposure(values[row])]))
  const numbers = slotNumbers(columns, slotMs, clock)
  return {
    ...slotsView(numbers, slotMs, clock),
    exposureSeconds: numbers.map(number => bySlot.get(number) ?? null),
  }
}

function slotsView([first = 0]: readonly number[], slotMs: number, clock: ClockReading) {
  return { from: new Date(wallMsOf(first * slotMs, clock)).toISOString(), slotSeconds: slotMs / 1000 }
}

/** The slots to show, without a hole; the one that has just begun may have had no poll yet and is left out then. */
function slotNumbers(
  slots: readonly { readonly slot: number }[],
  slotMs: number,
  clock: ClockReading,
): readonly number[] {
  const newest = slots.at(-1)?.slot ?? 0
  const last = Math.max(newest, Math.floor(clock.now / slotMs) - 1)
  // Polls may have stopped long ago.
  const first = Math.max(slots[0]?.slot ?? 0, last - slotsShown + 1)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
