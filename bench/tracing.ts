import { execFileSync } from 'node:child_process'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

// npm run bench:tracing: what tracing costs a poll while nobody asks for it. The same poll with the module as it is,
// and with one in its place that only calls the work; in turns, so that what else the machine does hits both.

const partitions = 20_000
const bytesPerPoll = 4 * 1024 ** 2
const turns = 7

const withoutTracing = `
export const inSpan = (name, options, work) => work(undefined)
export const describeSpan = () => {}
export const failSpan = () => {}
export const requestSentInSpan = () => {}
`

const [kind] = process.argv.slice(2)
if (kind === undefined) compare()
else {
  if (kind === 'without') {
    registerHooks({
      load: (url, context, next) =>
        url.endsWith('/telemetry/tracing.ts')
          ? { format: 'module', source: withoutTracing, shortCircuit: true }
          : next(url, context),
    })
  }
  const { pollCpuMs } = await import('./audit.ts')
  console.log(await pollCpuMs(partitions, bytesPerPoll))
}

function compare(): void {
  const found: Record<'with' | 'without', number[]> = { with: [], without: [] }
  for (let turn = 0; turn < turns; turn++) {
    for (const each of ['with', 'without'] as const) found[each].push(measured(each))
  }
  const [off, none] = [median(found.with), median(found.without)]
  console.log(`CPU of a poll of ${partitions.toLocaleString('en')} partitions, median of ${turns}`)
  console.log(
    `without the code ${none.toFixed(1)} ms, tracing off ${off.toFixed(1)} ms: ratio ${(off / none).toFixed(3)}`,
  )
}

function measured(each: 'with' | 'without'): number {
  const args = ['--expose-gc', fileURLToPath(import.meta.url), each]
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
