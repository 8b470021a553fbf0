import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawDashboard } from './draw.ts'
import { durationMs } from './durations.ts'
import { fill } from './fill.ts'
import { FilledPrometheus } from './prometheus.ts'
import { type Dashboard, parseDashboard, Unsupported } from './schema.ts'
import { chosen } from './variables.ts'
import { historyMs, pictureMs, type WorldName, worlds } from './worlds.ts'

const root = new URL('../../../', import.meta.url)
export const dashboardsFolder = new URL('dashboards/', root).pathname
export const previewFolder = new URL('docs/preview/', root).pathname

/** The committed dashboards by the name of their file, without `.json`. */
export async function committedDashboards(): Promise<ReadonlyMap<string, Dashboard>> {
  const files = (await readdir(dashboardsFolder)).filter(file => file.endsWith('.json')).sort()
  const found = new Map<string, Dashboard>()
  for (const file of files) {
    const json: unknown = JSON.parse(await readFile(join(dashboardsFolder, file), 'utf8'))
    found.set(
      file.replace(/\.json$/, ''),
      named(file, () => parseDashboard(json)),
    )
  }
  return found
}

/** The pictures of all dashboards in a world, by file name, from a Prometheus of their own. */
export async function picturesOf(
  name: WorldName,
  dashboards: ReadonlyMap<string, Dashboard>,
): Promise<ReadonlyMap<string, string>> {
  const world = worlds[name]
  const prometheus = await FilledPrometheus.started()
  try {
    await fill(prometheus, world)
    const pictures = new Map<string, string>()
    for (const [file, dashboard] of dashboards) {
      const choices = await chosen(dashboard, world.chosen, selector => prometheus.query(selector, pictureMs))
      const range = { fromMs: pictureMs - spanOf(dashboard), toMs: pictureMs }
      const picture = await drawDashboard(dashboard, `World "${name}". ${world.about}`, {
        prometheus,
        range,
        choices,
      })
      pictures.set(`${file}-${name}.svg`, picture)
    }
    return pictures
  } finally {
    await prometheus.close()
  }
}

function spanOf({ title, time }: Dashboard): number {
  const spanMs = durationMs(time.from.replace('now-', ''))
  if (spanMs > historyMs) throw new Unsupported(`${title}: the time from ${time.from}`)
  return spanMs
}

function named<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
