import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabCluster } from '../../lab/cluster.ts'
import { Lab } from '../../lab/lab.ts'
import type { LabMirrorMaker } from '../../lab/mirrorMaker.ts'
import { ensureTools } from '../../lab/tools.ts'
import { waitUntil } from '../../lab/wait.ts'
import { SteadyWriter } from '../../lab/writer.ts'

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function records(count: number): { value: string }[] {
  return Array.from({ length: count }, (_, index) => ({ value: `record ${index}` }))
}

function sum(offsets: readonly bigint[]): bigint {
  return offsets.reduce((total, offset) => total + offset, 0n)
}

describe('a lab of two clusters and MirrorMaker 2', () => {
  let lab: Lab
  let source: LabCluster
  let target: LabCluster
  let mirrorMaker: LabMirrorMaker

  beforeAll(async () => {
    await ensureTools(['java', 'maven'])
    lab = await Lab.open()
    ;[source, target] = await Promise.all([
      lab.startCluster({ name: 'A', brokers: 2 }),
      lab.startCluster({ name: 'B' }),
    ])
    await source.createTopics([
      { topic: 'orders', numPartitions: 2 },
      { topic: 'steady', numPartitions: 2 },
      { topic: 'on-node-2', replicaAssignment: [{ partition: 0, replicas: [2] }] },
    ])
    mirrorMaker = await lab.startMirrorMaker({ source, target })
    await mirrorMaker.waitUntilReplicating()
  })

  afterAll(() => lab.close())

  it('replicates 100 records', async () => {
    await source.produce('orders', records(100))
    await waitUntil('all arrived', async () => sum(await target.endOffsets('A.orders')) === 100n)
    expect(sum(await source.endOffsets('orders'))).toBe(100n)
  })

  it('goes on after kill -9 and a restart of MirrorMaker', async () => {
    const { pid } = mirrorMaker
    await mirrorMaker.kill()
    expect(pid !== undefined && isAlive(pid)).toBe(false)
    await source.produce('orders', records(50))

    await mirrorMaker.start()
    await mirrorMaker.waitUntilReplicating()
    await waitUntil('the new records arrived', async () => sum(await target.endOffsets('A.orders')) >= 150n)
    expect(mirrorMaker.pid).not.toBe(pid)
  })

  it('freezes a broker and wakes it again', async () => {
    const [broker] = target.brokers
    broker?.pause()
    let asked: Promise<string> | undefined
    try {
      // A signal takes its time to reach every thread: what was asked before that is still answered.
      await waitUntil('nobody answers', async () => {
        asked = target.endOffsets('A.orders').then(() => 'answered')
        const patience = new Promise(resolve => setTimeout(resolve, 1000, 'no answer'))
        return (await Promise.race([asked, patience])) === 'no answer'
      })
    } finally {
      broker?.resume()
    }
    expect(await asked).toBe('answered')
  })

  it('makes a partition leaderless by killing its only broker', async () => {
    const [, second] = source.brokers
    await second?.kill()
    const leader = async () => (await source.partitions('on-node-2'))[0]?.leader
    await waitUntil('it has no leader', async () => (await leader()) === -1)
    await second?.start()
    await waitUntil('it has its leader again', async () => (await leader()) === 2)
  })

  it('knows when each record of a steady writer was accepted', async () => {
    const writer = new SteadyWriter(source, ['steady'], { recordsPerSecond: 50 })
    await writer.start()
    await waitUntil('a second of writing', () => writer.truth.count('steady') >= 50)
    await writer.stop()

    const [end = 0n] = await source.endOffsets('steady')
    expect(sum(await source.endOffsets('steady'))).toBe(BigInt(writer.truth.count('steady')))
    expect(writer.truth.last('steady', 0)?.offset).toBe(end - 1n)
    expect(writer.truth.acceptedAt('steady', 0, end)).toBeUndefined()
    const first = writer.truth.acceptedAt('steady', 0, 0n)
    expect(first).toEqual(writer.truth.firstAcceptedAfter('steady', 0, -1n))
    expect(first?.acknowledgedAt).toBeGreaterThanOrEqual(first?.sendStartedAt ?? Number.NaN)
  })

  it('replaces MirrorMaker by one with other aliases and the identity policy', async () => {
    await mirrorMaker.stop()
    const identity = await lab.startMirrorMaker({
      source,
      target,
      sourceAlias: 'east',
      targetAlias: 'west',
      policy: 'identity',
      topics: 'orders',
    })
    await identity.waitUntilReplicating()
    await waitUntil('orders arrived', async () => sum(await target.endOffsets('orders')) === 150n)
  })

  it('shows the end of the log when a start fails', async () => {
    const start = lab.startCluster({ name: 'C', properties: { 'num.io.threads': 'many' } })
    await expect(start).rejects.toThrow(/Invalid value many for configuration num\.io\.threads/)
  })

  it('leaves no process and no folder when it is closed', async () => {
    const pids = [mirrorMaker, ...source.brokers, ...target.brokers].map(({ pid }) => pid ?? 0)
    expect(pids.map(isAlive)).toEqual([false, true, true, true])
    await lab.close()
    expect(pids.map(isAlive)).toEqual([false, false, false, false])
    expect(existsSync(lab.folder)).toBe(false)
  })
})
