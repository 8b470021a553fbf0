import { assessFlow } from '../src/assess/assess.ts'
import { compareFlow } from '../src/compare/flow.ts'
import type { FlowAssessment } from '../src/model/assessment.ts'
import type { FlowComparison } from '../src/model/comparison.ts'
import { mirrorMaker2Names } from '../src/replicators/mirrormaker2/naming.ts'
import { aFlow } from '../test/support/world.ts'
import { pollCpuMs } from './audit.ts'
import { observationOf } from './world.ts'

// What one poll costs above the wire, by the number of partitions: CPU and memory of compare and assess. The figures
// of one machine say little; how they grow says much, so each is also given as a ratio to the first row.

const partitionsPerTopic = 10
const sizes = [2_000, 20_000, 200_000]
const rounds = 8

interface Row {
  readonly partitions: number
  readonly cpuMs: number
  readonly bytesPerPartition: number
}

const rows = sizes.map(measure)
const first = rows[0]
console.log('partitions   CPU of a poll   ratio   heap per partition')
for (const { partitions, cpuMs, bytesPerPartition } of rows) {
  const ratio = first === undefined ? 1 : cpuMs / first.cpuMs
  console.log(
    `${String(partitions).padStart(10)}   ${cpuMs.toFixed(1).padStart(10)} ms   ${ratio.toFixed(1).padStart(5)}   ${bytesPerPartition.toFixed(0).padStart(10)} bytes`,
  )
}

console.log('\nbytes of records read in a poll of 20,000 partitions   CPU above the wire   ratio')
const withoutRecords = await pollCpuMs(20_000, 0)
for (const bytes of [0, 4, 16]) {
  const cpuMs = bytes === 0 ? withoutRecords : await pollCpuMs(20_000, bytes * 1024 ** 2)
  console.log(
    `${String(bytes).padStart(50)} MiB   ${cpuMs.toFixed(1).padStart(15)} ms   ${(cpuMs / withoutRecords).toFixed(2).padStart(5)}`,
  )
}

function measure(partitions: number): Row {
  const flow = aFlow()
  const naming = mirrorMaker2Names(flow.replicator)
  const context = { flow, naming, pacing: { commitIntervalMs: 60_000, pairSpacing: 100n }, pollMs: 15_000 }
  const before = heapUsed()
  let comparison: FlowComparison | undefined
  let assessment: FlowAssessment | undefined
  const cpu: number[] = []
  for (let round = 0; round < rounds; round++) {
    const observation = observationOf({
      topics: partitions / partitionsPerTopic,
      partitionsPerTopic,
      round,
      targetTopicOf: naming.targetTopicOf,
    })
    const started = process.cpuUsage()
    comparison = compareFlow(comparison, observation, context)
    assessment = assessFlow(assessment, comparison, context)
    const { user, system } = process.cpuUsage(started)
    cpu.push((user + system) / 1000)
  }
  const bytes = heapUsed() - before
  if (assessment?.partitionsObserved !== partitions)
    throw new Error('the bench does not observe what it builds')
  return { partitions, cpuMs: median(cpu.slice(2)), bytesPerPartition: bytes / partitions }
}

function heapUsed(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new Error('nothing was measured')
  return middle
}
