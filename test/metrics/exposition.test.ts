import { describe, expect, test } from 'vitest'
import { catalog, type Family } from '../../src/metrics/catalog.ts'
import { renderFamilies } from '../../src/metrics/exposition.ts'
import type { FlowAssessment, Snapshot } from '../../src/model/assessment.ts'
import type { Flow } from '../../src/model/flow.ts'
import { unknown } from '../../src/model/reading.ts'
import { Exposition } from '../support/exposition.ts'
import { clockAt, coveredWorld, snapshotOf, worldBeganAtMs } from '../support/snapshots.ts'
import { aFlow, World } from '../support/world.ts'

const options = { topics: 'all', partitions: true } as const

/** The page without its comments. */
function samplesOf(snapshot: Snapshot, parts: Partial<Parameters<typeof renderFamilies>[1]> = {}): string {
  const { text } = renderFamilies(snapshot, { ...options, ...parts })
  return text.replaceAll(/^#.*\n/gm, '')
}

function pageOf(snapshot: Snapshot): Exposition {
  return new Exposition(renderFamilies(snapshot, options).text)
}

describe('a page of /metrics', () => {
  // Covered at 10:30:15, then 1,100 records more of which MirrorMaker has committed 100, in partition 0 only.
  function behindWorld(): { world: World; assessment: FlowAssessment } {
    const world = coveredWorld({ rpo: { overrides: [{ matches: t => t === 'orders', budgetMs: 120_000 }] } })
    world.heartbeatAtMs = Date.UTC(2026, 2, 1, 10, 30, 14, 250)
    world.syncs('orders', 499n, 499n, 0, Date.UTC(2026, 2, 1, 10, 30, 12))
    world.syncs('orders', 299n, 299n, 1, Date.UTC(2026, 2, 1, 10, 30, 11))
    world.poll()
    world.source.set('orders', { ends: [1_500n, 400n] })
    world.commits('orders', 599n, 0)
    return { world, assessment: world.poll() }
  }

  test('reads like this', () => {
    const { world, assessment } = behindWorld()
    expect(
      samplesOf(snapshotOf({ ...world.flow, tier: 'gold' }, assessment)),
    ).toBe(`kafka_replication_flow_info{flow="east-to-west",source_cluster="east",target_cluster="west",replicator="mirrormaker2",policy="default",tier="gold"} 1
kafka_replication_flow_state{flow="east-to-west",state="active"} 1
kafka_replication_flow_maintenance_until_timestamp_seconds{flow="east-to-west"} 0
kafka_replication_cluster_up{kafka_cluster="east"} 1
kafka_replication_cluster_up{kafka_cluster="west"} 1
kafka_replication_flow_observation_timestamp_seconds{flow="east-to-west"} 1772361030
kafka_replication_flow_observed_since_timestamp_seconds{flow="east-to-west"} 1772361015
kafka_replication_flow_recovery_point_timestamp_seconds{flow="east-to-west"} 1772361015
kafka_replication_flow_known_recovery_point_timestamp_seconds{flow="east-to-west"} 1772361015
kafka_replication_flow_estimated_recovery_point_timestamp_seconds{flow="east-to-west"} 1772361015
kafka_replication_flow_rpo_deadline_timestamp_seconds{flow="east-to-west"} 1772361135
kafka_replication_flow_rpo_deadline_budget_seconds{flow="east-to-west"} 120
kafka_replication_flow_unproven_topics{flow="east-to-west"} 0
kafka_replication_flow_lost_records_total{flow="east-to-west"} 0
kafka_replication_flow_possibly_lost_records_total{flow="east-to-west"} 0
kafka_replication_flow_mismatched_records{flow="east-to-west"} 0
kafka_replication_flow_stale_offset_sync_topics{flow="east-to-west"} 0
kafka_replication_flow_provable_exposure_seconds{flow="east-to-west"} 120
kafka_replication_flow_status{flow="east-to-west",status="behind"} 1
kafka_replication_flow_topics{flow="east-to-west",status="stalled"} 0
kafka_replication_flow_topics{flow="east-to-west",status="unknown"} 0
kafka_replication_flow_topics{flow="east-to-west",status="behind"} 1
kafka_replication_flow_topics{flow="east-to-west",status="pending"} 0
kafka_replication_flow_topics{flow="east-to-west",status="covered"} 0
kafka_replication_flow_partitions{flow="east-to-west"} 2
kafka_replication_flow_partitions_observed{flow="east-to-west"} 2
kafka_replication_flow_heartbeat_timestamp_seconds{flow="east-to-west"} 1772361014.25
kafka_replication_flow_rpo_budget_seconds{flow="east-to-west"} 300
kafka_replication_flow_rpo_objective_ratio{flow="east-to-west"} 0.999
kafka_replication_flow_rpo_window_seconds{flow="east-to-west"} 2419200
kafka_replication_topic_status{flow="east-to-west",topic="orders",status="behind"} 1
kafka_replication_topic_recovery_point_timestamp_seconds{flow="east-to-west",topic="orders"} 1772361015
kafka_replication_topic_estimated_recovery_point_timestamp_seconds{flow="east-to-west",topic="orders"} 1772361015
kafka_replication_topic_lag_records{flow="east-to-west",topic="orders"} 1000
kafka_replication_topic_estimated_lag_records{flow="east-to-west",topic="orders"} 1000
kafka_replication_topic_lost_records_total{flow="east-to-west",topic="orders"} 0
kafka_replication_topic_possibly_lost_records_total{flow="east-to-west",topic="orders"} 0
kafka_replication_topic_mismatched_records{flow="east-to-west",topic="orders"} 0
kafka_replication_topic_rpo_budget_seconds{flow="east-to-west",topic="orders"} 120
kafka_replication_topic_offset_sync_timestamp_seconds{flow="east-to-west",topic="orders"} 1772361012
kafka_replication_topic_offset_sync_fresh{flow="east-to-west",topic="orders"} 1
tidemark_position_audits_total{flow="east-to-west",outcome="proven"} 0
tidemark_position_audits_total{flow="east-to-west",outcome="contradicted"} 0
tidemark_position_audits_total{flow="east-to-west",outcome="inconclusive"} 0
tidemark_position_audits_total{flow="east-to-west",outcome="unreadable"} 0
kafka_replication_flow_partitions_audited{flow="east-to-west"} 0
kafka_replication_partition_source_high_watermark{flow="east-to-west",topic="orders",partition="0"} 1500
kafka_replication_partition_source_high_watermark{flow="east-to-west",topic="orders",partition="1"} 400
kafka_replication_partition_replicated_position{flow="east-to-west",topic="orders",partition="0"} 600
kafka_replication_partition_replicated_position{flow="east-to-west",topic="orders",partition="1"} 300
kafka_replication_partition_lag_records{flow="east-to-west",topic="orders",partition="0"} 900
kafka_replication_partition_lag_records{flow="east-to-west",topic="orders",partition="1"} 100
kafka_replication_partition_recovery_point_timestamp_seconds{flow="east-to-west",topic="orders",partition="0"} 1772361015
kafka_replication_partition_recovery_point_timestamp_seconds{flow="east-to-west",topic="orders",partition="1"} 1772361015
`)
  })

  test('a family begins with its help and its type', () => {
    const { world, assessment } = behindWorld()
    const { text } = renderFamilies(snapshotOf(world.flow, assessment), options)
    const { name, help } = catalog.topicLag
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}{`)
    expect(text.match(new RegExp(`TYPE ${name} `, 'g'))).toHaveLength(1)
  })

  test('partitions only where they are wanted', () => {
    const { world, assessment } = behindWorld()
    const page = samplesOf(snapshotOf(world.flow, assessment), { partitions: false })
    expect(page).toContain('kafka_replication_topic_lag_records{')
    expect(page).not.toContain('kafka_replication_partition_')
  })

  test.each([
    { partitions: false, omitted: 11 },
    { partitions: true, omitted: 11 + 8 },
  ])(
    'a summary leaves out what has a topic label and counts it: $omitted with partitions $partitions',
    ({ partitions, omitted }) => {
      const { world, assessment } = behindWorld()
      const prepared = renderFamilies(snapshotOf(world.flow, assessment), { topics: 'summary', partitions })
      expect(prepared.text).not.toContain('topic="')
      expect(prepared.text).toContain('kafka_replication_flow_topics{')
      expect(prepared.omitted).toBe(omitted)
      expect(renderFamilies(snapshotOf(world.flow, assessment), options).omitted).toBe(0)
    },
  )

  test('an offset keeps all its digits', () => {
    const world = coveredWorld()
    world.source.set('orders', { ends: [9_007_199_254_740_993n, 300n] })
    expect(samplesOf(snapshotOf(world.flow, world.poll()))).toContain(
      'partition_source_high_watermark{flow="east-to-west",topic="orders",partition="0"} 9007199254740993\n',
    )
  })

  test('timestamps are cut off, so that no point is shown later than it is', () => {
    const world = coveredWorld()
    const assessment = { ...world.poll(), recoveryPoint: 1_000_000.9996 }
    expect(pageOf(snapshotOf(world.flow, assessment)).value(catalog.recoveryPoint.name)).toBe(1772361000)
  })
})

test('label values: backslash, quote and newline are escaped, everything else stays', () => {
  const name = 'a\\b "c"\nd\té 東 😀,{}'
  const { text } = renderFamilies(snapshotOf({ ...aFlow(), name }, undefined), options)
  expect(text).toContain(
    '\nkafka_replication_flow_rpo_budget_seconds{flow="a\\\\b \\"c\\"\\nd\té 東 😀,{}"} 300\n',
  )
  expect(new Exposition(text).all(catalog.flowRpoBudget.name, { flow: name })).toHaveLength(1)
})

describe('the state of a flow', () => {
  const stateLines = (state: Flow['state'], seconds: number): readonly string[] => {
    const world = coveredWorld()
    const snapshot = snapshotOf({ ...world.flow, state }, undefined, {
      clock: clockAt(world.now + seconds * 1000),
    })
    return renderFamilies(snapshot, { topics: 'all', partitions: false })
      .text.split('\n')
      .filter(line => /^kafka_replication_flow_(state|maintenance)/.test(line))
  }

  test('failed over', () => {
    expect(stateLines({ kind: 'failed_over' }, 0)).toEqual([
      'kafka_replication_flow_state{flow="east-to-west",state="failed_over"} 1',
      'kafka_replication_flow_maintenance_until_timestamp_seconds{flow="east-to-west"} 0',
    ])
  })

  test('a maintenance ends by itself', () => {
    const state = { kind: 'maintenance', untilMs: worldBeganAtMs + 60_000, reason: 'disks' } as const
    expect(stateLines(state, 59)).toEqual([
      'kafka_replication_flow_state{flow="east-to-west",state="maintenance"} 1',
      `kafka_replication_flow_maintenance_until_timestamp_seconds{flow="east-to-west"} ${worldBeganAtMs / 1000 + 60}`,
    ])
    expect(stateLines(state, 60)).toEqual([
      'kafka_replication_flow_state{flow="east-to-west",state="active"} 1',
      'kafka_replication_flow_maintenance_until_timestamp_seconds{flow="east-to-west"} 0',
    ])
  })
})

describe('missing stays missing', () => {
  test('before the first poll there is only what is configured', () => {
    expect(
      samplesOf(snapshotOf(aFlow(), undefined)),
    ).toBe(`kafka_replication_flow_info{flow="east-to-west",source_cluster="east",target_cluster="west",replicator="mirrormaker2",policy="default",tier=""} 1
kafka_replication_flow_state{flow="east-to-west",state="active"} 1
kafka_replication_flow_maintenance_until_timestamp_seconds{flow="east-to-west"} 0
kafka_replication_cluster_up{kafka_cluster="east"} 0
kafka_replication_cluster_up{kafka_cluster="west"} 0
kafka_replication_flow_rpo_budget_seconds{flow="east-to-west"} 300
kafka_replication_flow_rpo_objective_ratio{flow="east-to-west"} 0.999
kafka_replication_flow_rpo_window_seconds{flow="east-to-west"} 2419200
`)
  })

  test('a topic without a proven point has none, and neither has its flow', () => {
    const world = coveredWorld()
    world.poll()
    world.source.set('payments', { ends: [7n] })
    world.hidden.add('payments')
    world.target.set('east.payments', { ends: [7n] })
    const page = pageOf(snapshotOf(world.flow, world.poll()))
    expect(page.value(catalog.topicRecoveryPoint.name, { topic: 'payments' })).toBeUndefined()
    expect(page.value(catalog.topicLag.name, { topic: 'payments' })).toBeUndefined()
    expect(page.value(catalog.topicLag.name, { topic: 'orders' })).toBe(0)
    expect(page.value(catalog.recoveryPoint.name)).toBeUndefined()
    expect(page.value(catalog.knownRecoveryPoint.name)).toBe(1772361030)
    expect(page.value(catalog.unprovenTopics.name)).toBe(1)
    expect(page.all(catalog.unknownTopics.name)).toMatchObject([
      { labels: { reason: 'unauthorized' }, value: 1 },
    ])
    expect(page.value(catalog.rpoDeadline.name)).toBeDefined()
  })

  test('a cluster that does not answer takes lags away, and leaves points and deadlines', () => {
    const world = coveredWorld()
    world.poll()
    world.sourceDown = 'timeout'
    const page = pageOf(snapshotOf(world.flow, world.poll()))
    expect(page.status(catalog.flowStatus.name)).toBe('unknown')
    expect(page.value(catalog.topicLag.name)).toBeUndefined()
    expect(page.all(catalog.partitionLag.name)).toEqual([])
    expect(page.value(catalog.recoveryPoint.name)).toBe(1772361015)
    expect(page.value(catalog.observationTimestamp.name)).toBe(1772361015)
    expect(page.value(catalog.flowPartitions.name)).toBe(2)
    expect(page.value(catalog.flowPartitionsObserved.name)).toBe(0)
    expect(page.value(catalog.unknownTopics.name, { reason: 'timeout' })).toBe(1)
  })

  test.each([
    { story: 'nothing is in scope', world: new World(), reason: 'empty_scope' },
    { story: 'the source never answered', world: silentWorld(), reason: 'timeout' },
  ])('$story: no counts of topics, which would look like nothing is wrong', ({ world, reason }) => {
    const page = pageOf(snapshotOf(world.flow, world.poll()))
    expect(page.status(catalog.flowStatus.name)).toBe('unknown')
    expect(page.all(catalog.unknownTopics.name)).toMatchObject([{ labels: { reason }, value: 1 }])
    for (const { name } of [
      catalog.flowTopics,
      catalog.unprovenTopics,
      catalog.flowPartitions,
      catalog.flowPartitionsObserved,
      catalog.recoveryPoint,
      catalog.estimatedRecoveryPoint,
    ]) {
      expect(page.all(name), name).toEqual([])
    }
    expect(page.value(catalog.rpoDeadline.name)).toBe(1772361315)
    expect(page.value(catalog.rpoDeadlineBudget.name), "the flow's own").toBe(300)
  })

  test('a position that was discarded, or that nobody could read, is no position 0', () => {
    const reading = coveredWorld()
    reading.durable = unknown('reading', 'mm2-offsets.east.internal has not been read to its end yet')
    const unread = new World()
    unread.durable = reading.durable
    unread.source.set('orders', { ends: [5n] })
    expect(pageOf(snapshotOf(unread.flow, unread.poll())).all(catalog.partitionPosition.name)).toEqual([])

    const diverged = coveredWorld()
    diverged.poll()
    diverged.source.set('orders', { ends: [400n, 300n] })
    const page = pageOf(snapshotOf(diverged.flow, diverged.poll()))
    expect(page.value(catalog.partitionPosition.name, { partition: '0' })).toBeUndefined()
    expect(page.value(catalog.partitionPosition.name, { partition: '1' })).toBe(300)
    expect(page.value(catalog.unknownTopics.name, { reason: 'diverged' })).toBe(1)
  })

  function silentWorld(): World {
    const world = coveredWorld()
    world.sourceDown = 'timeout'
    return world
  }
})

describe('every metric of the catalog', () => {
  const families = Object.values<Family>(catalog)

  test.each(families.map(family => [family.name, family] as const))(
    '%s',
    (name, { subject, help, labels, type }) => {
      expect(name).toMatch(new RegExp(`^(kafka_replication_${subject}|tidemark)_[a-z_]+$`))
      expect(name.endsWith('_total')).toBe(type === 'counter')
      expect(help).toMatch(/^[A-Z1].*\.$/)
      expect(labels[0]).toBe(subject === 'cluster' ? 'kafka_cluster' : 'flow')
      expect(new Set(labels).size).toBe(labels.length)
    },
  )

  test('names are unique', () => {
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length)
  })
})

test('20,000 topics are rendered', () => {
  const world = coveredWorld()
  const assessment = world.poll()
  const [topic] = assessment.topics
  if (topic === undefined) throw new Error('there is a topic')
  const topics = Array.from({ length: 20_000 }, (_, index) => ({ ...topic, topic: `orders-${index}` }))
  const snapshot = snapshotOf(world.flow, { ...assessment, topics })
  const { text, omitted } = renderFamilies(snapshot, { topics: 'all', partitions: false })
  expect(text.match(/^kafka_replication_topic_status\{/gm)).toHaveLength(20_000)
  expect(omitted).toBe(0)
})
