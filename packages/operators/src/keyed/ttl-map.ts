import type { StateStore, TimestampAlgebra } from '@malstrom/core'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { cellCode, writeCell } from './cell-code.ts'
import { ExpireMap } from './expire-map.ts'
import { ExpiryQueue } from './expiry-queue.ts'

type AnyExpireMap = ExpireMap<unknown, unknown, unknown>

/** One output per record; the state of a key is an `ExpireMap`, whose entries epochs take away. */
export function ttlMap(f: Callback): OperatorDefinition {
  return {
    kind: 'ttlMap',
    stateful: true,
    open(context, input) {
      const store = context.keyedState<unknown, AnyExpireMap>()
      const expiry = new Expiry(store, input.time)
      const create = () => new ExpireMap<unknown, unknown, unknown>(input.time)
      return {
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
            `${state} = ${result}[1]`,
            write,
            `if (${state} !== undefined) ${code.bind('expiry', expiry)}.watch(${record.key}, ${state})`,
            code.emit({ ...record, value: `${result}[0]` }),
          ].join('\n')
        },
        epoch: (code, epoch) => `${code.bind('expiry', expiry)}.expire(${epoch})\n${code.advance(epoch)}`,
        interpret: (next) => ({
          data: (value, key, timestamp) => {
            const cell = store.cell(key)
            const [output, entries] = f(cell.state ?? create(), value, key, timestamp)
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

/** Knows which keys an epoch concerns, so that an epoch costs nothing for the others. */
class Expiry {
  readonly #store: StateStore<unknown, AnyExpireMap>
  readonly #time: TimestampAlgebra<unknown>
  readonly #queue: ExpiryQueue<readonly [key: unknown, entries: AnyExpireMap], unknown>
  /** When each map is due; a map is queued again only if that moves forward. */
  readonly #dueOf = new WeakMap<AnyExpireMap, unknown>()

  constructor(store: StateStore<unknown, AnyExpireMap>, time: TimestampAlgebra<unknown>) {
    this.#store = store
    this.#time = time
    this.#queue = new ExpiryQueue(time)
  }

  watch(key: unknown, entries: AnyExpireMap): void {
    const due = entries.earliestExpiry
    if (due === undefined) return
    const queued = this.#dueOf.get(entries)
    if (queued !== undefined && this.#time.compare(queued, due) <= 0) return
    this.#dueOf.set(entries, due)
    this.#queue.push(due, [key, entries])
  }

  expire(epoch: unknown): void {
    for (;;) {
      const item = this.#queue.popDue(epoch)
      if (item === undefined) return
      const [key, entries] = item
      // The key may have been forgotten, or have another map since.
      if (this.#store.get(key) !== entries) continue
      entries.expire(epoch)
      this.#dueOf.delete(entries)
      if (entries.size === 0) this.#store.delete(key)
      else this.watch(key, entries)
    }
  }
}
