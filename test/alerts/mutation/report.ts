import type { Fate } from './run.ts'

export interface Tried {
  readonly rule: string
  readonly what: string
  readonly fate: Fate | 'equivalent'
}

/** Killed of all, by rule. */
export function summaryOf(tried: readonly Tried[], seconds: number): string {
  const rules = [...new Set(tried.map(({ rule }) => rule))]
  return [
    ...rules.map(name => `${counted(tried.filter(({ rule }) => rule === name))}  ${name}`),
    `${counted(tried)}  in all, in ${seconds.toFixed(0)} s`,
  ].join('\n')
}

function counted(tried: readonly Tried[]): string {
  const of = (fate: Tried['fate']): number => tried.filter(each => each.fate === fate).length
  const equivalent = of('equivalent')
  const killed = of('killed') + of('invalid')
  const skipped = equivalent === 0 ? '' : `, ${equivalent} equivalent`
  return `${killed} of ${tried.length - equivalent} killed (${of('invalid')} are not valid${skipped})`.padEnd(
    56,
  )
}
