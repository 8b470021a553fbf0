import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface StubServer {
  /** `http://127.0.0.1:port` */
  readonly url: string
  close(): Promise<void>
}

/** A server on a loopback port that answers as it is told. */
export async function stubServer(listener: RequestListener): Promise<StubServer> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The parameters that a form has. */
export async function formOf(request: IncomingMessage): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(new URLSearchParams(await text(request)))
}
