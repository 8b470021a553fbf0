import * as K from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { CredentialsError } from '../../../src/sources/kafka/credentialsWatch.ts'
import { type Attempt, explainFailure } from '../../../src/sources/kafka/failures.ts'
import { SignerError } from '../../../src/sources/kafka/mskIam.ts'
import { CorruptReplyError, TokenRefusedError } from '../../../src/sources/kafka/sasl.ts'
import { TokenError } from '../../../src/sources/kafka/token.ts'

const attempt = (security: Partial<Attempt['security']> = {}): Attempt => ({
  host: 'east-1',
  security: { tls: false, certificate: false, serverName: undefined, mechanism: undefined, ...security },
})

const coded = (code: string, message = ''): Error => Object.assign(new Error(message), { code })
/** As the library wraps what kept a connection from being made. */
const failed = (cause: Error): Error => new K.NetworkError('Connection to east-1:9092 failed.', { cause })
const answered = (code: number): Error =>
  new K.AuthenticationError('SASL authentication failed.', {
    cause: new K.ResponseError(36, 2, { '/': [code, 'canary: what the broker wrote'] }, {}),
  })

const scram = { mechanism: 'scram-sha-512' }
const altname = Object.assign(coded('ERR_TLS_CERT_ALTNAME_INVALID', 'canary'), {
  cert: { subjectaltname: 'DNS:west-1, DNS:\u001b[2Jwest-2' },
})

describe('what an error means, and what to try', () => {
  test.each<[string, Error, Partial<Attempt['security']>, string, string]>([
    [
      'a wrong password',
      answered(58),
      scram,
      'authentication',
      'the broker refused the user name or the password (scram-sha-512); check sasl.username and sasl.password, and that the user may log in with scram-sha-512',
    ],
    [
      'a mechanism that is not offered',
      answered(33),
      scram,
      'authentication',
      "the broker does not offer scram-sha-512; choose a sasl.mechanism among the listener's sasl.enabled.mechanisms",
    ],
    [
      'a login where none is taken',
      answered(34),
      scram,
      'authentication',
      'this listener takes no login; remove sasl, or use the port of a SASL listener',
    ],
    [
      'a corrupt reply',
      new CorruptReplyError('canary'),
      scram,
      'error',
      "the broker's reply to the login cannot be read (scram-sha-512); check what stands between: a proxy, or something that is not Kafka",
    ],
    [
      'a broker that does not know the password',
      new K.AuthenticationError('Invalid server signature.'),
      scram,
      'authentication',
      'the broker could not prove that it knows the password (scram-sha-512); check sasl.password, and that this is the broker that you mean',
    ],
    [
      'a login that failed in another way',
      new K.AuthenticationError('canary'),
      scram,
      'authentication',
      "the login failed (scram-sha-512); check sasl, and the broker's log",
    ],
    [
      'an expired token',
      new TokenRefusedError(Date.UTC(2026, 0, 2, 3, 4, 5)),
      { mechanism: 'oauthbearer' },
      'authentication',
      'the broker refused the token, which ended at 2026-01-02T03:04:05.000Z; check how long sasl.tokenEndpoint makes tokens last, and the clocks',
    ],
    [
      'a token that has not ended',
      new TokenRefusedError(Date.UTC(9999, 0)),
      {},
      'authentication',
      'the broker refused the token; check that the broker trusts sasl.tokenEndpoint, and sasl.scope',
    ],
    [
      'no signer for MSK',
      new SignerError(false),
      { mechanism: 'aws-msk-iam' },
      'error',
      'aws-msk-iam needs the package aws-msk-iam-sasl-signer-js, which is not there; npm install aws-msk-iam-sasl-signer-js beside Tidemark',
    ],
    [
      'a signer without credentials',
      new SignerError(true),
      { mechanism: 'aws-msk-iam' },
      'authentication',
      "aws-msk-iam-sasl-signer-js made no token; check sasl.region, and the role or the credentials where Amazon's SDK looks for them",
    ],
    [
      'a role that MSK does not let in',
      new TokenRefusedError(undefined),
      { mechanism: 'aws-msk-iam' },
      'authentication',
      'the broker refused the token (aws-msk-iam); allow the role kafka-cluster:Connect, and check sasl.region and the clock of this machine',
    ],
    [
      'a scope that the endpoint does not give',
      new TokenError('login/token', 'canary', { status: 400, oauthCode: 'invalid_scope' }),
      {},
      'authentication',
      'the token endpoint login/token gave no token: status 400, invalid_scope; check sasl.scope',
    ],
    [
      'an endpoint that refuses without a code',
      new TokenError('login/token', 'canary', { status: 403 }),
      {},
      'authentication',
      'the token endpoint login/token gave no token: status 403; check sasl.clientId and sasl.clientSecret',
    ],
    [
      'an endpoint that does not answer',
      new TokenError('login/token', 'canary', { cause: coded('ETIMEDOUT') }),
      {},
      'timeout',
      'the token endpoint login/token gave no answer: no answer in time; check sasl.tokenEndpoint and sasl.tokenEndpointCaFile',
    ],
    [
      'an unknown authority',
      coded('SELF_SIGNED_CERT_IN_CHAIN', 'canary'),
      { tls: true },
      'unreachable',
      "no known authority has signed the broker's certificate (SELF_SIGNED_CERT_IN_CHAIN); put its authority into tls.caFile",
    ],
    [
      'an expired certificate',
      coded('CERT_HAS_EXPIRED'),
      { tls: true },
      'unreachable',
      "the broker's certificate is expired; renew it, or check the clock of this machine",
    ],
    [
      'another host name',
      altname,
      { tls: true },
      'unreachable',
      "the broker's certificate is not for east-1 but for DNS:west-1, DNS:2Jwest-2; connect by a name that it has, or set tls.serverName to one",
    ],
    [
      'another name than serverName',
      coded('ERR_TLS_CERT_ALTNAME_INVALID'),
      { tls: true, serverName: 'kafka' },
      'unreachable',
      "the broker's certificate is not for kafka; connect by a name that it has, or set tls.serverName to one",
    ],
    [
      'no client certificate',
      coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
      { tls: true },
      'authentication',
      'the broker asks for a client certificate; set tls.certFile and tls.keyFile',
    ],
    [
      'a client certificate of another authority',
      coded('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'),
      { tls: true, certificate: true },
      'authentication',
      'the broker refused the client certificate; check that tls.certFile is not expired and that its authority is in the truststore of the broker',
    ],
    [
      'TLS to plaintext',
      coded('ERR_SSL_WRONG_VERSION_NUMBER'),
      { tls: true },
      'unreachable',
      'the port does not answer with TLS; remove tls, or use the port of a TLS listener',
    ],
    [
      'plaintext to TLS',
      new K.UserError('Broker requires TLS.'),
      {},
      'unreachable',
      'the port speaks TLS; add tls: {}',
    ],
    [
      'a login in plaintext to TLS',
      new K.AuthenticationError('Cannot find a suitable SASL mechanism.', {
        cause: new K.UserError('Broker requires TLS.'),
      }),
      scram,
      'unreachable',
      'the port speaks TLS; add tls: {}',
    ],
    [
      'no common version of TLS',
      coded('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'),
      { tls: true },
      'unreachable',
      "no TLS could be agreed on (ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION); check the listener's ssl.enabled.protocols and ssl.cipher.suites",
    ],
    [
      'refused',
      coded('ECONNREFUSED'),
      {},
      'unreachable',
      'nobody listens there (ECONNREFUSED); check that the broker runs, and the port',
    ],
    [
      'an unknown name',
      coded('ENOTFOUND'),
      {},
      'unreachable',
      'the name is unknown to DNS (ENOTFOUND); check the host name, and the DNS of this machine',
    ],
    [
      'timed out',
      new K.TimeoutError('canary'),
      {},
      'timeout',
      'no answer in time; check firewalls, and whether it is overloaded',
    ],
    [
      'closed, in plaintext without a login',
      new K.NetworkError('Connection closed'),
      {},
      'unreachable',
      'the broker closed the connection; unless it is restarting, its listener may want TLS (tls) or a login (sasl)',
    ],
    [
      'reset, with TLS and a login',
      coded('ECONNRESET'),
      { tls: true, ...scram },
      'unreachable',
      'the broker closed the connection; unless it is restarting, its listener may want a client certificate (tls.certFile, tls.keyFile)',
    ],
    [
      'credentials that cannot be read',
      new CredentialsError('sasl.password: expected a, found b'),
      {},
      'error',
      'the credentials cannot be read: sasl.password: expected a, found b; they are read again with every poll',
    ],
  ])('%s', (_, error, security, reason, sentence) => {
    for (const seen of [error, failed(error), new AggregateError([failed(error)])]) {
      const failure = explainFailure(seen, attempt(security))
      expect(failure && { reason: failure.reason, sentence: `${failure.what}; ${failure.advice}` }).toEqual({
        reason,
        sentence,
      })
    }
  })

  test.each([new Error('surprise'), 'surprise', undefined])('nothing is made of %s', error => {
    expect(explainFailure(error, attempt())).toBeUndefined()
  })
})
