import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { freePorts } from '../free-port.ts'
import { type ConsoleRecord, type ConsumeOptions, consume } from './console-consumer.ts'
import { knowsLeaders } from './kafka-answers.ts'
import { KAFKA_VERSION } from './kafka-jars.ts'
import { KafkaNode } from './kafka-node.ts'
import { type KafkaServerOptions, type NodePorts, serverProperties } from './kafka-settings.ts'
import { KafkaTools } from './kafka-tools.ts'

const TOPIC_MS = 30_000
const PROBE_INTERVAL_MS = 100
const PORT_ATTEMPTS = 3
/** Of a broker that is alone, and of one among several. */
const HEAP_MB = 512
const SMALL_HEAP_MB = 320

/**
 * A real Apache Kafka of one or several brokers (KRaft) on free ports of 127.0.0.1, with its data in a temporary folder. It ends
 * with this process at the latest.
 */
export class KafkaServer implements AsyncDisposable {
  readonly #folder: string
  readonly #tools: KafkaTools
  readonly #nodes: readonly KafkaNode[]

  private constructor(folder: string, tools: KafkaTools, nodes: readonly KafkaNode[]) {
    this.#folder = folder
    this.#tools = tools
    this.#nodes = nodes
  }

  /** Resolves when every broker answers and knows the others. */
  static async start(options: KafkaServerOptions = {}): Promise<KafkaServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), 'malstrom-kafka-'))
      const tools = await KafkaTools.open(options.version ?? KAFKA_VERSION, folder)
      const server = new KafkaServer(folder, tools, await prepareNodes(folder, tools, options))
      try {
        const clusterId = newClusterId()
        await Promise.all(server.#nodes.map((node) => node.format(clusterId)))
        await Promise.all(server.#nodes.map((node) => node.start(server.#nodes.length)))
        return server
      } catch (thrown) {
        await server[Symbol.asyncDispose]()
        // Somebody else may have taken a port between our look and the start of the broker.
        if (attempt === PORT_ATTEMPTS || !`${thrown}`.includes('Address already in use')) throw thrown
      }
    }
  }

  get version(): string {
    return this.#tools.version
  }

  /** What clients connect to, as `host:port`, in the order of the nodes 1, 2, 3. */
  get brokers(): readonly string[] {
    return this.#nodes.map(({ address }) => address)
  }

  /** Makes a topic that is there, with leaders that every broker knows, when this resolves; every broker has a copy. */
  async createTopic(topic: string, partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<void> {
    const admin = new Kafka({ brokers: [...this.brokers], logLevel: logLevel.NOTHING }).admin()
    try {
      await admin.connect()
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
      await admin.createTopics({
        topics: [{ topic, numPartitions: partitions, replicationFactor: this.#nodes.length, configEntries }],
        // kafkajs would give up if the broker has not heard of the topic yet.
        waitForLeaders: false,
      })
    } finally {
      await admin.disconnect()
    }
    for (const { port } of this.#nodes) {
      for (let waitedMs = 0; !(await knowsLeaders(port, topic)); waitedMs += PROBE_INTERVAL_MS) {
        if (waitedMs >= TOPIC_MS) throw new Error(`The topic "${topic}" has no leaders.`)
        await sleep(PROBE_INTERVAL_MS)
      }
    }
  }

  /** What Kafka's own console consumer reads of a topic, from its beginning to its end. */
  async consume(topic: string, options: ConsumeOptions = {}): Promise<ConsoleRecord[]> {
    return consume(topic, this.brokers, this.#tools, options)
  }

  /** Runs one of Kafka's own tools, such as `org.apache.kafka.tools.ProducerPerformance`, to its end; what it printed last. */
  async runTool(mainClass: string, args: readonly string[]): Promise<string> {
    return await this.#tools.run(mainClass, args)
  }

  /** Ends all brokers: in order with `SIGTERM`, as a crash with `SIGKILL`. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop(signal)))
  }

  /** Starts all brokers again, on the same ports and with the same data. Resolves when they answer. */
  async restart(): Promise<void> {
    await this.stop()
    await Promise.all(this.#nodes.map((node) => node.start(this.#nodes.length)))
  }

  /** Holds all brokers, so that their clients are connected and get no answer, until `resume`. */
  pause(): void {
    for (const node of this.#nodes) node.hold(true)
  }

  resume(): void {
    for (const node of this.#nodes) node.hold(false)
  }

  /** Ends the broker with this id, the first one has 1, as `stop` ends all. */
  async stopBroker(id: number, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#node(id).stop(signal)
  }

  /** Starts the broker with this id again. Resolves when it answers, and knows all that are up. */
  async restartBroker(id: number): Promise<void> {
    const node = this.#node(id)
    await node.stop('SIGTERM')
    await node.start(this.#nodes.filter((other) => other === node || other.isRunning).length)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }

  #node(id: number): KafkaNode {
    const node = this.#nodes.find((one) => one.id === id)
    if (node === undefined) throw new Error(`There is no broker ${id}: they are ${this.#nodes.map((one) => one.id).join(', ')}.`)
    return node
  }
}

async function prepareNodes(folder: string, tools: KafkaTools, options: KafkaServerOptions): Promise<KafkaNode[]> {
  const { brokers = 1 } = options
  const free = await freePorts(2 * brokers)
  const ports = Array.from({ length: brokers }, (_, at) => ({ broker: free[2 * at], controller: free[2 * at + 1] }) as NodePorts)
  const heapMb = brokers === 1 ? HEAP_MB : SMALL_HEAP_MB
  return await Promise.all(
    ports.map(async ({ broker }, at) => {
      const own = join(folder, `node-${at + 1}`)
      await mkdir(own)
      await writeFile(join(own, 'server.properties'), serverProperties(at, ports, own, options))
      return new KafkaNode({ id: at + 1, port: broker, folder: own, tools, heapMb })
    }),
  )
}

function newClusterId(): string {
  const id = randomBytes(16)
  // An id that begins with "-" would be taken for an option.
  id[0] = 0
  return id.toString('base64url')
}
