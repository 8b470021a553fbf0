import { beforeEach, describe, expect, test } from 'vitest'
import type { FlowAssessment } from '../../src/model/assessment.ts'
import type { LostRange, PartitionComparison } from '../../src/model/comparison.ts'
import type { Flow } from '../../src/model/flow.ts'
import { Poller } from '../../src/observe/poller.ts'
import type { LogRecord } from '../../src/sources/kafka/port.ts'
import { FakeCluster, type FakeLog } from '../support/fakeCluster.ts'
import { aRecord } from '../support/windows.ts'
import { aFlow, flushMs, pollMs, topicIn } from '../support/world.ts'

const base = aFlow({ includes: topic => topic.startsWith('orders') })
const syncsTopic = 'mm2-offset-syncs.west.internal'
const { offsetsTopic, statusTopic } = base.replicator
const wallBeganMs = Date.UTC(2026, 2, 1)

/** MirrorMaker by hand: logs on two clusters in memory, and polls on a clock that the test moves. */
class Story {
  readonly calls: string[] = []
  readonly east = new FakeCluster('east', this.calls)
  readonly west = new FakeCluster('west', this.calls)
  readonly #poller: Poller
  #now = 1_000_000
  #commits: LogRecord[] = []
  #syncs: LogRecord[] = []

  constructor(flow: Partial<Flow> = {}) {
    this.east.batch = 1_000
    this.west.batch = 1_000
    this.east.now = () => this.#now
    this.west.now = () => this.#now
    this.east.addLog(syncsTopic, { records: [this.#syncs] })
    this.west.addLog(offsetsTopic, { records: [this.#commits] })
    this.west.addLog(statusTopic, { records: [[]] })
    this.#poller = new Poller({
      flows: [{ ...base, ...flow }],
      clusters: new Map([
        ['east', this.east],
        ['west', this.west],
      ]),
      timeoutMs: 5_000,
      pollMs,
      clock: () => ({ now: this.#now, wallMs: wallBeganMs + this.#now }),
      onMalformed: () => {},
    })
  }

  get wallMs(): number {
    return wallBeganMs + this.#now
  }

  source(words: string, parts: Partial<FakeLog> = {}): FakeLog {
    return this.east.addLog('orders', { ...logOf(words), ...parts })
  }

  target(words: string, parts: Partial<FakeLog> = {}): FakeLog {
    return this.west.addLog('east.orders', { ...logOf(words), ...parts })
  }

  commits(offset: number): void {
    const key = '["MirrorSourceConnector",{"cluster":"east","partition":0,"topic":"orders"}]'
    const value = Buffer.from(`{"offset":${offset}}`)
    this.#commits.push(aRecord(this.#commits.length, '', { key: Buffer.from(key), value }))
  }

  syncs(source: number, target: number): void {
    const key = Buffer.from('00066f726465727300000000', 'hex')
    const value = Buffer.alloc(16)
    value.writeBigInt64BE(BigInt(source), 0)
    value.writeBigInt64BE(BigInt(target), 8)
    this.#syncs.push(aRecord(this.#syncs.length, '', { key, value, timestampMs: this.wallMs }))
  }

  async poll(times = 1): Promise<FlowAssessment> {
    let found: FlowAssessment | undefined
    for (let i = 0; i < times; i++) {
      this.#now += pollMs
      found = (await this.#poller.poll()).flows[0]
    }
    if (found === undefined) throw new Error('no flow was polled')
    return found
  }
}

/** Words are records, `-` is an offset without one. */
function logOf(words: string): Pick<FakeLog, 'records' | 'ends'> {
  const slots = words === '' ? [] : words.split(' ')
  return {
    records: [slots.flatMap((word, offset) => (word === '-' ? [] : aRecord(offset, word)))],
    ends: [BigInt(slots.length)],
  }
}

const partitionOf = (assessment: FlowAssessment): PartitionComparison => {
  const partition = topicIn(assessment, 'orders').facts.partitions[0]
  if (partition === undefined) throw new Error('there is a partition')
  return partition
}
const lostIn = (assessment: FlowAssessment): string[] =>
  partitionOf(assessment).content?.losses?.ranges.map(
    ({ from, to, cause, certain }: LostRange) => `${from}-${to} ${cause}${certain ? '' : ' perhaps'}`,
  ) ?? []

let story: Story
beforeEach(() => {
  story = new Story()
})

describe('a tail of offsets without records', () => {
  test('is proven to hold nothing, once it stands still', async () => {
    story.source('a b c - - -')
    story.target('a b c')
    story.commits(2)
    const first = await story.poll()
    expect(topicIn(first, 'orders')).toMatchObject({ status: 'behind', lag: 3n })
    const second = await story.poll()
    expect(topicIn(second, 'orders')).toMatchObject({ status: 'covered', lag: 0n, missingRecords: 0 })
    expect(partitionOf(second)).toMatchObject({
      position: { proven: 6n, basis: 'content' },
      content: { tail: { readFrom: 3n, from: 6n, readTo: 6n, records: 0 } },
    })
  })

  test('costs nothing after that', async () => {
    story.source('a b c - - -')
    story.target('a b c')
    story.commits(2)
    await story.poll(4)
    story.calls.length = 0
    await story.poll()
    expect(story.calls.filter(call => /fetch (east\.)?orders/.test(call))).toEqual([])
  })

  test('without reading records the bound stays', async () => {
    story = new Story({ auditBytesPerPoll: 0 })
    story.source('a b c - - -')
    story.target('a b c')
    story.commits(2)
    expect(topicIn(await story.poll(10), 'orders')).toMatchObject({
      status: 'stalled',
      lag: 3n,
      missingRecords: undefined,
    })
    expect(story.calls.filter(call => /fetch (east\.)?orders/.test(call))).toEqual([])
  })

  test('without READ the bound stays, and the reason is there', async () => {
    story.source('a b c - - -', { broken: new Set([0]) })
    story.target('a b c')
    story.commits(2)
    const assessment = await story.poll(10)
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'stalled', lag: 3n })
    expect(partitionOf(assessment).content?.unreadable).toMatchObject({ reason: 'leaderless' })
    expect(assessment.facts.audits.unreadable).toBeGreaterThan(0)
  })
})

describe('records that wait', () => {
  test('are counted for certain, and no more than that is said to be lagging', async () => {
    story.source('a b c')
    story.target('a b c')
    story.commits(2)
    await story.poll()
    story.source('a b c - d - e')
    const assessment = await story.poll(3)
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'behind', lag: 2n, missingRecords: 2 })
  })

  test('are not counted while they may be on the target', async () => {
    story.source('a b c')
    story.target('a b c')
    story.commits(1)
    // Nothing is known of the time before: the last copy is c.
    expect(topicIn(await story.poll(2), 'orders')).toMatchObject({
      status: 'covered',
      lag: 0n,
      missingRecords: 0,
    })
  })

  test('go on being counted while the source grows and the target does not', async () => {
    story.source('a b c')
    story.target('a b c')
    story.commits(2)
    await story.poll()
    story.source('a b c d')
    await story.poll(12)
    story.source('a b c d e f')
    const assessment = await story.poll()
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'stalled', lag: 3n, missingRecords: 3 })
    expect(partitionOf(assessment).content?.tail).toMatchObject({ readFrom: 3n, readTo: 6n, records: 3 })
  })
})

describe('a budget that commits cannot prove', () => {
  test('is proven by comparing records, in the same poll', async () => {
    story = new Story({ rpo: { ...base.rpo, budgetMs: flushMs } })
    story.source('a b c')
    story.target('a b c')
    story.commits(0)
    await story.poll()
    story.source('a b c d e')
    story.target('a b c d e')
    const assessment = await story.poll()
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'covered', lag: 0n })
    expect(partitionOf(assessment)).toMatchObject({
      recoveryPoint: assessment.facts.source.t0,
      position: { basis: 'content' },
    })
  })

  test('is not, while records move, where commits can prove it', async () => {
    story.source('a b c')
    story.target('a b c')
    story.commits(0)
    await story.poll()
    story.source('a b c d e')
    story.target('a b c d e')
    expect(topicIn(await story.poll(), 'orders')).toMatchObject({ status: 'behind', lag: 4n })
  })
})

describe('an engine that reads committed records only', () => {
  test('names the transaction that it waits for, and is never covered behind it', async () => {
    story = new Story({ replicator: { ...base.replicator, isolationLevel: 'read_committed' } })
    const open = { producerId: 12n, producerEpoch: 0, lastTimestampMs: story.wallMs, openTransactionFrom: 3n }
    story.source('a b c d e', { stable: [3n], producers: [[open]] })
    story.target('a b c')
    story.commits(2)
    const assessment = await story.poll(3)
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'behind', lag: 2n })
    expect(partitionOf(assessment).content?.openTransaction).toMatchObject({
      lastStableOffset: 3n,
      producerId: 12n,
    })
    story.source('a b c - e -')
    story.target('a b c e')
    story.commits(4)
    const ended = await story.poll(2)
    expect(topicIn(ended, 'orders')).toMatchObject({ status: 'covered', lag: 0n })
    expect(partitionOf(ended).content?.openTransaction).toBeUndefined()
  })
})

describe('what is lost', () => {
  test('deleted before a dead engine had copied it: exactly that, and the position does not follow', async () => {
    story.source('a b c')
    story.target('a b c')
    story.commits(2)
    await story.poll()
    story.source('a b c d e f g')
    await story.poll(12)
    story.source('a b c d e f g', { starts: [5n] })
    const assessment = await story.poll(2)
    // It may have fetched them before: that they are lost for certain shows when it goes on.
    expect(lostIn(assessment)).toEqual(['3-5 expired perhaps'])
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'stalled', lost: 0n, possiblyLost: 2n })
    expect(partitionOf(assessment).position.proven).toBe(3n)
  })

  test('deleted where the position is only a lower bound: possibly', async () => {
    story.source('a b c d e f g', { broken: new Set([0]) })
    story.target('a b c d')
    story.commits(2)
    await story.poll(10)
    story.source('a b c d e f g', { starts: [5n], broken: new Set([0]) })
    expect(lostIn(await story.poll(2))).toEqual(['3-5 expired perhaps'])
  })

  test('deleted under a live engine: what its offset syncs leave out', async () => {
    story.source('a b c d e f g h')
    story.target('a b c')
    story.syncs(0, 0)
    story.commits(2)
    await story.poll()
    story.source('a b c d e f g h', { starts: [5n] })
    story.target('a b c f g h')
    story.syncs(5, 3)
    story.commits(7)
    const assessment = await story.poll(3)
    expect(lostIn(assessment)).toEqual(['3-5 expired'])
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'covered', lost: 2n })
  })

  test('stepped over by an engine that tolerates errors: found by reading around the gap', async () => {
    story.source('a b c d e')
    story.target('a b')
    story.syncs(0, 0)
    await story.poll()
    story.target('a b d e')
    story.syncs(3, 2)
    story.commits(4)
    const assessment = await story.poll(3)
    expect(lostIn(assessment)).toEqual(['2-3 skipped'])
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'covered', lost: 1n })
  })

  test('a gap of markers is no loss', async () => {
    story.source('a b - c d')
    story.target('a b')
    story.syncs(0, 0)
    await story.poll()
    story.target('a b c d')
    story.syncs(3, 2)
    story.commits(4)
    const assessment = await story.poll(3)
    expect(lostIn(assessment)).toEqual([])
    expect(partitionOf(assessment).content?.gaps).toEqual([])
  })
})

describe('a source topic that was recreated larger than the old position', () => {
  async function recreated(): Promise<FlowAssessment> {
    story.source('a b c')
    story.target('a b c')
    story.syncs(0, 0)
    story.commits(2)
    await story.poll(2)
    story.source('p q r s t', { id: 'another' })
    await story.poll()
    story.target('a b c s t')
    story.syncs(3, 3)
    story.commits(4)
    return story.poll(3)
  }

  test('is known again, and what was never copied is lost, although the lag is 0 and no gap shows', async () => {
    const assessment = await recreated()
    expect(lostIn(assessment)).toEqual(['0-3 recreated'])
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'covered', lag: 0n, lost: 3n })
  })

  test('stays unknown without reading records', async () => {
    story = new Story({ auditBytesPerPoll: 0 })
    expect(topicIn(await recreated(), 'orders')).toMatchObject({
      status: 'unknown',
      unknown: { reason: 'recreated' },
    })
  })
})

describe('a target topic that was recreated', () => {
  test('is known again from where the new copy begins', async () => {
    story.source('a b c d e')
    story.target('a b c')
    story.syncs(0, 0)
    story.commits(2)
    await story.poll(2)
    story.target('d e', { id: 'another' })
    story.syncs(3, 0)
    story.commits(4)
    const assessment = await story.poll(3)
    expect(lostIn(assessment)).toEqual(['0-3 recreated'])
    expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'covered', lost: 3n })
  })
})

test('a source whose log fell stays diverged, whatever is compared, and what was cut off is named', async () => {
  story.source('a b c d e f')
  story.target('a b c d')
  story.syncs(0, 0)
  story.commits(3)
  await story.poll(2)
  story.source('a b c d')
  await story.poll()
  story.source('a b c d x y z')
  story.target('a b c d y z')
  story.syncs(5, 4)
  story.commits(6)
  const assessment = await story.poll(9)
  expect(topicIn(assessment, 'orders')).toMatchObject({ status: 'unknown', unknown: { reason: 'diverged' } })
  expect(lostIn(assessment)[0]).toMatch(/^4-6 truncated/)
})

describe('the rotation', () => {
  test('finds a record that was replaced, and forgets it once it is right again', async () => {
    story.source('a b c d e')
    story.target('a b x d e')
    story.syncs(4, 4)
    story.commits(4)
    const found = await story.poll(2)
    expect(partitionOf(found).content?.audit).toMatchObject({
      outcome: 'contradicted',
      mismatches: [{ source: 2n, target: 2n }],
    })
    expect(topicIn(found, 'orders')).toMatchObject({ status: 'covered', mismatches: 1 })
    expect(found.facts.audits.contradicted).toBeGreaterThan(0)
    story.target('a b c d e')
    const right = await story.poll(22)
    expect(topicIn(right, 'orders').mismatches).toBe(0)
    expect(partitionOf(right).content?.audit).toMatchObject({ outcome: 'proven' })
  })

  test('visits every partition in turn, within the byte budget', async () => {
    story = new Story({ auditBytesPerPoll: 256 * 1024 })
    const topics = Array.from({ length: 40 }, (_, i) => `orders-${i}`)
    for (const topic of topics) {
      story.east.addLog(topic, logOf('a b c'))
      story.west.addLog(`east.${topic}`, logOf('a b c'))
    }
    const key = (topic: string): Buffer => {
      const name = Buffer.from(topic)
      const head = Buffer.alloc(2)
      head.writeInt16BE(name.length)
      return Buffer.concat([head, name, Buffer.alloc(4)])
    }
    const pair = Buffer.from('00000000000000020000000000000002', 'hex')
    story.east.addLog(syncsTopic, {
      records: [topics.map((topic, i) => aRecord(i, '', { key: key(topic), value: pair }))],
    })
    const first = await story.poll()
    expect(first.partitionsAudited).toBe(4)
    expect(first.auditedSince).toBeUndefined()
    const all = await story.poll(9)
    expect(all.partitionsAudited).toBe(40)
    expect(all.auditedSince).toBeDefined()
  })
})

describe('after a start inside a stall', () => {
  test("the first waiting record's timestamp is the estimate, and there is no proven point", async () => {
    story.source('a b c d e')
    story.target('a b c')
    story.commits(2)
    const assessment = await story.poll(2)
    expect(partitionOf(assessment)).toMatchObject({
      recoveryPoint: undefined,
      estimateBasis: 'record_timestamp',
    })
    expect(assessment.estimatedRecoveryPoint).toBe(1_100 - wallBeganMs)
  })

  test('without READ a probe by time shows a breach', async () => {
    story.source('a b c d e', { broken: new Set([0]) })
    story.target('a b c')
    story.commits(2)
    const assessment = await story.poll(4)
    expect(partitionOf(assessment)).toMatchObject({ recoveryPoint: undefined, estimateBasis: 'budget_probe' })
    expect(assessment.estimatedRecoveryPoint).toBe(assessment.facts.source.t0 - base.rpo.budgetMs)
    expect(story.calls.some(call => call === 'east offsetsForTimes orders')).toBe(true)
  })

  test('which never says that all is well', async () => {
    const log = story.source('a b c d e', { broken: new Set([0]) })
    log.records = [log.records[0]?.map(record => ({ ...record, timestampMs: story.wallMs + 9e9 })) ?? []]
    story.target('a b c')
    story.commits(2)
    const assessment = await story.poll(4)
    expect(partitionOf(assessment)).toMatchObject({
      recoveryPoint: undefined,
      estimatedRecoveryPoint: undefined,
    })
  })
})

describe('the retention deadline', () => {
  test('is when the first waiting record may be deleted', async () => {
    const timestampMs = story.wallMs
    const log = story.source('a b c d', { configs: { 'retention.ms': '3600000' } })
    log.records = [log.records[0]?.map(record => ({ ...record, timestampMs })) ?? []]
    story.target('a b c')
    story.commits(2)
    expect(topicIn(await story.poll(2), 'orders').retentionDeadline).toBeUndefined()
    const assessment = await story.poll(10)
    expect(topicIn(assessment, 'orders').retentionDeadline).toBe(timestampMs - wallBeganMs + 3_600_000)
  })

  test.each([
    ['kept for ever', { 'retention.ms': '-1' }],
    ['only compacted', { 'retention.ms': '3600000', 'cleanup.policy': 'compact' }],
  ])('of a topic that is %s: none', async (_, configs) => {
    story.source('a b c d', { configs })
    story.target('a b c')
    story.commits(2)
    expect(topicIn(await story.poll(12), 'orders').retentionDeadline).toBeUndefined()
  })
})
