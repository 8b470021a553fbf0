import type { Parsed } from './parsed.ts'
import { parseSecretReference, type SecretReference, secretExpected } from './secrets.ts'

/** A setting that need not be secret: as it stands in the file, or where it is. */
export type TextReference = { readonly text: string } | SecretReference

export interface TlsConfig {
  /** PEM; undefined: the authorities that Node trusts. */
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  readonly keyPassphrase: SecretReference | undefined
  /** The name that the broker's certificate must have; undefined: the host that is connected to. */
  readonly serverName: string | undefined
}

export const passwordMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

export interface PasswordConfig {
  readonly mechanism: (typeof passwordMechanisms)[number]
  readonly username: TextReference
  readonly password: SecretReference
}

/** The client credentials grant of OAuth 2.0, RFC 6749 section 4.4. */
export interface OAuthConfig {
  readonly mechanism: 'oauthbearer'
  readonly tokenEndpoint: string
  /** PEM; undefined: the authorities that Node trusts. */
  readonly tokenEndpointCaFile: string | undefined
  readonly clientId: TextReference
  readonly clientSecret: SecretReference
  readonly scope: string | undefined
  /** SASL extensions (KIP-342), such as logicalCluster. */
  readonly extensions: Readonly<Record<string, string>>
}

/** Amazon MSK with IAM: OAUTHBEARER with a token that Amazon's signer makes. */
export interface MskConfig {
  readonly mechanism: 'aws-msk-iam'
  readonly region: string
}

export type SaslConfig = PasswordConfig | OAuthConfig | MskConfig

export const textExpected = `a text, or ${secretExpected}`

/** Reads a text as it is, or a reference to where it is. */
export function parseTextReference(text: string): Parsed<TextReference> {
  if (text.startsWith('${')) return parseSecretReference(text)
  if (text.trim() === '') return { why: 'it is blank' }
  return /\p{Cc}/u.test(text) ? { why: 'it holds control characters' } : { value: { text } }
}

/** Reads the path of a file, which is not the content of one. */
export function parsePath(text: string): Parsed<string> {
  if (text.trim() === '') return { why: 'it is blank' }
  return /\p{Cc}/u.test(text) ? { why: 'it holds control characters; a path is meant' } : { value: text }
}

/** Reads the address of a token endpoint. A user or a password in it would be shown wherever the address is. */
export function parseEndpoint(text: string): Parsed<string> {
  if (!URL.canParse(text)) return { why: 'it is not an address' }
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { why: 'only https and http are known' }
  if (url.username !== '' || url.password !== '')
    return { why: 'it holds a user; use clientId and clientSecret' }
  if (url.hash !== '') return { why: 'it holds a fragment' }
  return { value: url.href }
}

/** SASL extensions by RFC 7628 section 3.1: names of letters, values without the separator. */
export function isExtension(name: string, value: string): boolean {
  return /^[A-Za-z]+$/.test(name) && name !== 'auth' && /^[\x21-\x7e \t\r\n]*$/.test(value)
}
