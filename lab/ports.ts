import { createServer } from 'node:net'

// Below the range from which Linux takes the ports of outgoing connections (32768 and up): a broker that is
// down for a while must find its port free when it starts again.
const FIRST = 20_000
const LAST = 32_000

const handedOut = new Set<number>()

/**
 * Returns `count` TCP ports on 127.0.0.1 on which nobody listens. A port is handed out once per process,
 * and the search starts at a random place, so that two labs on one machine rarely meet.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  let candidate = FIRST + Math.floor(Math.random() * (LAST - FIRST))
  for (let tried = 0; ports.length < count; tried += 1) {
    if (tried > LAST - FIRST) throw new Error(`No ${count} free ports between ${FIRST} and ${LAST}.`)
    candidate = candidate >= LAST ? FIRST : candidate + 1
    if (handedOut.has(candidate)) continue
    handedOut.add(candidate)
    if (await isFree(candidate)) ports.push(candidate)
    else handedOut.delete(candidate)
  }
  return ports
}

/** Returns one port; see freePorts. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('No free port.')
  return port
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
