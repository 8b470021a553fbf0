import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import type { AlertTimings } from '../alerts/timings.ts'
import { uid } from './assemble.ts'
import { flowDashboard } from './flow.ts'
import { nocWall } from './nocWall.ts'
import { selfDashboard } from './self.ts'
import { topicDashboard } from './topic.ts'

/** The dashboards by the names of their files. The timings are those of the rules that they rest on. */
export function dashboards(timings: AlertTimings): ReadonlyMap<string, Dashboard> {
  return new Map([
    [`${uid.noc}.json`, nocWall(timings)],
    [`${uid.flow}.json`, flowDashboard(timings)],
    [`${uid.topic}.json`, topicDashboard(timings)],
    [`${uid.self}.json`, selfDashboard(timings)],
  ])
}

/** The files of dashboards/, by name. */
export function dashboardFiles(timings: AlertTimings): ReadonlyMap<string, string> {
  return new Map(
    Array.from(dashboards(timings), ([name, dashboard]) => [name, `${JSON.stringify(dashboard, null, 2)}\n`]),
  )
}
