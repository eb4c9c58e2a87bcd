import type { StateDefinition, StateStore, TimestampAlgebra } from '@malstrom/core'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { cellCode, checkPair, checkPairLines, writeCell } from './cell-code.ts'
import { ExpireMap } from './expire-map.ts'
import { ExpiryQueue } from './expiry-queue.ts'

type AnyExpireMap = ExpireMap<unknown, unknown, unknown>

/** One output per record; the state of a key is an `ExpireMap`, whose entries epochs take away. */
export function ttlMap(f: Callback, state: StateDefinition): OperatorDefinition {
  return {
    kind: 'ttlMap',
    state: ({ time }) => ({
      ...state,
      pack: (entries) => [...(entries as AnyExpireMap).expiries()],
      unpack: (data) => unpackEntries(data as readonly PackedEntry[], time),
    }),
    open(context, input) {
      const store = context.keyedState<unknown, AnyExpireMap>()
      const expiry = new Expiry(store, input.time)
      for (const [key, entries] of store) expiry.watch(key, entries)
      const create = () => new ExpireMap<unknown, unknown, unknown>(input.time)
      return {
        arrived: (key, entries) => expiry.watch(key, entries as AnyExpireMap),
        record(code, record) {
          const { state, read, write } = cellCode(
            code,
            store as StateStore<unknown, unknown>,
            record.key,
            `${code.bind('create', create)}()`,
          )
          const result = code.local('result')
          return [
            read,
            `${result} = ${code.bind('ttlMap', f)}(${state}, ${record.value}, ${record.key}, ${record.timestamp})`,
            checkPairLines(code, result),
            `${state} = ${code.bind('forgetEmpty', forgetEmpty)}(${result}[1])`,
            write,
            `if (${state} !== undefined) ${code.bind('expiry', expiry)}.watch(${record.key}, ${state})`,
            code.emit({ ...record, value: `${result}[0]` }),
          ].join('\n')
        },
        epoch: (code, epoch) => `${code.bind('expiry', expiry)}.expire(${epoch})\n${code.advance(epoch)}`,
        interpret: (next) => ({
          data: (value, key, timestamp) => {
            const cell = store.cell(key)
            const result = f(cell.state ?? create(), value, key, timestamp)
            checkPair(result)
            const [output, returned] = result
            const entries = forgetEmpty(returned)
            writeCell(store as StateStore<unknown, unknown>, cell, entries)
            if (entries !== undefined) expiry.watch(key, entries)
            next.data(output, key, timestamp)
          },
          epoch: (epoch) => {
            expiry.expire(epoch)
            next.epoch(epoch)
          },
        }),
      }
    },
  }
}

type PackedEntry = readonly [key: unknown, value: unknown, expiry: unknown]

function unpackEntries(entries: readonly PackedEntry[], time: TimestampAlgebra<unknown>): AnyExpireMap {
  const map: AnyExpireMap = new ExpireMap(time)
  for (const [key, value, expiry] of entries) map.set(key, value, expiry)
  return map
}

/** A map without entries is the same as none. */
function forgetEmpty(entries: AnyExpireMap | undefined): AnyExpireMap | undefined {
  return entries?.size === 0 ? undefined : entries
}

/** A time at which a map is to be looked at. */
interface Due {
  readonly key: unknown
  readonly entries: AnyExpireMap
  /** The next one of the same map: queued before this one, due after it. */
  readonly later: Due | undefined
  readonly at: unknown
}

/** Knows which keys an epoch concerns, so that an epoch costs nothing for the others. */
export class Expiry {
  readonly #store: StateStore<unknown, AnyExpireMap>
  readonly #time: TimestampAlgebra<unknown>
  readonly #queue: ExpiryQueue<Due, unknown>
  /** What is due first of each map; a map is queued again only for a time before that. */
  readonly #firstOf = new WeakMap<AnyExpireMap, Due>()

  constructor(store: StateStore<unknown, AnyExpireMap>, time: TimestampAlgebra<unknown>) {
    this.#store = store
    this.#time = time
    this.#queue = new ExpiryQueue(time)
  }

  get queued(): number {
    return this.#queue.size
  }

  watch(key: unknown, entries: AnyExpireMap): void {
    const at = entries.earliestExpiry
    if (at === undefined) return
    const first = this.#firstOf.get(entries)
    if (first !== undefined && this.#time.compare(first.at, at) <= 0) return
    const due: Due = { key, entries, later: first, at }
    this.#firstOf.set(entries, due)
    this.#queue.push(at, due)
  }

  expire(epoch: unknown): void {
    for (;;) {
      const due = this.#queue.popDue(epoch)
      if (due === undefined) return
      const { key, entries, later } = due
      if (later === undefined) this.#firstOf.delete(entries)
      else this.#firstOf.set(entries, later)
      // The key may have been forgotten, or have another map since.
      if (this.#store.get(key) !== entries) continue
      entries.expire(epoch)
      if (entries.size === 0) this.#store.delete(key)
      else this.watch(key, entries)
    }
  }
}
