/** A change that no story can tell from the rules as they are, and why. */
export interface Equivalent {
  readonly rule: string
  /** As a mutant says it; the beginning is enough. */
  readonly what: string
  readonly why: string
}

export const equivalents: readonly Equivalent[] = []

export function whyEquivalent(rule: string, what: string): string | undefined {
  return equivalents.find(known => known.rule === rule && what.startsWith(known.what))?.why
}
