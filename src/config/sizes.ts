import type { Parsed } from './parsed.ts'

const bytesIn = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/**
 * Reads `0`, `512KiB`, `4MiB` or `1GiB`.
 * @returns bytes, at most 1 GiB; else why not
 */
export function parseSize(text: string): Parsed<number> {
  if (text === '0') return { value: 0 }
  const [, digits, unit] = /^(\d+)(KiB|MiB|GiB)$/.exec(text) ?? []
  if (digits === undefined || unit === undefined) return { why: '' }
  const value = Number(digits) * bytesIn[unit as keyof typeof bytesIn]
  return value > bytesIn.GiB ? { why: 'it must be at most 1GiB' } : { value }
}
