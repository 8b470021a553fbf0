import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runProgram } from '../../src/cli/program.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = []
  const err: string[] = []
  const code = await runProgram(args, '1.2.3', {
    write: text => out.push(text),
    error: text => err.push(text),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const valid = `
clusters:
  east: { bootstrapServers: ["127.0.0.1:1"] }
  west: { bootstrapServers: ["127.0.0.1:2"] }
flows:
  - name: east-to-west
    source: east
    target: west
    replicator: { kind: mirrormaker2 }
    rpo: { budget: 5m }
`

describe('tidemark', () => {
  test('--help teaches: what it answers, a first configuration, the commands', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    for (const word of ['would we lose', 'bootstrapServers', 'serve', 'validate', 'docs/configuration.md']) {
      expect(out).toContain(word)
    }
  })

  test('the configuration that --help shows is valid', async () => {
    const { out } = await run('--help')
    const example = /\n( {2}clusters:[\s\S]*?)\n\n/.exec(out)?.[1]
    expect((await run('validate', '--config', await file('help.yaml', example ?? ''))).code).toBe(0)
  })

  test('serve --help says which permissions it needs and what it gives', async () => {
    const { code, out } = await run('serve', '--help')
    expect(code).toBe(0)
    for (const word of ['DESCRIBE', 'READ', '/metrics', '/readyz', 'SIGTERM']) expect(out).toContain(word)
  })

  test('--version', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, out: '1.2.3' })
  })

  test.each([
    ['no command', []],
    ['an unknown command', ['srve']],
    ['an unknown option', ['validate', '--config', 'x', '--conect']],
    ['a missing option', ['serve']],
    ['a log level that does not exist', ['serve', '--config', 'x', '--log-level', 'loud']],
    ['something that is not generated', ['generate', 'poems', '--out', 'x']],
  ])('%s is a usage error: exit 2', async (_, args) => {
    const { code, err } = await run(...args)
    expect(code).toBe(2)
    expect(err).not.toBe('')
  })
})

describe('tidemark validate', () => {
  test('says what a valid configuration means', async () => {
    const path = await file('valid.yaml', valid)
    expect(await run('validate', '--config', path)).toEqual({
      code: 0,
      err: '',
      out: `${path} is valid: 2 clusters, 1 flow, polled by "*/15 * * * * *" (UTC).
  east-to-west: east -> west, mirrormaker2 (default policy), budget 5m, to be kept 99.9 % of the time`,
    })
  })

  test.each([
    ['failed_over', '; failed over: pages nobody'],
    [
      '{ maintenance: { until: 2999-01-01T00:00:00Z, reason: disks } }',
      '; in maintenance until 2999-01-01T00:00:00.000Z (disks): pages nobody',
    ],
    [
      '{ maintenance: { until: 2020-01-01T01:00:00+01:00, reason: disks } }',
      '; its maintenance ended at 2020-01-01T00:00:00.000Z: active',
    ],
  ])('says what state %s means', async (state, words) => {
    const { out } = await run(
      'validate',
      '--config',
      await file('state.yaml', `${valid}    state: ${state}\n`),
    )
    expect(out.endsWith(words)).toBe(true)
  })

  test('prints all problems and exits with 2', async () => {
    const path = await file(
      'bad.yaml',
      valid.replace('5m', '5 minutes').replace('source: east', 'source: est'),
    )
    const { code, out, err } = await run('validate', '--config', path)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err.split('\n')).toHaveLength(2)
    expect(err).toContain('flows[0].rpo.budget: expected a duration')
    expect(err).toContain('flows[0].source')
  })

  test('warnings do not fail it', async () => {
    const path = await file('tight.yaml', `${valid.replace('5m', '30s')}\naudit: { bytesPerPoll: "0" }\n`)
    const { code, err } = await run('validate', '--config', path)
    expect(code).toBe(0)
    expect(err).toMatch(/^warning: .*flows\[0\]\.rpo\.budget/)
  })
})

describe('a web configuration that cannot be used', () => {
  test.each(['validate', 'serve'])('%s names its place, and not what stands there: exit 2', async command => {
    const path = await file('with-web.yaml', `${valid}server: { webConfig: web.yml }\n`)
    const web = await file('web.yml', 'basic_auth_users: { alice: hunter2 }\n')
    const { code, err } = await run(command, '--config', path)
    expect(code).toBe(2)
    expect(err).toContain(`${web}:1:28 basic_auth_users.alice: expected a bcrypt hash`)
    expect(err).not.toContain('hunter2')
  })
})

describe('tidemark serve', () => {
  test.each([
    ['a file that does not exist', 'nowhere.yaml'],
    ['a folder', '.'],
  ])('with %s: one line, exit 2', async (_, path) => {
    const { code, err } = await run('serve', '--config', join(folder, path))
    expect(code).toBe(2)
    expect(err.split('\n')).toHaveLength(1)
    expect(err).toContain(folder)
  })
})

describe('tidemark generate', () => {
  test('alerts: writes rules, tests and examples', async () => {
    const out = join(folder, 'alerts')
    const result = await run('generate', 'alerts', '--out', out, '--runbooks-url', 'https://wiki.example/rb/')
    expect(result).toMatchObject({ code: 0, err: '' })
    const files = (await readdir(out)).sort()
    expect(files).toEqual([
      'alertmanager.example.yaml',
      'tidemark.prometheusrule.yaml',
      'tidemark.rules.yaml',
      'tidemark.test.yaml',
      'tidemark.tmpl',
    ])
    const rules = await readFile(join(out, 'tidemark.rules.yaml'), 'utf8')
    expect(rules).toContain('runbook_url: https://wiki.example/rb/TidemarkRecordsLost.md')
    expect(rules).toContain('version!="1.2.3"')
  })

  test('alerts: other intervals make other rules', async () => {
    const out = join(folder, 'fast')
    const flags = [
      '--scrape-interval',
      '5s',
      '--evaluation-interval',
      '10s',
      '--restart',
      '1m',
      '--keep-firing',
      '2m',
    ]
    await run(
      'generate',
      'alerts',
      '--out',
      out,
      ...flags,
      '--dashboard-url',
      'https://grafana.example/d/x?f=$flow',
    )
    const rules = await readFile(join(out, 'tidemark.rules.yaml'), 'utf8')
    for (const text of ['interval: 10s', 'interval: 100s', '[30s]', '[1m]', 'keep_firing_for: 2m']) {
      expect(rules).toContain(text)
    }
    expect(rules).toContain('https://grafana.example/d/x?f={{ $labels.flow | urlquery }}')
    expect(rules).not.toContain('externalURL')
  })

  test('alerts --explain: what each takes, and what cannot be', async () => {
    const path = await file('explain.yaml', valid.replace('5m }', '5m, objective: 99.95%, window: 10d }'))
    const { code, out, err } = await run('generate', 'alerts', '--explain', '--config', path)
    expect(code).toBe(0)
    expect(out).toMatch(
      /^page +TidemarkRpoDeadlinePassed +85s = poll 15s \+ scrape 30s \+ evaluation 30s \+ group_wait 10s$/m,
    )
    expect(out).toMatch(/^page +TidemarkFlowUnreported +265s = .* inside 2m .* for 1m /m)
    expect(err.split('\n').map(line => line.slice(0, 60))).toEqual(
      [
        'warning: east-to-west: an objective of 99.95 % over 10d bears',
        'warning: east-to-west: a window of 10d is counted over 7d onl',
      ].map(line => line.slice(0, 60)),
    )
  })

  test('alerts --explain: an objective and intervals that fit give no warning', async () => {
    const path = await file('fits.yaml', valid)
    const flags = ['--retention', '30d', '--scrape-interval', '15s', '--group-wait', '30s']
    const { out, err } = await run('generate', 'alerts', '--explain', '--config', path, ...flags)
    expect(err).toBe('')
    expect(out).toMatch(/TidemarkRpoDeadlinePassed +90s = poll 15s \+ scrape 15s/)
    const short = await run('generate', 'alerts', '--explain', '--config', path)
    expect(short.err).toMatch(/^warning: east-to-west: Prometheus keeps 15d, less than the window of 28d/)
  })

  test.each([
    ['nowhere to write', ['alerts'], '--out <dir>'],
    ['docs without a folder', ['docs'], '--out <dir>'],
    ['--explain without a configuration', ['alerts', '--explain'], '--config <file>'],
    [
      '--explain with a file that is missing',
      ['alerts', '--explain', '--config', '/nowhere.yaml'],
      '/nowhere.yaml',
    ],
    [
      'a duration that is none',
      ['alerts', '--out', 'x', '--restart', 'soon'],
      '--restart: expected a duration',
    ],
  ])('%s: exit 2, and says what is needed', async (_, args, words) => {
    const { code, err } = await run('generate', ...args)
    expect(code).toBe(2)
    expect(err).toContain(words)
  })

  test('a folder that is a file: exit 2', async () => {
    const path = await file('in-the-way', '')
    const { code, err } = await run('generate', 'docs', '--out', path)
    expect(code).toBe(2)
    expect(err).toContain(`--out ${path}: expected a folder that can be written to`)
  })
})
