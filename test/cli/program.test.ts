import { mkdtemp, rm, writeFile } from 'node:fs/promises'
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
