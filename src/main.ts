#!/usr/bin/env node
import { readFileSync } from 'node:fs'

const oldestNode = [24, 6] as const

const [major, minor] = process.versions.node.split('.').map(Number)
if (
  major === undefined ||
  minor === undefined ||
  major < oldestNode[0] ||
  (major === oldestNode[0] && minor < oldestNode[1])
) {
  process.stderr.write(
    `tidemark needs Node ${oldestNode.join('.')} or later, and this is ${process.versions.node}. In a clone, "npm start" brings its own.\n`,
  )
  process.exit(2)
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// Loaded only now: on an old Node its dependencies would fail with something less clear.
const { runProgram } = await import('./cli/program.ts')

const code = await runProgram(process.argv.slice(2), version, {
  write: text => process.stdout.write(`${text}\n`),
  error: text => process.stderr.write(`${text}\n`),
})
// A request to a cluster that hangs would keep the process alive until its time-out.
await Promise.all([process.stdout, process.stderr].map(stream => new Promise(done => stream.write('', done))))
process.exit(code)
