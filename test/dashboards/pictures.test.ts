import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../lab/command.ts'
import { ensureTools } from '../../lab/tools.ts'
import { label } from './preview/draw.ts'
import { committedDashboards, picturesOf, previewFolder } from './preview/pictures.ts'
import { readme } from './preview/readme.ts'
import { wordsIn } from './preview/support/panels.ts'
import { worldNames } from './preview/worlds.ts'

const dashboards = await committedDashboards()
/** With these the committed pictures were drawn: later ones take other ends of ranges and orders of equal values. */
const drawnWith = /version 2\./

beforeAll(() => ensureTools(['promtool']))

describe.each(worldNames)('in the world %s', name => {
  test('every dashboard looks as in its committed picture (else: npm run preview, and look at it)', async () => {
    const pictures = await picturesOf(name, dashboards)
    const look = drawnWith.test(await prometheusVersion()) ? exactly : words
    expect(pictures.size).toBe(dashboards.size)
    for (const [file, picture] of pictures) {
      expect(picture.includes(label), `${file} says what it is`).toBe(true)
      expect(look(picture) === look(await committed(file)), file).toBe(true)
    }
  })
})

test('nothing else lies beside the pictures', async () => {
  const files = [...dashboards.keys()].flatMap(file => worldNames.map(world => `${file}-${world}.svg`))
  expect((await readdir(previewFolder)).sort()).toEqual(['README.md', ...files].sort())
  expect(await committed('README.md')).toBe(readme(dashboards))
})

async function prometheusVersion(): Promise<string> {
  const { code, output } = await runCommand('prometheus', ['--version'])
  if (code !== 0) throw new Error(output)
  return output
}

function exactly(picture: string): string {
  return picture
}

/** What is written in a picture, in any order. */
function words(picture: string): string {
  return [...wordsIn(picture)].sort().join('\n')
}

function committed(file: string): Promise<string> {
  return readFile(join(previewFolder, file), 'utf8')
}
