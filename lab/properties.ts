/** Settings of a broker or of MirrorMaker 2, by the names that Kafka documents. */
export type Properties = Readonly<Record<string, string | number | boolean>>

/** Returns the text of a Java properties file, one setting a line in the given order. */
export function formatProperties(properties: Properties): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}\n`)
    .join('')
}

/** A listener besides the plaintext one that the lab itself uses. */
export interface ListenerOptions {
  /** Such as SASL_TLS. */
  readonly name: string
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  /** Settings of this listener alone, without its prefix. */
  readonly properties?: Properties
}

export interface BrokerPlace {
  readonly nodeId: number
  readonly port: number
  /** The controller's port, of node 1, which is the only one. */
  readonly controllerPort: number
  readonly dataFolder: string
  readonly listeners?: readonly (ListenerOptions & { readonly port: number })[]
}

/**
 * Returns the settings of one KRaft broker; node 1 is the controller as well. Everything is as small and as
 * quick to start as it can be; `overrides` win.
 */
export function brokerProperties(place: BrokerPlace, overrides: Properties = {}): Properties {
  const extra = place.listeners ?? []
  const plaintext = [
    `PLAINTEXT://127.0.0.1:${place.port}`,
    ...extra.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
  ].join(',')
  const isController = place.nodeId === 1
  const listeners = isController ? `${plaintext},CONTROLLER://127.0.0.1:${place.controllerPort}` : plaintext
  return {
    'process.roles': isController ? 'broker,controller' : 'broker',
    'node.id': place.nodeId,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${place.controllerPort}`,
    listeners,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': [
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      ...extra.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(','),
    'log.dirs': place.dataFolder,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'auto.create.topics.enable': false,
    // A killed broker is fenced, and its partitions become leaderless, after 3 s instead of 9 s.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
    ...Object.fromEntries(
      extra.flatMap(({ name, properties = {} }) =>
        Object.entries(properties).map(([key, value]) => [
          `listener.name.${name.toLowerCase()}.${key}`,
          value,
        ]),
      ),
    ),
    ...overrides,
  }
}

export interface MirrorPlan {
  readonly sourceAlias: string
  readonly targetAlias: string
  readonly sourceServers: readonly string[]
  readonly targetServers: readonly string[]
  readonly policy: 'default' | 'identity'
  readonly separator: string
  readonly offsetSyncsLocation: 'source' | 'target'
  readonly offsetFlushIntervalMs: number
  /** Regular expressions of topic names, separated by commas. */
  readonly topics: string
}

/**
 * Returns the settings of a dedicated MirrorMaker 2 that replicates source to target, with every interval
 * as short as it goes; `overrides` win.
 */
export function mirrorMakerProperties(plan: MirrorPlan, overrides: Properties = {}): Properties {
  const { sourceAlias, targetAlias } = plan
  const flow = `${sourceAlias}->${targetAlias}`
  const back = `${targetAlias}->${sourceAlias}`
  const replication: Properties =
    plan.policy === 'identity'
      ? { 'replication.policy.class': 'org.apache.kafka.connect.mirror.IdentityReplicationPolicy' }
      : {}
  // Settings of the Connect workers are read only with a cluster's alias in front.
  const workers = [sourceAlias, targetAlias].flatMap(alias => [
    [`${alias}.plugin.discovery`, 'service_load'],
    [`${alias}.offset.flush.interval.ms`, plan.offsetFlushIntervalMs],
    // A killed worker leaves its group soon, so that the next one gets the tasks at once.
    [`${alias}.session.timeout.ms`, 3000],
    [`${alias}.heartbeat.interval.ms`, 500],
    [`${alias}.scheduled.rebalance.max.delay.ms`, 0],
  ])
  return {
    clusters: `${sourceAlias}, ${targetAlias}`,
    [`${sourceAlias}.bootstrap.servers`]: plan.sourceServers.join(','),
    [`${targetAlias}.bootstrap.servers`]: plan.targetServers.join(','),
    [`${flow}.enabled`]: true,
    [`${back}.enabled`]: false,
    [`${flow}.topics`]: plan.topics,
    [`${flow}.groups`]: '.*',
    ...replication,
    'replication.policy.separator': plan.separator,
    'offset-syncs.topic.location': plan.offsetSyncsLocation,
    'replication.factor': 1,
    'checkpoints.topic.replication.factor': 1,
    'heartbeats.topic.replication.factor': 1,
    'offset-syncs.topic.replication.factor': 1,
    'config.storage.replication.factor': 1,
    'offset.storage.replication.factor': 1,
    'status.storage.replication.factor': 1,
    'offset.storage.partitions': 1,
    'status.storage.partitions': 1,
    'refresh.topics.interval.seconds': 1,
    'refresh.groups.interval.seconds': 1,
    'emit.heartbeats.interval.seconds': 1,
    'emit.checkpoints.interval.seconds': 1,
    'sync.group.offsets.enabled': true,
    'sync.group.offsets.interval.seconds': 1,
    'tasks.max': 1,
    ...Object.fromEntries(workers),
    ...overrides,
  }
}
