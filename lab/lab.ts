import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClusterOptions, LabCluster } from './cluster.ts'
import type { KafkaLine } from './jars.ts'
import { type JavaSetup, javaArguments, javaSetup } from './java.ts'
import { afterDeathOfThisProcess, beforeExit } from './lastResort.ts'
import { LabMirrorMaker, type MirrorMakerOptions } from './mirrorMaker.ts'
import { killAllProcesses } from './process.ts'

export interface LabOptions {
  /** Leaves the folder (settings, data, logs) behind when the lab is closed. */
  readonly keep?: boolean
  /** The Apache Kafka that runs in this lab. */
  readonly line?: KafkaLine
}

/**
 * A laboratory of real Kafka clusters and MirrorMakers on loopback ports. close() ends and deletes everything;
 * so does the end of this process, whatever its cause.
 */
export class Lab {
  /** Holds settings, data and logs of everything in the lab. */
  readonly folder: string
  #java: JavaSetup
  #keep: boolean
  #clusters: LabCluster[] = []
  #mirrorMakers: LabMirrorMaker[] = []
  #serial = 0
  #cancelLastResorts: (() => void)[]

  private constructor(folder: string, java: JavaSetup, keep: boolean) {
    this.folder = folder
    this.#java = java
    this.#keep = keep
    this.#cancelLastResorts = [
      beforeExit(() => {
        killAllProcesses()
        if (!keep) rmSync(folder, FORCE)
      }),
    ]
    // The pause lets the processes die that write there.
    if (!keep) this.#cancelLastResorts.push(afterDeathOfThisProcess('sleep 2; rm -rf -- "$1"', folder))
  }

  /** Opens an empty lab; the first time on a machine this downloads Kafka. Needs Java (and then Maven): see ensureTools. */
  static async open({ keep = false, line = '4.3.1' }: LabOptions = {}): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-lab-'))
    try {
      return new Lab(folder, await javaSetup(line, folder), keep)
    } catch (error) {
      await rm(folder, FORCE)
      throw error
    }
  }

  /** Starts a cluster and resolves when all its brokers answer; clusters may be started side by side. */
  async startCluster(options: ClusterOptions): Promise<LabCluster> {
    const cluster = await LabCluster.create(this.#java, this.#newFolder(options.name), options)
    this.#clusters.push(cluster)
    try {
      await cluster.start()
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  /** Starts a MirrorMaker 2 and returns at once; its waitUntilReplicating resolves when records flow. */
  async startMirrorMaker(options: MirrorMakerOptions): Promise<LabMirrorMaker> {
    const mirrorMaker = await LabMirrorMaker.create(this.#java, this.#newFolder('mirrormaker'), options)
    this.#mirrorMakers.push(mirrorMaker)
    await mirrorMaker.start()
    return mirrorMaker
  }

  /**
   * Writes a program of Kafka's `bin` as an executable file, such as `kafka-acls.sh`.
   * @param mainClass the Java class that it runs
   */
  async writeTool(file: string, mainClass: string): Promise<void> {
    const args = javaArguments(this.#java, { mainClass, heapMb: 64, args: [] })
    await writeFile(file, `#!/bin/sh\nexec java ${args.map(arg => `'${arg}'`).join(' ')} "$@"\n`, {
      mode: 0o755,
    })
  }

  /** Kills everything and deletes the folder. May be called twice. */
  async close(): Promise<void> {
    await Promise.all(this.#mirrorMakers.map(mirrorMaker => mirrorMaker.kill()))
    await Promise.all(this.#clusters.map(cluster => cluster.close()))
    if (!this.#keep) await rm(this.folder, FORCE)
    for (const cancel of this.#cancelLastResorts.splice(0)) cancel()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #newFolder(name: string): string {
    this.#serial += 1
    return join(this.folder, `${this.#serial}-${name.replaceAll(/[^\w.-]/g, '_')}`)
  }
}

const FORCE = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const
