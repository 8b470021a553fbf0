import type { FlowsView } from '../schema.ts'

export type AnyFlowView = FlowsView['flows'][number]

/** What a flow's colour says, worst first. */
export const tones = ['breached', 'blind', 'near', 'kept', 'idle'] as const
export type Tone = (typeof tones)[number]

export interface Verdict {
  readonly tone: Tone
  /** A sign, so that nothing is said by colour alone, and a few words. */
  readonly sign: string
  readonly words: string
  /** What follows the name of the flow in a sentence. */
  readonly says: string
}

export const signs: Readonly<Record<Tone, string>> = {
  breached: '✖',
  blind: '?',
  near: '▲',
  kept: '✔',
  idle: '◌',
}

/** What somebody woken at night has to know of a flow first. */
export function verdictOf(flow: AnyFlowView, now: string): Verdict {
  if (flow.status === 'not_polled') return verdict('blind', 'Not polled yet', 'has not been polled yet')
  if (flow.state.kind === 'failed_over') return verdict('idle', 'Failed over', 'is failed over')
  if (flow.state.kind === 'maintenance') return verdict('idle', 'In maintenance', 'is in maintenance')
  if (isPastBudget(flow, now)) return verdict('breached', 'Past its budget', 'is past its budget')
  if (flow.lostRecords !== '0') return verdict('breached', 'Records are lost', 'has lost records')
  if (flow.mismatchedRecords > 0)
    return verdict('breached', 'Records are wrong', 'has wrong records on its target')
  if (flow.stale || flow.status === 'unknown') return verdict('blind', 'Cannot tell', 'cannot be judged')
  if (flow.possiblyLostRecords !== '0') return verdict('near', 'Records may be lost', 'may have lost records')
  if (flow.status === 'stalled') return verdict('near', 'Stalled', 'is stalled')
  if (flow.budgetUsedRatio >= 0.5)
    return verdict('near', 'Half of the budget used', 'has used half of its budget')
  return verdict('kept', 'Budget kept', 'keeps its budget')
}

function verdict(tone: Tone, words: string, says: string): Verdict {
  return { tone, sign: signs[tone], words, says }
}

/** A flow that is in maintenance or failed over is not expected to keep its budget. */
export function isPastBudget(flow: AnyFlowView, now: string): boolean {
  return (
    flow.status !== 'not_polled' &&
    flow.state.kind === 'active' &&
    Date.parse(flow.deadline) < Date.parse(now)
  )
}

/** Worst first: by tone, within it the earliest deadline; one that was never polled has none and stands first. */
export function worstFlowsFirst(flows: readonly AnyFlowView[], now: string): readonly AnyFlowView[] {
  const rank = (flow: AnyFlowView): number => tones.indexOf(verdictOf(flow, now).tone)
  return flows.toSorted((a, b) => rank(a) - rank(b) || deadlineOf(a) - deadlineOf(b))
}

function deadlineOf(flow: AnyFlowView): number {
  return flow.status === 'not_polled' ? -Infinity : Date.parse(flow.deadline)
}

/** For the tab and the screen reader: the worst that there is to say. Changes only when that does. */
export function titleOf([worst]: readonly AnyFlowView[], now: string): string {
  return worst === undefined ? 'No flow is configured' : `${verdictOf(worst, now).words}: ${worst.flow}`
}
