/** How a value becomes bytes and back. `decode(encode(value))` equals `value`. */
export interface Codec<T> {
  /** Written into every snapshot, so that a restart with another codec fails loudly. */
  readonly id: string
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}
