import { MalstromError, messageOf } from '@malstrom/core'
import { NotYet, type RecordDecoder, type TombstoneOption } from './record-decoder.ts'
import { orTombstone } from './value-decoders.ts'

/** Reads a payload that was written with one schema. The bytes are a view: copy what you keep. */
export type PayloadDecoder<V> = (payload: Uint8Array) => V

const MAGIC = 0
const PREFIX_BYTES = 5
/** Ids come from a registry and are few; this many are remembered. */
const SCHEMAS_MAX = 10_000

/**
 * Values in the wire format of Confluent's schema registry: a zero byte, the id of a schema as 32 bits
 * big-endian, then the payload, which may be Avro, Protobuf or JSON Schema.
 *
 * `decoderOf` is asked once for each id: it makes a decoder out of the schema, for example one that it
 * fetches from your registry. While it is under way the source waits. If it rejects, the record is
 * undecodable, and the next record asks again. Protobuf payloads begin with an index of the message, which is
 * left to the decoder.
 */
export function confluentWire<V>(decoderOf: (schemaId: number) => PayloadDecoder<V> | Promise<PayloadDecoder<V>>): RecordDecoder<V>
export function confluentWire<V, D>(
  decoderOf: (schemaId: number) => PayloadDecoder<V> | Promise<PayloadDecoder<V>>,
  options: TombstoneOption<D>,
): RecordDecoder<V | D>
export function confluentWire<V, D>(
  decoderOf: (schemaId: number) => PayloadDecoder<V> | Promise<PayloadDecoder<V>>,
  options?: TombstoneOption<D>,
): RecordDecoder<V | D> {
  const decoders = new Map<number, PayloadDecoder<V> | Failed>()
  const loading = new Map<number, Promise<void>>()
  const load = (schemaId: number, made: Promise<PayloadDecoder<V>>) => {
    const loaded = made
      .then(
        (decoder) => remember(decoders, schemaId, decoder),
        (thrown) => remember(decoders, schemaId, new Failed(thrown)),
      )
      .finally(() => loading.delete(schemaId))
    loading.set(schemaId, loaded)
    return loaded
  }
  return orTombstone('confluentWire', options, (record) => {
    const value = record.value as Uint8Array
    const schemaId = schemaIdOf(value)
    const payload = value.subarray(PREFIX_BYTES)
    let decoder = decoders.get(schemaId)
    if (decoder === undefined) {
      const underWay = loading.get(schemaId)
      if (underWay !== undefined) throw new NotYet(underWay)
      const made = decoderOf(schemaId)
      if (typeof made !== 'function') throw new NotYet(load(schemaId, made))
      remember(decoders, schemaId, made)
      decoder = made
    }
    if (typeof decoder === 'function') return decoder(payload)
    decoders.delete(schemaId)
    throw new MalstromError('ERR_RECORD_INVALID', `no decoder for its schema ${schemaId}: ${messageOf(decoder.reason)}`, {
      cause: decoder.reason,
    })
  })
}

/** Why there is no decoder; told to the record that waited for it. */
class Failed {
  readonly reason: unknown

  constructor(reason: unknown) {
    this.reason = reason
  }
}

function remember<D>(decoders: Map<number, D>, schemaId: number, decoder: D): void {
  if (decoders.size >= SCHEMAS_MAX) decoders.clear()
  decoders.set(schemaId, decoder)
}

function schemaIdOf(value: Uint8Array): number {
  if (value.length >= PREFIX_BYTES && value[0] === MAGIC) {
    return new DataView(value.buffer, value.byteOffset, value.length).getInt32(1)
  }
  const problem = value.length < PREFIX_BYTES ? `it has ${value.length} bytes` : `it begins with ${value[0]}`
  throw new MalstromError(
    'ERR_RECORD_INVALID',
    `not in the wire format of a schema registry: ${problem}, not with 0 and the id of a schema`,
  )
}
