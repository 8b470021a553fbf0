import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigReload, type ReloadOptions } from '../../src/cli/reload.ts'
import { markOf } from '../../src/config/fileWatch.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { ConfigurationState } from '../../src/model/configuration.ts'

const good = `clusters:
  east: { bootstrapServers: [east-1:9092] }
  west: { bootstrapServers: [west-1:9092] }
flows:
  - name: a
    source: east
    target: west
    replicator: { kind: mirrormaker2 }
    rpo: { budget: 5m }
`

let folder: string
let path: string
let now: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-reload-'))
  path = join(folder, 'tidemark.yaml')
  now = 1_000
  await writeFile(path, good)
})
afterEach(() => rm(folder, { recursive: true }))

type Line = readonly [level: string, fields: unknown, message: string | undefined]

async function running(parts: Partial<ReloadOptions> = {}) {
  const applied: { budgetMs: number | undefined; fates: string[] }[] = []
  const states: ConfigurationState[] = []
  const lines: Line[] = []
  const line =
    (level: string) =>
    (fields: unknown, message?: string): void => {
      lines.push([level, fields, message])
    }
  const reload = new ConfigReload({
    path,
    running: await loadConfig(path),
    mark: await markOf(path),
    apply: async (next, changes) => {
      applied.push({ budgetMs: next.flows[0]?.rpo.budgetMs, fates: changes.map(({ fate }) => fate) })
    },
    onState: state => states.push(state),
    log: { info: line('info'), warn: line('warn'), error: line('error') } as ReloadOptions['log'],
    wallMs: () => now,
    ...parts,
  })
  return { reload, applied, states, lines }
}

describe('the configuration is read again', () => {
  test('a good file is applied, and the log says what became of each flow', async () => {
    const { reload, applied, states, lines } = await running()
    await writeFile(
      path,
      good.replace('5m', '6m').replace('flows:', 'poll: { schedule: "* * * * * *" }\nflows:'),
    )
    now = 2_000
    await reload.reload('SIGHUP')
    expect(applied).toEqual([{ budgetMs: 360_000, fates: ['kept'] }])
    expect(states).toEqual([{ loadedAtMs: 2_000, refused: undefined }])
    expect(lines.filter(([level]) => level === 'info')).toEqual([
      ['info', { flow: 'a', settings: ['rpo.budget'] }, 'flow is changed and keeps its history'],
      ['info', { why: 'SIGHUP', settings: ['poll.schedule'], flows: 1 }, 'configuration is reloaded'],
    ])
  })

  test('what a later file is compared with is the one that was applied last', async () => {
    const { reload, lines } = await running()
    await writeFile(
      path,
      good.replace('source: east', 'source: west').replace('target: west', 'target: east'),
    )
    await reload.reload('SIGHUP')
    await reload.reload('SIGHUP')
    expect(lines.map(([, , message]) => message)).toEqual([
      'flow is about something else and begins anew',
      'configuration is reloaded',
      'configuration is reloaded',
    ])
  })

  test('a bad file is refused with the text that it has at the start: all problems; what runs goes on', async () => {
    const { reload, applied, states, lines } = await running()
    await writeFile(path, good.replace('5m', 'soon').replace('source: east', 'source: est'))
    const atStart = await loadConfig(path).catch((error: Error) => error.message.split('\n'))
    expect(atStart).toHaveLength(2)
    now = 2_000
    await reload.reload('its file changed')
    expect(applied).toEqual([])
    expect(states).toEqual([{ loadedAtMs: 1_000, refused: { atMs: 2_000, problems: 2 } }])
    expect(reload.state).toBe(states[0])
    expect(lines).toEqual([
      [
        'error',
        { why: 'its file changed', problems: atStart },
        'configuration is refused, and the old one stays in force',
      ],
    ])
    await writeFile(path, good)
    await reload.reload('its file changed')
    expect(reload.state.refused).toBeUndefined()
    expect(applied).toHaveLength(1)
  })

  test('a file that went away is refused too', async () => {
    const { reload, states } = await running()
    await rm(path)
    await reload.reload('its file changed')
    expect(states[0]?.refused?.problems).toBe(1)
  })

  test('another address to listen on is refused: that needs a restart', async () => {
    const { reload, applied, lines } = await running()
    await writeFile(path, `${good}server: { listen: ":1" }\n`)
    await reload.reload('SIGHUP')
    expect(applied).toEqual([])
    expect(JSON.stringify(lines)).toContain('which it listens on until it is restarted')
  })

  test('asked for many times while it is under way, it is read once more', async () => {
    let release = (): void => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const apply = vi.fn(() => held)
    const { reload } = await running({ apply })
    const first = reload.reload('SIGHUP')
    await vi.waitFor(() => expect(apply).toHaveBeenCalledTimes(1))
    const others = [1, 2, 3].map(() => reload.reload('SIGHUP'))
    release()
    await Promise.all([first, ...others])
    expect(apply).toHaveBeenCalledTimes(2)
  })

  test('a defect is no end: it is logged, and what runs is not what the file says', async () => {
    const { reload, states, lines } = await running({ apply: () => Promise.reject(new Error('defect')) })
    await reload.reload('SIGHUP')
    expect(states[0]?.refused).toEqual({ atMs: 1_000, problems: 1 })
    expect(lines[0]?.[2]).toBe('a reload failed: this is a defect of Tidemark')
  })

  test('a change of the file is found by looking, and only until the end', async () => {
    const { reload, applied } = await running()
    reload.watch(5)
    await writeFile(path, good.replace('5m', '6m'))
    await vi.waitFor(() => expect(applied).toHaveLength(1))
    reload.end()
    await writeFile(path, good.replace('5m', '7m'))
    await reload.reload('SIGHUP')
    expect(applied).toHaveLength(1)
  })

  test('what was read because of a signal is not read again because the file changed', async () => {
    const { reload, applied } = await running()
    await writeFile(path, good.replace('5m', '6m'))
    await reload.reload('SIGHUP')
    reload.watch(5)
    await new Promise(resolve => setTimeout(resolve, 100))
    reload.end()
    expect(applied).toHaveLength(1)
  })
})
