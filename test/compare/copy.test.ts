import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchStretch } from '../../src/compare/copy.ts'
import { aRecord, aWindow } from '../support/windows.ts'

const match = (source: string, target: string, sourceFrom = 0, targetFrom = 0) =>
  matchStretch(aWindow(sourceFrom, source), aWindow(targetFrom, target))

/** The end of the log, after its cleaner has been there: words that begin with the same letter are of the same key. */
function compacted(
  log: readonly string[],
  {
    readFrom,
    below,
    writtenLater,
  }: { readonly readFrom: number; readonly below: number; readonly writtenLater: readonly string[] },
): string[] {
  const left = log.map((word, offset) => {
    const newer = [...log.slice(offset + 1, below), ...(below > log.length ? writtenLater : [])]
    return offset < below && newer.some(other => other[0] === word[0]) ? '-' : word
  })
  return left.slice(readFrom)
}

describe('a stretch and its copy', () => {
  test('that are the same', () => {
    expect(match('a b c', 'a b c', 10, 20)).toEqual({
      matched: 3,
      isTelling: true,
      matches: [],
      lowest: { source: 10n, target: 20n },
      lowestUnique: undefined,
      unplaced: [],
      isForeignBelow: false,
      next: { source: 10n, target: 20n },
      mismatches: [],
      skipped: [],
    })
  })

  test.each([
    ['markers on the source', 'a | b c |', 'a b c'],
    ['markers on the target', 'a b c', 'a | b | c'],
    ['offsets that compaction left', 'a - b - c', 'a b c'],
    ['records that were sent again', 'a b c d', 'a b c b c d'],
    ['a foreign record', 'a b c', 'a x b c'],
    ['a record that compaction took from the target', 'a b c d', 'a - c d'],
    ['the longer run before a restart', 'a b c', 'a b c d e b c'],
  ])('%s are no contradiction', (_, source, target) => {
    expect(match(source, target)).toMatchObject({ mismatches: [], skipped: [] })
    expect(match(source, target).matched).toBeGreaterThanOrEqual(3)
  })

  test('whatever was sent again, compacted or written by others is no contradiction', () => {
    const slot = fc.record({
      word: fc.option(fc.constantFrom('a1', 'a2', 'b1', 'b2', 'c1', 'd1'), { freq: 6 }),
      foreign: fc.option(fc.constantFrom('a9', 'x1'), { freq: 1 }),
      resumesBackBy: fc.option(fc.integer({ min: 1, max: 8 }), { freq: 1 }),
    })
    const log = fc.record({
      readFrom: fc.nat({ max: 12 }),
      below: fc.nat({ max: 30 }),
      writtenLater: fc.subarray(['a', 'b', 'c', 'd', 'x']),
    })
    const story = fc.tuple(fc.array(slot, { maxLength: 14 }), log, log)
    fc.assert(
      fc.property(story, ([slots, onSource, onTarget]) => {
        const words = slots.map(({ word }) => word ?? '-')
        const written: string[] = []
        const stops = slots.map(({ resumesBackBy }) => resumesBackBy ?? 0)
        for (let at = 0; at < slots.length; at++) {
          const { foreign, word } = slots[at] ?? {}
          written.push(...[foreign, word].filter(it => typeof it === 'string'))
          // Here the engine is killed, once, and resumes behind where it had committed.
          const backBy = stops[at] ?? 0
          stops[at] = 0
          at = Math.max(-1, at - backBy)
        }
        const source = aWindow(onSource.readFrom, compacted(words, onSource).join(' '))
        const target = aWindow(onTarget.readFrom, compacted(written, onTarget).join(' '))
        expect(matchStretch(source, target)).toMatchObject({ mismatches: [], skipped: [] })
      }),
      { numRuns: 300 },
    )
  })

  test('has other timestamps where the target stamps records itself, and only there', () => {
    const stamped = (logAppendTime: boolean) => {
      const records = ['a', 'x', 'b'].map((word, offset) => aRecord(offset, word, { timestampMs: 5 }))
      return matchStretch(aWindow(0, 'a b'), { ...aWindow(0, 'a x b', { logAppendTime }), records }).matched
    }
    expect(stamped(true)).toBe(2)
    expect(stamped(false)).toBe(0)
  })

  // Records in another order: none is held to be lost, and as many as possible are recognised.
  test.each([
    ['the nearer copy, where the next record of the source lies nearer', 'a b c d e', 'b c d a e', 4],
    ['the nearer original, where the next record of the target lies nearer', 'b c d a e', 'a b c d e', 4],
    ['the nearest copy of several', 'a b c d d e', 'b c d a d e', 5],
    ['a copy below those that are taken', 'a a b', 'a x a b', 3],
    ['the nearest one below those that are taken', 'a a a b', 'a a x a b', 4],
  ])('is followed to %s', (_, source, target, matched) => {
    expect(match(source, target)).toMatchObject({ matched, mismatches: [], skipped: [] })
  })

  test('a record replaced by another one', () => {
    expect(match('a b c d', 'a b x d', 10, 20)).toMatchObject({
      matched: 3,
      mismatches: [{ source: 12n, target: 22n }],
      skipped: [],
    })
  })

  test.each([
    ['at the end of the stretch', 'a b c', 'a b x'],
    ['beside a hole on the target', 'a b c d', 'a - x d'],
    ['beside a hole on the source', 'a b - c', 'a x b c'],
  ])('a record that differs %s is not enough to say so', (_, source, target) => {
    expect(match(source, target).mismatches).toEqual([])
  })

  test('several that were replaced', () => {
    expect(match('a b c d e', 'a x y d e', 10, 20).mismatches).toEqual([
      { source: 12n, target: 22n },
      { source: 11n, target: 21n },
    ])
  })

  test('the oldest of both logs', () => {
    expect(match('a b c', 'x b c', 10, 20).mismatches).toEqual([])
    expect(match('a b c', 'x b c').mismatches).toEqual([{ source: 0n, target: 0n }])
  })

  test('the newest of both logs, where their ends belong together', () => {
    const [source, target] = [aWindow(0, 'a b c'), aWindow(0, 'a b x')]
    expect(matchStretch(source, target, { endsTogether: true }).mismatches).toEqual([
      { source: 2n, target: 2n },
    ])
    expect(matchStretch(source, target).mismatches).toEqual([])
  })

  const [eight, nine] = ['1 2 3 4 5 6 7 8', '1 2 3 4 5 6 7 8 9']
  test.each([
    ['up to eight in a row', `a ${eight} z`, 'a A B C D E F G H z', 8],
    ['no more than eight', `a ${nine} z`, 'a A B C D E F G H I z', 0],
    ['not below a hole on the source', 'a - x c', 'a y c', 0],
    ['not below a hole on the target', 'a x c', 'a - y c', 0],
    ['not beside a hole above, on the source', 'a x - c', 'a y c', 0],
    ['not beside a hole above, on the target', 'a x c', 'a y - c', 0],
    ['not amid a hole, on the source', 'a w - x c', 'a p q c', 0],
    ['not amid a hole, on the target', 'a w x c', 'a p - q c', 0],
    ['not two of them at the beginning of the logs', 'w x c', 'p q c', 0],
    ['not the first, where the target has one before it', 'x c', 'p q c', 0],
    ['not the first, where the source has one before it', 'w x c', 'p c', 0],
    ['not where one more lies below on the target', 'a x c d', 'a b p c d', 0],
    ['not where one more lies below on the source', 'a b x c d', 'a p c d', 0],
  ])('are said to be replaced %s', (_, source, target, count) => {
    expect(match(source, target).mismatches).toHaveLength(count)
  })

  test.each([
    ['both logs begin here', 0, 0, 1],
    ['the source begins further down', 1, 0, 0],
    ['the target begins further down', 0, 1, 0],
  ])('the oldest is replaced where %s', (_, sourceFrom, targetFrom, count) => {
    expect(match('x b c', 'y b c', sourceFrom, targetFrom).mismatches).toHaveLength(count)
    const unique = matchStretch(aWindow(sourceFrom, 'x b c'), aWindow(targetFrom, 'y b c'), {
      wantsUnique: true,
    })
    expect(unique.mismatches).toEqual([])
  })

  test.each([
    ['their newest records', 'a b x', 'a b y', 1],
    ['the newest of one of them', 'a b x c', 'a b y', 0],
    ['the newest of the other', 'a b x', 'a b y c', 0],
  ])('ends that belong together have replaced %s', (_, source, target, count) => {
    const found = matchStretch(aWindow(0, source), aWindow(0, target), { endsTogether: true })
    expect(found.mismatches).toHaveLength(count)
  })

  test('records that are the same in several places lead nowhere where contents have to tell them apart', () => {
    const unique = (source: string, target: string) =>
      matchStretch(aWindow(0, source), aWindow(0, target), { wantsUnique: true })
    const many = 'c d e f g h i j k l m'
    expect(unique(`a b ${many}`, `a b ${many}`).lowestUnique).toEqual({ source: 0n, target: 0n })
    expect(unique(`a b ${many} a`, `x b ${many} a`).lowestUnique).toEqual({ source: 1n, target: 1n })
    expect(unique(`a b ${many}`, `a a b ${many}`).lowestUnique).toEqual({ source: 1n, target: 2n })
    expect(unique(`a a ${many}`, `x a ${many}`).lowestUnique).toEqual({ source: 2n, target: 2n })
    expect(unique(`a b ${many}`, `a b ${many}`).matches).toHaveLength(13)
    expect(unique('a a b', 'a a b').lowestUnique).toBeUndefined()
    expect(unique('a a c d e f g h i j', 'a a c d e f g h i j')).toMatchObject({ isTelling: true })
    expect(unique('a a c d e f g h i', 'a a c d e f g h i')).toMatchObject({ isTelling: false })
  })

  test('a record amid others that stand elsewhere is only not in its place', () => {
    const found = match('a b c d', 'a x d')
    expect(found).toMatchObject({ skipped: [], mismatches: [] })
    expect(found.unplaced).toEqual([1n, 2n])
    expect(match('a b c', 'a b c').matches).toEqual([])
  })

  test('a record that was stepped over', () => {
    expect(match('a b c d', 'a b d', 10, 20)).toMatchObject({ matched: 3, skipped: [12n], mismatches: [] })
  })

  test.each([
    ['several in a row', 'a b c d e f', 'a e f', [1n, 2n, 3n]],
    ['several apart', 'a b c d e', 'a c e', [3n, 1n]],
    ['one between two that look alike', 'a x a b', 'a a b', [1n]],
    ['one after records that were sent again', 'a b x c', 'a b a b c', [2n]],
  ])('%s were stepped over', (_, source, target, skipped) => {
    expect(match(source, target)).toMatchObject({ skipped, mismatches: [] })
  })

  test('a record that stands elsewhere on the target was not stepped over', () => {
    expect(match('a b c d', 'b a d').skipped).not.toContain(1n)
  })
})

describe('where nothing matches', () => {
  test('the search goes on below in the target, and stays where it is in the source', () => {
    expect(match('a b c', 'x y z', 10, 20)).toEqual({
      matched: 0,
      isTelling: true,
      matches: [],
      lowest: undefined,
      lowestUnique: undefined,
      unplaced: [],
      isForeignBelow: false,
      next: { source: 13n, target: 20n },
      mismatches: [],
      skipped: [],
    })
  })

  test('the copy of a recreated topic ends where the old one begins', () => {
    expect(match('p q r s t', 'a b c s t')).toMatchObject({
      matched: 2,
      next: { source: 3n, target: 0n },
      skipped: [],
    })
  })
})
