import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatSecretReference, parseSecretReference, readSecret } from '../../src/config/secrets.ts'
import { fileReason } from '../../src/config/unreadable.ts'

describe('where a secret is', () => {
  test.each([
    [`\${env:EAST_PASSWORD}`, { env: 'EAST_PASSWORD' }],
    [`\${file:/run/secrets/east}`, { file: '/run/secrets/east' }],
    [`\${file:east.txt}`, { file: 'east.txt' }],
  ])('%s', (text, reference) => {
    expect(parseSecretReference(text)).toEqual({ value: reference })
    expect(formatSecretReference(reference)).toBe(text)
  })

  test.each([
    ['hunter2', 'a secret does not stand in this file'],
    ['', 'a secret does not stand in this file'],
    ['$EAST_PASSWORD', 'a secret does not stand in this file'],
    [`x\${env:EAST_PASSWORD}`, 'a secret does not stand in this file'],
    [`\${env:hunter2}\${env:B}`, 'a secret does not stand in this file'],
    [`\${vault:hunter2}`, 'only env and file are known'],
    [`\${env:}`, 'nothing stands behind the colon'],
    [`\${file: }`, 'nothing stands behind the colon'],
    [`\${env:hunter-2}`, 'that is not the name of a variable'],
  ])('%s is refused, and not repeated', (text, why) => {
    expect(parseSecretReference(text)).toEqual({ why })
    expect(why).not.toContain('hunter')
  })
})

describe('reading a secret', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-secrets-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function fileOf(content: string | Buffer): Promise<{ file: string }> {
    const file = join(folder, 'secret')
    await writeFile(file, content)
    return { file }
  }

  const outcome = async (...args: Parameters<typeof readSecret>) => {
    const read = await readSecret(...args)
    return 'value' in read ? { text: read.value.reveal() } : read
  }

  test.each([
    ['hunter2', 'hunter2'],
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n', 'hunter2'],
    ['hunter2\n\n', 'hunter2\n'],
    [' hunter2 ', ' hunter2 '],
    ['schlüssel\n', 'schlüssel'],
  ])('a file with %j', async (content, text) => {
    expect(await outcome(await fileOf(content), {})).toEqual({ text })
  })

  test('a variable', async () => {
    expect(await outcome({ env: 'EAST' }, { EAST: 'hunter2\n' })).toEqual({ text: 'hunter2\n' })
  })

  test('what is not there says so', async () => {
    expect(await outcome({ env: 'EAST' }, {})).toEqual({ why: 'a variable that is not set' })
    expect(await outcome({ env: 'EAST' }, { EAST: '' })).toEqual({ why: 'a variable that is empty' })
    expect(await outcome({ file: join(folder, 'none') }, {})).toEqual({ why: 'no such file' })
    expect(await outcome({ file: folder }, {})).toEqual({ why: 'a directory' })
    expect(await outcome(await fileOf('\n'), {})).toEqual({ why: 'a file that is empty' })
    expect(await outcome(await fileOf(Buffer.alloc(2 ** 20 + 1, 'x')), {})).toEqual({
      why: 'a file of more than 1 MiB',
    })
  })

  test('a file that may not be read', () => {
    // As root, who may read everything, no file gives this.
    const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    expect(fileReason(refused)).toBe('one that this user may not read')
  })
})
