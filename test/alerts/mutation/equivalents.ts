/** A change that no story can tell from the rules as they are, and why. */
export interface Equivalent {
  readonly rule: string
  /** As a mutant says it; the beginning is enough. */
  readonly what: string
  readonly why: string
}

const onlyThere = 'only whether it is there matters'
const timesZero = 'what it gives is multiplied by 0'

export const equivalents: readonly Equivalent[] = [
  {
    rule: 'flow:tidemark_active:bool',
    what: 'max is min in max without (instance, pod, shard, state) (kafka_replication_flow_state)',
    why: timesZero,
  },
  {
    rule: 'TidemarkBudgetMissing',
    what: 'max is min',
    why: onlyThere,
  },
  {
    rule: 'TidemarkFlowUnobservable',
    what: 'max is min',
    why: onlyThere,
  },
]

export function whyEquivalent(rule: string, what: string): string | undefined {
  return equivalents.find(known => known.rule === rule && what.startsWith(known.what))?.why
}
