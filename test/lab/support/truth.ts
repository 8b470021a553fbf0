import { expect } from 'vitest'
import type { Truth } from '../../../lab/writer.ts'
import type { Exposition } from '../../support/exposition.ts'
import { flowName } from './exporter.ts'

export const topicPoint = 'kafka_replication_topic_recovery_point_timestamp_seconds'
export const topicEstimate = 'kafka_replication_topic_estimated_recovery_point_timestamp_seconds'
export const topicLag = 'kafka_replication_topic_lag_records'
export const topicStatus = 'kafka_replication_topic_status'
export const flowPoint = 'kafka_replication_flow_recovery_point_timestamp_seconds'
export const flowKnownPoint = 'kafka_replication_flow_known_recovery_point_timestamp_seconds'
export const flowDeadline = 'kafka_replication_flow_rpo_deadline_timestamp_seconds'
export const flowStatus = 'kafka_replication_flow_status'
export const clusterUp = 'kafka_replication_cluster_up'

export const statusOf = (page: Exposition, topic: string): string | undefined =>
  page.status(topicStatus, { flow: flowName, topic })

export const topicValue = (page: Exposition, name: string, topic: string): number | undefined =>
  page.value(name, { flow: flowName, topic })

/** Whether every topic is covered with lag 0. */
export function allCovered(page: Exposition, topics: readonly string[]): boolean {
  return topics.every(topic => statusOf(page, topic) === 'covered' && topicValue(page, topicLag, topic) === 0)
}

/**
 * Fails if a point is newer than the truth: every record that was accepted before it has to be among the `copied`
 * first ones of its partition. Sound while no record was sent twice, so that the target's ends count records.
 */
export function expectNotNewerThanTheTruth(
  point: number | undefined,
  truth: Truth,
  topic: string,
  copied: readonly bigint[],
): void {
  if (point === undefined) return
  copied.forEach((count, partition) => {
    const firstMissing = truth.firstAcceptedAfter(topic, partition, count - 1n)
    if (firstMissing === undefined) return
    expect(
      point * 1000,
      `${topic}-${partition}: offset ${firstMissing.offset} is missing`,
    ).toBeLessThanOrEqual(firstMissing.acknowledgedAt)
  })
}
