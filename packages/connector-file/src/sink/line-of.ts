import { MalstromError, messageOf } from '@malstrom/core'
import { excerpt } from '../excerpt.ts'

/** Strings as they are, everything else as JSON. */
export function lineOf(value: unknown): string {
  return typeof value === 'string' ? value : jsonOf(value)
}

export function jsonOf(value: unknown): string {
  try {
    const json: string | undefined = JSON.stringify(value)
    if (json !== undefined) return json
  } catch (cause) {
    throw new MalstromError('ERR_RECORD_INVALID', `A record cannot be written as JSON: ${messageOf(cause)}. ${FORMAT_HINT}`, { cause })
  }
  throw new MalstromError('ERR_RECORD_INVALID', `A record cannot be written as JSON: it is ${excerpt(String(value))}. ${FORMAT_HINT}`)
}

const FORMAT_HINT = 'Map it to plain data before, or use toFile with a format.'
