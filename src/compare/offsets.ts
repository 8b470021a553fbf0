// Math.min and Math.max take no bigints.

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** The lower one of those that there are. */
export function least(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || b === undefined ? (a ?? b) : min(a, b)
}

export function atLeastZero(offset: bigint): bigint {
  return max(offset, 0n)
}
