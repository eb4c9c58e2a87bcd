import { within } from '../within.ts'
import { startJava } from './java-process.ts'
import { kafkaClassPath } from './kafka-jars.ts'

const RUN_MS = 120_000

export interface ConsumeOptions {
  /** @default 'read_committed' */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  /** The end is where nothing has come for so long, in milliseconds. @default 4000 */
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
  folder: string,
  options: ConsumeOptions,
): Promise<ConsoleRecord[]> {
  const { isolation = 'read_committed', idleMs = 4_000 } = options
  let printed = ''
  const shown = ['timestamp', 'partition', 'offset', 'headers', 'key', 'value'].map((what) => `print.${what}=true`)
  const properties = [...shown, `null.literal=${NULL}`].flatMap((property) => ['--property', property])
  const java = startJava(
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
    [
      ...['--bootstrap-server', brokers.join(','), '--topic', topic, '--from-beginning', '--isolation-level', isolation],
      ...['--timeout-ms', `${idleMs}`, ...properties],
    ],
    {
      classPath: await kafkaClassPath(),
      folder,
      heapMb: 256,
      onPrinted: (text) => {
        printed += text
      },
    },
  )
  const ended = await within(RUN_MS, java.ended)
  if (!ended) java.kill('SIGKILL')
  // It counts what it has printed, so nothing can be missing here.
  const count = /Processed a total of (\d+) messages/.exec(java.output())?.[1]
  const records = printed.split('\n').slice(0, -1).map(recordOf)
  if (!ended || Number(count) !== records.length) {
    throw new Error(`The console consumer said ${count} records and printed ${records.length}: ${java.output()}`)
  }
  return records
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
