import { metricsReference } from '../artifacts/metricsReference.ts'
import { permissionsReference } from '../artifacts/permissionsReference.ts'
import { configurationReference } from '../config/reference.ts'
import { openApiDocument } from '../present/openapi.ts'
import type { CommandOutput } from './output.ts'
import { writeFiles } from './writeFiles.ts'

export interface GenerateOptions {
  readonly out: string
}

/** The generated documents by file name. */
export function generatedDocs(): ReadonlyMap<string, string> {
  return new Map([
    ['metrics.md', metricsReference()],
    ['configuration.md', configurationReference()],
    ['permissions.md', permissionsReference()],
    ['openapi.json', `${JSON.stringify(openApiDocument(), null, 2)}\n`],
  ])
}

/** `tidemark generate docs --out DIR`. */
export function generate({ out }: GenerateOptions, output: CommandOutput): Promise<number> {
  return writeFiles(out, generatedDocs(), output)
}
