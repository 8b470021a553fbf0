import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv6 } from 'node:net'

// Certificates, made when they are needed: X.509 v3 (RFC 5280) with P-256 keys.

export interface CertificateAndKey {
  /** PEM. */
  readonly cert: string
  /** PEM, PKCS #8, not encrypted. */
  readonly key: string
}

export interface Wanted {
  /** Its common name. */
  readonly name: string
  readonly dns?: readonly string[]
  readonly ips?: readonly string[]
  readonly uris?: readonly string[]
  readonly emails?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** Signs certificates; itself signed by nobody else. */
export class CertificateAuthority {
  /** PEM. */
  readonly cert: string
  readonly #name: Buffer
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  constructor(name = 'Tidemark test authority') {
    this.#name = commonName(name)
    this.cert = this.#sign({ name }, this.#keys.publicKey, [
      extension(basicConstraints, sequence(boolean(true)), true),
      // keyCertSign and cRLSign.
      extension(keyUsage, bits(0b0000_0110, 1), true),
    ])
  }

  /** A certificate for a server, a client or both, with a key of its own. */
  issue(wanted: Wanted): CertificateAndKey {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const names = alternativeNames(wanted)
    const cert = this.#sign(wanted, publicKey, [
      extension(basicConstraints, sequence(), true),
      // digitalSignature.
      extension(keyUsage, bits(0b1000_0000, 7), true),
      extension(extendedKeyUsage, sequence(oid(serverAuth), oid(clientAuth))),
      ...(names.length === 0 ? [] : [extension(subjectAltName, sequence(...names))]),
    ])
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
  }

  #sign(
    { name, notBefore = new Date(Date.now() - 60_000), notAfter = new Date(Date.now() + 86_400_000) }: Wanted,
    subjectKey: KeyObject,
    extensions: readonly Buffer[],
  ): string {
    const algorithm = sequence(oid(ecdsaWithSha256))
    const body = sequence(
      tagged(0xa0, integer(2)),
      tagged(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
      algorithm,
      this.#name,
      sequence(time(notBefore), time(notAfter)),
      commonName(name),
      subjectKey.export({ type: 'spki', format: 'der' }),
      tagged(
        0xa3,
        sequence(
          ...extensions,
          extension(subjectKeyIdentifier, tagged(0x04, identifierOf(subjectKey))),
          extension(authorityKeyIdentifier, sequence(tagged(0x80, identifierOf(this.#keys.publicKey)))),
        ),
      ),
    )
    const der = sequence(body, algorithm, bitString(sign('sha256', body, this.#keys.privateKey)))
    return pem(der)
  }
}

const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const subjectKeyIdentifier = '2.5.29.14'
const keyUsage = '2.5.29.15'
const subjectAltName = '2.5.29.17'
const basicConstraints = '2.5.29.19'
const authorityKeyIdentifier = '2.5.29.35'
const extendedKeyUsage = '2.5.29.37'
const serverAuth = '1.3.6.1.5.5.7.3.1'
const clientAuth = '1.3.6.1.5.5.7.3.2'

function alternativeNames({ dns = [], ips = [], uris = [], emails = [] }: Wanted): readonly Buffer[] {
  const texts = (tag: number, values: readonly string[]) =>
    values.map(value => tagged(tag, Buffer.from(value)))
  return [
    ...texts(0x81, emails),
    ...texts(0x82, dns),
    ...texts(0x86, uris),
    ...ips.map(ip => tagged(0x87, addressBytes(ip))),
  ]
}

function addressBytes(ip: string): Buffer {
  if (!isIPv6(ip)) return Buffer.from(ip.split('.').map(Number))
  const [head = '', tail] = ip.split('::')
  const groups = (text: string | undefined) =>
    (text ?? '')
      .split(':')
      .filter(group => group !== '')
      .map(group => Number.parseInt(group, 16))
  const before = groups(head)
  const after = groups(tail)
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
  const bytes = Buffer.alloc(16)
  for (const [index, group] of all.entries()) bytes.writeUInt16BE(group, 2 * index)
  return bytes
}

function identifierOf(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

// DER, ITU-T X.690.

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...bytes), content])
}

function sequence(...items: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(items))
}

function integer(value: number): Buffer {
  return tagged(0x02, Buffer.of(value))
}

function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.of(value ? 0xff : 0))
}

function bitString(content: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.of(0), content]))
}

function bits(value: number, unused: number): Buffer {
  return tagged(0x03, Buffer.of(unused, value))
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const arcs = rest.flatMap(arc => {
    const groups = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return tagged(0x06, Buffer.of(40 * first + second, ...arcs))
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(oid('2.5.4.3'), tagged(0x0c, Buffer.from(name)))))
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  // Two digits of the year until 2049, RFC 5280 4.1.2.5.
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(digits.slice(2)))
    : tagged(0x18, Buffer.from(digits))
}

function extension(id: string, content: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), tagged(0x04, content))
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
