import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ClusterConfig } from '../../config/config.ts'

/** Stands for a principal that the configuration does not tell. */
export const anyPrincipal = 'User:PRINCIPAL'

/**
 * As whom Tidemark comes to a cluster, as ACLs name it: by Kafka's default principal builder.
 * @returns for example `User:tidemark`; `User:PRINCIPAL` where a broker decides it, or a name is kept elsewhere
 */
export async function principalOf({ tls, sasl }: Pick<ClusterConfig, 'tls' | 'sasl'>): Promise<string> {
  if (sasl?.mechanism === 'aws-msk-iam') return anyPrincipal
  if (sasl !== undefined) {
    const name = sasl.mechanism === 'oauthbearer' ? sasl.clientId : sasl.username
    return 'text' in name ? `User:${name.text}` : anyPrincipal
  }
  if (tls?.certFile === undefined) return 'User:ANONYMOUS'
  try {
    const { subject } = new X509Certificate(await readFile(tls.certFile))
    // RFC 2253 begins with what a certificate ends with.
    return `User:${subject.split('\n').toReversed().join(',')}`
  } catch {
    return anyPrincipal
  }
}
