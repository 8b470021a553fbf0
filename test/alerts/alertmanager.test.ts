import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../lab/command.ts'
import { ensureTools } from '../../lab/tools.ts'

const committed = fileURLToPath(new URL('../../alerts', import.meta.url))

describe('alerts/alertmanager.example.yaml', () => {
  let folder: string
  let config: string

  beforeAll(async () => {
    await ensureTools(['alertmanager'])
    folder = await mkdtemp(join(tmpdir(), 'tidemark-alertmanager-'))
    config = join(folder, 'alertmanager.example.yaml')
    await cp(committed, folder, { recursive: true })
  }, 300_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('passes amtool check-config, with its template', async () => {
    const { code, output } = await runCommand('amtool', ['check-config', config])
    expect(code, output).toBe(0)
    expect(output).toMatch(/ 1 templates\n/)
    expect(output).toMatch(/ 4 receivers\n/)
    expect(output).toMatch(/ 0 inhibit rules\n/)
  })

  test('names its key files by their whole paths: Alertmanager looks for others where it was started', async () => {
    const keys = [...(await readFile(config, 'utf8')).matchAll(/routing_key_file: (.*)/g)]
    expect(keys).toHaveLength(2)
    for (const [, path = ''] of keys) expect(isAbsolute(path), path).toBe(true)
  })

  test.each([
    ['a page of a flow of tier gold', 'severity=page tier=gold flow=orders', 'pagerduty-gold'],
    ['a page of a flow of another tier', 'severity=page tier=silver flow=orders', 'pagerduty'],
    ['a page of a flow without a tier', 'severity=page tier=none flow=orders', 'pagerduty'],
    ['a page about the exporter itself', 'severity=page job=tidemark', 'pagerduty'],
    ['a ticket, whatever the tier', 'severity=ticket tier=gold flow=orders', 'tickets'],
    ['the watchdog', 'alertname=TidemarkWatchdog severity=none', 'watchdog'],
  ])('sends %s to where it belongs', async (_, labels, receiver) => {
    const { code, output } = await runCommand('amtool', [
      'config',
      'routes',
      'test',
      `--config.file=${config}`,
      `--verify.receivers=${receiver}`,
      ...labels.split(' '),
    ])
    expect(code, output).toBe(0)
  })
})
