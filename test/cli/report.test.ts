import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePorts } from '../../lab/ports.ts'
import { runProgram } from '../../src/cli/program.ts'
import { type ReportOptions, report } from '../../src/cli/report.ts'
import { exporterOf, fourFlows, type RunningExporter } from '../report/support/exporter.ts'
import { type StubServer, stubServer } from '../support/stubServer.ts'

let folder: string
let out: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-report-'))
  out = join(folder, 'report.html')
})
afterEach(() => rm(folder, { recursive: true }))

let exporter: RunningExporter
beforeAll(async () => {
  exporter = await exporterOf(fourFlows(230))
})
afterAll(() => exporter.close())

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(
  options: Partial<ReportOptions>,
  environment: Record<string, string> = {},
  now = '2026-11-15T10:00:00Z',
): Promise<Outcome> {
  const said: string[] = []
  const complained: string[] = []
  const code = await report(
    { version: '1.2.3', out, ...options },
    { write: text => said.push(text), error: text => complained.push(text) },
    { wallMs: () => Date.parse(now), environment },
  )
  return { code, out: said.join('\n'), err: complained.join('\n') }
}

const page = () => readFile(out, 'utf8')
/** The text of a page without its markup. */
const textOf = (markup: string) =>
  markup
    .replaceAll(/<style>.*?<\/style>/gs, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')

describe('from a running exporter', () => {
  test('one file with what it knows, dated, worst flow first', async () => {
    expect(await run({ from: exporter.url })).toEqual({ code: 0, out: `wrote ${out}`, err: '' })
    const text = textOf(await page())
    expect(text).toContain('2026-11-15 10:00:00 UTC by Tidemark 1.2.3')
    expect(text).toContain(`the running exporter at ${exporter.url}, as it was at 2026-03-01 10:45:07 UTC`)
    expect(text).toContain('If east died now, you would lose at most 10 min 52 s of orders')
    expect(text).toContain('The 5 min budget of orders has not been shown to be kept since 10:39:15 UTC')
    expect(text).toContain('The source does not answer')
    expect(text).toContain('nobody can tell yet what would be lost')
    const headings = [...(await page()).matchAll(/<h2>(.*?) <span/g)].map(([, name]) => name)
    expect(headings).toEqual([
      'east-to-west',
      'north-to-south',
      '&lt;b&gt;&amp;&quot;x&quot;-to-west',
      'west-to-east',
    ])
  })

  test('the topics that it has no room for are counted', async () => {
    await run({ from: exporter.url, flow: 'east-to-west' })
    const text = textOf(await page())
    expect(text).toContain('31 more topics are left out')
    expect(text).toContain('payments-198')
    expect(text).not.toContain('payments-199')
    expect(text.indexOf('orders → east.orders')).toBeLessThan(text.indexOf('payments-000 →'))
  })

  test('names that look like markup are text', async () => {
    await run({ from: exporter.url })
    const markup = await page()
    expect(markup).toContain('&lt;b&gt;&amp;&quot;x&quot;-to-west')
    expect(markup).not.toContain('<b>')
  })

  test('it asks nobody for anything', async () => {
    await run({ from: exporter.url })
    const markup = await page()
    expect(markup).not.toMatch(/\s(src|href|action|srcset)=|url\(|@import|<script|<link|<iframe/i)
    expect(markup).toContain('default-src &#39;none&#39;')
  })

  test('one flow of it', async () => {
    expect((await run({ from: exporter.url, flow: 'west-to-east' })).code).toBe(0)
    const text = textOf(await page())
    expect(text).toContain('only the flow west-to-east')
    expect(text).not.toContain('north-to-south')
  })

  test('a flow that it does not have', async () => {
    expect(await run({ from: exporter.url, flow: 'x' })).toMatchObject({
      code: 2,
      err: '--flow "x": expected one of west-to-east, north-to-south, east-to-west, <b>&"x"-to-west',
    })
    expect(await readdir(folder)).toEqual([])
  })

  test('user and password of its address are nowhere', async () => {
    const { code, err } = await run({ from: exporter.url.replace('//', '//audit:geheim@') })
    expect(code).toBe(0)
    expect((await page()) + err).not.toMatch(/geheim|audit:/)
    expect(textOf(await page())).toContain(exporter.url)
  })
})

describe('an address where no exporter of this version is', () => {
  let stub: StubServer | undefined
  afterEach(async () => {
    await stub?.close()
    stub = undefined
  })

  async function saidOf(answer: unknown): Promise<Outcome> {
    stub = await stubServer((_, response) => response.end(JSON.stringify(answer)))
    return run({ from: stub.url })
  }

  test('something else', async () => {
    expect(await saidOf({ hello: 'world' })).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /^Tidemark at http:\/\/127\S+: \/api\/v1\/flows answers something else than/,
      ),
    })
  })

  test('another version, with the first place that differs', async () => {
    const { code, err } = await saidOf({
      now: '2026-03-01T10:40:35.000Z',
      pollSeconds: 15,
      clusters: [{ cluster: 'a' }],
      flows: [],
    })
    expect(code).toBe(1)
    expect(err).toContain('/api/v1/flows is of another version than this tidemark (clusters.0.up: ')
    expect(err).toContain('Make the report with the version that runs there')
  })

  test('a file that is there stays as it is', async () => {
    await writeFile(out, 'the old one')
    expect((await saidOf('no')).code).toBe(1)
    expect(await page()).toBe('the old one')
    expect(await readdir(folder)).toEqual(['report.html'])
  })
})

describe('by its own polls', () => {
  test('clusters that do not answer are said, and what needs history', async () => {
    const [east, west] = await freePorts(2)
    const config = join(folder, 'tidemark.yaml')
    await writeFile(
      config,
      `
clusters:
  east: { bootstrapServers: ["127.0.0.1:${east}"] }
  west: { bootstrapServers: ["127.0.0.1:${west}"] }
flows:
  - { name: east-to-west, source: east, target: west, replicator: { kind: mirrormaker2 }, rpo: { budget: 5m } }
poll: { timeout: 2s }
`,
    )
    const { code, err } = await run({ config })
    expect(code).toBe(0)
    expect(err).toContain('poll 1: 1 of 1 flows polled')
    const text = textOf(await page())
    expect(text).toContain('2 polls of its own')
    expect(text).toContain('nothing can be seen to stall')
    expect(text).toContain('nobody can tell what would be lost')
    expect(text).toContain('unknown: the scope could not be read')
  }, 30_000)

  test('a configuration that is wrong', async () => {
    const config = join(folder, 'tidemark.yaml')
    await writeFile(config, 'clusters: {}\n')
    const { code, err } = await run({ config })
    expect(code).toBe(2)
    expect(err).toContain('tidemark.yaml')
  })
})

/** How an option names a secret. */
const env = (name: string) => `\${env:${name}}`
const file = (path: string) => `\${file:${path}}`

describe('options that are wrong', () => {
  const from = 'http://127.0.0.1:1'
  const prometheus = 'http://127.0.0.1:1'

  test.each<[string, Partial<ReportOptions>, string]>([
    ['nowhere from', {}, '--from <url>, --config <file>: expected exactly one of them'],
    ['both', { from, config: 'x' }, '--from <url>, --config <file>: expected exactly one of them'],
    [
      'no address',
      { from: 'tidemark' },
      '--from: expected an address such as http://tidemark:9847, found "tidemark"',
    ],
    [
      'a month of nothing',
      { from, month: '2026-10' },
      '--prometheus <url>, --month <YYYY-MM>: expected both of them or neither',
    ],
    ['a Prometheus without a month', { from, prometheus }, 'expected both of them or neither'],
    [
      'no month',
      { from, prometheus, month: '2026-13' },
      '--month: expected a month such as 2026-10, found "2026-13": no calendar has it',
    ],
    [
      'a month to come',
      { from, prometheus, month: '2026-12' },
      '--month 2026-12: expected a month that has passed or is running (UTC), found one that has not begun',
    ],
    [
      'a secret in the open',
      { from, prometheus, month: '2026-10', prometheusToken: 'geheim' },
      `--prometheus-token: expected '${env('NAME')}' or '${file('PATH')}' (in single quotes), found something else`,
    ],
    [
      'a secret that is not there',
      { from, prometheus, month: '2026-10', prometheusToken: env('NONE') },
      '--prometheus-token: expected a secret in the environment as NONE, found no such variable',
    ],
    [
      'a secret file that is not there',
      { from, prometheus, month: '2026-10', prometheusToken: file('/none') },
      '--prometheus-token: expected a secret in the file /none, found no such file',
    ],
    [
      'a secret of two lines',
      { from, prometheus, month: '2026-10', prometheusToken: env('LINES') },
      'found line ends or other characters that no header can have',
    ],
    [
      'a user without a password',
      { from, prometheus, month: '2026-10', prometheusUser: 'a' },
      '--prometheus-user, --prometheus-password: expected both of them',
    ],
    [
      'two who ask',
      { from, prometheus: 'http://a:geheim@b', month: '2026-10', prometheusToken: env('TOKEN') },
      '--prometheus: expected one way to say who asks',
    ],
    ['a secret for nobody', { from, prometheusToken: env('TOKEN') }, 'they need --prometheus <url>'],
  ])('%s', async (_, options, message) => {
    const { code, err } = await run(options, { TOKEN: 'geheim', LINES: 'geheim\ngeheim' })
    expect(code).toBe(2)
    expect(err).toContain(message)
    expect(err).not.toContain('geheim')
    expect(await readdir(folder)).toEqual([])
  })

  test('the first minute of a month is too early', async () => {
    const { err } = await run({ from, prometheus, month: '2026-11' }, {}, '2026-11-01T00:01:59Z')
    expect(err).toContain('found one that has only just begun')
  })

  test('all of them at once', async () => {
    const { err } = await run({ month: '2026-99', prometheus: 'x', out: folder })
    expect(err.split('\n')).toHaveLength(4)
  })

  test.each([
    ['a folder', () => folder, 'expected a file, found a directory'],
    [
      'no folder',
      () => join(folder, 'none', 'r.html'),
      'expected a folder that can be written to, found none of this name',
    ],
  ])('--out is %s', async (_, path, message) => {
    const { code, err } = await run({ from, out: path() })
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})

describe('Prometheus', () => {
  let stub: StubServer | undefined
  afterEach(async () => {
    await stub?.close()
    stub = undefined
  })

  test('that has nothing of the month: no file, and what to look at', async () => {
    stub = await stubServer((_, response) =>
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [] } })),
    )
    const { code, err } = await run({ from: exporter.url, prometheus: stub.url, month: '2026-10' })
    expect(code).toBe(1)
    expect(err).toContain('it has recorded nothing of any flow in 2026-10')
    expect(await readdir(folder)).toEqual([])
  })

  test('gets who asks, and nobody else does', async () => {
    const seen = new Set<string | undefined>()
    stub = await stubServer((request, response) => {
      seen.add(request.headers.authorization)
      response.writeHead(403).end()
    })
    const path = join(folder, 'token')
    await writeFile(path, 'geheim\n')
    const prometheusToken = file(path)
    const { err } = await run({ from: exporter.url, prometheus: stub.url, month: '2026-10', prometheusToken })
    expect([...seen]).toEqual(['Bearer geheim'])
    expect(err).toContain('it does not let this user in (status 403')
    expect(err).not.toContain('geheim')
  })
})

test('a link stays a link, and the file behind it is replaced', async () => {
  await mkdir(join(folder, 'archive'))
  await writeFile(join(folder, 'archive', 'real.html'), 'the old one')
  await symlink(join(folder, 'archive', 'real.html'), out)
  expect((await run({ from: exporter.url })).code).toBe(0)
  expect(await readFile(join(folder, 'archive', 'real.html'), 'utf8')).toContain('<!doctype html>')
  expect(
    (await readdir(folder, { withFileTypes: true }))
      .find(({ name }) => name === 'report.html')
      ?.isSymbolicLink(),
  ).toBe(true)
})

test('the command takes its options', async () => {
  const said: string[] = []
  const code = await runProgram(
    [
      'report',
      '--out',
      out,
      '--from',
      'x',
      '--prometheus',
      'y',
      '--month',
      '2026-13',
      '--prometheus-token',
      'z',
    ],
    '1.2.3',
    { write: text => said.push(text), error: text => said.push(text) },
  )
  expect(code).toBe(2)
  for (const flag of ['--from: ', '--prometheus: ', '--month: ', '--prometheus-token: ']) {
    expect(said.join('\n')).toContain(flag)
  }
})
