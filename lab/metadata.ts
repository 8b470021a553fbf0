import { connect } from 'node:net'

export interface PartitionMetadata {
  readonly partition: number
  /** Kafka's error code, such as 5, LEADER_NOT_AVAILABLE. */
  readonly errorCode: number
  /** -1 when there is none. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
}

export interface ClusterMetadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly topics: ReadonlyMap<string, readonly PartitionMetadata[]>
}

const METADATA = 3
const VERSION = 4 // the newest without tagged fields; 4.3 still answers it
const CORRELATION_ID = 1

/**
 * Returns what one broker knows about its cluster and all topics, leaderless partitions included: kafkajs
 * throws where a partition has no leader. Rejects when the broker does not answer in time.
 * Format: Apache Kafka, MetadataRequest.json and MetadataResponse.json, version 4.
 */
export async function fetchMetadata(port: number, timeoutMs = 2000): Promise<ClusterMetadata> {
  return parseMetadata(await roundTrip(port, metadataRequest(), timeoutMs))
}

function metadataRequest(): Buffer {
  const clientId = Buffer.from('tidemark-lab')
  const request = Buffer.alloc(4 + 10 + clientId.length + 5)
  let at = request.writeInt32BE(request.length - 4)
  at = request.writeInt16BE(METADATA, at)
  at = request.writeInt16BE(VERSION, at)
  at = request.writeInt32BE(CORRELATION_ID, at)
  at = request.writeInt16BE(clientId.length, at)
  at += clientId.copy(request, at)
  at = request.writeInt32BE(-1, at) // all topics
  request.writeInt8(0, at) // and none is created
  return request
}

/** Returns the response without its length. */
function roundTrip(port: number, request: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    const fail = (error: Error) => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(
      () => fail(new Error(`No answer to Metadata from port ${port} within ${timeoutMs} ms`)),
      timeoutMs,
    )
    let received = Buffer.alloc(0)
    socket.once('error', fail)
    socket.once('close', () => fail(new Error(`Port ${port} closed the connection`)))
    socket.once('connect', () => socket.write(request))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4 || received.length < 4 + received.readInt32BE()) return
      clearTimeout(timer)
      resolve(received.subarray(4, 4 + received.readInt32BE()))
      socket.destroy()
    })
  })
}

function parseMetadata(response: Buffer): ClusterMetadata {
  let at = 0
  /** Steps over the next bytes and returns where they begin. */
  const take = (bytes: number) => {
    at += bytes
    return at - bytes
  }
  const int8 = () => response.readInt8(take(1))
  const int16 = () => response.readInt16BE(take(2))
  const int32 = () => response.readInt32BE(take(4))
  const string = () => {
    const length = Math.max(0, int16()) // -1 is null
    const start = take(length)
    return response.toString('utf8', start, start + length)
  }
  const array = <T>(element: () => T): T[] => Array.from({ length: Math.max(0, int32()) }, element)

  int32() // correlation id
  int32() // throttle time
  const brokers = array(() => {
    const broker = { nodeId: int32(), host: string(), port: int32() }
    string() // rack
    return broker
  })
  string() // cluster id
  int32() // controller
  const topics = array(() => {
    int16() // error code
    const name = string()
    int8() // is internal
    const partitions = array(() => ({
      errorCode: int16(),
      partition: int32(),
      leader: int32(),
      replicas: array(int32),
      inSyncReplicas: array(int32),
    }))
    return [name, partitions.toSorted((a, b) => a.partition - b.partition)] as const
  })
  return { brokers, topics: new Map(topics) }
}
