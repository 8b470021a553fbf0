import { connect } from 'node:net'

const ALTER_CLIENT_QUOTAS = 49
const CORRELATION_ID = 1

/**
 * Limits what each client id may produce to a cluster, in bytes per second, or lifts the limit (undefined); kafkajs
 * has no such request. Format: Apache Kafka, AlterClientQuotasRequest.json, version 0. Rejects when the broker refuses.
 */
export function limitProducers(port: number, bytesPerSecond: number | undefined): Promise<void> {
  const request = quotaRequest(bytesPerSecond)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    const timer = setTimeout(() => end(new Error(`No answer to AlterClientQuotas from port ${port}`)), 10_000)
    const end = (error?: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      if (error === undefined) resolve()
      else reject(error)
    }
    let received: Buffer = Buffer.alloc(0)
    socket.once('error', end)
    socket.once('connect', () => socket.write(request))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4 || received.length < 4 + received.readInt32BE()) return
      // Length, correlation id, throttle time, number of entries: then the error code of the only one.
      const errorCode = received.readInt16BE(16)
      end(errorCode === 0 ? undefined : new Error(`AlterClientQuotas was refused with error ${errorCode}`))
    })
  })
}

function quotaRequest(bytesPerSecond: number | undefined): Buffer {
  const string = (text: string): Buffer => {
    const bytes = Buffer.from(text)
    return Buffer.concat([int16(bytes.length), bytes])
  }
  const rate = Buffer.alloc(8)
  rate.writeDoubleBE(bytesPerSecond ?? 0)
  const body = Buffer.concat([
    int16(ALTER_CLIENT_QUOTAS),
    int16(0),
    int32(CORRELATION_ID),
    string('tidemark-lab'),
    int32(1), // one entry
    int32(1), // of one entity: the default client id
    string('client-id'),
    int16(-1),
    int32(1), // with one setting
    string('producer_byte_rate'),
    rate,
    Buffer.of(bytesPerSecond === undefined ? 1 : 0), // remove
    Buffer.of(0), // not only validated
  ])
  return Buffer.concat([int32(body.length), body])
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
