import { Secret } from '../../model/secret.ts'
import { isBearerToken, type Tokens } from './token.ts'

/** Not among Tidemark's dependencies: whoever needs it installs it. */
export const signerPackage = 'aws-msk-iam-sasl-signer-js'

/** What Tidemark uses of the signer (https://github.com/aws/aws-msk-iam-sasl-signer-js, README). */
export interface Signer {
  generateAuthToken(options: { readonly region: string }): Promise<{
    readonly token: string
    /** Milliseconds since the epoch. */
    readonly expiryTime?: number
  }>
}

/** No token of MSK IAM could be made. Holds nothing that AWS said. */
export class SignerError extends Error {
  readonly isInstalled: boolean

  constructor(isInstalled: boolean) {
    super(isInstalled ? 'no token was signed' : 'the signer is not installed')
    this.isInstalled = isInstalled
  }
}

/**
 * Tokens for Amazon MSK with IAM, made by Amazon's signer from the credentials that its default chain finds (a role,
 * AWS_ variables, a profile). Signing needs no request to the cluster: each login gets a token of its own.
 */
export class MskTokens implements Tokens {
  readonly #region: string
  readonly #load: () => Promise<Signer>

  constructor(region: string, load: () => Promise<Signer> = loadSigner) {
    this.#region = region
    this.#load = load
  }

  /** Rejects with a SignerError. */
  async token(): Promise<Secret> {
    const signer = await this.#load().catch(() => {
      throw new SignerError(false)
    })
    const signed = await signer.generateAuthToken({ region: this.#region }).catch(() => undefined)
    if (signed === undefined || !isBearerToken(signed.token)) throw new SignerError(true)
    return new Secret(signed.token)
  }

  forget(): void {}
}

async function loadSigner(): Promise<Signer> {
  const loaded: Signer = await import(signerPackage)
  return loaded
}
