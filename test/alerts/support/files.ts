import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs something beside files of these names and texts, which are gone afterwards. */
export async function withFiles<T>(
  files: ReadonlyMap<string, string>,
  run: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-alerts-'))
  try {
    for (const [name, text] of files) await writeFile(join(folder, name), text)
    return await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
