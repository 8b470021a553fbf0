import type { TLSSocket } from 'node:tls'
import type { WebTls } from '../config/web/webConfig.ts'

/** Whether a client may speak, after the handshake, by the certificate that it showed or did not show. */
export function admits({ clientAuth, allowedSans }: WebTls, socket: TLSSocket): boolean {
  if (clientAuth === 'NoClientCert' || clientAuth === 'RequestClientCert') return true
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return clientAuth === 'VerifyClientCertIfGiven'
  if (clientAuth === 'RequireAnyClientCert') return true
  if (!socket.authorized) return false
  return (
    allowedSans === undefined || namesIn(certificate.subjectAltName ?? '').some(name => allowedSans.has(name))
  )
}

/**
 * The DNS names, e-mail addresses, URIs and IP addresses of a certificate's Subject Alternative Name.
 * @param text as Node gives it: `DNS:a.example, IP Address:127.0.0.1`, values with special characters as JSON
 */
export function namesIn(text: string): readonly string[] {
  const items = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? []
  return items.flatMap(item => {
    const [, kind, value] = /^ ?(DNS|email|URI|IP Address):(.*)$/s.exec(item) ?? []
    if (kind === undefined || value === undefined) return []
    const name = value.startsWith('"') ? String(JSON.parse(value)) : value
    return [kind === 'IP Address' && name.includes(':') ? shortIpv6(name) : name]
  })
}

/** OpenSSL writes 2001:DB8:0:0:0:0:0:1 where people, and Go, write 2001:db8::1 (RFC 5952). */
function shortIpv6(address: string): string {
  return URL.canParse(`http://[${address}]/`)
    ? new URL(`http://[${address}]/`).hostname.slice(1, -1)
    : address
}
