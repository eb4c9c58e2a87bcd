import type { Cell, StateDefinition, StateStore, TimestampAlgebra } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { cellCode, checkPair, checkPairLines, writeCell } from './cell-code.ts'
import { ExpireMap } from './expire-map.ts'
import { ExpiryQueue } from './expiry-queue.ts'

type AnyExpireMap = ExpireMap<unknown, unknown, unknown>

/** As a filter, `ttlMap` passes the record itself where the output is true. */
interface TtlMapOptions {
  readonly filter?: { readonly kind: string }
  readonly onError?: OnError
}

/** One output per record; the state of a key is an `ExpireMap`, whose entries epochs take away. */
export function ttlMap(f: Callback, state: StateDefinition, { filter, onError = 'fail' }: TtlMapOptions = {}): OperatorDefinition {
  return withPolicy(onError, {
    kind: filter?.kind ?? 'ttlMap',
    state: ({ time }) => ({
      ...state,
      pack: (entries) => [...(entries as AnyExpireMap).expiries()],
      unpack: (data) => unpackEntries(data as readonly PackedEntry[], time),
    }),
    open(context, input) {
      const store = context.keyedState<unknown, AnyExpireMap>()
      const expiry = new Expiry(store, input.time)
      const policy = new RecordPolicy(onError, context)
      for (const [key, entries] of store) expiry.watch(key, entries)
      const create = () => new ExpireMap<unknown, unknown, unknown>(input.time)
      return {
        explain: () => [{ waitsFor: 'epoch', what: 'keys with entries', count: store.size, until: expiry.next }],
        arrived: (key, entries) => expiry.watch(key, entries as AnyExpireMap),
        record(code, record) {
          const { state, read, write, undo } = cellCode(
            code,
            store as StateStore<unknown, unknown>,
            record.key,
            () => `${code.bind('create', create)}()`,
          )
          const result = code.local('result')
          const watch = `${code.bind('expiry', expiry)}.watch(${record.key}, ${state})`
          const attempt = [
            `${result} = ${code.bind('ttlMap', f)}(${state}, ${record.value}, ${record.key}, ${record.timestamp})`,
            checkPairLines(code, result),
          ].join('\n')
          const success = [
            `${state} = ${code.bind('forgetEmpty', forgetEmpty)}(${result}[1])`,
            write,
            `if (${state} !== undefined) ${watch}`,
            filter === undefined ? code.emit({ ...record, value: `${result}[0]` }) : `if (${result}[0]) {\n${code.emit(record)}\n}`,
          ].join('\n')
          // What it has put into the map of a key before it threw is there, and expires.
          return `${read}\n${policy.lines(code, record, attempt, success, `${undo}\nelse ${watch}`)}`
        },
        epoch: (code, epoch) => `${code.bind('expiry', expiry)}.expire(${epoch})\n${policy.epochLines(code, epoch)}`,
        interpret(next, deadLetters) {
          let cell: Cell<unknown, AnyExpireMap>
          const attempt = policy.guarded(
            (value, key, timestamp): readonly [unknown, AnyExpireMap | undefined] => {
              const result = f(cell.state ?? create(), value, key, timestamp)
              checkPair(result)
              return result
            },
            deadLetters,
            () => {
              if (cell.state === undefined) store.remove(cell)
              else expiry.watch(cell.key, cell.state)
            },
          )
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp) => {
              cell = store.cell(key)
              const result = attempt(value, key, timestamp)
              if (result === FAILED) return
              const [output, returned] = result
              const entries = forgetEmpty(returned)
              writeCell(store as StateStore<unknown, unknown>, cell, entries)
              if (entries !== undefined) expiry.watch(key, entries)
              if (filter === undefined) next.data(output, key, timestamp)
              else if (output) next.data(value, key, timestamp)
            },
            epoch: (epoch) => {
              expiry.expire(epoch)
              advance(epoch)
            },
          }
        },
      }
    },
  })
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

  /** The epoch that the next look is for; `undefined` if none is due. */
  get next(): unknown {
    return this.#queue.earliest
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
