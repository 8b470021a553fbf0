import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabCluster } from '../../../lab/cluster.ts'
import { Lab } from '../../../lab/lab.ts'
import {
  type SecuredListener,
  type SecuredMaterial,
  securedCluster,
  securedMaterial,
} from '../../../lab/secured.ts'
import { ensureTools } from '../../../lab/tools.ts'

export const user = { name: 'tidemark', password: 'the-password' }
/** So short that a test lives through several sessions. */
export const reauthMs = 3_000

/** A secured cluster of a test file's own, with what is needed to connect to it. */
export class SecuredWorld {
  readonly lab: Lab
  readonly cluster: LabCluster
  readonly material: SecuredMaterial
  readonly folder: string

  private constructor(lab: Lab, cluster: LabCluster, material: SecuredMaterial, folder: string) {
    this.lab = lab
    this.cluster = cluster
    this.material = material
    this.folder = folder
  }

  static async start(): Promise<SecuredWorld> {
    await ensureTools(['java', 'maven'])
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-secured-'))
    const lab = await Lab.open()
    try {
      const material = await securedMaterial(folder)
      const cluster = await lab.startCluster(securedCluster({ name: 'secured', material, user, reauthMs }))
      return new SecuredWorld(lab, cluster, material, folder)
    } catch (error) {
      await lab.close()
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  port(listener: SecuredListener): number {
    return this.cluster.brokers[0]?.ports.get(listener) ?? 0
  }

  async close(): Promise<void> {
    await this.lab.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}
