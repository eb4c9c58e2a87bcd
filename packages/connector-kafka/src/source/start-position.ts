import { MalstromError } from '@malstrom/core'
import type { KafkaPort } from '../client/kafka-port.ts'

/**
 * `earliest`: the oldest record that is left. `latest`: what is written from now on. `timestamp`: the
 * first record at or after it; milliseconds since 1970, or a date. `offsets`: by the name of the
 * partition, such as `'orders/0'`; others begin at `earliest`. `group`: where this consumer group stands;
 * partitions of which it has no offset begin at `otherwise`, which is `earliest` unless it is given.
 */
export type StartPosition =
  | 'earliest'
  | 'latest'
  | { readonly timestamp: number | Date }
  | { readonly offsets: Readonly<Record<string, number>> }
  | { readonly group: string; readonly otherwise?: 'earliest' | 'latest' }

export function checkStart(owner: string, start: StartPosition): StartPosition {
  const isPlain = start === 'earliest' || start === 'latest'
  if (isPlain || (typeof start === 'object' && start !== null && isMeant(start))) return start
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `${owner}: start is ${JSON.stringify(start)}. It is 'earliest', 'latest', { timestamp }, { offsets: { 'orders/0': 17 } } or { group }.`,
  )
}

function isMeant(start: Exclude<StartPosition, string>): boolean {
  if ('timestamp' in start) return Number.isSafeInteger(Number(start.timestamp))
  if ('offsets' in start) return Object.values(start.offsets).every((offset) => Number.isSafeInteger(offset) && offset >= 0)
  return typeof start.group === 'string' && start.group !== '' && ['earliest', 'latest', undefined].includes(start.otherwise)
}

export interface StartQuestion {
  readonly topic: string
  readonly partition: number
  readonly start: StartPosition
  /** What counts as the end of a partition. */
  readonly latest: 'latest' | 'stable'
}

/** The first offset to read. */
export async function startOffset(port: KafkaPort, { topic, partition, start, latest }: StartQuestion): Promise<number> {
  const ask = async (at: Parameters<KafkaPort['offsets']>[2]) => (await port.offsets(topic, [partition], at)).get(partition) ?? 0
  if (start === 'earliest') return ask('earliest')
  if (start === 'latest') return ask(latest)
  if ('timestamp' in start) return ask({ timestamp: Number(start.timestamp) })
  if ('offsets' in start) return start.offsets[`${topic}/${partition}`] ?? ask('earliest')
  const committed = (await port.groupOffsets(start.group, topic)).get(partition)
  return committed ?? ask(start.otherwise === 'latest' ? latest : 'earliest')
}
