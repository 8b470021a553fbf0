import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabCluster } from './cluster.ts'
import { type JavaSetup, javaArguments } from './java.ts'
import { SupervisedProcess } from './process.ts'
import { formatProperties, mirrorMakerProperties, type Properties } from './properties.ts'
import { Service } from './service.ts'
import { waitUntil } from './wait.ts'

export interface MirrorMakerOptions {
  readonly source: LabCluster
  readonly target: LabCluster
  /** The cluster's name unless told. */
  readonly sourceAlias?: string
  readonly targetAlias?: string
  readonly policy?: 'default' | 'identity'
  readonly separator?: string
  readonly offsetSyncsLocation?: 'source' | 'target'
  readonly offsetFlushIntervalMs?: number
  /** Regular expressions of topic names, separated by commas. */
  readonly topics?: string
  /** Settings on top of the lab's own. */
  readonly properties?: Properties
}

/** A dedicated MirrorMaker 2 that replicates from source to target. */
export class LabMirrorMaker extends Service {
  readonly title: string
  readonly source: LabCluster
  readonly target: LabCluster
  readonly sourceAlias: string
  readonly targetAlias: string
  readonly separator: string
  readonly policy: 'default' | 'identity'
  #java: JavaSetup
  #folder: string

  private constructor(
    java: JavaSetup,
    folder: string,
    options: Required<Omit<MirrorMakerOptions, 'properties' | 'topics'>>,
  ) {
    super()
    this.source = options.source
    this.target = options.target
    this.sourceAlias = options.sourceAlias
    this.targetAlias = options.targetAlias
    this.separator = options.separator
    this.policy = options.policy
    this.title = `MirrorMaker 2 ${this.sourceAlias}->${this.targetAlias}`
    this.#java = java
    this.#folder = folder
  }

  /** Writes the settings of a new MirrorMaker 2; nothing runs yet. */
  static async create(java: JavaSetup, folder: string, options: MirrorMakerOptions): Promise<LabMirrorMaker> {
    const { properties = {}, topics = '.*', ...given } = options
    const chosen = {
      sourceAlias: given.source.name,
      targetAlias: given.target.name,
      policy: 'default' as const,
      separator: '.',
      offsetSyncsLocation: 'source' as const,
      offsetFlushIntervalMs: 2000,
      ...given,
    }
    const plan = {
      ...chosen,
      topics,
      sourceServers: given.source.bootstrapServers,
      targetServers: given.target.bootstrapServers,
    }
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'mm2.properties'), formatProperties(mirrorMakerProperties(plan, properties)))
    return new LabMirrorMaker(java, folder, chosen)
  }

  /** Returns the name that a source topic has on the target. */
  remoteTopic(topic: string): string {
    // IdentityReplicationPolicy makes one exception: heartbeats.
    const keepsName = this.policy === 'identity' && topic !== 'heartbeats'
    return keepsName ? topic : `${this.sourceAlias}${this.separator}${topic}`
  }

  /**
   * Resolves when records arrive on the target: heartbeats, which are emitted every second and replicated like
   * all else, or those of another topic on the target, one that is written to all the time.
   * Throws with the end of the log when that does not happen in time or the process ends.
   */
  async waitUntilReplicating({
    watch = this.remoteTopic('heartbeats'),
    timeoutMs = 90_000,
  }: {
    readonly watch?: string
    readonly timeoutMs?: number
  } = {}): Promise<void> {
    let before: bigint | undefined
    const grows = async () => {
      const now = await this.target.offsetsSpanned(watch)
      before ??= now
      return now > before
    }
    const giveUp = () => this.deathNotice()
    await waitUntil(`${watch} grows on ${this.target.name}`, grows, {
      timeoutMs,
      everyMs: 150,
      giveUp,
    }).catch(error => {
      throw giveUp() ?? this.withLog(error)
    })
  }

  protected launch(): SupervisedProcess {
    return new SupervisedProcess({
      name: this.title,
      command: 'java',
      args: javaArguments(this.#java, {
        mainClass: 'org.apache.kafka.connect.mirror.MirrorMaker',
        heapMb: 384,
        args: [join(this.#folder, 'mm2.properties')],
      }),
      logFile: join(this.#folder, 'mirrormaker.log'),
      cwd: this.#folder,
    })
  }

  /** A start does not wait for the first record; waitUntilReplicating does. */
  protected async ready(): Promise<void> {}
}
