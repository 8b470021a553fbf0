import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Secret } from '../model/secret.ts'
import type { ClusterConfig } from './config.ts'
import type {
  MskConfig,
  OAuthConfig,
  PasswordConfig,
  SaslConfig,
  TextReference,
  TlsConfig,
} from './connections.ts'
import { type Environment, formatSecretReference, readSecret, type SecretReference } from './secrets.ts'
import { fileReason } from './unreadable.ts'

/** What TLS needs, read and understood. */
export interface TlsCredentials {
  readonly ca: string | undefined
  readonly certificate: string | undefined
  readonly key: Secret | undefined
  readonly keyPassphrase: Secret | undefined
  readonly serverName: string | undefined
}

export interface PasswordLogin {
  readonly mechanism: PasswordConfig['mechanism']
  readonly username: Secret
  readonly password: Secret
}

export interface OAuthLogin {
  readonly mechanism: 'oauthbearer'
  readonly tokenEndpoint: string
  readonly tokenEndpointCa: string | undefined
  readonly clientId: Secret
  readonly clientSecret: Secret
  readonly scope: string | undefined
  readonly extensions: Readonly<Record<string, string>>
}

/** How to log in, with everything that files and environment hold. */
export type Login = PasswordLogin | OAuthLogin | MskConfig

/** How to connect to one cluster, with everything that files and environment hold. */
export interface Credentials {
  readonly tls: TlsCredentials | undefined
  readonly sasl: Login | undefined
}

/** One thing that could not be read; its words hold no secret. */
export interface CredentialProblem {
  /** Below the cluster, such as `sasl.password`. */
  readonly path: readonly string[]
  readonly expected: string
  readonly found: string
}

export type CredentialsResult =
  | { readonly credentials: Credentials }
  | { readonly problems: readonly CredentialProblem[] }

type ConnectionConfig = Pick<ClusterConfig, 'tls' | 'sasl'>

/** Reads all that a cluster's connections need, and checks that it fits together. Never throws. */
export async function readCredentials(
  { tls, sasl }: ConnectionConfig,
  environment: Environment,
): Promise<CredentialsResult> {
  const problems: CredentialProblem[] = []
  const reader = new Reader(environment, problems)
  const credentials = {
    tls: tls && (await readTls(tls, reader)),
    sasl: sasl && (await readLogin(sasl, reader)),
  }
  return problems.length > 0 ? { problems } : { credentials }
}

/** The files that a cluster's credentials are read from. */
export function credentialFiles({ tls, sasl }: ConnectionConfig): readonly string[] {
  const files = [
    tls?.caFile,
    tls?.certFile,
    tls?.keyFile,
    sasl?.mechanism === 'oauthbearer' ? sasl.tokenEndpointCaFile : undefined,
    ...[tls?.keyPassphrase, ...referencesOf(sasl)].map(it => (it && 'file' in it ? it.file : undefined)),
  ]
  return files.filter(file => file !== undefined)
}

function referencesOf(sasl: SaslConfig | undefined): readonly TextReference[] {
  if (sasl === undefined || sasl.mechanism === 'aws-msk-iam') return []
  return sasl.mechanism === 'oauthbearer'
    ? [sasl.clientId, sasl.clientSecret]
    : [sasl.username, sasl.password]
}

/** Reads one thing after the other and notes what is wrong with each. */
class Reader {
  readonly #environment: Environment
  readonly #problems: CredentialProblem[]

  constructor(environment: Environment, problems: CredentialProblem[]) {
    this.#environment = environment
    this.#problems = problems
  }

  note(path: readonly string[], expected: string, found: string): void {
    this.#problems.push({ path, expected, found })
  }

  async secret(path: readonly string[], reference: SecretReference): Promise<Secret> {
    const read = await readSecret(reference, this.#environment)
    if ('value' in read) return read.value
    this.note(path, `a secret at ${formatSecretReference(reference)}`, read.why)
    return new Secret('')
  }

  async text(path: readonly string[], reference: TextReference): Promise<Secret> {
    return 'text' in reference ? new Secret(reference.text) : this.secret(path, reference)
  }

  async file(path: readonly string[], file: string | undefined): Promise<string | undefined> {
    if (file === undefined) return undefined
    try {
      return await readFile(file, 'utf8')
    } catch (error) {
      this.note(path, `a readable file at ${file}`, fileReason(error))
      return undefined
    }
  }

  async certificates(path: readonly string[], file: string | undefined): Promise<string | undefined> {
    const pem = await this.file(path, file)
    if (pem === undefined) return undefined
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
    const broken = blocks.findIndex(block => !isCertificate(block))
    const found = blocks.length === 0 ? 'none' : `one that cannot be read, number ${broken + 1}`
    if (blocks.length === 0 || broken >= 0) this.note(path, `certificates (PEM) in ${file}`, found)
    return blocks.join('\n')
  }
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem)
    return true
  } catch {
    return false
  }
}

async function readTls(tls: TlsConfig, reader: Reader): Promise<TlsCredentials> {
  const ca = await reader.certificates(['tls', 'caFile'], tls.caFile)
  const certificate = await reader.certificates(['tls', 'certFile'], tls.certFile)
  const keyText = await reader.file(['tls', 'keyFile'], tls.keyFile)
  const keyPassphrase =
    tls.keyPassphrase && (await reader.secret(['tls', 'keyPassphrase'], tls.keyPassphrase))
  const key = keyText === undefined ? undefined : new Secret(keyText)
  if (key !== undefined && certificate !== undefined) {
    const wrong = keyProblem(certificate, key, keyPassphrase)
    if (wrong !== undefined) reader.note(['tls', 'keyFile'], `the key of ${tls.certFile}`, wrong)
  }
  return { ca, certificate, key, keyPassphrase, serverName: tls.serverName }
}

/** Why a key is not that of the certificate, undefined when it is. OpenSSL's own words are left out. */
function keyProblem(certificate: string, key: Secret, passphrase: Secret | undefined): string | undefined {
  const format = 'pem'
  try {
    const secret = passphrase === undefined ? {} : { passphrase: passphrase.reveal() }
    const privateKey = createPrivateKey({ key: key.reveal(), format, ...secret })
    return isCertificate(certificate) && !new X509Certificate(certificate).checkPrivateKey(privateKey)
      ? 'the key of another certificate'
      : undefined
  } catch {
    const encrypted = key.reveal().includes('ENCRYPTED')
    if (!encrypted) return 'no private key (PEM)'
    return passphrase === undefined
      ? 'an encrypted key without keyPassphrase'
      : 'an encrypted key that keyPassphrase does not open'
  }
}

async function readLogin(sasl: SaslConfig, reader: Reader): Promise<Login> {
  // Amazon's signer finds its credentials itself.
  if (sasl.mechanism === 'aws-msk-iam') return sasl
  return sasl.mechanism === 'oauthbearer' ? readOAuth(sasl, reader) : readPassword(sasl, reader)
}

async function readPassword(sasl: PasswordConfig, reader: Reader): Promise<PasswordLogin> {
  return {
    mechanism: sasl.mechanism,
    username: await reader.text(['sasl', 'username'], sasl.username),
    password: await reader.secret(['sasl', 'password'], sasl.password),
  }
}

async function readOAuth(sasl: OAuthConfig, reader: Reader): Promise<OAuthLogin> {
  const { mechanism, tokenEndpoint, scope, extensions } = sasl
  return {
    mechanism,
    tokenEndpoint,
    tokenEndpointCa: await reader.certificates(['sasl', 'tokenEndpointCaFile'], sasl.tokenEndpointCaFile),
    clientId: await reader.text(['sasl', 'clientId'], sasl.clientId),
    clientSecret: await reader.secret(['sasl', 'clientSecret'], sasl.clientSecret),
    scope,
    extensions,
  }
}
