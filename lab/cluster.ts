import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Admin,
  type IHeaders,
  type ITopicConfig,
  Kafka,
  logLevel,
  Partitioners,
  type Producer,
} from 'kafkajs'
import { lastLines, runCommand } from './command.ts'
import { type JavaSetup, javaArguments } from './java.ts'
import { type ClusterMetadata, fetchMetadata, type PartitionMetadata } from './metadata.ts'
import { freePort, freePorts } from './ports.ts'
import { SupervisedProcess } from './process.ts'
import { brokerProperties, formatProperties, type ListenerOptions, type Properties } from './properties.ts'
import { silenceKafkajsTimerWarning } from './quietKafkajs.ts'
import { Service } from './service.ts'
import { waitUntil } from './wait.ts'

silenceKafkajsTimerWarning()

export interface ClusterOptions {
  readonly name: string
  /** Number of brokers; node 1 is the controller as well. 1 unless told. */
  readonly brokers?: number
  /** Settings of all the cluster's brokers, on top of the lab's own. */
  readonly properties?: Properties
  /** Listeners besides the plaintext one. */
  readonly listeners?: readonly ListenerOptions[]
  /** Users that exist from the beginning, as `SCRAM-SHA-512=[name=a,password=b]`. */
  readonly scramUsers?: readonly string[]
}

export type LabTopic = ITopicConfig

export interface LabRecord {
  readonly key?: string | Buffer | null
  /** null is a tombstone. */
  readonly value: string | Buffer | null
  readonly partition?: number
  readonly timestamp?: Date
  readonly headers?: IHeaders
}

/** Where a batch was written: its records have baseOffset and the offsets that follow. */
export interface Appended {
  readonly topic: string
  readonly partition: number
  readonly baseOffset: bigint
}

/** One broker of a cluster; node 1 is its controller as well. */
export class LabBroker extends Service {
  readonly title: string
  readonly nodeId: number
  readonly port: number
  /** Ports of the other listeners, by name. */
  readonly ports: ReadonlyMap<string, number>
  #java: JavaSetup
  #folder: string

  constructor(
    clusterName: string,
    nodeId: number,
    port: number,
    java: JavaSetup,
    /** Holds server.properties, data/ and the log. */
    folder: string,
    ports: ReadonlyMap<string, number> = new Map(),
  ) {
    super()
    this.ports = ports
    this.title = `Broker ${nodeId} of ${clusterName}`
    this.nodeId = nodeId
    this.port = port
    this.#java = java
    this.#folder = folder
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Returns what this very broker knows about the cluster; rejects when it does not answer within 2 s. */
  metadata(): Promise<ClusterMetadata> {
    return fetchMetadata(this.port)
  }

  protected launch(): SupervisedProcess {
    const args = [join(this.#folder, 'server.properties')]
    return new SupervisedProcess({
      name: this.title,
      command: 'java',
      args: javaArguments(this.#java, { mainClass: 'kafka.Kafka', heapMb: 256, args }),
      logFile: join(this.#folder, 'broker.log'),
      cwd: this.#folder,
    })
  }

  /** Resolves when the broker itself answers Metadata and is a member of its cluster. */
  protected async ready(): Promise<void> {
    const answer = async () => {
      const { brokers } = await this.metadata()
      return brokers.some(broker => broker.nodeId === this.nodeId)
    }
    const giveUp = () => this.deathNotice()
    await waitUntil(`${this.title} answers`, answer, { timeoutMs: 60_000, everyMs: 150, giveUp }).catch(
      error => {
        throw giveUp() ?? this.withLog(error)
      },
    )
  }
}

/** A running cluster with the clients that tests use to fill and to look into it. */
export class LabCluster {
  readonly name: string
  readonly brokers: readonly LabBroker[]
  /** For clients of one's own; those are closed by who made them. */
  readonly kafka: Kafka
  #java: JavaSetup
  #producers = new Map<string, Promise<Producer>>()

  private constructor(name: string, brokers: readonly LabBroker[], java: JavaSetup) {
    this.name = name
    this.#java = java
    this.brokers = brokers
    this.kafka = labClient(brokers.map(broker => broker.address))
  }

  /** Formats the folders of a new cluster's brokers; nothing runs yet. */
  static async create(java: JavaSetup, folder: string, options: ClusterOptions): Promise<LabCluster> {
    const { name, brokers: count = 1, properties = {}, listeners = [], scramUsers = [] } = options
    const controllerPort = await freePort()
    const ports = await freePorts(count * (1 + listeners.length))
    const clusterId = newClusterId()
    const brokers = await Promise.all(
      ports.slice(0, count).map(async (port, index) => {
        const nodeId = index + 1
        const own = listeners.map((listener, at) => ({
          ...listener,
          port: ports[count + index * listeners.length + at] ?? 0,
        }))
        const home = join(folder, `broker-${nodeId}`)
        const place = { nodeId, port, controllerPort, dataFolder: join(home, 'data'), listeners: own }
        await mkdir(home, { recursive: true })
        await writeFile(
          join(home, 'server.properties'),
          formatProperties(brokerProperties(place, properties)),
        )
        await formatStorage(java, home, clusterId, nodeId, scramUsers)
        const byName = new Map(own.map(listener => [listener.name, listener.port]))
        return new LabBroker(name, nodeId, port, java, home, byName)
      }),
    )
    return new LabCluster(name, brokers, java)
  }

  get bootstrapServers(): string[] {
    return this.brokers.map(broker => broker.address)
  }

  /** The addresses of one of the listeners that were asked for. */
  serversOf(listener: string): string[] {
    return this.brokers.map(({ ports }) => `127.0.0.1:${ports.get(listener)}`)
  }

  /** Changes what brokers and users are while they run, with the arguments of Kafka's kafka-configs. */
  async configure(args: readonly string[]): Promise<void> {
    const { code, output } = await runCommand(
      'java',
      javaArguments(this.#java, {
        mainClass: 'kafka.admin.ConfigCommand',
        heapMb: 128,
        args: ['--bootstrap-server', this.bootstrapServers.join(','), '--alter', ...args],
      }),
    )
    if (code !== 0) throw new Error(`${this.name} could not be configured:\n${lastLines(output, 10)}`)
  }

  /** Starts the brokers that do not run, and waits until each of them answers Metadata. */
  async start(): Promise<void> {
    await Promise.all(this.brokers.map(broker => broker.start()))
  }

  /** Ends the brokers in order, the controller last: the others need it to leave. */
  async stop(): Promise<void> {
    for (const broker of this.brokers.toReversed()) await broker.stop()
  }

  async kill(): Promise<void> {
    await Promise.all(this.brokers.map(broker => broker.kill()))
  }

  pause(): void {
    for (const broker of this.brokers) broker.pause()
  }

  resume(): void {
    for (const broker of this.brokers) broker.resume()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Resumes what is paused and starts what is not running. */
  async heal(): Promise<void> {
    await Promise.all(this.brokers.map(broker => broker.heal()))
  }

  /** Kills the brokers and closes the clients. */
  async close(): Promise<void> {
    await this.kill()
    const producers = await Promise.allSettled(this.#producers.values())
    this.#producers.clear()
    await Promise.all(producers.map(it => (it.status === 'fulfilled' ? disconnect(it.value) : undefined)))
  }

  /**
   * Creates topics and waits until they are visible and each of their partitions has a leader that serves it. A leader
   * that is named in Metadata may not have begun: kafkajs would send the records that went elsewhere twice.
   */
  async createTopics(topics: readonly LabTopic[]): Promise<void> {
    const names = topics.map(({ topic }) => topic)
    await this.withAdmin(admin =>
      admin.createTopics({
        // A replica assignment stands in for the two numbers, which then must not be given.
        topics: topics.map(topic =>
          topic.replicaAssignment === undefined
            ? { numPartitions: 1, replicationFactor: 1, ...topic }
            : { ...topic, numPartitions: -1, replicationFactor: -1 },
        ),
        waitForLeaders: false,
      }),
    )
    await waitUntil(`${names.join(', ')} of ${this.name} have leaders`, async () => {
      const { topics: found } = await this.metadata()
      return names.every(name => {
        const partitions = found.get(name) ?? []
        return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)
      })
    })
    for (const name of names)
      await waitUntil(`${name} of ${this.name} is served`, () => this.endOffsets(name))
  }

  /** Deletes topics and waits until they are gone. */
  async deleteTopics(topics: readonly string[]): Promise<void> {
    await this.withAdmin(admin => admin.deleteTopics({ topics: [...topics] }))
    await waitUntil(`${topics.join(', ')} of ${this.name} are gone`, async () => {
      const left = await this.listTopics()
      return topics.every(topic => !left.includes(topic))
    })
  }

  /** Returns what the first broker that answers knows about the cluster. */
  metadata(): Promise<ClusterMetadata> {
    const answering = this.brokers.filter(broker => broker.running && !broker.paused)
    return Promise.any((answering.length > 0 ? answering : this.brokers).map(broker => broker.metadata()))
  }

  /** Returns the names of all topics, internal ones too, sorted. */
  async listTopics(): Promise<string[]> {
    return [...(await this.metadata()).topics.keys()].sort()
  }

  /** Returns the topic's partitions in order, with leader -1 where there is none; throws when there is no such topic. */
  async partitions(topic: string): Promise<readonly PartitionMetadata[]> {
    const partitions = (await this.metadata()).topics.get(topic)
    if (partitions === undefined) throw new Error(`${this.name} has no topic ${topic}`)
    return partitions
  }

  /** Writes records with acks=all and returns where they went. Never creates a topic. */
  async produce(topic: string, records: readonly LabRecord[]): Promise<Appended[]> {
    const appended = await this.#produce(topic, records)
    const written = new Set(appended.map(({ partition }) => partition))
    const left = records.filter(({ partition }) => partition !== undefined && !written.has(partition))
    if (left.length === 0) return appended
    // kafkajs drops, without a word, what goes to partitions that it has not heard of: a new producer has.
    const producer = this.#producers.get(topic)
    this.#producers.delete(topic)
    await producer?.then(disconnect)
    const late = await this.#produce(topic, left)
    if (late.length === 0) throw new Error(`${topic} has no partition ${left[0]?.partition}`)
    return [...appended, ...late]
  }

  async #produce(topic: string, records: readonly LabRecord[]): Promise<Appended[]> {
    const producer = await this.#producer(topic)
    const messages = records.map(({ timestamp, key = null, ...rest }) => ({
      ...rest,
      key,
      ...(timestamp === undefined ? {} : { timestamp: String(timestamp.getTime()) }),
    }))
    const batches = await producer.send({ topic, messages })
    return batches.map(({ partition, baseOffset }) => ({
      topic,
      partition,
      baseOffset: BigInt(baseOffset ?? -1),
    }))
  }

  /** Returns the end offsets (high watermarks) by partition; throws when the topic does not exist or one has no leader. */
  async endOffsets(topic: string): Promise<bigint[]> {
    return this.withAdmin(async admin => {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.toSorted((a, b) => a.partition - b.partition).map(({ high }) => BigInt(high))
    })
  }

  /** Returns how many offsets the topic spans, over all partitions; 0n when it does not exist. */
  async offsetsSpanned(topic: string): Promise<bigint> {
    if (!(await this.listTopics()).includes(topic)) return 0n
    return this.withAdmin(async admin => {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.reduce((sum, { high, low }) => sum + BigInt(high) - BigInt(low), 0n)
    })
  }

  /** Runs something with an admin client of its own, which knows nothing of topics that lost their leaders before. */
  async withAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.kafka.admin()
    try {
      await admin.connect()
      return await use(admin)
    } finally {
      await disconnect(admin)
    }
  }

  // One producer per topic: kafkajs fails for all topics that a producer ever wrote to when one of them
  // has a partition without a leader.
  #producer(topic: string): Promise<Producer> {
    const known = this.#producers.get(topic)
    if (known !== undefined) return known
    const producer = connectedProducer(this.kafka)
    this.#producers.set(topic, producer)
    producer.catch(() => this.#producers.delete(topic))
    return producer
  }
}

/** Returns a connected producer that never creates a topic. */
export async function connectedProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  return producer
}

function labClient(brokers: string[]): Kafka {
  return new Kafka({
    clientId: 'tidemark-lab',
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: 10_000,
    retry: { retries: 6, initialRetryTime: 100, maxRetryTime: 1000 },
  })
}

/** Closes a client, but does not wait for answers of a broker that is dead or frozen. */
export async function disconnect(client: { disconnect(): Promise<void> }): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>(resolve => {
    timer = setTimeout(resolve, 2000)
  })
  await Promise.race([client.disconnect().catch(() => undefined), enough])
  clearTimeout(timer)
}

/** Returns a random id as Kafka writes them: 16 bytes in base64url, never with a leading dash. */
function newClusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? newClusterId() : id
}

async function formatStorage(
  java: JavaSetup,
  home: string,
  clusterId: string,
  nodeId: number,
  scramUsers: readonly string[],
): Promise<void> {
  const { code, output } = await runCommand(
    'java',
    javaArguments(java, {
      mainClass: 'kafka.tools.StorageTool',
      heapMb: 128,
      args: [
        'format',
        nodeId === 1 ? '--standalone' : '--no-initial-controllers',
        '-t',
        clusterId,
        '-c',
        join(home, 'server.properties'),
        ...scramUsers.flatMap(user => ['--add-scram', user]),
      ],
    }),
  )
  if (code !== 0) throw new Error(`StorageTool could not format ${home}:\n${lastLines(output, 30)}`)
}
