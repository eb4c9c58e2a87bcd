import type { StateDefinition } from '@malstrom/core'
import { copyValue } from '../codec/copy-value.ts'

/** How the states of an operator are laid out in a snapshot. */
export interface StateForm {
  readonly codec: string
  readonly version: number
  /** A state as a value that can be encoded at once. */
  pack(state: unknown): unknown
  /** The same as a copy that stays as it is when the state changes. */
  copy(state: unknown): unknown
  /** The state again. `version` is the one it was saved with. */
  unpack(data: unknown, version: number): unknown
}

/** The codec of states that have none of their own. */
export const DEFAULT_CODEC = 'malstrom-columns'

export function stateFormOf({ version = 1, codec, innerCodec = DEFAULT_CODEC, pack, unpack, migrate }: StateDefinition): StateForm {
  const packed = pack ?? ((state: unknown) => state)
  const current = unpack ?? ((data: unknown) => data)
  const read = (data: unknown, savedVersion: number) =>
    savedVersion !== version && migrate !== undefined ? migrate(data, savedVersion) : current(data)
  if (codec === undefined) {
    return { codec: innerCodec, version, pack: packed, copy: (state) => copyValue(packed(state)), unpack: read }
  }
  const encode = (state: unknown) => codec.encode(packed(state))
  return { codec: codec.id, version, pack: encode, copy: encode, unpack: (data, saved) => read(codec.decode(data as Uint8Array), saved) }
}
