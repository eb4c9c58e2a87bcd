import { type ErrorContext, MalstromError, messageOf } from '@malstrom/core'
import type { DeadLetters } from './dead-letters.ts'
import type { FedEntries } from './entry-feed.ts'
import { entryTime } from './entry-id.ts'
import type { RedisEntry } from './redis-entry.ts'

/** Decoded entries. `positions[i]` is how many entries have passed once `values[i]` has been emitted. */
export interface DecodedEntries<V> {
  readonly entries: FedEntries
  readonly values: readonly V[]
  /** Milliseconds since 1970, from the ids. */
  readonly timestamps: Float64Array
  readonly positions: readonly number[]
  /** Thrown after the values before it have been emitted. */
  readonly failure: MalstromError | undefined
}

/** What happens to an entry that cannot be decoded: the job fails, it is left out, or it is written to another stream. */
export type UndecodablePolicy = 'fail' | 'skip' | DeadLetters

export class EntryDecoder<V> {
  readonly #stream: string
  readonly #decode: (entry: RedisEntry<never>) => V
  readonly #policy: UndecodablePolicy
  readonly #context: ErrorContext

  constructor(stream: string, decode: (entry: RedisEntry<never>) => V, policy: UndecodablePolicy, context: ErrorContext) {
    this.#stream = stream
    this.#decode = decode
    this.#policy = policy
    this.#context = context
  }

  async decode(entries: FedEntries): Promise<DecodedEntries<V>> {
    const { ids } = entries
    const values: V[] = []
    const positions: number[] = []
    const timestamps = new Float64Array(ids.length)
    let failure: MalstromError | undefined
    for (let i = 0; i < ids.length && failure === undefined; i++) {
      try {
        const value = this.#decodeOne(entries, i)
        timestamps[values.length] = entryTime(ids[i] as string)
        values.push(value)
        positions.push(i + 1)
      } catch (thrown) {
        failure = await this.#refuse(entries, i, thrown)
      }
    }
    return { entries, values, timestamps, positions, failure }
  }

  #decodeOne({ ids, fields }: FedEntries, i: number): V {
    return this.#decode({ stream: this.#stream, id: ids[i] as string, fields: fields[i] as never })
  }

  async #refuse({ ids, fields }: FedEntries, i: number, thrown: unknown): Promise<MalstromError | undefined> {
    const id = ids[i] as string
    const policy = this.#policy
    if (policy === 'skip') return undefined
    if (policy !== 'fail') {
      // It must be there before the position moves behind the entry.
      await policy.add(id, fields[i] ?? [], messageOf(thrown))
      return undefined
    }
    return new MalstromError(
      'ERR_RECORD_INVALID',
      `The entry ${id} of the stream "${this.#stream}" cannot be decoded: ${messageOf(thrown)}. Correct decode, or set onUndecodable to 'skip' or to { deadLetter: <stream> }.`,
      { cause: thrown, context: this.#context },
    )
  }
}
