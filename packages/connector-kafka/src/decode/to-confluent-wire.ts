import { MalstromError } from '@malstrom/core'

const PREFIX_BYTES = 5
const SCHEMA_ID_MAX = 2 ** 31 - 1

/**
 * An `encode` for `kafkaSink` in the wire format of Confluent's schema registry, which `confluentWire` reads: a zero byte, the id of the
 * schema as 32 bits big-endian, then the payload that `encode` makes, of Avro for example. `null` or `undefined` is a tombstone.
 *
 * A job is built without waiting, so `schemaId` is known before: register the schema where you start the job, and give the id as
 * a parameter. The payload is copied.
 *
 * @throws MalstromError `ERR_OPERATOR_ARGUMENT` for an id that no registry gives
 */
export function toConfluentWire<V, K = unknown, T = unknown>(
  schemaId: number,
  encode: (value: V, key: K, timestamp: T) => Uint8Array | null | undefined,
): (value: V, key: K, timestamp: T) => Uint8Array | null {
  if (!(Number.isInteger(schemaId) && schemaId >= 0 && schemaId <= SCHEMA_ID_MAX)) {
    const problem = `toConfluentWire needs the id of a schema, a whole number from 0 to ${SCHEMA_ID_MAX}, not ${String(schemaId)}. The registry gives it.`
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', problem)
  }
  if (typeof encode !== 'function') throw new MalstromError('ERR_OPERATOR_ARGUMENT', 'toConfluentWire needs encode: a function.')
  return (value, key, timestamp) => {
    const payload = encode(value, key, timestamp)
    if (payload === null || payload === undefined) return null
    const bytes = new Uint8Array(PREFIX_BYTES + payload.length)
    new DataView(bytes.buffer).setInt32(1, schemaId)
    bytes.set(payload, PREFIX_BYTES)
    return bytes
  }
}
