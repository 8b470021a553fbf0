import { isIPv6 } from 'node:net'
import type { Parsed } from './parsed.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface ListenAddress {
  /** Undefined: every interface. */
  readonly host: string | undefined
  /** 0: a free port that the operating system chooses. */
  readonly port: number
}

/** @returns the address as it is written in a file: `127.0.0.1:9847`, `[::1]:9847`, `:9847` */
export function formatListenAddress({ host = '', port }: ListenAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/**
 * Reads `host:port`, an IPv6 address in brackets: `[::1]:9092`.
 * @returns the host without brackets and a port from 1 to 65535; else why not
 */
export function parseAddress(text: string): Parsed<Address> {
  const parsed = parseListenAddress(text)
  if ('why' in parsed) return parsed
  const { host, port } = parsed.value
  if (host === undefined) return { why: 'the host is missing' }
  if (port === 0) return { why: 'a port is 1 to 65535' }
  return { value: { host, port } }
}

/**
 * Reads `host:port` or `:port` (every interface), an IPv6 address in brackets.
 * @returns the host without brackets and a port from 0 to 65535; else why not
 */
export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const [, bracketed, name, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(text) ?? []
  if (digits === undefined) {
    if (text.includes(',')) return { why: 'one address an item' }
    if (/^[\da-f.]*:[\da-f:.]*:[\da-f.]*$/i.test(text)) return { why: 'write an IPv6 address in brackets' }
    return { why: text.includes(':') ? '' : 'the port is missing' }
  }
  if (bracketed !== undefined && !isIPv6(bracketed))
    return { why: 'what is in brackets is not an IPv6 address' }
  if (name !== undefined && !/^[A-Za-z0-9._-]*$/.test(name)) return { why: 'that is not a host name' }
  const port = Number(digits)
  if (port > 65_535) return { why: 'a port is 1 to 65535' }
  const host = bracketed ?? name
  return { value: { host: host === '' ? undefined : host, port } }
}
