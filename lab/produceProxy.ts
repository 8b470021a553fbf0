import { connect, createServer, type Server, type Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'

const PRODUCE = 0

/**
 * Stands between a producer and its brokers and drops some answers to Produce requests together with their connection:
 * the records are in the log, but the producer does not know, and sends them again.
 */
export class ProduceProxy {
  /** Answers dropped so far. */
  dropped = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #drops: () => boolean
  #targetPort: number

  private constructor(targetPort: number, drops: () => boolean) {
    this.#targetPort = targetPort
    this.#drops = drops
    this.#server = createServer(client => this.#join(client))
  }

  /** Listens for one broker; `drops` is asked for each Produce answer. */
  static async start(brokerPort: number, drops: () => boolean): Promise<ProduceProxy> {
    const proxy = new ProduceProxy(brokerPort, drops)
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  /** For kafkajs: all connections go through the proxy, whatever address Metadata gives. */
  get socketFactory(): ISocketFactory {
    return ({ onConnect }) => {
      const address = this.#server.address()
      if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
      const socket = connect({ host: '127.0.0.1', port: address.port }, onConnect)
      socket.setKeepAlive(true, 60_000)
      return socket
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #join(client: Socket): void {
    const broker = connect({ host: '127.0.0.1', port: this.#targetPort })
    const end = (): void => {
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    // Answers come in the order of their requests, but are told apart by correlation id all the same.
    const produced = new Set<number>()
    eachFrame(client, frame => {
      if (frame.readInt16BE(4) === PRODUCE) produced.add(frame.readInt32BE(8))
      broker.write(frame)
    })
    eachFrame(broker, frame => {
      if (produced.delete(frame.readInt32BE(4)) && this.#drops()) {
        this.dropped += 1
        end()
      } else client.write(frame)
    })
  }
}

/** Calls back with whole frames, their length included. */
function eachFrame(socket: Socket, callback: (frame: Buffer) => void): void {
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', chunk => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE()) {
      const size = 4 + received.readInt32BE()
      callback(received.subarray(0, size))
      received = received.subarray(size)
    }
  })
}
