import { join } from 'node:path'
import { Authority, type CertificateFiles } from './certificates.ts'
import type { ClusterOptions } from './cluster.ts'
import type { Properties } from './properties.ts'

/** A user of every mechanism, with the password that it has in the beginning. */
export interface LabUser {
  readonly name: string
  readonly password: string
}

/** The listeners of a secured cluster. */
export const securedListeners = ['TLS', 'MTLS', 'ELSEWHERE', 'SASL_TLS', 'SASL_TEXT'] as const
export type SecuredListener = (typeof securedListeners)[number]

/** Authorities and certificates of one secured cluster. */
export interface SecuredMaterial {
  /** Has signed the brokers' certificates, and those of clients that may come in. */
  readonly authority: Authority
  /** Has signed nothing that anybody trusts. */
  readonly stranger: Authority
  readonly broker: CertificateFiles
  /** For a name that the brokers do not have: `elsewhere.example`. */
  readonly elsewhere: CertificateFiles
  readonly client: CertificateFiles
}

const localNames = ['DNS:localhost', 'IP:127.0.0.1']

export async function securedMaterial(folder: string): Promise<SecuredMaterial> {
  const [authority, stranger] = await Promise.all([
    Authority.create(join(folder, 'authority'), 'lab authority'),
    Authority.create(join(folder, 'stranger'), 'stranger'),
  ])
  // One after the other: they share the authority's serial number.
  const broker = await authority.issue('broker', localNames)
  const elsewhere = await authority.issue('elsewhere', ['DNS:elsewhere.example'])
  const client = await authority.issue('client', ['DNS:tidemark'])
  return { authority, stranger, broker, elsewhere, client }
}

export interface SecuredOptions extends ClusterOptions {
  readonly material: SecuredMaterial
  readonly user: LabUser
  /** A super user, who logs in with PLAIN. */
  readonly admin?: LabUser
  /** `connections.max.reauth.ms`. */
  readonly reauthMs: number
}

/**
 * A cluster with a listener for each way to connect: TLS, MTLS (a client certificate is asked for), ELSEWHERE (a
 * certificate for another name), SASL_TLS and SASL_TEXT (PLAIN, SCRAM-SHA-256 and -512, OAUTHBEARER with the
 * unsecured tokens of Apache Kafka's own test handler). The lab itself uses the plaintext listener, as super user;
 * everybody may do what no ACL forbids, unless `properties` say otherwise.
 */
export function securedCluster({
  material,
  user,
  admin,
  reauthMs,
  ...options
}: SecuredOptions): ClusterOptions {
  const plainUsers = [user, ...(admin === undefined ? [] : [admin])]
    .map(({ name, password }) => `user_${name}="${password}"`)
    .join(' ')
  const { authority, broker, elsewhere } = material
  const tls = (store: CertificateFiles, clientAuth: 'none' | 'required'): Properties => ({
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': store.storeFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority.caFile,
    'ssl.client.auth': clientAuth,
  })
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const sasl: Properties = {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${plainUsers};`,
    'scram-sha-256.sasl.jaas.config': scram,
    'scram-sha-512.sasl.jaas.config': scram,
    'oauthbearer.sasl.jaas.config':
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
  }
  return {
    ...options,
    listeners: [
      { name: 'TLS', protocol: 'SSL', properties: tls(broker, 'none') },
      { name: 'MTLS', protocol: 'SSL', properties: tls(broker, 'required') },
      { name: 'ELSEWHERE', protocol: 'SSL', properties: tls(elsewhere, 'none') },
      { name: 'SASL_TLS', protocol: 'SASL_SSL', properties: { ...tls(broker, 'none'), ...sasl } },
      { name: 'SASL_TEXT', protocol: 'SASL_PLAINTEXT', properties: sasl },
    ],
    scramUsers: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      mechanism => `${mechanism}=[name=${user.name},password=${user.password}]`,
    ),
    properties: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': ['ANONYMOUS', ...(admin === undefined ? [] : [admin.name])]
        .map(name => `User:${name}`)
        .join(';'),
      'allow.everyone.if.no.acl.found': true,
      'connections.max.reauth.ms': reauthMs,
      ...options.properties,
    },
  }
}
