import { MalstromError, messageOf } from '@malstrom/core'
import type { RedisArgument } from '../client/redis-port.ts'
import { VALUE_FIELD } from '../source/redis-entry.ts'

/** The fields of an entry by name, or names and values in turn. */
export type RedisFields = Readonly<Record<string, string | number | Buffer>> | readonly RedisArgument[]

/** A Lua script, which moves entries, can pass on about 8,000 arguments. */
const FIELD_PARTS_MAX = 4_000

/** Names and values in turn. @throws MalstromError `ERR_RECORD_INVALID` */
export function fieldParts(fields: RedisFields): readonly RedisArgument[] {
  const parts = Array.isArray(fields)
    ? (fields as readonly RedisArgument[])
    : namedParts(fields as Record<string, string | number | Buffer>)
  if (parts.length > 0 && parts.length % 2 === 0 && parts.length <= FIELD_PARTS_MAX) return parts
  const problem = `An entry has names and values in turn, ${FIELD_PARTS_MAX} of them at most; encode returned ${parts.length}.`
  throw new MalstromError('ERR_RECORD_INVALID', problem)
}

/** The value as JSON, in the field that the decoders of `redisSource` read. */
export function jsonFields(value: unknown): readonly RedisArgument[] {
  return [VALUE_FIELD, jsonOf(value)]
}

/** @throws MalstromError `ERR_RECORD_INVALID` */
export function jsonOf(value: unknown): string {
  let problem = `it is ${typeof value}`
  try {
    const json: string | undefined = JSON.stringify(value)
    if (json !== undefined) return json
  } catch (cause) {
    problem = messageOf(cause)
  }
  throw new MalstromError(
    'ERR_RECORD_INVALID',
    `A record cannot be written as JSON: ${problem}. Map it to plain data before, or give an encode.`,
  )
}

function namedParts(fields: Record<string, string | number | Buffer>): RedisArgument[] {
  const parts: RedisArgument[] = []
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    if (typeof value !== 'string' && typeof value !== 'number' && !Buffer.isBuffer(value)) {
      throw new MalstromError('ERR_RECORD_INVALID', `The field "${name}" is ${typeof value}. A field is a text, a number or a buffer.`)
    }
    parts.push(name, typeof value === 'number' ? String(value) : value)
  }
  return parts
}
