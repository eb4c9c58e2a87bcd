import { checkOptionNames, MalstromError, messageOf } from '@malstrom/core'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import type { RecordDecoder, TombstoneOption } from './record-decoder.ts'

const EXCERPT_CHARACTERS_MAX = 80
const OPTIONS = ['tombstone'] as const

/** Values are JSON. `V` is what you know of it; nothing checks it. */
export function json<V>(): RecordDecoder<V>
export function json<V, D>(options: TombstoneOption<D>): RecordDecoder<V | D>
export function json<V, D>(options?: TombstoneOption<D>): RecordDecoder<V | D> {
  return orTombstone('json', options, (record) => {
    const text = record.valueText as string
    try {
      return JSON.parse(text) as V
    } catch (thrown) {
      throw new MalstromError('ERR_RECORD_INVALID', `not valid JSON (${messageOf(thrown)}): ${excerpt(text)}`)
    }
  })
}

/** Values are text in UTF-8. */
export function string(): RecordDecoder<string>
export function string<D>(options: TombstoneOption<D>): RecordDecoder<string | D>
export function string<D>(options?: TombstoneOption<D>): RecordDecoder<string | D> {
  return orTombstone('string', options, (record) => record.valueText as string)
}

/** Values as they are, in memory of their own. */
export function bytes(): RecordDecoder<Uint8Array>
export function bytes<D>(options: TombstoneOption<D>): RecordDecoder<Uint8Array | D>
export function bytes<D>(options?: TombstoneOption<D>): RecordDecoder<Uint8Array | D> {
  return orTombstone('bytes', options, (record) => new Uint8Array(record.value as Uint8Array))
}

/** `decode` for records with a value; what the options say for those without. */
export function orTombstone<V, D>(owner: string, options: TombstoneOption<D> | undefined, decode: RecordDecoder<V>): RecordDecoder<V | D> {
  if (options !== undefined) checkOptionNames(owner, options, OPTIONS)
  return (record: KafkaRecord) => {
    if (!record.isTombstone) return decode(record)
    if (options !== undefined) return options.tombstone
    throw new MalstromError('ERR_RECORD_INVALID', `it has no value (a tombstone). Say what it stands for: ${owner}({ tombstone: ... })`)
  }
}

function excerpt(text: string): string {
  return text.length <= EXCERPT_CHARACTERS_MAX ? text : `${text.slice(0, EXCERPT_CHARACTERS_MAX)}...`
}
