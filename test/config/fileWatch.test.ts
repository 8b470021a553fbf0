import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FileWatch, markOf } from '../../src/config/fileWatch.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-watch-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A watch that has handled the file as it is now; looks when it is told to. */
async function watched(path: string) {
  let changes = 0
  const watch = new FileWatch(path, await markOf(path), () => {
    changes += 1
  })
  return {
    watch,
    /** Changes that this many looks have found. */
    async looks(times: number): Promise<number> {
      changes = 0
      for (let look = 0; look < times; look++) await watch.look()
      return changes
    },
  }
}

describe('the watch of a file', () => {
  test('a file that stays is no change', async () => {
    const path = join(folder, 'tidemark.yaml')
    await writeFile(path, 'one')
    expect(await (await watched(path)).looks(3)).toBe(0)
  })

  test('another content is one change, once it has been the same twice', async () => {
    const path = join(folder, 'tidemark.yaml')
    await writeFile(path, 'one')
    const { looks } = await watched(path)
    await writeFile(path, '')
    expect(await looks(1)).toBe(0)
    await writeFile(path, 'two, written')
    expect(await looks(1)).toBe(0)
    expect(await looks(1)).toBe(1)
    expect(await looks(3)).toBe(0)
  })

  test('a file that goes is a change, and one that comes back', async () => {
    const path = join(folder, 'tidemark.yaml')
    await writeFile(path, 'one')
    const { looks } = await watched(path)
    await unlink(path)
    expect(await looks(3)).toBe(1)
    await writeFile(path, 'one')
    expect(await looks(3)).toBe(1)
  })

  test('a mounted ConfigMap: the link to the folder with the file is swapped, and the path stays', async () => {
    for (const [version, text] of [
      ['..2026_1', 'one'],
      ['..2026_2', 'two'],
    ] as const) {
      await mkdir(join(folder, version))
      await writeFile(join(folder, version, 'tidemark.yaml'), text)
    }
    await symlink('..2026_1', join(folder, '..data'))
    await symlink(join('..data', 'tidemark.yaml'), join(folder, 'tidemark.yaml'))
    const { looks } = await watched(join(folder, 'tidemark.yaml'))
    expect(await looks(2)).toBe(0)
    await symlink('..2026_2', join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    expect(await looks(2)).toBe(1)
    expect(await looks(2)).toBe(0)
  })

  test('a change that somebody else has handled is none', async () => {
    const path = join(folder, 'tidemark.yaml')
    await writeFile(path, 'one')
    const { watch, looks } = await watched(path)
    await writeFile(path, 'two two')
    watch.handled(await markOf(path))
    expect(await looks(3)).toBe(0)
  })
})
