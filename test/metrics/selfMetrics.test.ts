import { beforeAll, describe, expect, test } from 'vitest'
import { ensureTools } from '../../lab/tools.ts'
import { catalog, type Family } from '../../src/metrics/catalog.ts'
import { renderFamilies } from '../../src/metrics/exposition.ts'
import { SelfMetrics } from '../../src/metrics/selfMetrics.ts'
import { Exposition } from '../support/exposition.ts'
import { promtoolCheck } from '../support/promtool.ts'
import { coveredWorld, snapshotOf } from '../support/snapshots.ts'

// It may have to be installed first.
beforeAll(() => ensureTools(['promtool']), 300_000)

function selfMetrics(wallMs = () => 1_772_361_000_250): SelfMetrics {
  return new SelfMetrics({ version: '1.2.3', nodeVersion: 'v24.0.0', pollMs: 15_000, wallMs })
}

/** A page on which every metric of the catalog but the retraction has a series. */
async function fullPage(format: 'prometheus' | 'openmetrics'): Promise<string> {
  const world = coveredWorld()
  world.heartbeatAtMs = world.now
  world.syncs('orders', 499n, 499n, 0)
  world.syncs('orders', 299n, 299n, 1)
  world.poll()
  world.source.set('orders', { ends: [600n, 'leaderless'] })
  const own = selfMetrics()
  own.pollEnded('complete', 0.2)
  own.requestSent('east', 'ListOffsets')
  const assessment = {
    ...world.poll(),
    retractedAt: world.now,
    auditedSince: world.now,
    retentionDeadline: world.now,
  }
  const known = {
    ...assessment,
    topics: assessment.topics.map(topic => ({
      ...topic,
      lag: 1n,
      estimatedLag: 1n,
      pairsFresh: true,
      missingRecords: 1,
      retentionDeadline: world.now,
    })),
  }
  const families = renderFamilies(snapshotOf(world.flow, known), { topics: 'all', partitions: true })
  const text = format === 'openmetrics' ? families.openMetricsText : families.text
  return text + (await own.render(format))
}

describe('the health of the exporter itself', () => {
  test('counts polls, requests and what was left out', async () => {
    const own = selfMetrics()
    own.pollEnded('complete', 0.2)
    own.pollEnded('complete', 3)
    own.pollEnded('partial', 10)
    own.requestSent('east', 'Metadata')
    own.requestSent('east', 'Metadata')
    own.requestSent('we"st', 'ListOffsets')
    own.seriesOmitted(12)
    const page = new Exposition(await own.render('prometheus'))
    expect(page.value('tidemark_polls_total', { outcome: 'complete' })).toBe(2)
    expect(page.value('tidemark_polls_total', { outcome: 'partial' })).toBe(1)
    expect(page.value('tidemark_polls_total', { outcome: 'failed' })).toBe(0)
    expect(page.value('tidemark_poll_duration_seconds_count')).toBe(3)
    expect(page.value('tidemark_poll_duration_seconds_bucket', { le: '0.25' })).toBe(1)
    expect(page.value('tidemark_poll_duration_seconds_bucket', { le: '+Inf' })).toBe(3)
    expect(page.value('tidemark_kafka_requests_total', { kafka_cluster: 'east', api: 'Metadata' })).toBe(2)
    expect(page.value('tidemark_kafka_requests_total', { kafka_cluster: 'we"st' })).toBe(1)
    expect(page.value('tidemark_series_omitted')).toBe(12)
    expect(page.value('tidemark_build_info', { version: '1.2.3', node_version: 'v24.0.0' })).toBe(1)
    expect(page.value('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  })

  test('a configuration that was read, was refused, and was read again', async () => {
    const own = selfMetrics()
    const read = async () => {
      const page = new Exposition(await own.render('prometheus'))
      return [
        page.value('tidemark_config_reload_successful'),
        page.value('tidemark_config_reload_success_timestamp_seconds'),
      ]
    }
    expect(await read()).toEqual([1, 1_772_361_000.25])
    own.configRefused()
    expect(await read()).toEqual([0, 1_772_361_000.25])
    own.configLoaded(1_772_361_060_000)
    expect(await read()).toEqual([1, 1_772_361_060])
  })

  test('a cluster that is asked no longer has no series, also when a last request of it is still counted', async () => {
    const own = selfMetrics()
    own.asksClusters(['east', 'west'])
    own.requestSent('east', 'Metadata')
    own.requestSent('east', 'Fetch')
    own.requestSent('west', 'Metadata')
    own.asksClusters(['west', 'north'])
    own.requestSent('east', 'Metadata')
    own.requestSent('north', 'Metadata')
    const page = new Exposition(await own.render('prometheus'))
    expect(page.value('tidemark_kafka_requests_total', { kafka_cluster: 'west' })).toBe(1)
    expect(page.value('tidemark_kafka_requests_total', { kafka_cluster: 'north' })).toBe(1)
    expect(page.text).not.toContain('east')
  })

  test('the schedule may change', async () => {
    const own = selfMetrics()
    own.pollsEvery(60_000)
    expect(new Exposition(await own.render('prometheus')).value('tidemark_poll_interval_seconds')).toBe(60)
  })

  test('the clock is that of the scrape', async () => {
    let now = 1_772_361_000_250
    const own = selfMetrics(() => now)
    expect(await own.render('prometheus')).toMatch(/\ntidemark_clock_timestamp_seconds 1772361000\.25\n/)
    now += 7_000
    expect(await own.render('prometheus')).toMatch(/\ntidemark_clock_timestamp_seconds 1772361007\.25\n/)
  })

  test('two of them do not share their counts', async () => {
    const [one, other] = [selfMetrics(), selfMetrics()]
    one.pollEnded('failed', 1)
    const page = new Exposition(await other.render('prometheus'))
    expect(page.value('tidemark_polls_total', { outcome: 'failed' })).toBe(0)
  })

  test('scraped in one format, it reads the same in the other', async () => {
    const own = selfMetrics()
    own.pollEnded('complete', 1)
    await own.render('openmetrics')
    const page = await own.render('prometheus')
    expect(page).toContain('# TYPE tidemark_polls_total counter\n')
    expect(page).toContain('\ntidemark_polls_total{outcome="complete"} 1\n')
  })
})

describe('the whole page', () => {
  test('has every metric of the catalog', async () => {
    const text = await fullPage('prometheus')
    for (const { name, type } of Object.values<Family>(catalog))
      expect(text).toContain(`\n# TYPE ${name} ${type ?? 'gauge'}\n`)
  })

  test('passes promtool check metrics', async () => {
    expect(await promtoolCheck(await fullPage('prometheus'))).toEqual({ code: 0, said: '' })
    // That it would say something:
    const bad = await promtoolCheck('# HELP a_total x\n# TYPE a_total gauge\na_total 1\n')
    expect(bad.code).not.toBe(0)
  })

  test.each([['a "quoted" name'], ['back\\slash'], ['two\nlines'], ['größer 東→西 🌊'], ['\\n"\n\\']])(
    'passes it with a flow named %j, which comes back as it is',
    async name => {
      const world = coveredWorld()
      const flow = { ...world.flow, name }
      const assessment = { ...world.poll(), flow }
      const { text } = renderFamilies(snapshotOf(flow, assessment), { topics: 'all', partitions: true })
      expect(await promtoolCheck(text)).toEqual({ code: 0, said: '' })
      expect(
        new Exposition(text).all('kafka_replication_flow_info').map(({ labels }) => labels['flow']),
      ).toEqual([name])
    },
  )

  test('in OpenMetrics: counters have families without _total, and there is one end', async () => {
    const page = await fullPage('openmetrics')
    expect(page).toMatch(/\n# HELP tidemark_polls .*\n# TYPE tidemark_polls counter\ntidemark_polls_total\{/)
    expect(page.match(/# EOF/g)).toHaveLength(1)
    expect(page.endsWith('\n# EOF\n')).toBe(true)
    expect(openMetricsComplaints(page)).toEqual([])
  })

  test('the check of OpenMetrics finds what it should', () => {
    const bad = '# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n# TYPE a counter\n\nc 1\n'
    expect(openMetricsComplaints(bad)).toHaveLength(5)
  })
})

/** What is against OpenMetrics 1.0 in the structure of a page (github.com/prometheus/OpenMetrics, "ABNF" and "MetricFamily"). */
function openMetricsComplaints(page: string): string[] {
  const complaints: string[] = []
  const ended = new Set<string>()
  let family = ''
  let type = ''
  if (!page.endsWith('\n# EOF\n')) complaints.push('no end')
  for (const line of page
    .replace(/# EOF\n$/, '')
    .split('\n')
    .slice(0, -1)) {
    const [, word, name, rest] = /^# (TYPE|HELP) (\S+) (.*)$/.exec(line) ?? []
    if (name !== undefined) {
      if (name !== family) {
        if (ended.has(name)) complaints.push(`${name} stands twice`)
        ended.add(family)
        family = name
        type = ''
      }
      if (word === 'TYPE') type = rest ?? ''
      continue
    }
    const sample = /^[a-zA-Z_]\w*/.exec(line)?.[0]
    const suffixes = { counter: ['_total'], histogram: ['_bucket', '_sum', '_count'] }[type] ?? ['']
    if (!suffixes.some(suffix => sample === family + suffix)) complaints.push(`${line} within ${family}`)
  }
  return complaints
}
