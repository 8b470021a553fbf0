import type { LogRecord, RecordWindow } from '../model/inspection.ts'
import { areMostlyDistinct, fingerprintsOf, isCopy } from './fingerprints.ts'

export interface StretchMatch {
  /** Source records whose copy is where it should be. */
  readonly matched: number
  /** The lowest of them, and the lowest whose content no other record in sight has. */
  readonly lowest: ExactPair | undefined
  readonly lowestUnique: ExactPair | undefined
  /** All of them, where contents have to tell records apart; else none is told. */
  readonly matches: readonly ExactPair[]
  /** Below these offsets nothing was compared: where the next stretch ends. */
  readonly next: ExactPair
  /** Copies that are another record, between two neighbours that are right. */
  readonly mismatches: readonly ExactPair[]
  /** Whether contents tell records apart. */
  readonly isTelling: boolean
  /** Source records that have no copy although the copies of their neighbours are neighbours. */
  readonly skipped: readonly bigint[]
  /** Below the lowest match the target has records, and none of them is a copy of anything in sight. */
  readonly isForeignBelow: boolean
  /** Source records that have no copy in their place; something else may be the reason (compaction, a marker beside it). */
  readonly unplaced: readonly bigint[]
}

/** A source record and its copy. */
export interface ExactPair {
  readonly source: bigint
  readonly target: bigint
}

export interface MatchOptions {
  /** Whether contents have to tell records apart: where a wrong place could be taken for the right one. */
  readonly wantsUnique?: boolean
  /** The last record of the source and the last one of the target belong together, whatever they hold. */
  readonly endsTogether?: boolean
}

/** More records in a row than this are another topic, and no single damage. */
const longestReplaced = 8

/**
 * Compares a stretch of the source with a stretch of its copy, downwards from their ends, which belong together.
 *
 * The target may have more (records that were sent again, foreign ones, those of a topic that was recreated) and less
 * (compaction leaves a hole in its offsets). Only what offsets make certain is reported: a record without a copy
 * between two copies that are neighbours, and another record in the one place that a copy can have.
 */
export function matchStretch(
  source: RecordWindow,
  target: RecordWindow,
  { wantsUnique = false, endsTogether = false }: MatchOptions = {},
): StretchMatch {
  const withTimestamp = !target.logAppendTime
  const originals = source.records
  const copies = target.records
  const startsTogether = !wantsUnique && source.from <= source.logStart && target.from <= target.logStart
  const mismatches: ExactPair[] = []
  const skipped: bigint[] = []
  const unplaced: bigint[] = []
  const matches: [original: number, copy: number][] = []
  let above: { readonly original: LogRecord; readonly copy: LogRecord } | undefined
  let i = originals.length - 1
  let j = copies.length - 1
  // Nearly always all of them are the same: only from where they are not it is worth knowing where else they are.
  for (;;) {
    const original = originals[i]
    const copy = copies[j]
    if (original === undefined || copy === undefined || !isCopy(original, copy, withTimestamp)) break
    matches.push([i, j])
    above = { original, copy }
    i -= 1
    j -= 1
  }
  const isWhole = !wantsUnique && (i < 0 || j < 0)
  const ofSource = isWhole ? [] : fingerprintsOf(originals, withTimestamp)
  const ofTarget = isWhole ? [] : fingerprintsOf(copies, withTimestamp)
  const inSource = positionsOf(ofSource)
  const inTarget = positionsOf(ofTarget)
  /** How many records here stand in the places of as many others: what lies around them is right, without a hole. */
  const replacedRun = (): number => {
    const isAtTheEnds = endsTogether && i === originals.length - 1 && j === copies.length - 1
    if (wantsUnique || (above === undefined && !isAtTheEnds)) return 0
    for (let k = 1; k <= longestReplaced; k++) {
      const isFirst = k === 1 && i === 0 && j === 0 && startsTogether
      if (!isFirst && (i - k < 0 || j - k < 0)) return 0
      if (!isFirst && ofSource[i - k] !== ofTarget[j - k]) continue
      const around = (records: readonly LogRecord[], index: number, last: LogRecord | undefined): boolean =>
        areNeighbours(
          ...records.slice(Math.max(0, index - k), index + 1),
          ...(last === undefined ? [] : [last]),
        )
      return around(originals, i, above?.original) && around(copies, j, above?.copy) ? k : 0
    }
    return 0
  }
  for (;;) {
    const original = originals[i]
    const copy = copies[j]
    if (original === undefined || copy === undefined) break
    if (ofSource[i] === ofTarget[j]) {
      matches.push([i, j])
      above = { original, copy }
      i -= 1
      j -= 1
      continue
    }
    const copyBelow = lastBefore(inTarget.get(ofSource[i] ?? ''), j)
    // Where a wrong place would be taken for the right one, only a content that no other record has leads to it.
    const sources = inSource.get(ofTarget[j] ?? '')
    const originalBelow = wantsUnique && sources?.length !== 1 ? undefined : lastBefore(sources, i)
    if (copyBelow !== undefined && (originalBelow === undefined || j - copyBelow <= i - originalBelow)) {
      j = copyBelow
    } else if (originalBelow !== undefined) {
      const isNext = above !== undefined && copy.offset + 1n === above.copy.offset
      for (const [at, left] of originals.slice(originalBelow + 1, i + 1).entries()) {
        if (isNext && !inTarget.has(ofSource[originalBelow + 1 + at] ?? '')) skipped.push(left.offset)
        else unplaced.push(left.offset)
      }
      i = originalBelow
    } else {
      const replaced = replacedRun()
      for (let k = 0; k < replaced; k++) {
        const [wrong, found] = [originals[i - k], copies[j - k]]
        if (wrong !== undefined && found !== undefined) {
          mismatches.push({ source: wrong.offset, target: found.offset })
        }
      }
      i -= replaced
      j -= Math.max(1, replaced)
    }
  }
  const pairAt = (match: readonly [number, number] | undefined): ExactPair | undefined => {
    const original = match === undefined ? undefined : originals[match[0]]
    const copy = match === undefined ? undefined : copies[match[1]]
    return original === undefined || copy === undefined
      ? undefined
      : { source: original.offset, target: copy.offset }
  }
  const isUnique = ([original]: readonly [number, number]): boolean => {
    const fingerprint = ofSource[original] ?? ''
    return inSource.get(fingerprint)?.length === 1 && inTarget.get(fingerprint)?.length === 1
  }
  const lowestCopy = matches.at(-1)?.[1] ?? 0
  // Where everything is in its place, it does not matter.
  const tells = isWhole || areMostlyDistinct(inSource.size, originals.length)
  return {
    matched: matches.length,
    isTelling: tells,
    matches: wantsUnique ? matches.flatMap(match => pairAt(match) ?? []) : [],
    lowest: pairAt(matches.at(-1)),
    lowestUnique: wantsUnique && tells ? pairAt(matches.findLast(isUnique)) : undefined,
    next: { source: below(originals, i, source), target: below(copies, j, target) },
    mismatches,
    skipped,
    unplaced,
    isForeignBelow:
      !isWhole && lowestCopy > 0 && ofTarget.slice(0, lowestCopy).every(it => !inSource.has(it)),
  }
}

function positionsOf(fingerprints: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const positions = new Map<string, number[]>()
  for (const [position, fingerprint] of fingerprints.entries()) {
    const found = positions.get(fingerprint)
    if (found === undefined) positions.set(fingerprint, [position])
    else found.push(position)
  }
  return positions
}

function lastBefore(positions: readonly number[] | undefined, limit: number): number | undefined {
  return positions?.findLast(position => position < limit)
}

function areNeighbours(...records: readonly (LogRecord | undefined)[]): boolean {
  return records.every((record, index) => {
    const previous = records[index - 1]
    return record !== undefined && (index === 0 || previous?.offset === record.offset - 1n)
  })
}

function below(records: readonly LogRecord[], index: number, window: RecordWindow): bigint {
  const record = records[index]
  return record === undefined ? window.from : record.offset + 1n
}
