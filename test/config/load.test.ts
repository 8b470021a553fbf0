import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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
  expect(config.flows.map(flow => flow.name)).toEqual(['east-to-west'])
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
