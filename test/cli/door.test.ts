import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash } from 'bcryptjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../lab/wait.ts'
import { Exporter } from '../lab/support/exporter.ts'

const password = 'CANARY-of-the-visitor'
const wrong = 'CANARY-of-a-stranger'

let folder: string
let webConfig: string
let good: string
let exporter: Exporter

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-door-'))
  webConfig = join(folder, 'web.yml')
  good = JSON.stringify({ basic_auth_users: { prometheus: await hash(password, 4) } })
  await writeFile(webConfig, good)
  exporter = await Exporter.start({
    clusters: { east: { bootstrapServers: ['127.0.0.1:1'] }, west: { bootstrapServers: ['127.0.0.1:2'] } },
    flows: [
      {
        name: 'east-to-west',
        source: 'east',
        target: 'west',
        replicator: { kind: 'mirrormaker2' },
        rpo: { budget: '5m' },
      },
    ],
    poll: { schedule: '* * * * * *', timeout: '1s' },
    server: { listen: '127.0.0.1:0', webConfig },
  })
})
afterAll(async () => {
  await exporter?.stop()
  await rm(folder, { recursive: true })
})

async function ask(path: string, as = password): Promise<{ status: number; text: string }> {
  const authorization = `Basic ${Buffer.from(`prometheus:${as}`).toString('base64')}`
  const answer = await fetch(`${exporter.url}${path}`, { headers: { authorization } })
  return { status: answer.status, text: await answer.text() }
}

const successful = async (): Promise<string | undefined> =>
  /^tidemark_config_reload_successful (\d)$/m.exec((await ask('/metrics')).text)?.[1]

test('a web configuration that is refused is said everywhere, holds nobody up, and is over when it is repaired', async () => {
  expect((await ask('/metrics', wrong)).status).toBe(401)
  expect((await fetch(`${exporter.url}/metrics`)).status).toBe(401)
  expect(await successful()).toBe('1')

  // Whoever forgets to hash it has written the password down.
  await writeFile(webConfig, JSON.stringify({ basic_auth_users: { prometheus: password } }))
  await waitUntil('it is refused', async () => (await successful()) === '0')
  const { text } = await ask('/api/v1/flows')
  expect(JSON.parse(text)).toMatchObject({ configuration: { refused: { problems: 1 } } })
  const page = await ask('/')
  expect(page.text).toContain('The configuration was refused')
  expect(exporter.log()).toContain('the web configuration changed and cannot be used')

  await writeFile(webConfig, good)
  await waitUntil('it holds again', async () => (await successful()) === '1')
  expect(JSON.parse((await ask('/api/v1/flows')).text)).toMatchObject({ configuration: { refused: null } })

  const all = [text, page.text, (await ask('/metrics')).text, exporter.log()].join('\n')
  const hashed = /\$2[aby]\$[^"]*/.exec(good)?.[0] ?? 'no hash'
  for (const secret of [password, wrong, hashed, Buffer.from(password).toString('base64')]) {
    expect(all.includes(secret), secret).toBe(false)
  }
})
