import { describe, expect, test } from 'vitest'
import { type HeadInput, headOf } from '../../src/compare/head.ts'
import type { Tail } from '../../src/model/comparison.ts'
import type { RecordWindow } from '../../src/model/inspection.ts'
import { aRecord, aWindow } from '../support/windows.ts'

/** What is known at source offset 3, the proven position, unless told. */
function head(parts: Partial<HeadInput> & Pick<HeadInput, 'source'>): ReturnType<typeof headOf> {
  return headOf({
    proven: 3n,
    highWatermark: parts.source.readTo,
    isolationLevel: 'read_uncommitted',
    copies: { target: 0n, source: 0n },
    durable: 2n,
    target: undefined,
    targetEnd: parts.target?.readTo,
    before: undefined,
    at: 9,
    ...parts,
  })
}

describe('the tail without a look at the target', () => {
  test.each([
    ['markers', 'a b c | |', 5n, { records: 0, markers: 2, missing: 0 }],
    ['compacted offsets', 'a b c - -', 5n, { records: 0, markers: 0, missing: 0 }],
    ['a record behind markers', 'a b c | d', 4n, { records: 1, markers: 1, missing: undefined }],
    ['records', 'a b c d e', 3n, { records: 2, markers: 0, missing: undefined }],
  ])('%s', (_, words, position, tail) => {
    const found = head({ source: aWindow(0, words) })
    expect(found.position).toBe(position)
    expect(found.tail).toMatchObject(tail)
    expect(found.pair).toBeUndefined()
  })

  test('names the first record that waits', () => {
    const { tail } = head({ source: aWindow(0, 'a b c | d') })
    expect(tail.firstRecord).toEqual({ offset: 4n, timestampMs: 1_100 })
    expect(tail).toMatchObject({ readFrom: 3n, from: 4n, readTo: 5n, copied: 0 })
  })

  test('is proven only as far as it was read', () => {
    expect(head({ source: aWindow(3, '| |'), highWatermark: 9n }).position).toBe(5n)
  })

  test('markers before the position do not count', () => {
    expect(head({ source: aWindow(0, '| b | |') }).tail.markers).toBe(1)
  })

  test('an engine that reads committed records waits at an open transaction', () => {
    const source = aWindow(0, 'a b c | d e', { lastStableOffset: 4n })
    const found = head({ source, isolationLevel: 'read_committed' })
    expect(found.position).toBe(4n)
    expect(found.tail).toMatchObject({ records: 0, readTo: 4n, lastStableOffset: 4n })
  })

  test('only for such an engine', () => {
    const found = head({ source: aWindow(0, 'a b c | |', { lastStableOffset: 4n }) })
    expect(found.tail).toMatchObject({ readTo: 5n, markers: 2 })
  })

  test.each([
    ['the high watermark', { highWatermark: 5n }],
    ['an open transaction', { lastStableOffset: 5n }],
    ['the end of what was read', { readTo: 5n, lastStableOffset: 9n }],
  ])('ends at %s', (_, ends) => {
    const { highWatermark, ...parts } = { highWatermark: 9n, ...ends }
    const source = aWindow(0, 'a b c | d | e', parts)
    const { position, tail } = head({ source, highWatermark, isolationLevel: 'read_committed' })
    expect(position).toBe(4n)
    expect(tail).toMatchObject({ readTo: 5n, records: 1, markers: 1 })
  })

  test.each([
    ['at the position', 3, 0],
    ['behind it, because what lies between was deleted', 4, undefined],
  ])('that begins %s', (_, from, missing) => {
    expect(head({ source: aWindow(from, '| |') }).tail.missing).toBe(missing)
  })

  test('a stable offset below the position takes nothing back', () => {
    const source = aWindow(0, 'a b c d', { lastStableOffset: 1n })
    expect(head({ source, isolationLevel: 'read_committed' }).position).toBe(3n)
  })
})

describe('held against the target', () => {
  test('the position goes up to the first record without a copy', () => {
    const found = head({ source: aWindow(0, 'a b c d e f'), target: aWindow(0, 'a b c d e') })
    expect(found.position).toBe(5n)
    expect(found.pair).toEqual({ source: 4n, target: 4n })
    expect(found.tail).toMatchObject({ missing: 1, copied: 2, records: 1 })
  })

  test('a copy is found where markers have moved it', () => {
    const found = head({ source: aWindow(0, 'a b c d e'), target: aWindow(0, 'a | b c | d |') })
    expect(found.position).toBe(4n)
    expect(found.pair).toEqual({ source: 3n, target: 5n })
  })

  test('records that were sent again do not raise it', () => {
    const found = head({ source: aWindow(0, 'a b c d e f'), target: aWindow(0, 'a b c d b c d') })
    expect(found.position).toBe(4n)
    expect(found.tail.missing).toBe(2)
    expect(found.pair).toEqual({ source: 3n, target: 6n })
  })

  test('nor do they take it back where they come last', () => {
    const found = head({ source: aWindow(0, 'a b c d e f'), target: aWindow(0, 'a b c d b') })
    expect(found.position).toBe(4n)
  })

  test.each([
    ['twins only', 'a b c d d', 'd d'],
    ['foreign records only', 'a b c d e', 'x y'],
  ])('%s are no pair', (_, source, target) => {
    const found = head({ source: aWindow(0, source), target: aWindow(0, target) })
    expect(found.position).toBe(3n)
    expect(found.pair).toBeUndefined()
  })

  test('a record that looks like another one proves nothing by itself', () => {
    // Offsets 1 and 4 are twins; only the first has been copied, twice.
    const found = head({ source: aWindow(0, 'a b c d b e'), target: aWindow(0, 'a b c b') })
    expect(found.position).toBe(3n)
    expect(found.tail.missing).toBe(2)
  })

  test('but the copy of a later record vouches for a twin before it', () => {
    const found = head({ source: aWindow(0, 'a b c d b e'), target: aWindow(0, 'a b c d b e') })
    expect(found.position).toBe(6n)
  })

  test('a twin that is not in sight must be excluded: without the window down to the durable position nothing counts', () => {
    const source = aWindow(3, 'd e')
    expect(head({ source, target: aWindow(0, 'a b c d e') }).position).toBe(3n)
    const expired = aWindow(3, 'd e', { logStart: 3n })
    expect(head({ source: expired, target: aWindow(0, 'a b c d e') }).position).toBe(5n)
  })

  describe('where compaction or retention may have taken a twin', () => {
    /** Records of one time, so that nothing but their contents tells them apart. */
    const atOnce = (from: number, words: string, parts = {}) => {
      const window = aWindow(from, words, parts)
      return { ...window, records: window.records.map(record => ({ ...record, timestampMs: 7 })) }
    }

    test.each([
      ['an offset without a record', 'a b c - e', 4n],
      ['a marker, which is none', 'a b c | e', 5n],
      ['nothing but records', 'a b c d e', 5n],
    ])('few contents prove nothing: %s', (_, words, position) => {
      const target = atOnce(0, words.replaceAll(/[-|] /g, ''))
      expect(head({ source: atOnce(0, words), target }).position).toBe(position)
    })

    test('unless it lies before what the target can hold copies of', () => {
      const source = atOnce(0, '- | c d e')
      const bounded = (from: bigint) =>
        head({ source, target: atOnce(0, 'c d e'), copies: { target: 0n, source: from } })
      expect(bounded(2n).position).toBe(5n)
      expect(bounded(1n).position).toBe(5n)
      expect(bounded(0n).position).toBe(3n)
    })

    test('times, or many contents, tell them apart', () => {
      expect(head({ source: aWindow(0, 'a b c - e'), target: aWindow(0, 'a b c e') }).position).toBe(5n)
      const words = 'a b c - e f g h i j k'
      const target = atOnce(0, words.replace('- ', ''))
      expect(head({ source: atOnce(0, words), target }).position).toBe(11n)
    })
  })

  test("the tail remembers the target's end as it was before the high watermark was read", () => {
    const found = head({ source: aWindow(0, 'a b c d'), target: aWindow(0, 'a b c'), targetEnd: 2n })
    expect(found.tail.targetEnd).toBe(2n)
    expect(head({ source: aWindow(0, 'a b c d'), targetEnd: 2n }).tail.targetEnd).toBeUndefined()
  })

  test('a record that was stepped over stops it', () => {
    const found = head({ source: aWindow(0, 'a b c d e f'), target: aWindow(0, 'a b c e f') })
    expect(found.position).toBe(3n)
    expect(found.tail.missing).toBe(1)
  })

  test('a record whose copy compaction may have taken is not certainly missing: one of its key has a copy behind it', () => {
    const source = aWindow(0, 'a b c d e f')
    const target = aWindow(0, 'a b c e')
    const keyed = (window: RecordWindow, keys: Readonly<Record<string, string>>): RecordWindow => ({
      ...window,
      records: window.records.map(record => {
        const key = keys[record.value?.toString() ?? '']
        return key === undefined ? record : { ...record, key: Buffer.from(key) }
      }),
    })
    const missing = (keys: Readonly<Record<string, string>>) =>
      head({ source: keyed(source, keys), target: keyed(target, keys) }).tail.missing
    expect(missing({})).toBe(2)
    expect(missing({ d: 'k', e: 'k' })).toBe(1)
    expect(missing({ d: 'k', e: 'l' })).toBe(2)
    expect(missing({ d: 'k', f: 'k' })).toBe(2)
    expect(missing({ c: 'k', d: 'k' })).toBe(2)
  })

  test('what is no copy of anything is counted', () => {
    const target = aWindow(0, 'a b c x y')
    const found = head({ source: aWindow(0, 'a b c d'), target })
    expect(found.position).toBe(3n)
    expect(found.tail.unexplained).toBe(2)
    expect(head({ source: aWindow(0, 'a b c d'), target: aWindow(0, 'a b c') }).tail.unexplained).toBe(0)
  })

  test.each([
    ['the source may have what it is a copy of', { source: aWindow(3, 'd') }],
    ['the target was not read from where the copies begin', { copies: undefined }],
  ])('but not where %s', (_, parts) => {
    const found = head({ source: aWindow(0, 'a b c d'), target: aWindow(0, 'a b c x'), ...parts })
    expect(found.tail.unexplained).toBeUndefined()
  })

  test.each([
    ['timestamp', { timestampMs: 2_000 }],
    ['key', { key: Buffer.from('k') }],
    ['value', { value: null }],
    ['headers', { headers: [[Buffer.from('h'), null]] as const }],
  ])('another %s is another record', (_, parts) => {
    const target = aWindow(0, 'a b c')
    const copies = {
      ...target,
      records: [...target.records, aRecord(3, 'd', parts)],
      readTo: 4n,
      highWatermark: 4n,
    }
    expect(head({ source: aWindow(0, 'a b c d'), target: copies }).position).toBe(3n)
  })

  test('where the target stamps records itself, timestamps do not count', () => {
    const records = [aRecord(0, 'c', { timestampMs: 5 }), aRecord(1, 'd', { timestampMs: 6 })]
    const target = { ...aWindow(0, 'c d', { logAppendTime: true }), records }
    expect(head({ source: aWindow(0, 'a b c d'), target }).position).toBe(4n)
  })
})

describe('where the source has deleted what lies behind the position', () => {
  const source = aWindow(4, 'e | f', { logStart: 4n })

  test.each([
    ['the position stays', undefined, 3n],
    ['the position stays, with a target that has none of it', aWindow(0, 'a b c'), 3n],
    ['a copy of what follows raises it', aWindow(0, 'a b c e'), 6n],
  ])('%s', (_, target, position) => {
    expect(head({ source, target }).position).toBe(position)
  })
})

describe('without a bound for where the copies lie', () => {
  const source = aWindow(2, 'c d e f')

  test('the last copy alone proves', () => {
    const found = head({ source, copies: undefined, target: aWindow(40, 'c d e') })
    expect(found.position).toBe(5n)
    expect(found.tail.missing).toBeUndefined()
  })

  test('and vouches for all before it, in sight or not', () => {
    expect(head({ source, copies: undefined, target: aWindow(42, 'e') }).position).toBe(5n)
  })

  test('a copy before the last one does not, because it may be of an older run', () => {
    expect(head({ source, copies: undefined, target: aWindow(40, 'c f x') }).position).toBe(3n)
  })

  test('nor does a copy that is not known to be the last', () => {
    const target = aWindow(40, 'c d e', { highWatermark: 44n })
    expect(head({ source, copies: undefined, target }).position).toBe(3n)
  })

  test('nor anything while the engine has committed nothing and the beginning is not in sight', () => {
    const target = aWindow(40, 'c d e')
    expect(head({ source, copies: undefined, durable: undefined, target }).position).toBe(3n)
  })

  test('a bound behind the window is none', () => {
    const target = aWindow(40, 'c d e')
    expect(
      head({ source: aWindow(0, 'a b c d e f'), copies: { target: 30n, source: 0n }, target }).tail.missing,
    ).toBe(undefined)
  })
})

describe('looked at again', () => {
  const before: Tail = head({
    source: aWindow(0, 'a b c d e'),
    target: aWindow(0, 'a b c'),
  }).tail

  test('while the target has not grown, only what came since is read', () => {
    const { position, tail } = head({ source: aWindow(5, 'f | g'), before })
    expect(position).toBe(3n)
    expect(tail).toMatchObject({ readFrom: 3n, from: 3n, readTo: 8n, records: 4, markers: 1, missing: 4 })
    expect(tail.firstRecord?.offset).toBe(3n)
  })

  test.each([
    ['no further than the high watermark', 'read_uncommitted', { highWatermark: 7n }, 7n, 1],
    ['no further than an open transaction', 'read_committed', { lastStableOffset: 7n }, 7n, 1],
    ['never back', 'read_committed', { lastStableOffset: 4n }, 5n, 0],
  ] as const)('%s', (_, isolationLevel, ends, readTo, came) => {
    const source = aWindow(5, 'f | g |', ends)
    const { highWatermark } = { highWatermark: 9n, ...ends }
    expect(head({ source, before, highWatermark, isolationLevel }).tail).toMatchObject({
      readTo,
      records: 2 + came,
      markers: came,
      missing: 2 + came,
    })
  })

  test('after a look that found nothing that waits, it is a look of its own', () => {
    const nothing = { ...before, records: 0, readTo: 3n }
    expect(head({ source: aWindow(3, '| |'), before: nothing }).position).toBe(5n)
  })

  test('from elsewhere than where the last look ended, it is a look of its own', () => {
    const { tail } = head({ source: aWindow(0, 'a b c d e f'), before })
    expect(tail).toMatchObject({ readTo: 6n, records: 3, missing: undefined })
  })

  test('what was not known to be missing stays so', () => {
    const { tail } = head({ source: aWindow(5, 'f'), before: { ...before, missing: undefined } })
    expect(tail).toMatchObject({ records: 3, missing: undefined })
  })
})
