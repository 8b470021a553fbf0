import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import bcrypt from 'bcryptjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type OpenDoor, openDoor } from '../../src/cli/webConfig.ts'
import { type RunningServer, startServer } from '../../src/http/server.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { CertificateAuthority } from '../support/certificates.ts'
import { application } from './support/application.ts'

// A web configuration that changes under scrapes: what the operator writes, what the scrapers see, what is logged.

const authority = new CertificateAuthority()
const issue = (name: string, notAfter = new Date(Date.now() + 90 * 86_400_000)) =>
  authority.issue({ name, ips: ['127.0.0.1'], notAfter })
const hashOf = (password: string) => bcrypt.hashSync(password, 4)

let folder: string
let door: OpenDoor
let server: RunningServer
let logged: Record<string, unknown>[]
const agent = new Agent({ keepAlive: true })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-rotation-'))
  logged = []
})
afterEach(async () => {
  agent.destroy()
  await server.close(0)
  await door.close()
  await rm(folder, { recursive: true })
})

async function write(files: { name: string; password: string; notAfter?: Date }): Promise<void> {
  const { cert, key } = issue(files.name, files.notAfter)
  await writeFile(join(folder, 'server.crt'), cert)
  await writeFile(join(folder, 'server.key'), key)
  await writeUsers(files.password)
}

function writeUsers(password: string, hash = hashOf(password)): Promise<void> {
  const users = `basic_auth_users: { prometheus: "${hash}" }\n`
  return writeFile(
    join(folder, 'web.yml'),
    `tls_server_config: { cert_file: server.crt, key_file: server.key }\n${users}`,
  )
}

async function serving(): Promise<void> {
  const log = createLogger('info', { write: line => logged.push(JSON.parse(line)) })
  door = await openDoor(
    { host: '127.0.0.1', port: 0, webConfig: join(folder, 'web.yml'), openProbes: false },
    log,
  )
  const { handler } = door
  const app = application(handler === undefined ? {} : { door: handler })
  server = await startServer(app, { host: '127.0.0.1', port: 0, tls: door.tls() })
  door.onTlsChanged(tls => server.renewTls(tls))
}

async function scrape(password: string, on: Agent | false = agent): Promise<number | undefined> {
  const auth = `prometheus:${password}`
  const request = get({
    host: '127.0.0.1',
    port: server.port,
    path: '/metrics',
    ca: authority.cert,
    agent: on,
    auth,
  })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  await text(response)
  return response.statusCode
}

async function certificateSeen(): Promise<string | undefined> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port: server.port, ca: authority.cert })
  await once(socket, 'secureConnect')
  const subject = socket.getPeerX509Certificate()?.subject
  socket.destroy()
  return subject
}

const messages = () => logged.map(({ msg }) => msg)

test('the certificate is rotated three times under scrapes, and none of them fails', async () => {
  await write({ name: 'first', password: 'wonderland' })
  await serving()
  const statuses: (number | string | undefined)[] = []
  let rotating = true
  const scrapers = [agent, false as const].map(async on => {
    while (rotating) statuses.push(await scrape('wonderland', on).catch((error: Error) => error.message))
  })
  for (const name of ['second', 'third', 'fourth']) {
    const { cert, key } = issue(name)
    await writeFile(join(folder, 'server.crt'), cert)
    await writeFile(join(folder, 'server.key'), key)
    await expect.poll(certificateSeen, { timeout: 5_000 }).toBe(`CN=${name}`)
  }
  rotating = false
  await Promise.all(scrapers)
  expect(statuses.length).toBeGreaterThan(50)
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect(messages().filter(message => message === 'the web configuration changed and holds')).toHaveLength(3)
})

test('a new password holds, and the old one no more', async () => {
  await write({ name: 'server', password: 'wonderland' })
  await serving()
  expect(await scrape('wonderland')).toBe(200)
  await writeUsers('looking-glass')
  await expect.poll(() => scrape('wonderland'), { timeout: 5_000 }).toBe(401)
  expect(await scrape('looking-glass')).toBe(200)
})

test('a bad file is logged without what is in it, and scrapes go on', async () => {
  await write({ name: 'server', password: 'wonderland' })
  await serving()
  await writeUsers('', 'in-the-clear')
  await expect
    .poll(messages, { timeout: 5_000 })
    .toContain('the web configuration changed and cannot be used: the one before still holds')
  expect(await scrape('wonderland')).toBe(200)
  expect(await scrape('in-the-clear')).toBe(401)
  expect(JSON.stringify(logged)).toContain('basic_auth_users.prometheus: expected a bcrypt hash')
  expect(JSON.stringify(logged)).not.toContain('in-the-clear')
})

test('a certificate that is about to end is said', async () => {
  await write({ name: 'server', password: 'wonderland', notAfter: new Date(Date.now() + 1_000) })
  await serving()
  expect(messages()).toEqual(["the server's certificate ends soon, or has ended"])
})
