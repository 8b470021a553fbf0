import { access, constants, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Whether a file can be made or replaced there.
 * @returns why not, in words; undefined where it can
 */
export async function whyNotWritable(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).isDirectory()) return 'expected a file, found a directory'
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return `expected a file that can be written, found ${codeOf(error)}`
  }
  try {
    await access(dirname(await target(path)), constants.W_OK)
    return undefined
  } catch (error) {
    return `expected a folder that can be written to, found ${codeOf(error) === 'ENOENT' ? 'none of this name' : codeOf(error)}`
  }
}

/**
 * Writes a file whole or not at all: beside its place first, and then into it, so that whoever looks sees the old one
 * or the new one. Throws what the file system says; then the old one is untouched.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const place = await target(path)
  const beside = join(dirname(place), `.${basename(place)}.${process.pid}.part`)
  try {
    await writeFile(beside, text, { flush: true })
    await rename(beside, place)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

/** Behind a link the file itself, so that the link stays. */
async function target(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    return path
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
