import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabCluster } from '../../../lab/cluster.ts'
import { runCommand } from '../../../lab/command.ts'
import { Lab } from '../../../lab/lab.ts'
import type { LabMirrorMaker } from '../../../lab/mirrorMaker.ts'
import { securedCluster, securedMaterial } from '../../../lab/secured.ts'
import { ensureTools } from '../../../lab/tools.ts'
import { waitUntil } from '../../../lab/wait.ts'
import { catalog } from '../../../src/metrics/catalog.ts'
import { type Permission, permissionsOf } from '../../../src/present/permissions.ts'
import type { Exposition } from '../../support/exposition.ts'
import { records } from '../exact/support.ts'
import { configFor, Exporter, flowName } from '../support/exporter.ts'
import { topicStatus } from '../support/truth.ts'

const user = { name: 'tidemark', password: 'the-password' }
const admin = { name: 'admin', password: 'another-password' }
const permissions = permissionsOf({ offsetSyncsLocation: 'source' })
/** These figures are there without the permission, and are only not what they would be. */
const worse: Readonly<Record<string, readonly string[]>> = {
  'target copies Describe': [catalog.topicRecoveryPoint.name],
  'source offsetSyncs Read': [catalog.topicEstimatedRecoveryPoint.name],
  'target status Read': [catalog.topicEstimatedRecoveryPoint.name],
}
const nameOf = ({ role, subject, operation }: Permission): string => `${role} ${subject} ${operation}`

let folder: string
let lab: Lab
let source: LabCluster
let target: LabCluster
let mirrorMaker: LabMirrorMaker
let exporter: Exporter
let config: string

beforeAll(async () => {
  await ensureTools(['java', 'maven'])
  folder = await mkdtemp(join(tmpdir(), 'tidemark-permissions-'))
  lab = await Lab.open()
  const material = await securedMaterial(folder)
  const properties = { 'allow.everyone.if.no.acl.found': false }
  const options = { material, user, admin, reauthMs: 60_000, properties }
  const clusters = await Promise.all([
    lab.startCluster(securedCluster({ name: 'east', ...options })),
    lab.startCluster(securedCluster({ name: 'west', ...options })),
  ])
  ;[source, target] = clusters
  for (const topic of ['orders-eu', 'payments']) {
    await source.createTopics([{ topic }])
    await source.produce(topic, records('before', 100))
  }
  mirrorMaker = await lab.startMirrorMaker({ source, target })
  await mirrorMaker.waitUntilReplicating()
  await waitUntil('all is copied', async () => {
    const copied = await Promise.all(
      ['east.orders-eu', 'east.payments'].map(name => target.offsetsSpanned(name)),
    )
    return copied.every(count => count === 100n)
  })
  await writeFile(join(folder, 'password'), user.password)
  await writeFile(
    join(folder, 'admin.properties'),
    `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="${admin.name}" password="${admin.password}";\n`,
  )
  await lab.writeTool(join(folder, 'kafka-acls.sh'), 'org.apache.kafka.tools.AclCommand')
  const login = { mechanism: 'plain', username: user.name, password: `\${file:${join(folder, 'password')}}` }
  // A budget that commits cannot prove has records read in every poll.
  const plaintext = configFor({ source, target, topics: ['payments', 'orders.*'], rpo: { budget: '3s' } })
  const secured = (cluster: LabCluster) => ({
    bootstrapServers: [`127.0.0.1:${cluster.brokers[0]?.ports.get('SASL_TEXT')}`],
    sasl: login,
  })
  const settings = { ...plaintext, clusters: { east: secured(source), west: secured(target) } }
  config = join(folder, 'tidemark.yaml')
  await writeFile(config, JSON.stringify(settings))
  exporter = await Exporter.start(settings)
})
afterAll(async () => {
  await exporter?.stop()
  await lab?.close()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

/** From here on something waits, so that there is a tail to read and a retention to fear. */
async function stopCopying(): Promise<void> {
  await exporter.until(
    'all is covered',
    page => page.all(topicStatus).filter(({ labels }) => labels['status'] === 'covered').length === 2,
    60_000,
  )
  await mirrorMaker.kill()
  await source.produce('payments', records('waiting', 20))
}

/** `tidemark validate --connect`, as somebody runs it. */
async function validate() {
  const { code, output } = await runCommand(process.execPath, [
    'src/main.ts',
    'validate',
    '--config',
    config,
    '--connect',
  ])
  const commands = output.match(/kafka-acls\.sh .*/g) ?? []
  return { code, output, commands }
}

/** As it is printed, by an administrator's shell. */
async function shell(command: string): Promise<void> {
  const { code, output } = await runCommand('sh', ['-c', command], {
    cwd: folder,
    env: { PATH: `${folder}${delimiter}${process.env['PATH']}` },
  })
  if (code !== 0) throw new Error(`${command}: ${output}`)
}

const topicFigures: readonly string[] = Object.values(catalog)
  .filter(({ labels }) => labels.includes('topic'))
  .map(({ name }) => name)

/** These are about records that wait, of which only payments has some. */
const ofWaiting: ReadonlySet<string> = new Set([
  catalog.topicMissing.name,
  catalog.topicRetentionDeadline.name,
])

/** Whether a page has a figure, and has it for what is said to be unknown otherwise. */
function isKnown(page: Exposition, figure: string): boolean {
  if (figure === topicStatus) {
    return ['payments', 'orders-eu'].every(topic => {
      const status = page.status(topicStatus, { topic })
      return status !== undefined && status !== 'unknown'
    })
  }
  const where = topicFigures.includes(figure)
    ? { topic: ofWaiting.has(figure) ? 'payments' : 'orders-eu' }
    : {}
  const values = page.all(figure, where).map(({ value }) => value)
  return figure === catalog.flowPartitionsAudited.name ? values.some(value => value > 0) : values.length > 0
}

const figures = [...new Set(permissions.flatMap(permission => permission.figures))]

/** A figure is known when everything is granted that stands beside it in the table. */
function knownWith(granted: ReadonlySet<string>): readonly string[] {
  return figures.filter(figure =>
    permissions
      .filter(it => it.figures.includes(figure) && worse[nameOf(it)]?.includes(figure) !== true)
      .every(it => granted.has(nameOf(it))),
  )
}

async function untilKnown(expected: readonly string[]): Promise<Exposition> {
  return waitUntil(
    `known are ${expected.length} figures`,
    async () => {
      const page = await exporter.scrape()
      const known = figures.filter(figure => isKnown(page, figure))
      return known.join() === expected.join() ? page : undefined
    },
    { timeoutMs: 60_000 },
  ).catch(async error => {
    const page = await exporter.scrape()
    const known = figures.filter(figure => isKnown(page, figure))
    const differing = figures.filter(figure => known.includes(figure) !== expected.includes(figure))
    throw new Error(`${error.message}; not as expected: ${differing.join(', ')}`)
  })
}

describe('from no permission to all of them, one by one', () => {
  const granted = new Set<string>()

  test('with none, nothing is known, and everything is missing', async () => {
    const { code, output } = await validate()
    expect(code, output).toBe(1)
    expect(output).toContain('east: connected as User:tidemark, 0 topics can be seen')
    expect(output).not.toContain('granted')
    const page = await untilKnown([])
    expect(page.status(topicStatus, { topic: 'payments' }), 'the filter names it').toBe('unknown')
    expect(page.text).not.toContain(user.password)
  })

  test.each(permissions.map(permission => [nameOf(permission), permission] as const))(
    '%s',
    async (name, { operation, without }) => {
      const before = await validate()
      expect(before.output).toContain(without)
      const own = commandsBelow(before.output, without)
      expect(own.length).toBeGreaterThan(0)
      for (const command of own) {
        expect(command).toContain(`--operation ${operation}`)
        await shell(command)
      }
      granted.add(name)
      const after = await waitUntil('the grant holds', async () => {
        const found = await validate()
        return found.output.includes(without) ? undefined : found
      })
      expect(after.code, after.output).toBe(granted.size === permissions.length ? 0 : 1)
      if (name === 'target copies Describe') await stopCopying()
      await untilKnown(figures.filter(figure => knownWith(granted).includes(figure)))
    },
  )

  test('with exactly all of them everything is known', async () => {
    expect(granted.size).toBe(permissions.length)
    const { code, output } = await validate()
    expect(code, output).toBe(0)
    expect(output).toContain('Everything that Tidemark reads is granted.')
    const page = await untilKnown(figures)
    for (const { labels, value } of page.all(catalog.unknownTopics.name)) {
      expect(value, labels['reason']).toBe(0)
    }
  })

  test('taken back on one topic: unknown with the reason, and the flow looks no better', async () => {
    const deadline = catalog.rpoDeadline.name
    const before = await untilKnown(figures)
    const server = `127.0.0.1:${source.brokers[0]?.ports.get('SASL_TEXT')}`
    for (const operation of ['Read', 'Describe'])
      await shell(
        `kafka-acls.sh --bootstrap-server ${server} --command-config admin.properties --remove --force --allow-principal User:tidemark --operation ${operation} --topic payments`,
      )
    const page = await exporter.until(
      'payments is unknown',
      it => it.status(topicStatus, { topic: 'payments' }) === 'unknown',
    )
    expect(page.value(catalog.unknownTopics.name, { reason: 'unauthorized' })).toBe(1)
    expect(page.status(topicStatus, { topic: 'orders-eu' })).toBe('covered')
    expect(page.value(deadline) ?? 0).toBeLessThanOrEqual(before.value(deadline) ?? 0)
    expect(page.value(catalog.flowPartitions.name)).toBe(before.value(catalog.flowPartitions.name))
    const point = catalog.recoveryPoint.name
    expect(page.value(point) ?? 0).toBeLessThanOrEqual(before.value(point) ?? Infinity)
    const view = JSON.stringify(await exporter.json(`/api/v1/flows/${flowName}/topics`))
    expect(view).toContain('"reason":"unauthorized"')
    const { code, output } = await validate()
    expect(code).toBe(1)
    expect(output).toContain('refused on payments')
  })
})

/** The commands that stand below what a missing permission costs, up to the next one. */
function commandsBelow(output: string, without: string): readonly string[] {
  const [, rest = ''] = output.split(without)
  const [own = ''] = rest.split(/\n {2}\S/)
  return own.match(/kafka-acls\.sh .*/g) ?? []
}
