import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LabConsumer } from './consumer.ts'
import { Lab } from './lab.ts'
import { freePorts } from './ports.ts'
import { SupervisedProcess } from './process.ts'
import { ensureTools } from './tools.ts'
import { waitUntil } from './wait.ts'
import { SteadyWriter } from './writer.ts'

// `npm start`: two real clusters, a real MirrorMaker 2, a producer, a consumer group, and Tidemark over them.
// `npm start -- --config my.yaml`: Tidemark over one's own clusters.

const topics = [
  { topic: 'orders', numPartitions: 6 },
  { topic: 'payments', numPartitions: 3 },
  { topic: 'clicks', numPartitions: 4 },
  { topic: 'audit-log', numPartitions: 1 },
]
const say = (line: string): void => console.log(line)

const { values } = parseArgs({
  options: { config: { type: 'string' }, port: { type: 'string' } },
  strict: true,
})
if (values.config === undefined) await runDemo(values.port === undefined ? undefined : Number(values.port))
else await runOnOwnClusters(values.config)

async function runOnOwnClusters(config: string): Promise<void> {
  // In this process: signals and exit code are those of the exporter.
  process.argv.splice(2, Infinity, 'serve', '--config', config)
  await import('../src/main.ts')
}

async function runDemo(wantedPort: number | undefined): Promise<void> {
  const started = performance.now()

  await ensureTools(['java', 'maven'], say)
  say('Starting two Kafka clusters, east and west (KRaft, one broker each) ...')
  await using lab = await Lab.open()
  const [east, west] = await Promise.all([
    lab.startCluster({ name: 'east' }),
    lab.startCluster({ name: 'west' }),
  ])
  await east.createTopics(topics)
  say('Starting MirrorMaker 2, east -> west ...')
  const mirrorMaker = await lab.startMirrorMaker({ source: east, target: west, offsetFlushIntervalMs: 5_000 })
  await mirrorMaker.waitUntilReplicating()

  const writer = new SteadyWriter(
    east,
    topics.map(({ topic }) => topic),
    { recordsPerSecond: 20 },
  )
  await writer.start()
  const consumer = new LabConsumer(east, 'billing', ['orders', 'payments'])
  await consumer.start()

  const [port] = wantedPort === undefined ? await freePorts(1) : [wantedPort]
  const config = join(lab.folder, 'tidemark.yaml')
  await mkdir(lab.folder, { recursive: true })
  await writeFile(config, demoConfig(east.bootstrapServers, west.bootstrapServers, port ?? 0))
  const exporter = new SupervisedProcess({
    name: 'tidemark',
    command: process.execPath,
    args: ['src/main.ts', 'serve', '--config', config],
    logFile: join(lab.folder, 'tidemark.log'),
  })
  const url = `http://127.0.0.1:${port}`
  const point = await waitUntil('Tidemark has proven a recovery point', () => provenPoint(url), {
    timeoutMs: 60_000,
    giveUp: () =>
      exporter.exit === undefined
        ? undefined
        : new Error(`Tidemark ended. Its log ends with:\n${exporter.tail()}`),
  })
  say(`Ready after ${((performance.now() - started) / 1000).toFixed(0)} s.\n`)
  say(welcome(url, config, point))

  const ended = Promise.withResolvers<void>()
  // From here on the ending is ours; until now the lab's own was the quicker one. Not once: the lab looks whether
  // somebody listens.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ended.resolve())
  const died = exporter.exited.then(() => `Tidemark ended by itself. Its log ends with:\n${exporter.tail()}`)
  const keyboard = listenToKeys({
    k: async () => {
      await mirrorMaker.kill()
      return 'MirrorMaker is killed (kill -9). Watch the recovery point of east-to-west stand still.'
    },
    s: async () => {
      east.pause()
      return 'The source cluster east is paused (SIGSTOP). Tidemark is blind there, and says so.'
    },
    r: async () => {
      await Promise.all([east.heal(), west.heal()])
      await mirrorMaker.heal()
      return 'Everything runs again.'
    },
    q: async () => {
      ended.resolve()
      return 'Ending.'
    },
  })
  const lastWords = await Promise.race([ended.promise, died])
  if (lastWords !== undefined) {
    say(lastWords)
    process.exitCode = 1
  }
  keyboard.close()
  say('Cleaning up ...')
  await Promise.all([writer.stop(), consumer.stop(), exporter.stop({ graceMs: 5_000 })])
}

/** The flow's recovery point as /metrics gives it, once it is there. */
async function provenPoint(url: string): Promise<string | undefined> {
  const page = await (await fetch(`${url}/metrics`)).text()
  return page
    .split('\n')
    .find(line => line.startsWith('kafka_replication_flow_recovery_point_timestamp_seconds{'))
}

function demoConfig(east: readonly string[], west: readonly string[], port: number): string {
  return `# What the demo runs with. Try: npm start -- --config this-file, with your own clusters in it.
clusters:
  east: { bootstrapServers: ${JSON.stringify(east)} }
  west: { bootstrapServers: ${JSON.stringify(west)} }
flows:
  - name: east-to-west
    source: east
    target: west
    tier: gold
    replicator: { kind: mirrormaker2, offsetFlushInterval: 5s, refreshTopicsInterval: 1s }
    topics: { include: [".*"] }
    rpo: { budget: 1m, overrides: [{ topics: [payments], budget: 30s }] }
poll: { schedule: "*/2 * * * * *", timeout: 1500ms }
server: { listen: "127.0.0.1:${port}" }
`
}

function welcome(url: string, config: string, point: string): string {
  return `  Open    ${url}/          what would be lost if east died now
          ${url}/metrics   the same for Prometheus, for example:
          ${point}
          ${url}/api/v1/flows/east-to-west
  Config  ${config}
${
  process.stdin.isTTY
    ? '  Break   k kills MirrorMaker, s pauses the source, r brings all back, q ends'
    : '  It runs until SIGTERM. In a terminal, keys break things: k kills MirrorMaker, s pauses the source, r brings all back.'
}
`
}

/** Runs an action per key, one after the other; without a terminal it does nothing. */
function listenToKeys(actions: Readonly<Record<string, () => Promise<string>>>): { close: () => void } {
  const { stdin } = process
  if (!stdin.isTTY) return { close: () => {} }
  let queue = Promise.resolve()
  const onKey = (bytes: Buffer): void => {
    // In raw mode Ctrl-C and Ctrl-D are bytes.
    const key = bytes[0] === 3 || bytes[0] === 4 ? 'q' : bytes.toString()
    const action = actions[key]
    if (action === undefined) return
    queue = queue.then(async () => {
      try {
        say(await action())
      } catch (error) {
        say(`That failed: ${error instanceof Error ? error.message : error}`)
      }
    })
  }
  stdin.setRawMode(true)
  stdin.on('data', onKey)
  return {
    close: () => {
      stdin.off('data', onKey)
      stdin.setRawMode(false)
      stdin.pause()
    },
  }
}
