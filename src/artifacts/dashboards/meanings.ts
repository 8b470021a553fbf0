import { MappingType, SpecialValueMatch, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'

/** A colour means one thing on every dashboard. */
export const colour = {
  /** The budget is kept, the topic is covered. */
  kept: 'green',
  /** Half of a budget is used, or something waits. */
  waits: 'yellow',
  /** A budget is passed, or records are lost. */
  broken: 'red',
  /** Nobody can tell. */
  unknown: 'purple',
  /** Not expected to keep a budget, or nothing to judge. */
  aside: '#808080',
  /** A figure that is neither good nor bad. */
  plain: 'text',
} as const

export interface State {
  readonly word: string
  readonly colour: string
}

/** Of these codes one is the difference between neighbours of a scale; what is below sorts states that are the same. */
export const codeStep = 1_000

/** What a flow is, the worst last, so that a place in the list is a code that sorts. */
export const flowStates = {
  failedOver: { word: 'failed over', colour: colour.aside },
  maintenance: { word: 'maintenance', colour: colour.aside },
  kept: { word: 'budget kept', colour: colour.kept },
  halfUsed: { word: 'half used', colour: colour.waits },
  partlyUnknown: { word: 'partly unknown', colour: colour.unknown },
  stalled: { word: 'stalled', colour: colour.waits },
  blind: { word: 'blind', colour: colour.unknown },
  unreported: { word: 'unreported', colour: colour.unknown },
  recordsLost: { word: 'records lost', colour: colour.broken },
  pastBudget: { word: 'past budget', colour: colour.broken },
  pastBudgetBlind: { word: 'past budget, blind', colour: colour.broken },
} as const satisfies Readonly<Record<string, State>>

/** The same of a topic. */
export const topicStates = {
  covered: { word: 'covered', colour: colour.kept },
  pending: { word: 'pending', colour: colour.waits },
  behind: { word: 'behind', colour: colour.waits },
  unknown: { word: 'unknown', colour: colour.unknown },
  stalled: { word: 'stalled', colour: colour.waits },
  pastBudget: { word: 'past budget', colour: colour.broken },
  pastBudgetUnknown: { word: 'past budget, unknown', colour: colour.broken },
} as const satisfies Readonly<Record<string, State>>

/** The number that stands for a state of a scale. */
export function codeOf<Name extends string>(scale: Readonly<Record<Name, State>>, name: Name): number {
  return Object.keys(scale).indexOf(name) * codeStep
}

/** Codes as the words and colours of their states; `missing` stands for what has no value. */
export function wordsOf(scale: Readonly<Record<string, State>>, missing = 'unknown'): ValueMapping[] {
  return [
    ...Object.values(scale).map(({ word, colour: color }, index) =>
      rangeMapping(index * codeStep, (index + 1) * codeStep - 1, word, color, index),
    ),
    missingAs(missing),
  ]
}

/** What is shown in place of a value that is not there: never a number, and never green. */
export function missingAs(text: string, color: string = colour.unknown): ValueMapping {
  return {
    type: MappingType.SpecialValue,
    options: { match: SpecialValueMatch.NullAndNan, result: { text, color, index: 99 } },
  }
}

/** In place of the used share of a budget that nobody is expected to keep. */
export const notCounted = -1

/** In place of a time that is over. */
export const over = 0

/** Words for what is no time that is left; `word` is said when it is over. */
export function leftWords(word: string, missing: ValueMapping): readonly ValueMapping[] {
  return [
    rangeMapping(notCounted, notCounted, 'not counted', colour.aside),
    rangeMapping(over, over, word, colour.broken, 1),
    missing,
  ]
}

/** Words for what is no used share of a budget. */
export const usedWords: readonly ValueMapping[] = [
  rangeMapping(notCounted, notCounted, 'not counted', colour.aside),
  missingAs('unknown'),
]

/** A text for a range of values, both ends included; a null end is open. */
export function rangeMapping(
  from: number | null,
  to: number | null,
  text: string,
  color: string,
  index = 0,
): ValueMapping {
  return { type: MappingType.RangeToText, options: { from, to, result: { text, color, index } } }
}

/** Words for 0, 1, … */
export function wordForEach(states: readonly State[], missing = 'unknown'): ValueMapping[] {
  return [
    {
      type: MappingType.ValueToText,
      options: Object.fromEntries(
        states.map(({ word, colour: color }, index) => [String(index), { text: word, color, index }]),
      ),
    },
    missingAs(missing),
  ]
}
