import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { within } from '../within.ts'
import { type ConsoleRecord, type ConsumeOptions, consume } from './console-consumer.ts'
import { type JavaProcess, startJava } from './java-process.ts'
import { answersRequests } from './kafka-answers.ts'
import { kafkaClassPath } from './kafka-jars.ts'
import { type KafkaServerOptions, LOG_SETTINGS, serverProperties } from './kafka-settings.ts'

/** A broker on a machine that does other things too takes 5 to 20 s to start. */
const START_MS = 90_000
const STOP_MS = 30_000
const TOPIC_MS = 30_000
const TOOL_MS = 60_000
const PROBE_INTERVAL_MS = 100
const PORT_ATTEMPTS = 3

/**
 * A real Apache Kafka of one broker (KRaft) on free ports of 127.0.0.1, with its data in a temporary folder. It ends with
 * this process at the latest.
 */
export class KafkaServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  #java: JavaProcess

  private constructor(port: number, folder: string, java: JavaProcess) {
    this.port = port
    this.#folder = folder
    this.#java = java
  }

  /** Resolves when the broker answers. */
  static async start(options: KafkaServerOptions = {}): Promise<KafkaServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), 'malstrom-kafka-'))
      try {
        const [port, controllerPort] = await freePorts()
        await writeFile(join(folder, 'log4j.properties'), LOG_SETTINGS)
        await writeFile(join(folder, 'server.properties'), serverProperties(port, controllerPort, folder, options))
        await formatStorage(folder)
        return new KafkaServer(port, folder, await startBroker(folder, port))
      } catch (thrown) {
        await rm(folder, { recursive: true, force: true })
        // Somebody else may have taken a port between our look and the start of the broker.
        if (attempt === PORT_ATTEMPTS || !`${thrown}`.includes('Address already in use')) throw thrown
      }
    }
  }

  /** What clients connect to, as `host:port`. */
  get brokers(): readonly string[] {
    return [`127.0.0.1:${this.port}`]
  }

  get pid(): number {
    return this.#java.pid
  }

  /** Makes a topic that is there, with leaders, when this resolves. */
  async createTopic(topic: string, partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<void> {
    const admin = new Kafka({ brokers: [...this.brokers], logLevel: logLevel.NOTHING }).admin()
    try {
      await admin.connect()
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
      await admin.createTopics({
        topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
        waitForLeaders: false,
      })
      // kafkajs would give up if the broker has not heard of the topic yet.
      for (let waitedMs = 0; !(await hasLeaders(admin, topic)); waitedMs += PROBE_INTERVAL_MS) {
        if (waitedMs >= TOPIC_MS) throw new Error(`The topic "${topic}" has no leaders.`)
        await sleep(PROBE_INTERVAL_MS)
      }
    } finally {
      await admin.disconnect()
    }
  }

  /** What Kafka's own console consumer reads of a topic, from its beginning to its end. */
  async consume(topic: string, options: ConsumeOptions = {}): Promise<ConsoleRecord[]> {
    return consume(topic, this.brokers, this.#folder, options)
  }

  /** Runs one of Kafka's own tools, such as `org.apache.kafka.tools.ProducerPerformance`, to its end; what it printed last. */
  async runTool(mainClass: string, args: readonly string[]): Promise<string> {
    const java = startJava(mainClass, args, { classPath: await kafkaClassPath(), folder: this.#folder, heapMb: 256 })
    const hasEnded = await within(TOOL_MS, java.ended)
    if (!hasEnded) java.kill('SIGKILL')
    if (!hasEnded || java.exitCode !== 0) throw new Error(`${mainClass} failed: ${java.output()}`)
    return java.output()
  }

  /** Ends the broker: in order with `SIGTERM`, as a crash with `SIGKILL`. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#java.kill(signal)
    if (await within(STOP_MS, this.#java.ended)) return
    this.#java.kill('SIGKILL')
    await within(STOP_MS, this.#java.ended)
  }

  /** Starts the broker again, on the same port and with the same data. Resolves when it answers. */
  async restart(): Promise<void> {
    if (this.#java.isRunning) await this.stop()
    this.#java = await startBroker(this.#folder, this.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions.every(({ leader }) => leader >= 0) ?? false
  } catch (thrown) {
    if ((thrown as { retriable?: unknown }).retriable === true) return false
    throw thrown
  }
}

async function formatStorage(folder: string): Promise<void> {
  const clusterId = randomBytes(16).toString('base64url')
  const args = ['format', '-t', clusterId, '-c', join(folder, 'server.properties')]
  const java = startJava('kafka.tools.StorageTool', args, { classPath: await kafkaClassPath(), folder, heapMb: 64 })
  if (!(await within(START_MS, java.ended))) java.kill('SIGKILL')
  if (!java.output().includes('Formatting')) throw new Error(`Kafka did not format its storage: ${java.output()}`)
}

async function startBroker(folder: string, port: number): Promise<JavaProcess> {
  const java = startJava('kafka.Kafka', [join(folder, 'server.properties')], { classPath: await kafkaClassPath(), folder, heapMb: 512 })
  for (let waitedMs = 0; java.isRunning && waitedMs < START_MS; waitedMs += PROBE_INTERVAL_MS) {
    if (await answersRequests(port)) return java
    await sleep(PROBE_INTERVAL_MS)
  }
  java.kill('SIGKILL')
  await within(STOP_MS, java.ended)
  throw new Error(`Kafka did not start: ${java.output()}`)
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject).listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports as [number, number]
}
