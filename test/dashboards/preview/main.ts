import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureTools } from '../../../lab/tools.ts'
import { committedDashboards, picturesOf, previewFolder } from './pictures.ts'
import { readme } from './readme.ts'
import { type WorldName, worldNames } from './worlds.ts'

const { values } = parseArgs({ options: { world: { type: 'string' }, out: { type: 'string' } } })
const out = values.out ?? previewFolder
const chosen = worldNames.filter(name => values.world === undefined || values.world === name)
if (chosen.length === 0) throw new Error(`--world is one of ${worldNames.join(', ')}`)

await ensureTools(['promtool'])
const dashboards = await committedDashboards()
await mkdir(out, { recursive: true })
if (values.world === undefined) await removePictures(out)
for (const world of chosen) await write(world)
await writeFile(join(out, 'README.md'), readme(dashboards))

async function write(world: WorldName): Promise<void> {
  for (const [file, picture] of await picturesOf(world, dashboards)) {
    await writeFile(join(out, file), picture)
    console.log(`${file}: ${Math.round(picture.length / 1024)} KiB`)
  }
}

async function removePictures(folder: string): Promise<void> {
  for (const file of await readdir(folder)) if (file.endsWith('.svg')) await rm(join(folder, file))
}
