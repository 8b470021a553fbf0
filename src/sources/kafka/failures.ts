import * as K from '@platformatic/kafka'
import type { UnknownReason } from '../../model/reading.ts'
import type { Security } from './connections.ts'
import { CredentialsError } from './credentialsWatch.ts'
import { SignerError, signerPackage } from './mskIam.ts'
import { CorruptReplyError, isRefusal, TokenRefusedError } from './sasl.ts'
import { TokenError } from './token.ts'

/** What was asked of a connection that failed; nothing of it is secret. */
export interface Attempt {
  readonly host: string
  readonly security: {
    readonly tls: boolean
    readonly certificate: boolean
    readonly serverName: string | undefined
    readonly mechanism: string | undefined
  }
}

/** Why a connection cannot be used: what was found, and what to try. */
export interface Failure {
  readonly reason: UnknownReason
  readonly what: string
  readonly advice: string
}

/** What to know of a cluster's security to explain a failure. */
export function attemptAt(host: string, { tls, login }: Security): Attempt {
  return {
    host,
    security: {
      tls: tls !== undefined,
      certificate: tls?.certificate !== undefined,
      serverName: tls?.serverName,
      mechanism: login?.mechanism,
    },
  }
}

/** An error and everything it was caused by or made of, outermost first. */
export function* chain(error: unknown, depth = 0): Generator<Error & { readonly code?: unknown }> {
  if (!(error instanceof Error) || depth > 8) return
  yield error
  yield* chain(error.cause, depth + 1)
  if (error instanceof AggregateError) {
    for (const part of error.errors.slice(0, 8)) yield* chain(part, depth + 1)
  }
}

/**
 * What an error means that kept a connection from being made or broke it, undefined for any other error. Pure.
 * The words are ours: neither what a broker or an endpoint wrote nor what it was sent is repeated.
 */
export function explainFailure(error: unknown, attempt: Attempt): Failure | undefined {
  const parts = [...chain(error)]
  for (const explain of [ofCredentials, ofToken, ofLogin, ofTls, ofNetwork, ofClosing, ofLoginAtAll]) {
    const failure = explain(parts, attempt)
    if (failure !== undefined) return failure
  }
  return undefined
}

type Explain = (
  parts: readonly (Error & { readonly code?: unknown })[],
  attempt: Attempt,
) => Failure | undefined

function find<T extends Error>(
  parts: readonly Error[],
  type: abstract new (...args: never[]) => T,
): T | undefined {
  return parts.find(part => part instanceof type) as T | undefined
}

const ofCredentials: Explain = parts => {
  const unread = find(parts, CredentialsError)
  if (unread === undefined) return undefined
  return {
    reason: 'error',
    what: `the credentials cannot be read: ${unread.message}`,
    advice: 'they are read again with every poll',
  }
}

const adviceOfOAuthCode: Readonly<Record<string, string>> = {
  invalid_client: 'check sasl.clientId and sasl.clientSecret',
  unauthorized_client: 'allow this client the grant client_credentials',
  unsupported_grant_type: 'allow the grant client_credentials',
  invalid_scope: 'check sasl.scope',
}

const ofToken: Explain = (parts, { security }) => {
  const unsigned = find(parts, SignerError)
  if (unsigned !== undefined) {
    return unsigned.isInstalled
      ? {
          reason: 'authentication',
          what: `${signerPackage} made no token`,
          advice: "check sasl.region, and the role or the credentials where Amazon's SDK looks for them",
        }
      : {
          reason: 'error',
          what: `aws-msk-iam needs the package ${signerPackage}, which is not there`,
          advice: `npm install ${signerPackage} beside Tidemark`,
        }
  }
  const refused = find(parts, TokenRefusedError)
  if (refused !== undefined && security.mechanism === 'aws-msk-iam') {
    return {
      reason: 'authentication',
      what: 'the broker refused the token (aws-msk-iam)',
      advice: 'allow the role kafka-cluster:Connect, and check sasl.region and the clock of this machine',
    }
  }
  if (refused !== undefined) {
    const { endedAtMs } = refused
    return endedAtMs !== undefined && endedAtMs <= Date.now()
      ? {
          reason: 'authentication',
          what: `the broker refused the token, which ended at ${new Date(endedAtMs).toISOString()}`,
          advice: 'check how long sasl.tokenEndpoint makes tokens last, and the clocks',
        }
      : {
          reason: 'authentication',
          what: 'the broker refused the token',
          advice: 'check that the broker trusts sasl.tokenEndpoint, and sasl.scope',
        }
  }
  const failed = find(parts, TokenError)
  if (failed === undefined) return undefined
  const at = `the token endpoint ${failed.endpoint}`
  if (failed.status === undefined) {
    const why =
      ofTls(parts, tokenAttempt(failed, security)) ?? ofNetwork(parts, tokenAttempt(failed, security))
    return {
      reason: why?.reason ?? 'unreachable',
      what: `${at} gave no answer${why === undefined ? '' : `: ${why.what.replaceAll('broker', 'endpoint')}`}`,
      advice: 'check sasl.tokenEndpoint and sasl.tokenEndpointCaFile',
    }
  }
  const { status, oauthCode } = failed
  if (status === 200) {
    return { reason: 'error', what: `${at} gave no bearer token`, advice: 'check sasl.tokenEndpoint' }
  }
  const denied = oauthCode !== undefined || status === 401 || status === 403
  return {
    reason: denied ? 'authentication' : 'error',
    what: `${at} gave no token: status ${status}${oauthCode === undefined ? '' : `, ${oauthCode}`}`,
    advice:
      adviceOfOAuthCode[oauthCode ?? ''] ??
      (denied ? 'check sasl.clientId and sasl.clientSecret' : 'check sasl.tokenEndpoint'),
  }
}

function tokenAttempt({ endpoint }: TokenError, security: Attempt['security']): Attempt {
  return { host: endpoint.split(/[:/]/, 1).join(''), security: { ...security, tls: true } }
}

const unsupportedMechanism = 33
const illegalState = 34

const ofLogin: Explain = (parts, { security }) => {
  const mechanism = security.mechanism ?? 'SASL'
  if (parts.some(isRefusal)) {
    return {
      reason: 'authentication',
      what: `the broker refused the user name or the password (${mechanism})`,
      advice: `check sasl.username and sasl.password, and that the user may log in with ${mechanism}`,
    }
  }
  const codes = parts.flatMap(part =>
    part instanceof K.ResponseError ? part.errors.map(it => it['apiCode']) : [],
  )
  if (codes.includes(unsupportedMechanism)) {
    return {
      reason: 'authentication',
      what: `the broker does not offer ${mechanism}`,
      advice: "choose a sasl.mechanism among the listener's sasl.enabled.mechanisms",
    }
  }
  if (codes.includes(illegalState)) {
    return {
      reason: 'authentication',
      what: 'this listener takes no login',
      advice: 'remove sasl, or use the port of a SASL listener',
    }
  }
  if (find(parts, CorruptReplyError) !== undefined) {
    return {
      reason: 'error',
      what: `the broker's reply to the login cannot be read (${mechanism})`,
      advice: 'check what stands between: a proxy, or something that is not Kafka',
    }
  }
  if (
    parts.some(part => part instanceof K.AuthenticationError && part.message.startsWith('Invalid server'))
  ) {
    return {
      reason: 'authentication',
      what: `the broker could not prove that it knows the password (${mechanism})`,
      advice: 'check sasl.password, and that this is the broker that you mean',
    }
  }
  return undefined
}

/** The library calls whatever ends a login one of authentication: only what nothing else explains is. */
const ofLoginAtAll: Explain = (parts, { security }) =>
  find(parts, K.AuthenticationError) && {
    reason: 'authentication',
    what: `the login failed (${security.mechanism ?? 'SASL'})`,
    advice: "check sasl, and the broker's log",
  }

const unknownAuthority: ReadonlySet<unknown> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
])

const ofTls: Explain = (parts, { host, security }) => {
  for (const part of parts) {
    const { code } = part
    if (unknownAuthority.has(code)) {
      return {
        reason: 'unreachable',
        what: `no known authority has signed the broker's certificate (${code})`,
        advice: 'put its authority into tls.caFile',
      }
    }
    if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
      return {
        reason: 'unreachable',
        what: `the broker's certificate is ${code === 'CERT_HAS_EXPIRED' ? 'expired' : 'not valid yet'}`,
        advice: 'renew it, or check the clock of this machine',
      }
    }
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      return {
        reason: 'unreachable',
        what: `the broker's certificate is not for ${security.serverName ?? host}${namesIn(part)}`,
        advice: 'connect by a name that it has, or set tls.serverName to one',
      }
    }
    if (typeof code === 'string' && /^ERR_SSL_.*ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA)/.test(code)) {
      return security.certificate
        ? {
            reason: 'authentication',
            what: 'the broker refused the client certificate',
            advice:
              'check that tls.certFile is not expired and that its authority is in the truststore of the broker',
          }
        : {
            reason: 'authentication',
            what: 'the broker asks for a client certificate',
            advice: 'set tls.certFile and tls.keyFile',
          }
    }
    const noTls =
      code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
      code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' ||
      part.message.startsWith('TLS handshake failed')
    if (noTls) {
      return {
        reason: 'unreachable',
        what: 'the port does not answer with TLS',
        advice: 'remove tls, or use the port of a TLS listener',
      }
    }
    if (part.message === 'Broker requires TLS.') {
      return { reason: 'unreachable', what: 'the port speaks TLS', advice: 'add tls: {}' }
    }
    if (typeof code === 'string' && code.startsWith('ERR_SSL_')) {
      return {
        reason: 'unreachable',
        what: `no TLS could be agreed on (${code})`,
        advice: "check the listener's ssl.enabled.protocols and ssl.cipher.suites",
      }
    }
  }
  return undefined
}

/** The names of the certificate that did not fit; it is a stranger's, so they are cut and cleaned. */
function namesIn(error: Error): string {
  const names = (error as { cert?: { subjectaltname?: unknown } }).cert?.subjectaltname
  if (typeof names !== 'string') return ''
  return ` but for ${names.replaceAll(/[^\w .,:*-]/g, '').slice(0, 100)}`
}

const reasonOfSystemCode: Readonly<Record<string, Omit<Failure, 'reason'> & { reason: UnknownReason }>> = {
  ECONNREFUSED: {
    reason: 'unreachable',
    what: 'nobody listens there (ECONNREFUSED)',
    advice: 'check that the broker runs, and the port',
  },
  ENOTFOUND: {
    reason: 'unreachable',
    what: 'the name is unknown to DNS (ENOTFOUND)',
    advice: 'check the host name, and the DNS of this machine',
  },
  EAI_AGAIN: {
    reason: 'unreachable',
    what: 'DNS gave no answer (EAI_AGAIN)',
    advice: 'check the DNS of this machine',
  },
  EHOSTUNREACH: {
    reason: 'unreachable',
    what: 'there is no way to it (EHOSTUNREACH)',
    advice: 'check routes and firewalls',
  },
  ENETUNREACH: {
    reason: 'unreachable',
    what: 'there is no way to it (ENETUNREACH)',
    advice: 'check routes and firewalls',
  },
  ETIMEDOUT: {
    reason: 'timeout',
    what: 'no answer in time',
    advice: 'check firewalls, and whether it is overloaded',
  },
}

const ofNetwork: Explain = parts => {
  // A time-out carries the code of a network error: the class decides.
  if (find(parts, K.TimeoutError) !== undefined) return reasonOfSystemCode['ETIMEDOUT']
  for (const { code } of parts) {
    const failure = typeof code === 'string' ? reasonOfSystemCode[code] : undefined
    if (failure !== undefined) return failure
  }
  return undefined
}

const closed: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE'])

/** Brokers that are spoken to in the wrong way close the connection and say nothing. */
const ofClosing: Explain = (parts, { security }) => {
  const isClosed = parts.some(
    ({ code, message }) => closed.has(code) || message.startsWith('Connection closed'),
  )
  if (!isClosed) return undefined
  const { tls, certificate, mechanism } = security
  const wants = [
    ...(tls ? [] : ['TLS (tls)']),
    ...(tls ? [`${certificate ? 'another' : 'a'} client certificate (tls.certFile, tls.keyFile)`] : []),
    ...(mechanism === undefined ? ['a login (sasl)'] : []),
  ]
  return {
    reason: 'unreachable',
    what: 'the broker closed the connection',
    advice: `unless it is restarting, its listener may want ${wants.join(' or ')}`,
  }
}
