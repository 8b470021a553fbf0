import type { FlowSummaryView, FlowsView, TopicSummaryView } from '../schema.ts'

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
  return verdictOn(flow, flow, isPastBudget(flow, now), flow.budgetUsedRatio)
}

/** The same of one of its topics. */
export function topicVerdictOf(topic: TopicSummaryView, flow: AnyFlowView, now: string): Verdict {
  const leftSeconds = (Date.parse(topic.deadline) - Date.parse(now)) / 1000
  const isPast = flow.state.kind === 'active' && leftSeconds < 0
  return verdictOn(topic, flow, isPast, 1 - leftSeconds / topic.budgetSeconds)
}

type Judged = Pick<FlowSummaryView, 'status' | 'lostRecords' | 'possiblyLostRecords' | 'mismatchedRecords'>

function verdictOn(judged: Judged, flow: AnyFlowView, isPast: boolean, budgetUsedRatio: number): Verdict {
  if (flow.state.kind === 'failed_over') return verdict('idle', 'Failed over', 'is failed over')
  if (flow.state.kind === 'maintenance') return verdict('idle', 'In maintenance', 'is in maintenance')
  if (isPast) return verdict('breached', 'Past its budget', 'is past its budget')
  if (judged.lostRecords !== '0') return verdict('breached', 'Records are lost', 'has lost records')
  if (judged.mismatchedRecords > 0)
    return verdict('breached', 'Records are wrong', 'has wrong records on its target')
  if (isStale(flow) || judged.status === 'unknown') return verdict('blind', 'Cannot tell', 'cannot be judged')
  if (judged.possiblyLostRecords !== '0')
    return verdict('near', 'Records may be lost', 'may have lost records')
  if (judged.status === 'stalled') return verdict('near', 'Stalled', 'is stalled')
  if (budgetUsedRatio >= 0.5) return verdict('near', 'Half of the budget used', 'has used half of its budget')
  return verdict('kept', 'Budget kept', 'keeps its budget')
}

/** Polls have stopped ending: what is shown is about a time long gone. */
export function isStale(flow: AnyFlowView): boolean {
  return flow.status !== 'not_polled' && flow.stale
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
