import type { LabCluster } from './cluster.ts'

/** Deletes all but the last `keep` offsets of each partition (DeleteRecords), and returns the new log starts. */
export function deleteRecords(cluster: LabCluster, topic: string, keep: bigint): Promise<bigint[]> {
  return cluster.withAdmin(async admin => {
    // kafkajs deletes only where it knows the leaders, and learns them when it asks for offsets.
    const offsets = await admin.fetchTopicOffsets(topic)
    const partitions = offsets.map(({ partition, high, low }) => {
      const wanted = BigInt(high) - keep
      return { partition, offset: wanted > BigInt(low) ? wanted : BigInt(low) }
    })
    await admin.deleteTopicRecords({
      topic,
      partitions: partitions.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
    })
    return partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset)
  })
}
