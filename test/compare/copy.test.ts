import { describe, expect, test } from 'vitest'
import { matchStretch } from '../../src/compare/copy.ts'
import { aWindow } from '../support/windows.ts'

const match = (source: string, target: string, sourceFrom = 0, targetFrom = 0) =>
  matchStretch(aWindow(sourceFrom, source), aWindow(targetFrom, target))

describe('a stretch and its copy', () => {
  test('that are the same', () => {
    expect(match('a b c', 'a b c', 10, 20)).toEqual({
      matched: 3,
      lowest: { source: 10n, target: 20n },
      lowestUnique: undefined,
      unplaced: [],
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

  test('a record that was stepped over', () => {
    expect(match('a b c d', 'a b d', 10, 20)).toMatchObject({ matched: 3, skipped: [12n], mismatches: [] })
  })

  test('several that were stepped over', () => {
    expect(match('a b c d e f', 'a e f').skipped).toEqual([1n, 2n, 3n])
  })

  test('a record that stands elsewhere on the target was not stepped over', () => {
    expect(match('a b c d', 'b a d').skipped).not.toContain(1n)
  })
})

describe('where nothing matches', () => {
  test('the search goes on below in the target, and stays where it is in the source', () => {
    expect(match('a b c', 'x y z', 10, 20)).toEqual({
      matched: 0,
      lowest: undefined,
      lowestUnique: undefined,
      unplaced: [],
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
