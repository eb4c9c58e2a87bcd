import { checkOptionNames, didYouMean, MalstromError } from '@malstrom/core'
import { CONNECTION_OPTIONS, checkKafkaConnection } from '../client/kafka-connection.ts'
import type { RecordDecoder } from '../decode/record-decoder.ts'
import type { KafkaSourceOptions, UndecodableHandler } from './kafka-source-options.ts'
import { checkStart, type StartPosition } from './start-position.ts'

const OWNER = 'kafkaSource'
const NAMES = [
  ...CONNECTION_OPTIONS,
  ...([
    'topic',
    'decode',
    'start',
    'stop',
    'isolation',
    'onOffsetLost',
    'onUndecodable',
    'group',
    'bufferBytesMax',
    'discoveryMs',
  ] as const),
]
const BUFFER_BYTES_MAX = 16 * 1024 * 1024
const DISCOVERY_MS = 30_000

/** The options of a source, checked and complete. */
export interface SourceSettings<V> {
  readonly topics: readonly string[]
  readonly decode: RecordDecoder<V>
  readonly start: StartPosition
  readonly stop: 'never' | 'latest'
  readonly isolation: 'committed' | 'uncommitted'
  readonly onOffsetLost: 'fail' | 'earliest'
  readonly onUndecodable: 'fail' | 'skip' | UndecodableHandler
  readonly group: string | undefined
  readonly bufferBytesMax: number
  readonly discoveryMs: number
}

/** Throws `ERR_OPERATOR_ARGUMENT` for options that cannot be meant. */
export function checkSourceOptions<V>(options: KafkaSourceOptions<V>): SourceSettings<V> {
  checkOptionNames(OWNER, options, NAMES)
  checkKafkaConnection(OWNER, options)
  const { decode, group, discoveryMs = DISCOVERY_MS, bufferBytesMax = BUFFER_BYTES_MAX, onUndecodable = 'fail' } = options
  if (typeof decode !== 'function') refuse('decode is no function. Give json(), string(), bytes(), or a function of a record.')
  if (group !== undefined && (typeof group !== 'string' || group === '')) refuse('group is no name.')
  if (!Number.isSafeInteger(bufferBytesMax) || bufferBytesMax <= 0) {
    refuse(`bufferBytesMax is ${bufferBytesMax}. Give a whole number of bytes above 0.`)
  }
  if (!(discoveryMs > 0))
    refuse(`discoveryMs is ${discoveryMs}. Give a number of milliseconds above 0, or Infinity to look for no new partitions.`)
  return {
    topics: checkTopics(options.topic),
    decode,
    start: checkStart(OWNER, options.start ?? 'earliest'),
    stop: oneOf('stop', options.stop ?? 'never', ['never', 'latest']),
    isolation: oneOf('isolation', options.isolation ?? 'committed', ['committed', 'uncommitted']),
    onOffsetLost: oneOf('onOffsetLost', options.onOffsetLost ?? 'fail', ['fail', 'earliest']),
    onUndecodable:
      typeof onUndecodable === 'function' ? onUndecodable : oneOf<'fail' | 'skip'>('onUndecodable', onUndecodable, ['fail', 'skip']),
    group,
    bufferBytesMax,
    discoveryMs,
  }
}

function checkTopics(topic: string | readonly string[]): readonly string[] {
  const topics: readonly string[] = typeof topic === 'string' ? [topic] : [...topic]
  if (topics.length === 0) refuse('topic is empty. Name at least one topic.')
  for (const [index, name] of topics.entries()) {
    if (typeof name !== 'string' || !/^[\w.-]{1,249}$/.test(name)) {
      refuse(`${JSON.stringify(name)} is no topic: a name has up to 249 letters, digits, ".", "_" and "-".`)
    }
    if (topics.indexOf(name) !== index) refuse(`topic "${name}" is given twice.`)
  }
  return topics
}

function oneOf<T extends string>(option: string, value: string, values: readonly T[]): T {
  const known = values.find((one) => one === value)
  if (known !== undefined) return known
  return refuse(`${option} is ${JSON.stringify(value)}.${didYouMean(String(value), values)} It is ${values.join(' or ')}.`)
}

function refuse(problem: string): never {
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${OWNER}: ${problem}`)
}
