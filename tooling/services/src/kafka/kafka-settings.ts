export interface KafkaServerOptions {
  /** @default 3.9.1, or what the environment variable KAFKA_VERSION says */
  readonly version?: string
  /** How many brokers, each a controller too. Topics and transactions then have a copy on each, and go on while most are up. @default 1 */
  readonly brokers?: number
  /** Further lines of `server.properties`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Further listeners by name, on these ports of 127.0.0.1. How they are secured is up to the settings. For one broker only. */
  readonly listeners?: Readonly<Record<string, number>>
}

export interface NodePorts {
  readonly broker: number
  readonly controller: number
}

/** The broker at `index` among those at `ports`, which is a controller too: as small and as quick as Kafka can be. */
export function serverProperties(
  index: number,
  ports: readonly NodePorts[],
  folder: string,
  { settings = {}, listeners = {} }: KafkaServerOptions,
): string {
  const { broker, controller } = ports[index] as NodePorts
  const others = Object.entries(listeners).map(([name, otherPort]) => `,${name}://127.0.0.1:${otherPort}`)
  const copies = `${ports.length}`
  const copiesMin = `${Math.floor(ports.length / 2) + 1}`
  return propertiesOf({
    'process.roles': 'broker,controller',
    'node.id': `${index + 1}`,
    'controller.quorum.voters': ports.map((node, at) => `${at + 1}@127.0.0.1:${node.controller}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}${others.join('')}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker}${others.join('')}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': `${folder}/data`,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': copies,
    'min.insync.replicas': copiesMin,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': copiesMin,
    'transaction.state.log.num.partitions': '4',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    'broker.heartbeat.interval.ms': '200',
    'broker.session.timeout.ms': ports.length === 1 ? '1000' : '3000',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': '8388608',
    ...settings,
  })
}

/** Of log4j, which Kafka 3 logs with. */
export const LOG4J_SETTINGS = `log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.Target=System.err
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%p %c %m%n
`

function propertiesOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
