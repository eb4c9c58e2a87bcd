import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { within } from '../within.ts'
import { type JavaProcess, startJava } from './java-process.ts'
import { isKafka4, kafkaClassPath } from './kafka-jars.ts'
import { LOG4J_SETTINGS } from './kafka-settings.ts'

const TOOL_MS = 60_000

export interface ToolOptions {
  readonly heapMb: number
  /** Takes what the process prints to standard output. */
  readonly onPrinted?: (text: string) => void
}

/** The Java programs of one version of Kafka; what they log comes with their output. */
export class KafkaTools {
  readonly version: string
  readonly #classPath: string
  readonly #flags: readonly string[]

  private constructor(version: string, classPath: string, flags: readonly string[]) {
    this.version = version
    this.#classPath = classPath
    this.#flags = flags
  }

  /** What it needs to log goes into `folder`. */
  static async open(version: string, folder: string): Promise<KafkaTools> {
    const classPath = await kafkaClassPath(version)
    if (isKafka4(version)) return new KafkaTools(version, classPath, ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'])
    const settings = join(folder, 'log4j.properties')
    await writeFile(settings, LOG4J_SETTINGS)
    return new KafkaTools(version, classPath, [`-Dlog4j.configuration=file:${settings}`])
  }

  start(mainClass: string, args: readonly string[], options: ToolOptions): JavaProcess {
    return startJava(mainClass, args, { ...options, classPath: this.#classPath, flags: this.#flags })
  }

  /** Runs one to its end; what it printed last. */
  async run(mainClass: string, args: readonly string[]): Promise<string> {
    const java = this.start(mainClass, args, { heapMb: 256 })
    const hasEnded = await within(TOOL_MS, java.ended)
    if (!hasEnded) java.kill('SIGKILL')
    if (!hasEnded || java.exitCode !== 0) throw new Error(`${mainClass} failed: ${java.output()}`)
    return java.output()
  }
}
