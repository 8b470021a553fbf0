import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nocWorlds, sceneOf } from '../support/noc.ts'
import { browser, closeBrowser } from './support/browser.ts'
import { openSite } from './support/site.ts'
import { smallPng } from './support/smallPng.ts'

// `npm run pictures`: the status page in the four worlds, for docs/status-page.md.

const folder = fileURLToPath(new URL('../../docs/pictures', import.meta.url))
const window = { viewport: { width: 1000, height: 720 }, colorScheme: 'light' } as const
/** Pictures are kept in the repository: small ones. */
const mostBytes = 100_000

await mkdir(folder, { recursive: true })
for (const world of nocWorlds) {
  const site = await openSite(sceneOf(world), { isFrozen: true })
  const context = await (await browser()).newContext(window)
  const page = await context.newPage()
  await page.goto(site.url)
  const picture = smallPng(await page.screenshot({ animations: 'disabled' }))
  if (picture.length > mostBytes) throw new Error(`the picture of ${world} has ${picture.length} bytes`)
  const file = join(folder, `status-page-${world}.png`)
  await writeFile(file, picture)
  console.log(`wrote ${file}: ${picture.length} bytes`)
  await context.close()
  await site.stop()
}
await closeBrowser()
