import type { StateDefinition } from '@malstrom/core'

/** What a job has said of a state of its own. */
export type InnerState = { readonly [N in 'codec' | 'version' | 'migrate']?: StateDefinition[N] | undefined }

/**
 * How states are saved that hold what a job keeps together with what the operator keeps: `pack` and `unpack` are told how the
 * part of the job is written and read, by its own codec, and made anew from an older version.
 */
export function stateWithin<S>(
  { codec, version, migrate }: InnerState,
  pack: (state: S, written: (inner: unknown) => unknown) => unknown,
  unpack: (data: unknown, innerOf: (saved: unknown) => unknown) => S,
): StateDefinition {
  const written = (inner: unknown) => (codec === undefined ? inner : codec.encode(inner))
  const read = (saved: unknown) => (codec === undefined ? saved : codec.decode(saved as Uint8Array))
  return {
    ...(version === undefined ? {} : { version }),
    ...(codec === undefined ? {} : { innerCodec: codec.id }),
    ...(migrate === undefined
      ? {}
      : { migrate: (data: unknown, savedVersion: number) => unpack(data, (saved) => migrate(read(saved), savedVersion)) }),
    pack: (state) => pack(state as S, written),
    unpack: (data) => unpack(data, read),
  }
}
