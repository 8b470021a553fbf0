import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { namesIn } from '../../src/http/clientCertificates.ts'
import { CertificateAuthority } from '../support/certificates.ts'

const authority = new CertificateAuthority()

test('names of all kinds, as they are written by people', () => {
  const { cert } = authority.issue({
    name: 'client',
    dns: ['prometheus.example', '*.example'],
    ips: ['127.0.0.1', '2001:db8::1'],
    uris: ['spiffe://example/a,b', 'spiffe://example/"x"'],
    emails: ['noc@example.org'],
  })
  expect(namesIn(new X509Certificate(cert).subjectAltName ?? '')).toEqual([
    'noc@example.org',
    'prometheus.example',
    '*.example',
    'spiffe://example/a,b',
    'spiffe://example/"x"',
    '127.0.0.1',
    '2001:db8::1',
  ])
})

test('a name cannot be smuggled in inside of another', () => {
  const { cert } = authority.issue({
    name: 'client',
    uris: ['http://x/, DNS:prometheus', 'http://y/", DNS:z'],
  })
  expect(namesIn(new X509Certificate(cert).subjectAltName ?? '')).toEqual([
    'http://x/, DNS:prometheus',
    'http://y/", DNS:z',
  ])
})

test('none', () => {
  expect(namesIn('')).toEqual([])
})
