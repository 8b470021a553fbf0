import type { WebTls } from '../../../src/config/web/webConfig.ts'
import { Secret } from '../../../src/model/secret.ts'
import { type CertificateAndKey, CertificateAuthority } from '../../support/certificates.ts'

export const authority = new CertificateAuthority('authority of the server')

export const issueServer = (name = 'server'): CertificateAndKey =>
  authority.issue({ name, dns: ['localhost'], ips: ['127.0.0.1'] })

/** Settings of a server with a certificate that `authority` signed. */
export function webTls(parts: Partial<WebTls> = {}, { cert, key } = issueServer()): WebTls {
  return {
    cert,
    key: new Secret(key),
    clientCa: undefined,
    clientAuth: 'NoClientCert',
    allowedSans: undefined,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: undefined,
    honorCipherOrder: true,
    ecdhCurve: undefined,
    validity: { fromMs: 0, untilMs: 0 },
    ...parts,
  }
}
