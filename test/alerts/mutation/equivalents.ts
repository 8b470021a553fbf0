/** A change that no story can tell from the rules as they are, and why. */
export interface Equivalent {
  readonly rule: string
  /** As a mutant says it; the beginning is enough. */
  readonly what: string
  readonly why: string
}

const isOne = 'an info metric is 1'

export const equivalents: readonly Equivalent[] = [
  {
    rule: 'shard:tidemark_rpo_retracted:timestamp',
    what: '[1d] is [259200s] in replica:tidemark_clock_off:bool',
    why: 'what that clock said is forgotten after a day as well',
  },
  {
    rule: 'flow:tidemark_expected:info',
    what: '[1d] is [259200s]',
    why: 'a tier and what it is joined with come from the same pages, and are forgotten together',
  },
  {
    rule: 'flow:tidemark_expected:info',
    what: '0 is 1 ',
    why: 'a maintenance has no end, which is 0, or one that is long after 1970',
  },
  {
    rule: 'TidemarkTopicsDiverged',
    what: 'sum is max',
    why: 'it fires from 1, and the figure is for people',
  },
  { rule: 'TidemarkVersionMismatch', what: 'count is sum', why: isOne },
  { rule: 'TidemarkWatchdog', what: '1 is', why: 'any value fires' },
]

export function whyEquivalent(rule: string, what: string): string | undefined {
  return equivalents.find(known => known.rule === rule && what.startsWith(known.what))?.why
}
