import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../within.ts'
import type { JavaProcess } from './java-process.ts'
import { answersRequests } from './kafka-answers.ts'
import type { KafkaTools } from './kafka-tools.ts'

/** A broker on a machine that does other things too takes 5 to 20 s to start. */
const START_MS = 90_000
const STOP_MS = 30_000
const PROBE_INTERVAL_MS = 100

export interface KafkaNodeOptions {
  readonly id: number
  readonly port: number
  /** Its settings are there already. */
  readonly folder: string
  readonly tools: KafkaTools
  readonly heapMb: number
}

/** One broker, with its data in a folder. */
export class KafkaNode {
  readonly id: number
  readonly port: number
  readonly #options: KafkaNodeOptions
  #java: JavaProcess | undefined

  constructor(options: KafkaNodeOptions) {
    this.id = options.id
    this.port = options.port
    this.#options = options
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get isRunning(): boolean {
    return this.#java?.isRunning === true
  }

  /** Makes the folder for its data. */
  async format(clusterId: string): Promise<void> {
    const { tools } = this.#options
    const java = tools.start('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', this.#settings], { heapMb: 64 })
    if (!(await within(START_MS, java.ended))) java.kill('SIGKILL')
    if (!java.output().includes('Formatting')) throw new Error(`Kafka did not format its storage: ${java.output()}`)
  }

  /** Resolves when it answers, and knows `brokersMin` brokers that are up. */
  async start(brokersMin: number): Promise<void> {
    const { tools, heapMb } = this.#options
    const java = tools.start('kafka.Kafka', [this.#settings], { heapMb })
    this.#java = java
    for (let waitedMs = 0; java.isRunning && waitedMs < START_MS; waitedMs += PROBE_INTERVAL_MS) {
      if (await answersRequests(this.port, brokersMin)) return
      await sleep(PROBE_INTERVAL_MS)
    }
    await this.stop('SIGKILL')
    throw new Error(`Kafka did not start: ${java.output()}`)
  }

  /** Holds it, so that its clients are connected and get no answer, until it is to go on. */
  hold(held: boolean): void {
    this.#java?.kill(held ? 'SIGSTOP' : 'SIGCONT')
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const java = this.#java
    if (java === undefined || !java.isRunning) return
    java.kill(signal)
    if (await within(STOP_MS, java.ended)) return
    java.kill('SIGKILL')
    await within(STOP_MS, java.ended)
  }

  get #settings(): string {
    return join(this.#options.folder, 'server.properties')
  }
}
