import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { metricsReference } from '../artifacts/metricsReference.ts'
import { configurationReference } from '../config/reference.ts'
import { openApiDocument } from '../present/openapi.ts'
import { type CommandOutput, exitCode } from './output.ts'

export interface GenerateOptions {
  readonly out: string
}

/** The generated documents by file name. */
export function generatedDocs(): ReadonlyMap<string, string> {
  return new Map([
    ['metrics.md', metricsReference()],
    ['configuration.md', configurationReference()],
    ['openapi.json', `${JSON.stringify(openApiDocument(), null, 2)}\n`],
  ])
}

/** `tidemark generate docs --out DIR`. */
export async function generate({ out }: GenerateOptions, output: CommandOutput): Promise<number> {
  await mkdir(out, { recursive: true })
  for (const [file, text] of generatedDocs()) {
    await writeFile(join(out, file), text)
    output.write(`wrote ${join(out, file)}`)
  }
  return exitCode.ok
}
