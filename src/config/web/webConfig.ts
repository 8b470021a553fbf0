import { X509Certificate } from 'node:crypto'
import type { SecureVersion } from 'node:tls'
import { createSecureContext } from 'node:tls'
import { Secret } from '../../model/secret.ts'
import type { ConfigProblem, Path } from '../problems.ts'
import type { Source } from '../yaml.ts'
import { curves, openSslCiphers } from './ciphers.ts'
import type { ClientAuthType, ShapedTls, ShapedWebConfig } from './schema.ts'

/** How the server speaks TLS, ready for node:tls. */
export interface WebTls {
  readonly cert: string
  readonly key: Secret
  /** Authorities of client certificates; undefined: those of the system. */
  readonly clientCa: string | undefined
  readonly clientAuth: Exclude<ClientAuthType, 'RequireClientCert'>
  readonly allowedSans: ReadonlySet<string> | undefined
  readonly minVersion: SecureVersion
  readonly maxVersion: SecureVersion
  readonly ciphers: string | undefined
  readonly honorCipherOrder: boolean
  readonly ecdhCurve: string | undefined
  /** From when until when the server's certificate holds, milliseconds since the epoch. */
  readonly validity: { readonly fromMs: number; readonly untilMs: number }
}

export interface RateLimit {
  /** Between two requests, in milliseconds. */
  readonly intervalMs: number
  /** Requests that may come at once. */
  readonly burst: number
}

/** Who may come in, and how. */
export interface WebConfig {
  /** Undefined: plain HTTP. */
  readonly tls: WebTls | undefined
  /** Sent with every answer, by name; '' takes a header away. */
  readonly headers: ReadonlyMap<string, string>
  /** bcrypt hashes by user; none: no password is asked for. */
  readonly users: ReadonlyMap<string, Secret>
  readonly rateLimit: RateLimit | undefined
}

/** The files that a configuration names, by its keys. */
export type TlsFiles = Readonly<Partial<Record<'cert_file' | 'key_file' | 'client_ca_file', string>>>

type Problems = readonly ConfigProblem[]
const section = 'tls_server_config'

/** Keys that contradict each other, or need others. */
export function webRelationProblems(shaped: ShapedWebConfig, source: Source): Problems {
  const tls = shaped.tls_server_config
  const rate = shaped.rate_limit
  return [
    ...(tls === undefined ? [] : tlsRelationProblems(tls, source)),
    ...(rate !== undefined && rate.interval > 0 && rate.burst < 1
      ? [source.problemAt(['rate_limit', 'burst'], 'a whole number from 1', 'none: nobody could come in')]
      : []),
  ]
}

function tlsRelationProblems(tls: ShapedTls, source: Source): Problems {
  const problems: ConfigProblem[] = []
  const at = (path: Path, expected: string, found: string) =>
    problems.push(source.problemAt([section, ...path], expected, found))
  for (const part of ['cert', 'key', 'client_ca'] as const) {
    const file = `${part}_file` as const
    if (tls[part] !== undefined && tls[file] !== undefined) at([part], `${part} or ${file}`, 'both')
    else if (part !== 'client_ca' && tls[part] === undefined && tls[file] === undefined) {
      at([], `${file}, or ${part}`, 'neither')
    }
  }
  const policy = tls.client_auth_type ?? 'NoClientCert'
  if (policy === 'NoClientCert' && (tls.client_ca !== undefined || tls.client_ca_file !== undefined)) {
    at(
      [tls.client_ca === undefined ? 'client_ca_file' : 'client_ca'],
      'with it a client_auth_type such as RequireAndVerifyClientCert',
      'none, so that no client would be asked for a certificate',
    )
  }
  if (tls.client_allowed_sans !== undefined && !/Verify/.test(policy)) {
    at(
      ['client_allowed_sans'],
      'with it client_auth_type RequireAndVerifyClientCert or VerifyClientCertIfGiven',
      `${policy}, and a name in a certificate that nobody verifies proves nothing`,
    )
  }
  if (tls.min_version > tls.max_version) at(['max_version'], 'at least min_version', 'TLS12, below it')
  return problems
}

/**
 * Makes a configuration of its shape and of what stands in the files that it names.
 * @returns the configuration, or what is wrong with certificates and keys, at the keys that name them
 */
export function resolveWebConfig(
  shaped: ShapedWebConfig,
  files: TlsFiles,
  source: Source,
): { readonly config: WebConfig } | { readonly problems: Problems } {
  const { tls_server_config: tls, http_server_config: http, rate_limit: rate } = shaped
  const resolved = tls === undefined ? undefined : resolveTls(tls, files, source)
  if (resolved !== undefined && 'problems' in resolved) return resolved
  return {
    config: {
      tls: resolved?.tls,
      headers: new Map(
        Object.entries(http.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
      users: new Map(Object.entries(shaped.basic_auth_users).map(([user, hash]) => [user, new Secret(hash)])),
      rateLimit:
        rate === undefined || rate.interval === 0
          ? undefined
          : { intervalMs: rate.interval, burst: rate.burst },
    },
  }
}

function resolveTls(
  tls: ShapedTls,
  files: TlsFiles,
  source: Source,
): { readonly tls: WebTls } | { readonly problems: Problems } {
  const problems: ConfigProblem[] = []
  const keyOf = (part: 'cert' | 'key' | 'client_ca') => (tls[part] === undefined ? `${part}_file` : part)
  const wrong = (part: 'cert' | 'key' | 'client_ca', expected: string, found: string) =>
    problems.push(source.problemAt([section, keyOf(part)], expected, found))

  const cert = tls.cert ?? files.cert_file ?? ''
  const key = tls.key ?? files.key_file ?? ''
  const clientCa = tls.client_ca ?? files.client_ca_file
  const certificate = firstCertificate(cert)
  if (certificate === undefined) wrong('cert', 'a certificate in PEM', 'none that can be read')
  if (clientCa !== undefined && firstCertificate(clientCa) === undefined) {
    wrong('client_ca', 'certificates of authorities in PEM', 'none that can be read')
  }
  if (certificate === undefined || problems.length > 0) return { problems }

  const { min_version: minVersion, max_version: maxVersion, client_auth_type: policy } = tls
  const settings: WebTls = {
    cert,
    key: new Secret(key),
    clientCa,
    clientAuth: policy === 'RequireClientCert' ? 'RequireAnyClientCert' : (policy ?? 'NoClientCert'),
    allowedSans: tls.client_allowed_sans === undefined ? undefined : new Set(tls.client_allowed_sans),
    minVersion,
    maxVersion,
    ciphers:
      tls.cipher_suites === undefined
        ? undefined
        : openSslCiphers(tls.cipher_suites, maxVersion === 'TLSv1.3'),
    honorCipherOrder: tls.prefer_server_cipher_suites,
    ecdhCurve: tls.curve_preferences?.map(name => curves[name] ?? name).join(':'),
    validity: { fromMs: Date.parse(certificate.validFrom), untilMs: Date.parse(certificate.validTo) },
  }
  try {
    createSecureContext({ cert, key })
  } catch {
    // OpenSSL's words help nobody here, and they come from the key.
    wrong('key', "the private key of the server's certificate, not encrypted", 'something else')
    return { problems }
  }
  try {
    createSecureContext(secureContextOptions(settings))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { problems: [source.problemAt([section], 'settings that fit together', reason)] }
  }
  return { tls: settings }
}

/** The part of the settings that node:tls makes a secure context of. */
export function secureContextOptions({ cert, key, clientCa, ciphers, ecdhCurve, ...rest }: WebTls) {
  return {
    cert,
    key: key.reveal(),
    minVersion: rest.minVersion,
    maxVersion: rest.maxVersion,
    honorCipherOrder: rest.honorCipherOrder,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(ecdhCurve === undefined ? {} : { ecdhCurve }),
  }
}

function firstCertificate(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text)
  } catch {
    return undefined
  }
}
