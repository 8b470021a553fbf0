import type { SecureVersion } from 'node:tls'
import { z } from 'zod'
import { parseDuration } from '../durations.ts'
import { list, mapping, scalar, word } from '../schema.ts'
import { cipherSuites, curves } from './ciphers.ts'

const clientAuthTypes = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  // An older name of RequireAnyClientCert.
  'RequireClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const
export type ClientAuthType = (typeof clientAuthTypes)[number]

const flag = z.boolean({ error: 'true or false' })
const path = word('', 'the path of a file')

/** A part in PEM, written into the file itself. */
function pem(what: string) {
  const expected = `${what} in PEM`
  return scalar({ expected, meaning: '' }, text =>
    text.includes('-----BEGIN ') ? { value: text } : { why: 'it has no "-----BEGIN"; is it a path?' },
  )
}

const version = scalar<SecureVersion>({ expected: 'TLS12 or TLS13', meaning: '' }, text => {
  if (text === 'TLS12' || text === 'TLS13') return { value: text === 'TLS12' ? 'TLSv1.2' : 'TLSv1.3' }
  const old = text === 'TLS10' || text === 'TLS11'
  return { why: old ? 'it is no longer safe and not spoken here' : '' }
})

function oneOf(known: Readonly<Record<string, string>>) {
  const expected = `one of ${Object.keys(known).join(', ')}`
  return scalar({ expected, meaning: '' }, text =>
    Object.hasOwn(known, text) ? { value: text } : { why: '' },
  )
}

function some<Item extends z.ZodType>(expected: string, item: Item) {
  return list({ expected, meaning: '' }, item).min(1, { error: expected })
}

const tls = mapping({
  cert: pem('a certificate').optional(),
  key: pem('a private key').optional(),
  client_ca: pem('certificates of authorities').optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
  client_ca_file: path.optional(),
  client_auth_type: z.enum(clientAuthTypes, { error: clientAuthTypes.join(' or ') }).optional(),
  client_allowed_sans: some('a list of at least one name', word('')).optional(),
  min_version: version.prefault('TLS12'),
  max_version: version.prefault('TLS13'),
  cipher_suites: some('a list of at least one cipher suite', oneOf(cipherSuites)).optional(),
  prefer_server_cipher_suites: flag.prefault(true),
  curve_preferences: some('a list of at least one curve', oneOf(curves)).optional(),
})

/** The value of a header; '' takes the header away. YAML reads `X-XSS-Protection: 1` as a number. */
function header(expected: string, allowed?: readonly string[]) {
  const text = z.union([z.string(), z.number()], { error: expected }).transform(String)
  return text.refine(
    value => (allowed === undefined ? /^[\t\x20-\x7e]*$/.test(value) : allowed.includes(value)),
    { error: expected },
  )
}

const headers = mapping({
  'Content-Security-Policy': header('the text of a header').optional(),
  'X-Frame-Options': header('deny or sameorigin', ['deny', 'sameorigin']).optional(),
  'X-Content-Type-Options': header('nosniff', ['nosniff']).optional(),
  'X-XSS-Protection': header('the text of a header').optional(),
  'Strict-Transport-Security': header('the text of a header').optional(),
})

const http = mapping({
  http2: z
    .literal(false, { error: 'false: HTTP/2 is not spoken here, HTTP/1.1 is; leave the key out' })
    .optional(),
  headers: headers.prefault({}),
})

const bcryptHash = scalar(
  { expected: 'a bcrypt hash, as `htpasswd -nBC 10 ""` makes one', meaning: '' },
  text => (/^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/.test(text) ? { value: text } : { why: '' }),
)

export const userName = {
  expected: 'names of users, not blank, without ":" and control characters',
  meaning: '',
}

const interval = z
  .union([z.literal(0), z.string()], { error: 'a duration such as 1s, or 0 for no limit' })
  .transform((found, context): number => {
    const parsed = found === 0 || /^0[a-z]*$/.test(found) ? { value: 0 } : parseDuration(found)
    if ('value' in parsed) return parsed.value
    context.addIssue({ code: 'custom', message: 'a duration such as 1s, or 0 for no limit' })
    return z.NEVER
  })

const rateLimit = mapping({
  interval,
  burst: z.int({ error: 'a whole number' }).nonnegative({ error: 'a whole number' }).prefault(0),
})

/**
 * The format of Prometheus' exporter-toolkit, docs/web-configuration.md there. What cannot be done here is an error,
 * never ignored.
 */
export const webConfigSchema = mapping({
  tls_server_config: tls.optional(),
  http_server_config: http.prefault({}),
  basic_auth_users: z
    .record(
      scalar(userName, text => (/^[^:\p{Cc}]+$/u.test(text) ? { value: text } : { why: '' })),
      bcryptHash,
      { error: 'a mapping of users to bcrypt hashes' },
    )
    .prefault({}),
  rate_limit: rateLimit.optional(),
})

export type ShapedWebConfig = z.output<typeof webConfigSchema>
export type ShapedTls = NonNullable<ShapedWebConfig['tls_server_config']>

/** Whether what stands at a path must not be quoted. */
export function isSecret(path: readonly PropertyKey[]): boolean {
  const [section, key] = path
  return section === 'basic_auth_users' || (section === 'tls_server_config' && key === 'key')
}
