import { setTimeout as sleep } from 'node:timers/promises'
import { evaluations, medianOf, states, whileMonitored } from './monitored.ts'

// How long a real Prometheus takes to evaluate the rules, by flows and topics, while all is well and while every flow
// is past its deadline, so that the texts of its alerts are made too. How it grows says more than the milliseconds.

const sizes = [
  { flows: 1, topics: 1_000 },
  { flows: 5, topics: 1_000 },
  { flows: 20, topics: 1_000 },
  { flows: 20, topics: 100 },
]
const intervalMs = 2_000
const warmUpMs = 20_000
const looks = 8

console.log('                                                evaluation of the groups')
let first: ReadonlyMap<string, number> | undefined
for (const { name, budgetMs } of states) {
  for (const { flows, topics } of sizes) {
    const { series, medianMs } = await whileMonitored(
      { flows, topics, budgetMs, intervalMs },
      async monitored => {
        await sleep(warmUpMs)
        return { series: monitored.series, medianMs: await medians(monitored.url) }
      },
    )
    first ??= medianMs
    const figures = Array.from(medianMs, ([group, ms]) => {
      const ratio = ms / (first?.get(group) ?? ms)
      return `${group} ${ms.toFixed(1)} ms (x ${ratio.toFixed(1)})`
    })
    console.log(
      `${name.padEnd(21)}  ${String(flows).padStart(2)} flows x ${String(topics).padStart(5)} topics, ${String(series).padStart(6)} series: ${figures.join(', ')}`,
    )
  }
}

async function medians(url: string): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>()
  for (let look = 0; look < looks; look++) {
    for (const { name, seconds } of await evaluations(url)) {
      times.set(name, [...(times.get(name) ?? []), seconds * 1000])
    }
    await sleep(intervalMs)
  }
  return new Map(Array.from(times, ([name, all]) => [name, medianOf(all)]))
}
