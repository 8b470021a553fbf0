import { expect, test } from 'vitest'
import { openApiDocument } from '../../src/present/openapi.ts'

const document = openApiDocument() as {
  paths: Record<string, { get: { responses: Record<number, object> } }>
  components: { schemas: Record<string, object> }
}

test('every schema that is referred to is there, and none is written out where it is used', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
  const names = new Set(references.map(([, name]) => name))
  expect(names).toContain('TopicDetail')
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...names]))
  expect(JSON.stringify(document.paths)).not.toContain('"properties"')
  expect(JSON.stringify(document)).not.toMatch(/"\$(id|schema)"/)
})
