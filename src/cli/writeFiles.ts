import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CommandOutput, exitCode } from './output.ts'

/** Writes files by name into a folder, which is made if it is missing; says which, or why not. */
export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, string>,
  output: CommandOutput,
): Promise<number> {
  try {
    await mkdir(folder, { recursive: true })
    for (const [name, text] of files) {
      await writeFile(join(folder, name), text)
      output.write(`wrote ${join(folder, name)}`)
    }
    return exitCode.ok
  } catch (error) {
    output.error(
      `--out ${folder}: expected a folder that can be written to, found ${(error as Error).message}`,
    )
    return exitCode.usage
  }
}
