/** A change that no story can tell from the rules as they are, and why. */
export interface Equivalent {
  readonly rule: string
  /** As a mutant says it; the beginning is enough. */
  readonly what: string
  readonly why: string
}

const onlyThere = 'only whether it is there matters'
const timesZero = 'what it gives is multiplied by 0'
const isOne = 'an info metric is 1'
const joined = 'it is joined with what is bridged for 90 seconds'

const bridgedTogether = [
  'TidemarkPartitionsUnobserved',
  'TidemarkHeartbeatsStopped',
  'TidemarkBudgetImpossible',
  'TidemarkRetentionDeadlineNear',
]

export const equivalents: readonly Equivalent[] = [
  {
    rule: 'flow:tidemark_active:bool',
    what: 'max is min in max without (instance, pod, shard, state) (kafka_replication_flow_state)',
    why: timesZero,
  },
  {
    rule: 'shard:tidemark_rpo_retracted:timestamp',
    what: '[1d] is [259200s] in replica:tidemark_clock_off:bool',
    why: 'what that clock said is forgotten after a day as well',
  },
  {
    rule: 'flow:tidemark_rpo_breached:bool',
    what: '0 is 1 (at 110)',
    why: 'one second of a deadline that rests on nothing',
  },
  { rule: 'TidemarkBudgetMissing', what: 'max is min', why: onlyThere },
  { rule: 'TidemarkFlowUnobservable', what: 'max is min', why: onlyThere },
  {
    rule: 'TidemarkObservationStale',
    what: '[90s] is [270s] in tidemark_poll_interval_seconds',
    why: joined,
  },
  ...bridgedTogether.map(rule => ({ rule, what: '[90s] is [270s]', why: joined })),
  {
    rule: 'TidemarkTopicsDiverged',
    what: 'sum is max',
    why: 'it fires from 1, and the figure is for people',
  },
  { rule: 'TidemarkVersionMismatch', what: 'count is sum', why: isOne },
  { rule: 'TidemarkWatchdog', what: '1 is', why: 'any value fires' },
  ...['TidemarkRecordsLost', 'TidemarkRecordsPossiblyLost'].map(rule => ({
    rule,
    what: `max is min in max without (instance, pod, shard) (${rule === 'TidemarkRecordsLost' ? 'kafka_replication_flow_lost_records_total' : 'kafka_replication_flow_possibly_lost_records_total'} offset 1h)`,
    why: onlyThere,
  })),
]

export function whyEquivalent(rule: string, what: string): string | undefined {
  return equivalents.find(known => known.rule === rule && what.startsWith(known.what))?.why
}
