export interface KafkaServerOptions {
  /** Further lines of `server.properties`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Further listeners by name, on these ports of 127.0.0.1. How they are secured is up to the settings. */
  readonly listeners?: Readonly<Record<string, number>>
}

/** One broker that is its own controller, as small and as quick as Kafka can be. */
export function serverProperties(
  port: number,
  controllerPort: number,
  folder: string,
  { settings = {}, listeners = {} }: KafkaServerOptions,
): string {
  const others = Object.entries(listeners).map(([name, otherPort]) => `,${name}://127.0.0.1:${otherPort}`)
  return propertiesOf({
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${others.join('')}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}${others.join('')}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': `${folder}/data`,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    'broker.heartbeat.interval.ms': '200',
    'broker.session.timeout.ms': '1000',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': '8388608',
    ...settings,
  })
}

export const LOG_SETTINGS = `log4j.rootLogger=WARN, out
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
