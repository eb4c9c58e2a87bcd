import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../within.ts'
import type { KafkaTools } from './kafka-tools.ts'

/** How long it may take to start, to join its group and to read. */
const FIRST_RECORD_MS = 30_000
const READ_MS = 120_000
const LOOK_MS = 50

export interface ConsumeOptions {
  /** @default 'read_committed' */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  /** The end is where nothing has come for so long after a record, in milliseconds. Without any record it takes 30 s. @default 2500 */
  readonly idleMs?: number
}

/** A record as Kafka's console consumer prints it; all text, so keys, values and headers must not hold tabs or line ends. */
export interface ConsoleRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: string
  readonly key: string | null
  readonly value: string | null
}

const NULL = '<null>'

/** Reads a topic with the consumer of Kafka itself: what a reader sees, without any code of ours. */
export async function consume(
  topic: string,
  brokers: readonly string[],
  tools: KafkaTools,
  options: ConsumeOptions,
): Promise<ConsoleRecord[]> {
  const { isolation = 'read_committed', idleMs = 2_500 } = options
  let printed = ''
  let printedAt = 0
  const shown = ['timestamp', 'partition', 'offset', 'headers', 'key', 'value'].map((what) => `print.${what}=true`)
  const properties = [...shown, `null.literal=${NULL}`].flatMap((property) => [propertyOption(tools.version), property])
  const java = tools.start(
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
    [...['--bootstrap-server', brokers.join(','), '--topic', topic, '--from-beginning', '--isolation-level', isolation], ...properties],
    {
      heapMb: 256,
      onPrinted: (text) => {
        printed += text
        printedAt = performance.now()
      },
    },
  )
  const startedAt = performance.now()
  const isComplete = () => {
    const now = performance.now()
    return printed === '' ? now - startedAt > FIRST_RECORD_MS : now - printedAt > idleMs || now - startedAt > READ_MS
  }
  while (java.isRunning && !isComplete()) await sleep(LOOK_MS)
  java.kill('SIGTERM')
  const ended = await within(FIRST_RECORD_MS, java.ended)
  if (!ended) java.kill('SIGKILL')
  // It counts what it has printed, so nothing can be missing here.
  const count = /Processed a total of (\d+) messages/.exec(java.output())?.[1]
  const records = printed.split('\n').slice(0, -1).map(recordOf)
  if (!ended || Number(count) !== records.length) {
    throw new Error(`The console consumer said ${count} records and printed ${records.length}: ${java.output()}`)
  }
  return records
}

/** Renamed in Kafka 4.2 (KIP-1147), which prints a warning among the records about the old name. */
function propertyOption(version: string): string {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 4 || (major === 4 && minor >= 2) ? '--formatter-property' : '--property'
}

function recordOf(line: string): ConsoleRecord {
  const [time = '', partition = '', offset = '', headers = '', key = '', value = ''] = line.split('\t')
  return {
    partition: Number(partition.replace('Partition:', '')),
    offset: Number(offset.replace('Offset:', '')),
    timestamp: Number(time.replace(/^\w+:/, '')),
    headers,
    key: key === NULL ? null : key,
    value: value === NULL ? null : value,
  }
}
