import { ensureTools } from '../../../../lab/tools.ts'
import { waitUntil } from '../../../../lab/wait.ts'
import { ruleGroups } from '../../../../src/artifacts/alerts/ruleGroups.ts'
import { Alertmanager } from './alertmanager.ts'
import { PagerDutyStub } from './pagerDuty.ts'
import { Prometheus } from './prometheus.ts'
import { timings, version } from './timings.ts'

/** Where the rules of the tests say that the runbooks are. */
export const runbooksUrl = 'https://docs.example/runbooks'

/** All that stands between an exporter and somebody's telephone. */
export interface Monitoring {
  readonly prometheus: Prometheus
  readonly alertmanager: Alertmanager
  readonly pagerDuty: PagerDutyStub
  close(): Promise<void>
}

/** Starts it over exporters that need not run yet, addresses by job, and resolves when alerts travel. */
export async function startMonitoring(
  targets: Readonly<Record<string, readonly string[]>>,
): Promise<Monitoring> {
  await ensureTools(['promtool', 'alertmanager'])
  const pagerDuty = await PagerDutyStub.start()
  const alertmanager = await Alertmanager.create(pagerDuty.url)
  const prometheus = await Prometheus.create({
    targets,
    scrapeMs: timings.scrapeMs,
    groups: ruleGroups({ timings, version, runbooksUrl }),
    alertmanager: alertmanager.address,
  })
  const close = async (): Promise<void> => {
    await Promise.all([prometheus.close(), alertmanager.close()])
    await pagerDuty.close()
  }
  try {
    await Promise.all([alertmanager.start(), prometheus.start()])
    await waitUntil('the watchdog shows that alerts travel', () => pagerDuty.calls.length > 0)
  } catch (error) {
    await close()
    throw error
  }
  return { prometheus, alertmanager, pagerDuty, close }
}
