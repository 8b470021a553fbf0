import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../../lab/wait.ts'
import { type ConfigObject, Exporter } from '../lab/support/exporter.ts'

const name = 'east-to-west'
const budget = 'kafka_replication_flow_rpo_budget_seconds'
const successful = 'tidemark_config_reload_successful'

/** Clusters that nobody listens for: what is shown by configuration alone. */
function configWith(minutes: number, parts: ConfigObject = {}): ConfigObject {
  return {
    clusters: { east: { bootstrapServers: ['127.0.0.1:1'] }, west: { bootstrapServers: ['127.0.0.1:2'] } },
    flows: [
      {
        name,
        source: 'east',
        target: 'west',
        replicator: { kind: 'mirrormaker2' },
        rpo: { budget: `${minutes}m` },
      },
    ],
    server: { listen: '127.0.0.1:0' },
    ...parts,
  }
}

let exporter: Exporter
beforeEach(async () => {
  exporter = await Exporter.start(configWith(5))
})
afterEach(() => exporter.stop())

test('a process reads its configuration again on SIGHUP, refuses a bad one, and lives', async () => {
  const first = await exporter.scrape()
  expect(first.value(budget, { flow: name })).toBe(300)
  expect(first.value(successful)).toBe(1)

  await exporter.configure(configWith(6))
  exporter.hangUp()
  await exporter.until('the new budget', page => page.value(budget, { flow: name }) === 360)

  await exporter.configure('flows: 3\nclusters: {}\n')
  exporter.hangUp()
  const refused = await exporter.until('the file is refused', page => page.value(successful) === 0)
  expect(refused.value(budget, { flow: name })).toBe(360)
  expect(exporter.log()).toContain('flows: expected a list of at least one flow, found the number 3')
  expect(exporter.log()).toContain('clusters: expected a mapping of at least one cluster by name')
  expect(await exporter.json('/api/v1/flows')).toMatchObject({ configuration: { refused: { problems: 2 } } })

  await exporter.configure(configWith(7, { poll: { schedule: '*/5 * * * * *' } }))
  const page = await exporter.until('the change of the file is seen', it => it.value(successful) === 1)
  expect(page.value(budget, { flow: name })).toBe(420)
  expect(page.value('tidemark_poll_interval_seconds')).toBe(5)
  expect((await exporter.stop()).code).toBe(0)
})

test('many signals at once do not end it', async () => {
  for (let signal = 0; signal < 50; signal++) exporter.hangUp()
  await waitUntil('it is reloaded', () => exporter.log().includes('configuration is reloaded'))
  expect(await exporter.status('/healthz')).toBe(200)
})
