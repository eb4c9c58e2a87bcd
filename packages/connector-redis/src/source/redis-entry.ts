import { MalstromError, messageOf } from '@malstrom/core'
import type { EntryId } from './entry-id.ts'

/** One entry of a stream, as it is decoded. `F` is `string`, or `Buffer` with `bytes: true`. */
export interface RedisEntry<F extends string | Buffer = string> {
  readonly stream: string
  /** `<milliseconds>-<sequence>` */
  readonly id: EntryId
  /** Names and values in turn, as Redis keeps them; a name may come more than once. */
  readonly fields: readonly F[]
}

/** The field that `redisSink` writes and the decoders read, if no other is named. */
export const VALUE_FIELD = 'value'

/** Decodes one field as text. */
export function textField(name: string = VALUE_FIELD): (entry: RedisEntry) => string {
  return (entry) => fieldOf(entry, name)
}

/** Decodes one field as JSON. The type is what you say it is; nothing is checked. */
export function jsonField<T>(name: string = VALUE_FIELD): (entry: RedisEntry) => T {
  return (entry) => {
    const text = fieldOf(entry, name)
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw new MalstromError('ERR_RECORD_INVALID', `the field "${name}" is not valid JSON (${messageOf(cause)})`, { cause })
    }
  }
}

/** Decodes one field as bytes; for sources with `bytes: true`. */
export function bytesField(name: string = VALUE_FIELD): (entry: RedisEntry<Buffer>) => Buffer {
  const wanted = Buffer.from(name)
  return ({ fields }) => {
    for (let i = 0; i < fields.length; i += 2) if (wanted.equals(fields[i] as Buffer)) return fields[i + 1] as Buffer
    throw missing(name)
  }
}

/** Decodes all fields, as an object; of a name that comes twice, the last value. */
export function allFields(): (entry: RedisEntry) => Record<string, string> {
  return ({ fields }) => {
    const pairs: [string, string][] = []
    for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i] as string, fields[i + 1] as string])
    return Object.fromEntries(pairs)
  }
}

function fieldOf({ fields }: RedisEntry, name: string): string {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] as string
  throw missing(name)
}

function missing(name: string): MalstromError {
  return new MalstromError('ERR_RECORD_INVALID', `there is no field "${name}"`)
}
