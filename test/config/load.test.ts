import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Authority } from '../../lab/certificates.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problems.ts'
import { fullExample } from '../../src/config/reference.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-config-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function file(content: string | Buffer): Promise<string> {
  const path = join(folder, 'tidemark.yaml')
  await writeFile(path, content)
  return path
}

test('a good file becomes a configuration', async () => {
  const config = await loadConfig(await file(fullExample))
  expect(config.flows.map(flow => flow.name)).toEqual(['east-to-west', 'north-to-west'])
})

test('a bad file is refused with all its problems, a line each', async () => {
  const path = await file('clusters: {}\nflows: 3\n')
  const loading = loadConfig(path)
  await expect(loading).rejects.toBeInstanceOf(ConfigError)
  await expect(loading).rejects.toMatchObject({
    message:
      `${path}:1:11 clusters: expected a mapping of at least one cluster by name, found an empty mapping\n` +
      `${path}:2:8 flows: expected a list of at least one flow, found the number 3`,
  })
})

test('a file that is not there', async () => {
  const path = join(folder, 'none.yaml')
  await expect(loadConfig(path)).rejects.toThrow(
    new ConfigError([problem(path, 'a readable file', 'no such file')]),
  )
})

test('a directory', async () => {
  await expect(loadConfig(folder)).rejects.toThrow(
    new ConfigError([problem(folder, 'a readable file', 'a directory')]),
  )
})

test('bytes that are no text', async () => {
  const path = await file(Buffer.from([0x61, 0xff, 0xfe]))
  await expect(loadConfig(path)).rejects.toThrow(
    `${path}: expected a readable file, found bytes that are not UTF-8`,
  )
})

describe('with an environment, secrets and certificates are read as well', () => {
  const secured = `clusters:
  east:
    bootstrapServers: [east-1:9093]
    tls: { caFile: ca.pem, certFile: own.pem, keyFile: own.key }
    sasl: { mechanism: plain, username: tidemark, password: "\${env:EAST_PASSWORD}" }
  west:
    bootstrapServers: [west-1:9093]
    tls: {}
    sasl: { mechanism: plain, username: "\${file:user}", password: "\${file:password}" }
flows:
  - { name: a, source: east, target: west, replicator: { kind: mirrormaker2 }, rpo: { budget: 5m } }
`

  test('without one, nothing else is read', async () => {
    await expect(loadConfig(await file(secured))).resolves.toBeDefined()
  })

  test('all that is missing is told at its place', async () => {
    const path = await file(secured)
    await writeFile(join(folder, 'ca.pem'), 'no certificate')
    await writeFile(join(folder, 'password'), 'hunter2')
    await expect(loadConfig(path, {})).rejects.toThrow(
      [
        `${path}:4:20 clusters.east.tls.caFile: expected certificates (PEM) in ${join(folder, 'ca.pem')}, found none`,
        `${path}:4:38 clusters.east.tls.certFile: expected a readable file at ${join(folder, 'own.pem')}, found no such file`,
        `${path}:4:56 clusters.east.tls.keyFile: expected a readable file at ${join(folder, 'own.key')}, found no such file`,
        `${path}:5:61 clusters.east.sasl.password: expected a secret at \${env:EAST_PASSWORD}, found a variable that is not set`,
        `${path}:9:41 clusters.west.sasl.username: expected a secret at \${file:${join(folder, 'user')}}, found no such file`,
      ].join('\n'),
    )
  })

  test('all that is there is enough, with paths from the folder of the file', async () => {
    const path = await file(secured)
    const authority = await Authority.create(join(folder, 'authority'), 'authority')
    const own = await authority.issue('own', ['DNS:tidemark'])
    await copyFile(authority.caFile, join(folder, 'ca.pem'))
    await copyFile(own.certFile, join(folder, 'own.pem'))
    await copyFile(own.keyFile, join(folder, 'own.key'))
    await writeFile(join(folder, 'user'), 'tidemark')
    await writeFile(join(folder, 'password'), 'hunter2')
    await expect(loadConfig(path, { EAST_PASSWORD: 'hunter2' })).resolves.toMatchObject({ warnings: [] })
    await copyFile(join(folder, 'authority', 'ca.key'), join(folder, 'own.key'))
    await expect(loadConfig(path, { EAST_PASSWORD: 'hunter2' })).rejects.toThrow(
      `tls.keyFile: expected the key of ${join(folder, 'own.pem')}, found the key of another certificate`,
    )
    await writeFile(
      join(folder, 'own.key'),
      '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n',
    )
    await expect(loadConfig(path, { EAST_PASSWORD: 'hunter2' })).rejects.toThrow('found no private key (PEM)')
  })
})

function problem(path: string, expected: string, found: string) {
  return {
    file: path,
    line: 0,
    column: 0,
    path: '',
    expected,
    found,
    message: `expected ${expected}, found ${found}`,
  }
}
