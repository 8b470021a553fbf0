import type { RecordsBatch } from '@platformatic/kafka'

// The parts that Tidemark reads of the answers that the library decodes (Kafka protocol guide). Fields that older
// versions lack are optional.

export interface MetadataResponse {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly topics: readonly {
    readonly errorCode: number
    readonly name: string | null
    /** From version 10 on. */
    readonly topicId?: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly leaderId: number
      /** From version 7 on. */
      readonly leaderEpoch?: number
    }[]
  }[]
}

export interface ListOffsetsResponse {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
      readonly offset: bigint
      /** From version 4 on; -1 where the broker does not know. */
      readonly leaderEpoch?: number
    }[]
  }[]
}

export interface OffsetForLeaderEpochResponse {
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly errorCode: number
      readonly partition: number
      /** -1 where the leader knows no such epoch. */
      readonly endOffset: bigint
    }[]
  }[]
}

export interface DescribeConfigsResponse {
  readonly results: readonly {
    readonly errorCode: number
    readonly resourceName: string
    readonly configs: readonly { readonly name: string; readonly value: string | null }[]
  }[]
}

export interface DescribeProducersResponse {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
      readonly activeProducers: readonly {
        readonly producerId: bigint
        readonly producerEpoch: number
        /** Milliseconds since the epoch of its newest record. */
        readonly lastTimestamp: bigint
        /** -1 where no transaction is open. */
        readonly currentTxnStartOffset: bigint
      }[]
    }[]
  }[]
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export interface FetchResponse {
  readonly errorCode?: number
  readonly responses: readonly {
    /** The topic's id from version 13 on, its name before. */
    readonly topicId: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
      readonly highWatermark: bigint
      readonly lastStableOffset: bigint
      /** From version 5 on. */
      readonly logStartOffset?: bigint
      readonly abortedTransactions: readonly AbortedTransaction[] | null
      readonly records?: readonly RecordsBatch[] | null
    }[]
  }[]
}
