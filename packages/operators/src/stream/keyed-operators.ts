import { checkOptionNames, rendezvousSelect, type StateOptions } from '@malstrom/core'
import type { ErrorPolicy, OnError } from '../error-policy/on-error.ts'
import { onErrorOf } from '../error-policy/record-policy.ts'
import { checkInterval, regularInterval } from '../join/interval.ts'
import { pairJoin } from '../join/join.ts'
import { checkTableJoin, type ErasedTableOptions, tableJoin } from '../join/table-join.ts'
import { temporalJoin } from '../join/temporal-join.ts'
import { coGroup, type ErasedWindowOptions, windowJoin } from '../join/window-join.ts'
import { fold } from '../keyed/fold.ts'
import { unkey } from '../keyed/key-by.ts'
import { reduce } from '../keyed/reduce.ts'
import { stateOptions } from '../keyed/state-options.ts'
import { type Ttl, ttlOf } from '../keyed/state-ttl.ts'
import { statefulMap } from '../keyed/stateful-map.ts'
import { ttlMap } from '../keyed/ttl-map.ts'
import { map } from '../stateless/map.ts'
import { runningAverage, runningCount, runningExtreme, runningSum } from '../table/running-aggregates.ts'
import { runningDistinct } from '../table/running-distinct.ts'
import { runningTopN } from '../table/running-top-n.ts'
import { TableBuilder } from '../table/table-builder.ts'
import { tableOfLatest } from '../table/table-rows.ts'
import { type TopOptions, topOf } from '../table/top-rows.ts'
import type { Size } from '../window/duration.ts'
import type { ProcessingWindows } from '../window/processing-time.ts'
import type { Windows } from '../window/window.ts'
import { type AddOperator, WindowedBuilder } from '../window/windowed-builder.ts'
import { withLate } from '../window/with-late.ts'
import { callable, withMethods } from './arguments.ts'
import type { Callback } from './definition.ts'
import { StreamBase } from './stream-base.ts'

const STATE_OPTIONS = ['codec', 'version', 'migrate', 'ttl']

/** The option of operators that forget keys by event time. */
interface Lifetime {
  readonly ttl?: Size
}

type RunningOptions = Lifetime & ErrorPolicy
type DistinctOptions = RunningOptions & { readonly by?: Callback }
type KeyedOptions = StateOptions<never> & Lifetime & ErrorPolicy

/** The operators that keep something for each key, and the ways into windows and tables. */
export abstract class KeyedOperators<Self extends KeyedOperators<Self>> extends StreamBase<Self> {
  unkey(name: string) {
    return this.apply(this.unkey, name, () => unkey())
  }

  statefulMap(name: string, init: Callback, f: Callback, options?: KeyedOptions) {
    const define = (onError: OnError) =>
      statefulMap(callable(init), callable(f), stateOptions(options), ttlOf(options?.ttl, this.time), onError)
    return this.applyPolicy(this.statefulMap, name, options, define, STATE_OPTIONS)
  }

  fold(name: string, init: Callback, f: Callback, options?: KeyedOptions) {
    const define = (onError: OnError) => fold(callable(init), callable(f), stateOptions(options), ttlOf(options?.ttl, this.time), onError)
    return this.applyPolicy(this.fold, name, options, define, STATE_OPTIONS)
  }

  reduce(name: string, f: Callback, options?: KeyedOptions) {
    const define = (onError: OnError) => reduce(callable(f), stateOptions(options), ttlOf(options?.ttl, this.time), onError)
    return this.applyPolicy(this.reduce, name, options, define, STATE_OPTIONS)
  }

  ttlMap(name: string, f: Callback, options?: StateOptions<never> & ErrorPolicy) {
    const define = (onError: OnError) => ttlMap(callable(f), stateOptions(options), { onError })
    return this.applyPolicy(this.ttlMap, name, options, define, ['codec', 'version', 'migrate'])
  }

  join(name: string, right: Self, options: Parameters<typeof regularInterval>[0] & ErrorPolicy, f: Callback) {
    return this.applyJoin(this.join, name, right, () =>
      pairJoin('join', regularInterval(withMethods(options), this.time), callable(f), joinPolicyOf('join', options)),
    )
  }

  intervalJoin(name: string, right: Self, options: Parameters<typeof checkInterval>[0] & ErrorPolicy, f: Callback) {
    return this.applyJoin(this.intervalJoin, name, right, () =>
      pairJoin('intervalJoin', checkInterval(withMethods(options), this.time), callable(f), joinPolicyOf('intervalJoin', options)),
    )
  }

  windowJoin(name: string, right: Self, options: ErasedWindowOptions, f: Callback) {
    return this.applyJoin(this.windowJoin, name, right, () =>
      windowJoin(withMethods(options), callable(f), this.time, joinPolicyOf('windowJoin', options)),
    )
  }

  coGroup(name: string, right: Self, windows: Parameters<typeof coGroup>[0], f: Callback, options?: ErrorPolicy) {
    return this.applyJoin(this.coGroup, name, right, () => coGroup(windows, callable(f), this.time, onErrorOf('coGroup', options)))
  }

  tableJoin(name: string, table: Self, options: ErasedTableOptions, f: Callback) {
    return this.applyJoin(this.tableJoin, name, table, () => {
      const rules = checkTableJoin('tableJoin', withMethods(options), this.time)
      return tableJoin(rules, callable(f), this.time, joinPolicyOf('tableJoin', options))
    })
  }

  temporalJoin(name: string, table: Self, options: ErasedTableOptions, f: Callback) {
    return this.applyJoin(this.temporalJoin, name, table, () => {
      const rules = checkTableJoin('temporalJoin', withMethods(options), this.time)
      return temporalJoin(rules, callable(f), this.time, joinPolicyOf('temporalJoin', options))
    })
  }

  count(name: string, options?: Lifetime) {
    return this.apply(this.count, name, () => runningCount(this.#ttlOf('count', options)))
  }

  sum(name: string, of: Callback, options?: RunningOptions) {
    const define = (onError: OnError) => runningSum(callable(of), ttlOf(options?.ttl, this.time), onError)
    return this.applyPolicy(this.sum, name, options, define, ['ttl'])
  }

  average(name: string, of: Callback, options?: RunningOptions) {
    const define = (onError: OnError) => runningAverage(callable(of), ttlOf(options?.ttl, this.time), onError)
    return this.applyPolicy(this.average, name, options, define, ['ttl'])
  }

  min(name: string, of: Callback, options?: RunningOptions) {
    const define = (onError: OnError) => runningExtreme('min', callable(of), ttlOf(options?.ttl, this.time), onError)
    return this.applyPolicy(this.min, name, options, define, ['ttl'])
  }

  max(name: string, of: Callback, options?: RunningOptions) {
    const define = (onError: OnError) => runningExtreme('max', callable(of), ttlOf(options?.ttl, this.time), onError)
    return this.applyPolicy(this.max, name, options, define, ['ttl'])
  }

  distinct(name: string, options?: DistinctOptions) {
    return this.#distinct(this.distinct, name, options)
  }

  deduplicate(name: string, options?: DistinctOptions) {
    return this.#distinct(this.deduplicate, name, options)
  }

  topN(name: string, n: number, by: Callback, options?: TopOptions & ErrorPolicy) {
    const define = (onError: OnError) => runningTopN(callable(by), topOf(n, options), onError)
    return this.applyPolicy(this.topN, name, options, define, ['ties'])
  }

  rows(name: string) {
    return this.apply(this.rows, name, () => map((value) => ({ value, diff: 1 }))).asTable()
  }

  table(name: string, options?: Lifetime) {
    return this.apply(this.table, name, () => tableOfLatest(this.#ttlOf('table', options))).asTable()
  }

  asTable() {
    return new TableBuilder<Self>(
      this.make(this.upstream()),
      (stream, method, name, define) => stream.applyAll(method, name, define),
      rendezvousSelect,
    )
  }

  window(windows: Windows<unknown> | ProcessingWindows) {
    const add: AddOperator<Self> = (method, name, define, late) =>
      this.applyAll(method, name, define, late === undefined ? undefined : withLate(this.upstream(), this.ours(late)))
    return new WindowedBuilder(windows, this.time, add)
  }

  #distinct(method: Callback, name: string, options?: DistinctOptions) {
    const define = (onError: OnError) => runningDistinct(options?.by, ttlOf(options?.ttl, this.time), onError)
    return this.applyPolicy(method, name, options, define, ['ttl', 'by'])
  }

  #ttlOf(operator: string, options: Lifetime = {}): Ttl | undefined {
    checkOptionNames(operator, options, ['ttl'])
    return ttlOf(options.ttl, this.time)
  }
}

/** The policy among the options of a join, whose names have been checked. */
function joinPolicyOf(operator: string, { onError }: ErrorPolicy): OnError {
  return onErrorOf(operator, onError === undefined ? {} : { onError })
}
