import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  /** Key and certificate in one, as a broker's PEM key store has them. */
  readonly storeFile: string
}

/** A certificate authority of the lab, made by openssl when it is asked for; nothing of it outlives its folder. */
export class Authority {
  readonly caFile: string
  readonly #folder: string
  readonly #keyFile: string

  private constructor(folder: string) {
    this.#folder = folder
    this.caFile = join(folder, 'ca.pem')
    this.#keyFile = join(folder, 'ca.key')
  }

  /** Makes an authority in a folder of its own. */
  static async create(folder: string, name: string): Promise<Authority> {
    await mkdir(folder, { recursive: true })
    const authority = new Authority(folder)
    await openssl([
      ...['req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`],
      ...['-keyout', authority.#keyFile, '-out', authority.caFile],
    ])
    return authority
  }

  /** Signs a certificate for these names, such as `DNS:localhost` and `IP:127.0.0.1`; it holds for `days`. */
  async issue(stem: string, names: readonly string[], days = 2): Promise<CertificateFiles> {
    const place = (ending: string): string => join(this.#folder, `${stem}.${ending}`)
    const [keyFile, certFile, storeFile] = [place('key'), place('pem'), place('store.pem')]
    await openssl([
      ...['req', '-new', ...newKey, '-subj', `/CN=${stem}`, '-keyout', keyFile, '-out', place('csr')],
    ])
    await writeFile(place('ext'), `subjectAltName=${names.join(',')}\n`)
    await openssl([
      ...['x509', '-req', '-in', place('csr'), '-CA', this.caFile, '-CAkey', this.#keyFile],
      ...['-CAcreateserial', '-days', String(days), '-extfile', place('ext'), '-out', certFile],
    ])
    await writeFile(storeFile, `${await readFile(keyFile, 'utf8')}${await readFile(certFile, 'utf8')}`)
    return { certFile, keyFile, storeFile }
  }
}

const newKey = ['-newkey', 'rsa:2048', '-nodes']

async function openssl(args: readonly string[]): Promise<void> {
  try {
    await run('openssl', args)
  } catch (error) {
    throw new Error(`openssl ${args[0]} failed`, { cause: error })
  }
}
