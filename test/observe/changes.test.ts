import { expect, test } from 'vitest'
import type { Snapshot } from '../../src/model/assessment.ts'
import { ChangeReporter } from '../../src/observe/changes.ts'
import { coveredWorld, snapshotOf } from '../support/snapshots.ts'
import { pollMs, World } from '../support/world.ts'

class Story {
  readonly world = new World()
  readonly #reporter = new ChangeReporter()

  /** The messages that the next poll's snapshot gives. */
  tell(afterMs = pollMs): string[] {
    const assessment = this.world.poll(afterMs)
    const { sourceDown } = this.world
    const unknown = sourceDown === undefined ? undefined : { reason: sourceDown, detail: 'no answer' }
    const snapshot: Snapshot = {
      clock: { now: this.world.now + 100, wallMs: this.world.now + 100 },
      pollMs,
      clusters: [{ name: 'east', up: sourceDown === undefined, unknown, answeredAt: undefined }],
      flows: [{ flow: this.world.flow, assessment }],
    }
    return this.#reporter.changes(snapshot).map(change => change.message)
  }
}

test('a line when a state changes, none for a poll like the last', () => {
  const story = new Story()
  story.world.source.set('orders', { ends: [0n] })
  expect(story.tell()).toEqual(['cluster answers', 'flow is covered', 'first poll ended'])
  expect(story.tell()).toEqual([])
  story.world.source.set('payments', { ends: [0n] })
  expect(story.tell()).toEqual(['topics came into scope'])
  story.world.source.delete('orders')
  expect(story.tell()).toEqual(['topics are gone from the source'])
})

test('behind and covered in turn is no news', () => {
  const story = new Story()
  story.world.source.set('orders', { ends: [1n] })
  story.world.target.set('east.orders', { ends: [1n] })
  story.tell()
  story.world.commits('orders', 0n)
  expect(story.tell()).toEqual([])
  story.world.source.set('orders', { ends: [2n] })
  expect(story.tell()).toEqual([])
})

test('a cluster that stays down is said once, then at growing intervals', () => {
  const story = new Story()
  story.world.source.set('orders', { ends: [0n] })
  story.tell()
  story.world.sourceDown = 'timeout'
  expect(story.tell()).toEqual(['cluster does not answer', 'flow is unknown'])
  const said: number[] = []
  for (let poll = 1; poll <= 4 * 60 * 2; poll++) {
    if (story.tell().some(message => message.includes('still'))) said.push((poll * pollMs) / 60_000)
  }
  expect(said).toEqual([1, 6, 36])
  story.world.sourceDown = undefined
  expect(story.tell()).toContain('cluster answers again')
})

test('the budget is said to be at risk once', () => {
  const story = new Story()
  story.world.source.set('orders', { ends: [5n] })
  story.tell()
  expect(story.tell(400_000)).toContain('budget is no longer shown to be kept')
  expect(story.tell()).toEqual([])
})

test('what is lost, or wrong on the target, is said once, and again when it is more', () => {
  const reporter = new ChangeReporter()
  const world = coveredWorld()
  const assessment = world.poll()
  const [topic] = assessment.topics
  if (topic === undefined) throw new Error('there is a topic')
  const said = (parts: Partial<typeof topic>): (readonly [string, unknown])[] => {
    const topics = [{ ...topic, ...parts }]
    return reporter
      .changes(snapshotOf(world.flow, { ...assessment, topics }))
      .filter(({ fields }) => fields['topic'] === 'orders')
      .map(({ level, message, fields }) => [`${level} ${message}`, fields['offsets'] ?? fields['records']])
  }
  expect(said({})).toEqual([])
  expect(said({ lost: 785n })).toEqual([['warn records are lost', '785']])
  expect(said({ lost: 785n })).toEqual([])
  expect(said({ lost: 790n, possiblyLost: 3n, mismatches: 1 })).toEqual([
    ['warn records are lost', '790'],
    ['warn records may be lost', '3'],
    ['warn the copy differs from its original', 1],
  ])
})

test('what is observed no longer, or anew, is told like something that had never been there', () => {
  const reporter = new ChangeReporter()
  const world = coveredWorld()
  const told = (snapshot: Snapshot) => reporter.changes(snapshot).map(change => change.message)
  const polled = snapshotOf(world.flow, world.poll())
  const first = ['cluster answers', 'cluster answers', 'flow is covered', 'first poll ended']
  expect(told(polled)).toEqual(first)
  expect(told(polled)).toEqual([])
  expect(told(snapshotOf(world.flow, undefined))).toEqual([])
  expect(told(polled)).toEqual(first)
  expect(told({ ...polled, flows: [], clusters: [] })).toEqual([])
  expect(told(polled)).toEqual(first)
})
