import type { Key, Partitioner } from '@malstrom/core'
import type { ErrorPolicy, OnError } from '../error-policy/on-error.ts'
import { onErrorOf } from '../error-policy/record-policy.ts'
import { keyDistribute } from '../keyed/key-by.ts'
import { filter } from '../stateless/filter.ts'
import { map } from '../stateless/map.ts'
import { callable } from '../stream/arguments.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import type { KeyDistributeOptions } from '../stream/keyed-stream.ts'
import type { Change } from './change.ts'
import { tableCount, tableExtreme, tableSum } from './table-aggregates.ts'
import { tableDistinct, tableTopN, tableUpserts } from './table-rows.ts'
import { type TopOptions, topOf } from './top-rows.ts'

/** Adds an operator behind a stream; returns its outputs. */
type Append<S> = (stream: S, method: Callback, name: string, define: () => OperatorDefinition) => S[]

/** The class behind `Table`: type-erased, around the stream of its changes. */
export class TableBuilder<S> {
  readonly #changes: S
  readonly #append: Append<S>
  readonly #rendezvous: Partitioner<Key>

  constructor(changes: S, append: Append<S>, rendezvous: Partitioner<Key>) {
    this.#changes = changes
    this.#append = append
    this.#rendezvous = rendezvous
  }

  map(name: string, f: Callback, options?: ErrorPolicy) {
    return this.#apply(this.map, name, options, (onError) => {
      const row = callable(f)
      return map(({ value, diff }: Change<unknown>, key, timestamp) => ({ value: row(value, key, timestamp), diff }), onError)
    })
  }

  filter(name: string, predicate: Callback, options?: ErrorPolicy) {
    return this.#apply(this.filter, name, options, (onError) => {
      const keeps = callable(predicate)
      return filter(({ value }: Change<unknown>, key) => keeps(value, key), onError)
    })
  }

  groupBy(name: string, keyOf: Callback, how: Partitioner<Key> | KeyDistributeOptions<Key> = {}) {
    const options = typeof how === 'function' ? { partitioner: how } : how
    const define = (onError: OnError) => {
      const groupOf = callable(keyOf)
      const partitioner = callable(options.partitioner ?? this.#rendezvous)
      return keyDistribute(({ value }: Change<unknown>, key: unknown) => groupOf(value, key), partitioner, onError)
    }
    return this.#apply(this.groupBy, name, options, define, ['partitioner'])
  }

  count(name: string) {
    return this.#apply(this.count, name, {}, () => tableCount())
  }

  sum(name: string, of: Callback, options?: ErrorPolicy) {
    return this.#apply(this.sum, name, options, (onError) => tableSum('tableSum', callable(of), onError))
  }

  average(name: string, of: Callback, options?: ErrorPolicy) {
    return this.#apply(this.average, name, options, (onError) => tableSum('tableAverage', callable(of), onError))
  }

  min(name: string, of: Callback, options?: ErrorPolicy) {
    return this.#apply(this.min, name, options, (onError) => tableExtreme('tableMin', callable(of), onError))
  }

  max(name: string, of: Callback, options?: ErrorPolicy) {
    return this.#apply(this.max, name, options, (onError) => tableExtreme('tableMax', callable(of), onError))
  }

  distinct(name: string) {
    return this.#apply(this.distinct, name, {}, () => tableDistinct())
  }

  topN(name: string, n: number, by: Callback, options?: TopOptions & ErrorPolicy) {
    return this.#apply(this.topN, name, options, (onError) => tableTopN(callable(by), topOf(n, options), onError), ['ties'])
  }

  changes() {
    return this.#changes
  }

  toUpserts(name: string) {
    return this.#append(this.#changes, this.toUpserts, name, () => tableUpserts())[0]
  }

  #apply(
    method: Callback,
    name: string,
    options: ErrorPolicy | undefined,
    define: (onError: OnError) => OperatorDefinition,
    others: readonly string[] = [],
  ) {
    const outputs = this.#append(this.#changes, method, name, () => define(onErrorOf(method.name, options, others)))
    const [changes, deadLetters] = outputs as [S, S | undefined]
    const results = new TableBuilder(changes, this.#append, this.#rendezvous)
    return deadLetters === undefined ? results : { results, deadLetters }
  }
}
